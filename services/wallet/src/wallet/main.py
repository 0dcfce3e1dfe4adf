"""The composition root: settings → routes, consumers, jobs. Nothing else chooses real things."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from urllib.parse import urlsplit

from common.clock import Clock
from common.outgoing import Outgoing
from common.refusals import Refusal
from common.service import Parts, Runtime, Service
from common.telemetry import logger
from wallet.actions.republish import republish
from wallet.adapters.google_api import GoogleApi
from wallet.adapters.providers import Google, Providers
from wallet.api import router
from wallet.consumers import HANDLERS
from wallet.formats.apple_credentials import AppleCredentials, read_apple_credentials
from wallet.formats.google import GoogleIssuer
from wallet.formats.service_account import read_service_account
from wallet.jobs import jobs
from wallet.settings import Settings
from wallet.tables import metadata

log = logger("wallet")


def build(runtime: Runtime[Settings]) -> Parts:
    """Put the service together. A wallet that cannot be used is left out, and said so once the service starts: a lapsed
    certificate of one vendor must not keep the other, and the copies, from working."""
    settings, missing = runtime.settings, list[str]()
    outgoing = _outgoing(settings)
    providers = Providers(
        apple=_apple(settings, runtime.clock.now(), missing),
        google=_google(settings, outgoing, runtime.clock, missing),
    )
    return Parts(
        routers=[router],
        handlers=HANDLERS,
        jobs=jobs(runtime.database, providers),
        republish=republish,
        state={"providers": providers, "public_url": settings.public_url},
        lifespan=_lifespan(outgoing, missing),
    )


def _apple(settings: Settings, now: datetime, missing: list[str]) -> AppleCredentials | None:
    certificate, key = settings.apple_certificate_file, settings.apple_key_file
    intermediate = settings.apple_intermediate_file
    if certificate is None or key is None or intermediate is None:
        missing.append("Apple Wallet is not configured")
        return None
    try:
        return read_apple_credentials(
            certificate=certificate.read_bytes(),
            key=key.read_bytes(),
            intermediate=intermediate.read_bytes(),
            pass_type_id=settings.apple_pass_type_id,
            team_id=settings.apple_team_id,
            now=now,
        )
    except (Refusal, OSError) as reason:
        missing.append(f"ALARM: no Apple Wallet pass can be signed. {reason}")
        return None


def _google(settings: Settings, outgoing: Outgoing, clock: Clock, missing: list[str]) -> Google | None:
    if not settings.google_issuer_id or settings.google_service_account_file is None:
        missing.append("Google Wallet is not configured")
        return None
    try:
        account = read_service_account(settings.google_service_account_file.read_bytes())
    except (Refusal, OSError) as reason:
        missing.append(f"ALARM: no Google Wallet link can be signed. {reason}")
        return None
    api = None
    if settings.google_api_url:
        api = GoogleApi(outgoing, account, clock, base_url=settings.google_api_url, token_url=settings.google_token_url)
    return Google(GoogleIssuer(settings.google_issuer_id, account), _origin(settings.public_url), api)


def _outgoing(settings: Settings) -> Outgoing:
    # Only a stand-in an operator configured is spoken to without TLS; Google itself goes through the guard.
    configured = (settings.google_api_url, settings.google_token_url)
    return Outgoing(allowed_origins={_origin(url) for url in configured if url.startswith("http://")})


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _lifespan(outgoing: Outgoing, missing: list[str]) -> Callable[[], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        for line in missing:
            log.warning(line)
        async with outgoing:
            yield

    return lifespan


service = Service("wallet", Settings, metadata, build)
