"""`python -m releases`."""

import sys

from common.service import command_line
from releases.main import service

sys.exit(command_line(service))
