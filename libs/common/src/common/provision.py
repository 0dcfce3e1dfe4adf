"""`python -m common.provision`: makes the streams and consumers of `common.topology` on the broker, again and again if need be.

Run as the `provisioner` user (LANYARD_NATS_URL, LANYARD_NATS_USER, LANYARD_NATS_PASSWORD). Services themselves may not.
"""

import asyncio
import sys

from pydantic_settings import BaseSettings, SettingsConfigDict

from common.bus import Bus
from common.topology import consumers, streams


class ProvisionSettings(BaseSettings):
    """Where the broker is, and who provisions it."""

    model_config = SettingsConfigDict(env_prefix="LANYARD_")

    nats_url: str
    nats_user: str = "provisioner"
    nats_password: str


async def provision(settings: ProvisionSettings) -> list[str]:
    """Make or mend everything; returns what was done, a line each."""
    async with Bus.connect(settings.nats_url, user=settings.nats_user, password=settings.nats_password) as bus:
        return await bus.provision(streams(), consumers())


def main() -> None:
    """Provision and print what changed."""
    for line in asyncio.run(provision(ProvisionSettings())) or ["streams and consumers are as declared"]:
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
