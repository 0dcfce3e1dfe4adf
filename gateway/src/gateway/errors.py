"""What the gateway itself refuses. Each docstring is the sentence people read; the codes are listed in docs/errors.md."""

from typing import Any

from common.refusals import (
    BadGateway,
    BadRequest,
    Forbidden,
    NotFound,
    Refusal,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    Unprocessable,
)
from gateway.headers import Header


class MalformedRequest(BadRequest):
    """The request is not well-formed HTTP/1.1."""

    code = "gateway.malformed_request"


class TargetRefused(BadRequest):
    """The address holds {reason}, which is not accepted here."""

    code = "gateway.target_refused"


class HostRefused(BadRequest):
    """Exactly one Host header is needed."""

    code = "gateway.host_refused"


class IdempotencyKeyNeeded(BadRequest):
    """This call needs an Idempotency-Key header: 1 to 255 visible characters, quoted or bare."""

    code = "gateway.idempotency_key_needed"


class HeadersTooLarge(Refusal):
    """The headers of the request are larger or more than accepted here."""

    status = 431
    code = "gateway.headers_too_large"


class HeadersTooSlow(Refusal):
    """The headers of the request did not arrive in time."""

    status = 408
    code = "gateway.headers_too_slow"


class BodyTooSlow(Refusal):
    """The body of the request did not arrive in time."""

    status = 408
    code = "gateway.body_too_slow"


class UpgradeRefused(BadRequest):
    """This address does not switch to another protocol."""

    code = "gateway.upgrade_refused"


class NoSuchRoute(NotFound):
    """There is no such address."""

    code = "gateway.no_such_route"


class RouteRetired(Refusal):
    """This address is no longer served. {instead}"""

    status = 410
    code = "gateway.route_retired"


class MethodNotAllowed(Refusal):
    """This address answers other methods than {method}; the Allow header names them."""

    status = 405
    code = "gateway.method_not_allowed"


class BodyTooLarge(TooLarge):
    """The body is larger than the {limit} bytes accepted here."""

    code = "gateway.body_too_large"


class NotSignedIn(Unauthenticated):
    """Sign in first: this call needs a valid access token."""

    code = "gateway.not_signed_in"


class TokenRefused(Unauthenticated):
    """The access token is not valid, or its sign-in has ended. Refresh it or sign in again."""

    code = "gateway.token_refused"


class SessionReplaced(Unauthenticated):
    """You signed in on another device, and only one may be signed in at a time. Sign in here to go on."""

    code = "gateway.session_replaced"


class CapabilityMissing(Forbidden):
    """You need the capability {capability} for this."""

    code = "gateway.capability_missing"


class QuotaExceeded(TooManyRequests):
    """Too many requests of this kind. Try again when Retry-After has passed."""

    code = "gateway.quota_exceeded"

    def __init__(self, *, fields: tuple[Header, ...] = (), **told: Any) -> None:
        """
        Args:
            fields: what the answer says of the quota in its head, where no verdict of `limits` says it.
            told: as every refusal takes it.
        """
        super().__init__(**told)
        self.fields = fields


class AbnormalUsage(TooManyRequests):
    """This was asked for far more often than people do. Try again when Retry-After has passed."""

    code = "gateway.abnormal_usage"


class TooManyConnections(Unavailable):
    """Too many connections are open here. Close some, or try again in a moment."""

    code = "gateway.too_many_connections"


class TooManyWaiting(TooManyRequests):
    """Too many requests were sent ahead on this connection. Wait for answers before sending more."""

    code = "gateway.too_many_waiting"


class IdentityAway(Unavailable):
    """Nobody's rights can be checked right now, so nothing that needs them is answered. Try again in a moment."""

    code = "gateway.identity_away"


class ServiceAway(Unavailable):
    """The {service} service cannot be reached right now. Try again in a moment."""

    code = "gateway.service_away"


class AnswerUnusable(BadGateway):
    """The {service} service broke off or gave an answer that cannot be passed on."""

    code = "gateway.answer_unusable"


class DeadlinePassed(Refusal):
    """The {service} service did not answer in time. What became of the request is not known."""

    status = 504
    code = "gateway.deadline_passed"


class Draining(Unavailable):
    """This gateway is shutting down. Try again at once."""

    code = "gateway.draining"


class VersionTooOld(Refusal):
    """This answer is a stream of unknown length, which needs HTTP/1.1."""

    status = 505
    code = "gateway.version_too_old"


class AppTooOld(Refusal):
    """This version of the app is no longer served. Update it to go on; `upgradeUrl` leads to its store."""

    status = 426
    code = "gateway.app_too_old"


class EventNotNamed(Unprocessable):
    """Which event to watch is said by one `event` with an id that begins with evt_."""

    code = "gateway.event_not_named"


class TooManyStreams(TooManyRequests):
    """This sign-in has {most} live streams open already. Close one first."""

    code = "gateway.too_many_streams"


class LiveFull(Unavailable):
    """There is no room for another live stream here right now. Try again in a moment."""

    code = "gateway.live_full"


class LiveAway(Unavailable):
    """Live updates are not available right now. Everything else works; try again in a moment."""

    code = "gateway.live_away"
