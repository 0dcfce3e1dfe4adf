"""Why a request with a key is not carried out, and that it was already."""

from fastapi import Response

from common.refusals import BadRequest, Conflict, Unprocessable


class IdempotencyKeyMissing(BadRequest):
    """Send an `Idempotency-Key` header with this request, so that a retry has one effect."""

    code = "idempotency.key_missing"


class IdempotencyKeyMalformed(BadRequest):
    """An `Idempotency-Key` is a quoted string or a bare token of 1 to 255 visible characters."""

    code = "idempotency.key_malformed"


class IdempotencyKeyReused(Unprocessable):
    """This `Idempotency-Key` was used for another request. Take a new key for a new request."""

    code = "idempotency.key_reused"


class RequestStillRunning(Conflict):
    """The first request with this `Idempotency-Key` is still running. Try again in a moment."""

    code = "idempotency.still_running"


class AnswerGone(Conflict):
    """The first request with this `Idempotency-Key` was carried out; its answer held a secret and can be shown no more."""

    code = "idempotency.answer_gone"


class StoredAnswer(Exception):
    """The request was answered before; this is that answer. Not a refusal: the service hands it out again."""

    def __init__(self, response: Response) -> None:
        super().__init__("answered before")
        self.response = response
