"""`python -m dp`."""

import sys

from common.service import command_line
from dp.main import service

sys.exit(command_line(service))
