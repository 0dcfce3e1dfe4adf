"""`python -m wallet …`."""

import sys

from common.service import command_line
from wallet.main import service

sys.exit(command_line(service))
