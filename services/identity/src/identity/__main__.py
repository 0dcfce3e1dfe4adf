"""`python -m identity`."""

import sys

from common.service import command_line
from identity.main import service

sys.exit(command_line(service))
