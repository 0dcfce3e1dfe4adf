"""Scan a code at a door: let its holder through, or say why not; either is kept."""

import hashlib
from dataclasses import replace
from typing import NamedTuple

from common.capabilities import Capability
from common.db import Transaction
from common.ids import CheckInId
from common.principal import Principal
from events.actions.announce import check_in_message
from events.actions.reach_event import event_for
from events.domain.door import CheckIn, Reason, Scan, reason_to_refuse
from events.domain.entry_pass import Pass
from events.domain.event import Event
from events.errors import NonceReused
from events.formats.pass_code import ForgedPassCode, NotAPassCode, PassClaim, PassCodes
from events.store import check_ins, door_counts, passes, ticket_tiers


class Answer(NamedTuple):
    """What came of a scan, and whether it came of an earlier attempt at the same scan."""

    check_in: CheckIn
    repeated: bool


async def check_in(tx: Transaction, principal: Principal, codes: PassCodes, scan: Scan) -> Answer:
    """Let one scan take effect once.

    The nonce is locked first, so that a retry gives the first answer; then the pass is, so that of many gates that scan
    one code in the same moment exactly one admits.
    """
    event = await event_for(tx, principal, scan.event_id, Capability.EVENTS_PASS_CHECK_IN)
    await check_ins.lock_nonce(tx, principal.actor, scan.nonce)
    earlier = await check_ins.find_by_nonce(tx, principal.actor, scan.nonce)
    attempt = _attempt(tx, principal, scan)
    if earlier is not None:
        if _what(earlier) != _what(attempt):
            raise NonceReused(pointer="/nonce")
        return Answer(earlier, repeated=True)
    claim, reason = _read(codes, scan)
    entry = None if claim is None else await passes.lock_pass(tx, claim.pass_id)
    if claim is None or entry is None:
        return await _keep(tx, replace(attempt, reason=reason or "unknown"))
    return await _at_the_door(tx, event, entry, claim, attempt)


async def _at_the_door(tx: Transaction, event: Event, entry: Pass, claim: PassClaim, attempt: CheckIn) -> Answer:
    reason = reason_to_refuse(entry, event, claim.generation, attempt.direction, attempt.scanned_at)
    passed = entry if reason else _through(entry, attempt)
    names = await ticket_tiers.tier_names(tx, event.id)
    seen = replace(
        attempt,
        pass_id=entry.id,
        reason=reason,
        inside=passed.inside,
        first_admitted_at=passed.first_admitted_at,
        first_gate_id=passed.first_gate_id,
        attendee_name=entry.attendee.name,
        ticket_tier_name=names[entry.ticket_tier_id],
    )
    if reason is None:
        await passes.save_pass(tx, passed)
        await door_counts.mark_moved(tx, event.id)
        tx.publish(check_in_message(seen, passed))
    return await _keep(tx, seen)


def _through(entry: Pass, attempt: CheckIn) -> Pass:
    """The pass after its holder went through."""
    if attempt.direction == "out":
        return replace(entry, inside=False, version=entry.version + 1)
    first = entry.first_admitted_at is None
    return replace(
        entry,
        status="admitted",
        inside=True,
        version=entry.version + 1,
        first_admitted_at=attempt.scanned_at if first else entry.first_admitted_at,
        first_gate_id=attempt.gate_id if first else entry.first_gate_id,
    )


def _read(codes: PassCodes, scan: Scan) -> tuple[PassClaim | None, Reason | None]:
    """What the code says of itself, without the database: a claim for this event, or why it is none."""
    try:
        claim = codes.read(scan.code)
    except NotAPassCode:
        return None, "unknown"
    except ForgedPassCode:
        return None, "forged"
    return (claim, None) if claim.event_id == scan.event_id else (None, "wrong_event")


def _attempt(tx: Transaction, principal: Principal, scan: Scan) -> CheckIn:
    """The scan as it came in. A device's clock may run ahead; nothing is scanned in the future."""
    return CheckIn(
        id=tx.new_id(CheckInId),
        event_id=scan.event_id,
        pass_id=None,
        direction=scan.direction,
        reason=None,
        gate_id=scan.gate_id,
        scanner=principal.actor,
        nonce=scan.nonce,
        code_digest=hashlib.sha256(scan.code.encode()).digest(),
        scanned_at=min(scan.scanned_at, tx.now),
        recorded_at=tx.now,
        inside=False,
        first_admitted_at=None,
        first_gate_id=None,
        attendee_name=None,
        ticket_tier_name=None,
    )


def _what(check_in: CheckIn) -> tuple[object, ...]:
    """What makes two scans attempts at the same one."""
    return check_in.event_id, check_in.direction, check_in.code_digest


async def _keep(tx: Transaction, check_in: CheckIn) -> Answer:
    await check_ins.add_check_in(tx, check_in)
    return Answer(check_in, repeated=False)
