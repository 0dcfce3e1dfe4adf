"""Refusals become RFC 9457 answers, here and nowhere else: one shape of error for the whole house."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic.alias_generators import to_camel
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from common.ids import Id
from common.money import Money
from common.refusals import (
    BadRequest,
    InternalFault,
    InvalidRequest,
    MalformedBody,
    NotFound,
    Refusal,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
)
from common.telemetry import current_trace_id, logger

log = logger("problems")

MEDIA_TYPE = "application/problem+json"
_RETRYABLE_SQLSTATES = frozenset({"40001", "40P01", "55P03", "57014", "57P01", "57P03", "53300"})


_UNSTORABLE_SQLSTATES = frozenset({None, "22001", "22003", "22008", "22021", "22P05"})
"""Too long, too large, or a character PostgreSQL has no place for; the driver itself finds NUL, and names no state."""


class MethodNotAllowed(Refusal):
    """This address does not take that method."""

    status = 405
    code = "common.method_not_allowed"


class Busy(Unavailable):
    """Too many people want the same thing at this moment. Try again."""

    code = "common.busy"


class DatabaseUnavailable(Unavailable):
    """The data cannot be reached right now. Try again in a moment."""

    code = "common.database_unavailable"


def problem(refusal: Refusal, errors: Sequence[Mapping[str, str]] | None = None) -> dict[str, Any]:
    """The body of a refusal: type, title, status, detail, code, traceId, its details, and `errors` for a 422."""
    body: dict[str, Any] = {
        "type": f"https://lanyard.dev/problems/{refusal.code}",
        "title": refusal.title(),
        "status": refusal.status,
        "detail": str(refusal),
        "code": refusal.code,
        "traceId": current_trace_id(),
    }
    for name, value in refusal.details.items():
        body.setdefault(to_camel(name), _plain(value))
    if refusal.status == 422:
        body["errors"] = list(errors or [{"pointer": refusal.pointer or "", "detail": str(refusal)}])
    return body


def problem_headers(refusal: Refusal) -> dict[str, str]:
    """The headers a refusal needs: who may answer a 401, and when to try again."""
    headers: dict[str, str] = {}
    if refusal.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="lanyard"'
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(refusal.retry_after)
    elif refusal.status == 503:
        headers["Retry-After"] = "1"
    return headers


def problem_response(refusal: Refusal, errors: Sequence[Mapping[str, str]] | None = None) -> Response:
    """The whole answer to a refusal."""
    content = json.dumps(problem(refusal, errors), ensure_ascii=False)
    return Response(content, refusal.status, problem_headers(refusal), MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every way a request can fail in this application end in a problem."""
    app.add_exception_handler(Refusal, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(DBAPIError, _on_database)
    app.add_exception_handler(PoolTimeout, _on_pool)
    # Half a character (a lone surrogate) passes JSON and str, and is found where text becomes bytes for the database.
    app.add_exception_handler(UnicodeEncodeError, _on_unstorable)


async def _on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return problem_response(error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return problem_response(MalformedBody())
    errors = [{"pointer": _pointer(item["loc"]), "detail": str(item["msg"])} for item in found]
    return await _unprocessable(request, errors)


async def _unprocessable(request: Request, errors: Sequence[Mapping[str, str]]) -> Response:
    """A 422, which is also the answer for good to the idempotency key of the request, where it has one."""
    response = problem_response(InvalidRequest(), errors)
    once = getattr(request.state, "once", None)
    if once is not None:
        try:
            answered_before: Response | None = await once.stored()
        except Refusal as refusal:
            return problem_response(refusal)
        if answered_before is not None:
            return answered_before
        await once.store_unprocessable(response)
    return response


_BY_STATUS: Mapping[int, type[Refusal]] = {
    401: Unauthenticated,
    404: NotFound,
    405: MethodNotAllowed,
    413: TooLarge,
    415: UnsupportedMedia,
    503: Unavailable,
}


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = _BY_STATUS.get(error.status_code, BadRequest if error.status_code < 500 else InternalFault)
    if error.status_code == 400 and "json" in request.headers.get("content-type", ""):
        kind = MalformedBody  # the framework's answer to bytes that are no text, or nested beyond measure
    response = problem_response(kind())
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


async def _on_database(request: Request, error: Exception) -> Response:
    assert isinstance(error, DBAPIError)
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate in _RETRYABLE_SQLSTATES:
        return problem_response(Busy(retry_after=1))
    if isinstance(error, OperationalError) or error.connection_invalidated:
        log.warning("the database is away", error=type(error.orig).__name__, sqlstate=sqlstate)
        return problem_response(DatabaseUnavailable())
    if isinstance(error, DataError) and sqlstate in _UNSTORABLE_SQLSTATES:
        return await _on_unstorable(request, error)
    return fault_response(request.method, _template(request), error)


async def _on_unstorable(request: Request, error: Exception) -> Response:
    log.warning("a value cannot be stored", path=_template(request), error=repr(error))
    detail = "a number is too large, or a text holds a character that cannot be stored"
    return await _unprocessable(request, [{"pointer": "", "detail": detail}])


async def _on_pool(request: Request, error: Exception) -> Response:
    log.warning("no connection to the database", error=type(error).__name__)
    return problem_response(DatabaseUnavailable())


def fault_response(method: str, route: str, error: BaseException) -> Response:
    """Record a fault of ours under the trace id, and tell nothing of it but that id."""
    log.error("a request failed", path=route, method=method, exc_info=error)
    return problem_response(InternalFault())


def _template(request: Request) -> str:
    return getattr(request.scope.get("route"), "path", "?")


def _pointer(location: Sequence[str | int]) -> str:
    """`("body", "lines", 0)` → `/lines/0`; parameters keep where they are: `/query/limit`."""
    parts = list(location)
    if parts and parts[0] == "body":
        parts = parts[1:]
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


def _plain(value: object) -> object:
    if isinstance(value, Money):
        return {"amount": value.amount, "currency": value.currency}
    if isinstance(value, Id):
        return str(value)
    if isinstance(value, dict):
        return {to_camel(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | bool | float | None) else str(value)
