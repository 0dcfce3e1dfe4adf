"""The bases of every refusal. Standard library only, so that a domain rule may refuse without knowing of HTTP.

A refusal is a reason, not a fault: its class name states the reason, its docstring is the sentence people read,
its code is what programs rely on. `common.problems` turns it into an RFC 9457 answer.

    Refusal
    ├── BadRequest 400        the request cannot be understood
    ├── Unauthenticated 401   we do not know who asks
    ├── Forbidden 403         we know, and they may not
    ├── NotFound 404          there is none, or none they may know of
    ├── Conflict 409          not in the present state
    ├── PreconditionFailed 412  someone else changed it first
    ├── TooLarge 413          more bytes than accepted here
    ├── UnsupportedMedia 415  not a kind of content accepted here
    ├── Unprocessable 422     understood, but a value is wrong
    ├── TooManyRequests 429   slower, please
    ├── BadGateway 502        someone we rely on answered nonsense
    └── Unavailable 503       not now
"""

import inspect
import re
from collections.abc import Iterator
from typing import ClassVar


class Refusal(Exception):
    """The request was refused."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "common.refused"

    def __init__(self, *, pointer: str | None = None, retry_after: int | None = None, **details: object) -> None:
        """
        Args:
            pointer: JSON pointer to the value at fault (`/lines/0/quantity`), where one is.
            retry_after: seconds after which trying again makes sense, where it does.
            details: what the docstring's `{placeholders}` stand for; they also travel in the answer, in camelCase.
        """
        self.pointer = pointer
        self.retry_after = retry_after
        self.details = details
        super().__init__(self.sentence().format(**details))

    @classmethod
    def sentence(cls) -> str:
        """The message with its placeholders: the first paragraph of the docstring."""
        return inspect.cleandoc(cls.__doc__ or "").split("\n\n")[0].replace("\n", " ")

    @classmethod
    def title(cls) -> str:
        """The reason in words: the class name's."""
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", cls.__name__)
        return words[:1] + words[1:].lower()


class BadRequest(Refusal):
    """The request cannot be understood."""

    status = 400
    code = "common.bad_request"


class Unauthenticated(Refusal):
    """Sign in first."""

    status = 401
    code = "common.unauthenticated"


class Forbidden(Refusal):
    """This is not allowed for you."""

    status = 403
    code = "common.forbidden"


class NotFound(Refusal):
    """There is nothing here."""

    status = 404
    code = "common.not_found"


class Conflict(Refusal):
    """This is not possible in the present state."""

    status = 409
    code = "common.conflict"


class PreconditionFailed(Refusal):
    """This was changed by someone else in the meantime. Read it again, then repeat your change."""

    status = 412
    code = "common.precondition_failed"


class TooLarge(Refusal):
    """The request is larger than accepted here."""

    status = 413
    code = "common.too_large"


class UnsupportedMedia(Refusal):
    """This kind of content is not accepted here."""

    status = 415
    code = "common.unsupported_media"


class Unprocessable(Refusal):
    """A value in the request is not acceptable."""

    status = 422
    code = "common.unprocessable"


class TooManyRequests(Refusal):
    """Too many requests. Wait a moment."""

    status = 429
    code = "common.too_many_requests"


class BadGateway(Refusal):
    """A system we rely on gave an answer we cannot use. Try again later."""

    status = 502
    code = "common.bad_gateway"


class Unavailable(Refusal):
    """This is not available right now. Try again in a moment."""

    status = 503
    code = "common.unavailable"


class MissingCapability(Forbidden):
    """You need the capability {capability} for this."""

    code = "common.missing_capability"


class MalformedBody(BadRequest):
    """The body is not valid JSON."""

    code = "common.malformed_body"


class InvalidRequest(Unprocessable):
    """Some values in the request are not acceptable; `errors` names each."""

    code = "common.invalid_request"


class InternalFault(Refusal):
    """Something went wrong on our side. It is recorded under the trace id; nothing was changed half-way."""

    status = 500
    code = "common.internal_fault"


def every_refusal(root: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    """Yield every refusal class known to this process, for the generated page of error codes."""
    for child in root.__subclasses__():
        yield child
        yield from every_refusal(child)
