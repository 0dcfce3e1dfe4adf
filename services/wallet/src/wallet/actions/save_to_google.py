"""Makes the link that saves a ticket to Google Wallet. Google hears of a ticket only when its holder asks for this."""

from common.db import Database
from common.ids import PassId
from common.principal import Principal
from common.refusals import Refusal
from common.telemetry import logger
from wallet.actions.find_wallet_pass import find_wallet_pass
from wallet.adapters.google_api import GoogleApi
from wallet.adapters.providers import Google, Providers
from wallet.domain.wallet_pass import WalletPass
from wallet.errors import PassVoided
from wallet.formats.google import (
    GoogleIssuer,
    event_ticket_class,
    event_ticket_object,
    full_save_link,
    skinny_save_link,
)
from wallet.store import wallet_passes

log = logger("google")
PORTION = 50


async def save_to_google(
    database: Database, providers: Providers, pass_id: PassId, principal: Principal, link_key: str | None
) -> str:
    """The save link. Transaction one records that Google is to hold the ticket, then Google is called, transaction
    two records that it does; `put_stale_at_google` resumes what was left between them.

    Raises NoSuchPass, PassVoided, GoogleNotConfigured, GoogleRefused, and the refusals of `common.outgoing`.
    """
    async with database.transaction() as transaction:
        wallet_pass = await find_wallet_pass(transaction, pass_id, principal, link_key)
        google = providers.require_google()
        if wallet_pass.face.voided:
            raise PassVoided
        now = transaction.now
        if google.api is not None:
            await wallet_passes.want_at_google(transaction, wallet_pass.wallet_pass_id)
    if google.api is None:
        return full_save_link(wallet_pass.face, google.issuer, origin=google.origin, now=now)
    await _put(database, google.api, google.issuer, wallet_pass)
    return skinny_save_link(wallet_pass.face, google.issuer, origin=google.origin, now=now)


async def put_stale_at_google(database: Database, google: Google) -> int:
    """Bring Google up to date with tickets it should hold: changed, voided, or never confirmed; how many were put.

    One that fails waits for the next run; the others go on.
    """
    if google.api is None:
        return 0
    async with database.transaction() as transaction:
        stale = await wallet_passes.stale_at_google(transaction, PORTION)
    done = 0
    for wallet_pass in stale:
        try:
            await _put(database, google.api, google.issuer, wallet_pass)
            done += 1
        except Refusal as refusal:
            log.warning("google did not take a ticket; it is tried again", reason=refusal.code)
    return done


async def _put(database: Database, api: GoogleApi, issuer: GoogleIssuer, wallet_pass: WalletPass) -> None:
    face = wallet_pass.face
    await api.put_class(event_ticket_class(face.gathering, issuer, face.look.background))
    await api.put_object(event_ticket_object(face, issuer))
    async with database.transaction() as transaction:
        await wallet_passes.record_put_at_google(transaction, wallet_pass)
