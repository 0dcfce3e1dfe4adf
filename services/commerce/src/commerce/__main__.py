"""`python -m commerce`."""

import sys

from commerce.main import service
from common.service import command_line

sys.exit(command_line(service))
