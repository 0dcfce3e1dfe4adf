"""What makes a process a Lanyard service: health, readiness, metrics, tracing, errors, relay, inbox, jobs and commands.

A service's `main.py` fills in a `Service`; everything else here is the same for all of them.
"""

from common.service.app import create_app as create_app
from common.service.command_line import command_line as command_line
from common.service.definition import Commands as Commands
from common.service.definition import Parts as Parts
from common.service.definition import Runtime as Runtime
from common.service.definition import Service as Service
from common.service.requests import CurrentPrincipal as CurrentPrincipal
from common.service.requests import Db as Db
from common.service.settings import ServiceSettings as ServiceSettings
