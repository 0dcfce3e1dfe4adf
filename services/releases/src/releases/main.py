"""The composition root: settings → routes. Nothing else chooses real things; releases hears no messages."""

from common.service import Parts, Runtime, Service
from releases import api, tables
from releases.actions.republish import republish
from releases.domain.webhook_secret import secrets_of
from releases.settings import Settings


def build(runtime: Runtime[Settings]) -> Parts:
    """Put the service together."""
    settings = runtime.settings
    return Parts(
        routers=[api.router],
        republish=republish,
        state={
            "railway_secrets": secrets_of(settings.railway_secrets.get_secret_value()),
            "public_url": settings.public_url.rstrip("/"),
        },
    )


service = Service("releases", Settings, tables.metadata, build)
