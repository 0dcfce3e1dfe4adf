"""`python -m events`."""

import sys

from common.service import command_line
from events.main import service

sys.exit(command_line(service))
