"""`Idempotency-Key`: the same request sent twice has one effect and one answer.

The key is bound to principal, method, path and body, and stored in the transaction of the effect, so a crash leaves either
both or neither. Kept 24 h. Stored: 2xx and 422. Not stored: 401, 403, 409, 429 and 5xx, so a retry may still succeed.

    @router.post("/v1/orders", status_code=201)
    async def place(body: NewOrder, principal: CurrentPrincipal, once: Once) -> Response:
        return await once.run(lambda tx: place_order(tx, principal, body), OrderView.of, status=201)

Where a provider is called between two transactions, the first calls `begin`, the second `finish`. An answer that shows a secret
which lies nowhere else as it is, is kept sealed: `once.run(…, sealing=…)`.
"""

from common.idempotency.errors import (
    AnswerGone,
    IdempotencyKeyMalformed,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    RequestStillRunning,
    StoredAnswer,
)
from common.idempotency.header import parse_key
from common.idempotency.once import Once, OnceOnly, once_only
from common.idempotency.store import KEPT, forget_old

__all__ = [
    "KEPT",
    "AnswerGone",
    "IdempotencyKeyMalformed",
    "IdempotencyKeyMissing",
    "IdempotencyKeyReused",
    "Once",
    "OnceOnly",
    "RequestStillRunning",
    "StoredAnswer",
    "forget_old",
    "once_only",
    "parse_key",
]
