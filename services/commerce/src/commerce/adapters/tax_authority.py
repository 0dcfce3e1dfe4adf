"""Asks the EU's register of VAT numbers, VIES, whether a buyer's number is good.

Nothing that goes wrong there may stop a sale: whatever is not a plain answer about the very number that was asked for is no
answer, and the order goes through with tax. Names and addresses that VIES tells beside it are not read. Numbers are not logged.
Source: the Commission's REST API of VIES (`POST /check-vat-number`), as its own page and other clients of it have it.
"""

from typing import Final

from commerce.domain.vat_number import VatNumber
from common.outgoing import Answer, AnswerMalformed, Outgoing
from common.refusals import Refusal
from common.telemetry import logger

log = logger("tax authority")

MOST_ANSWER: Final = 100_000
"""Bytes of an answer."""
_MOST_IDENTIFIER: Final = 64
_OF_THE_NUMBER: Final = (None, "", "VALID", "INVALID", "INVALID_INPUT")
"""What `userError` may be beside an answer; all others are why there is none."""
_WHY_NOT: Final = frozenset(
    {
        "GLOBAL_MAX_CONCURRENT_REQ",
        "GLOBAL_MAX_CONCURRENT_REQ_TIME",
        "INVALID_INPUT",
        "INVALID_REQUESTER_INFO",
        "IP_BLOCKED",
        "MS_MAX_CONCURRENT_REQ",
        "MS_MAX_CONCURRENT_REQ_TIME",
        "MS_UNAVAILABLE",
        "SERVICE_UNAVAILABLE",
        "TIMEOUT",
        "VAT_BLOCKED",
    }
)


class TaxAuthority:
    """VIES behind one client, or nobody. Safe for many callers at once."""

    def __init__(self, outgoing: Outgoing | None, *, url: str) -> None:
        """`outgoing` has its own short deadline; None where nobody is to be asked."""
        self._outgoing = outgoing
        self._url = f"{url.rstrip('/')}/check-vat-number"

    async def ask(self, number: VatNumber, requester: VatNumber) -> tuple[bool, str] | None:
        """Whether the number is good, and the number of this consultation; None where nobody could say. Raises nothing.

        That one is given only to a `requester` who names its own number, and without it nothing is proven.
        """
        if self._outgoing is None:
            return None
        wanted = {
            "countryCode": number.country,
            "vatNumber": number.number,
            "requesterMemberStateCode": requester.country,
            "requesterNumber": requester.number,
        }
        try:
            answer = await self._outgoing.post_json(self._url, wanted, headers={"Accept": "application/json"})
        except Refusal as refusal:
            log.warning("the tax authority could not be asked", reason=refusal.code)
            return None
        verdict = read_verdict(answer, number)
        if verdict is None:
            log.warning("the tax authority gave no verdict", status=answer.status, reason=_reason(answer))
        return verdict


def read_verdict(answer: Answer, number: VatNumber) -> tuple[bool, str] | None:
    """What an answer says of that very number. A good one without the number of its consultation is no answer."""
    told = _told(answer)
    if answer.status != 200 or "errorWrappers" in told or told.get("actionSucceed") is False:
        return None
    if told.get("countryCode") != number.country or told.get("vatNumber") != number.number:
        return None
    valid, identifier, error = told.get("valid"), told.get("requestIdentifier", ""), told.get("userError")
    if not isinstance(valid, bool) or not isinstance(identifier, str | None) or error not in _OF_THE_NUMBER:
        return None
    if not valid:
        return None if error == "VALID" else (False, "")
    proof = (identifier or "").strip()
    plain = proof.isascii() and proof.isalnum() and len(proof) <= _MOST_IDENTIFIER
    return (True, proof) if plain and error in (None, "", "VALID") else None


def _told(answer: Answer) -> dict[str, object]:
    try:
        told = answer.json()
    except (AnswerMalformed, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _reason(answer: Answer) -> str:
    """One of the words we know: what else stands there may quote what was asked."""
    told = _told(answer)
    wrappers = told.get("errorWrappers")
    first = wrappers[0] if isinstance(wrappers, list) and wrappers else None
    said = first.get("error") if isinstance(first, dict) else told.get("userError")
    return said if isinstance(said, str) and said in _WHY_NOT else "unreadable"
