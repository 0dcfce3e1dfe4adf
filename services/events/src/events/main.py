"""The composition root: settings → routes, consumers, jobs. Nothing else chooses real things."""

from common.service import Parts, Runtime, Service
from events.actions.republish import republish
from events.api import routers
from events.consumers import handlers
from events.formats.pass_code import PassCodes, UnusableKey
from events.jobs import jobs
from events.settings import Settings
from events.tables import metadata


def build(runtime: Runtime[Settings]) -> Parts:
    """Put the service together. Without a key that signs pass codes it does not start."""
    codes = PassCodes.from_json(runtime.settings.pass_code_key.get_secret_value())
    if not codes.can_sign:
        raise UnusableKey("LANYARD_PASS_CODE_KEY: the first key needs its private half")
    return Parts(
        routers=routers,
        handlers=handlers(codes),
        jobs=jobs(runtime.database),
        republish=republish,
        state={"pass_codes": codes},
    )


service = Service("events", Settings, metadata, build)
