"""What releases reads from its environment beyond what all services do."""

from pydantic import SecretStr

from common.service import ServiceSettings


class Settings(ServiceSettings):
    """Each `LANYARD_…` in the environment."""

    railway_secrets: SecretStr = SecretStr("")
    """Comma separated; any of them opens Railway's webhook, so that one can be rotated out. Empty: nobody may report."""
