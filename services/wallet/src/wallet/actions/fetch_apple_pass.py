"""Hands out the signed package for Apple Wallet, unless the phone has it already."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from common.db import Database
from common.ids import PassId
from common.principal import Principal
from wallet.actions.find_wallet_pass import find_wallet_pass
from wallet.adapters.providers import Providers
from wallet.domain.freshness import last_modified, still_fresh
from wallet.domain.wallet_pass import WalletPass
from wallet.errors import AppleNotConfigured
from wallet.formats.apple_credentials import AppleCredentials
from wallet.formats.pkpass import build_pkpass


@dataclass(frozen=True, slots=True)
class Held:
    """What the caller says it has."""

    if_none_match: str | None = None
    if_modified_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ApplePackage:
    """The answer; `content` is None when the caller's copy is still right."""

    content: bytes | None
    tag: str
    last_modified: datetime


async def fetch_apple_pass(
    database: Database, providers: Providers, pass_id: PassId, principal: Principal, link_key: str | None, held: Held
) -> ApplePackage:
    """Find, sign and hand out. Raises NoSuchPass, and AppleNotConfigured also once the certificate has lapsed: every
    phone would refuse what it signs."""
    async with database.transaction() as transaction:
        wallet_pass = await find_wallet_pass(transaction, pass_id, principal, link_key)
        now = transaction.now
    credentials = providers.require_apple()
    if now > credentials.valid_until:
        raise AppleNotConfigured
    tag = _tag(wallet_pass, credentials)
    fresh = still_fresh(
        tag=tag,
        modified_at=wallet_pass.modified_at,
        if_none_match=held.if_none_match,
        if_modified_since=held.if_modified_since,
    )
    content = None if fresh else build_pkpass(wallet_pass.face, credentials)
    return ApplePackage(content, tag, last_modified(wallet_pass.modified_at, now))


def _tag(wallet_pass: WalletPass, credentials: AppleCredentials) -> str:
    """A weak tag over everything shown and the certificate: a renewed one must reach phones, too."""
    shown = repr((wallet_pass.face, credentials.fingerprint))
    return f'W/"{hashlib.sha256(shown.encode()).hexdigest()[:32]}"'
