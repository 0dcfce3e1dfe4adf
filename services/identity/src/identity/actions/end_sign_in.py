"""Ends a sign-in: by signing out, or from the list of one's devices."""

from common.db import Transaction
from common.ids import SignInId
from common.principal import Principal
from common.refusals import NotFound, Unauthenticated
from identity.actions.desk import After
from identity.actions.open_sign_in import end_one
from identity.store import audit, sign_ins

BATCH = 500


async def sign_out(tx: Transaction, after: After, principal: Principal) -> None:
    """End the sign-in that asks."""
    principal.require_user()
    if principal.sign_in_id is None:
        raise Unauthenticated()
    sign_in = await sign_ins.lock_sign_in(tx, principal.sign_in_id)
    if sign_in is not None and sign_in.ended_at is None:
        await end_one(tx, after, sign_in, "signed_out")
        await audit.record(tx, principal.actor, "sign_in.signed_out", sign_in.id)


async def revoke_sign_in(tx: Transaction, after: After, principal: Principal, sign_in_id: SignInId) -> None:
    """End one of one's own sign-ins. Someone else's is as if it were not there; an ended one stays ended."""
    user_id = principal.require_user()
    sign_in = await sign_ins.lock_sign_in(tx, sign_in_id)
    if sign_in is None or sign_in.user_id != user_id:
        raise NotFound()
    if sign_in.ended_at is None:
        await end_one(tx, after, sign_in, "revoked")
        await audit.record(tx, principal.actor, "sign_in.revoked", sign_in.id)


async def end_lapsed_sign_ins(tx: Transaction, after: After) -> int:
    """End some of the sign-ins whose time ran out, so that lists and listeners know; how many."""
    lapsed = await sign_ins.lock_lapsed_sign_ins(tx, BATCH)
    for sign_in in lapsed:
        await end_one(tx, after, sign_in, "expired")
    return len(lapsed)
