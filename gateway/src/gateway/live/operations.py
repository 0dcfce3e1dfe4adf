"""What the API's document says of `GET /v1/live`."""

from typing import Any

from common.messages import Team, catalogue
from gateway.live.endings import REASONS

_EVENTS = [kind for kind in catalogue() if kind.audience is not None]
_OWN = ", ".join(f"`{kind.subject}`" for kind in _EVENTS if not isinstance(kind.audience, Team))
_DOORS = ", ".join(f"`{kind.subject}`" for kind in _EVENTS if isinstance(kind.audience, Team))

_ABOUT = f"""Server-sent events (`text/event-stream`) for as long as the access token lasts.

Told to you: {_OWN}. With `event` also {_DOORS} of that event, to those who hold `events:check-in:read` for it. `data`
is JSON; each has a `sequence`: keep the state with the highest one. `asyncapi.json` describes the fields; codes of passes
and mail addresses are left out, so read the pass itself when one is told.

The token goes into the `Authorization` header and nowhere else. A browser's `EventSource` cannot send it: read the stream
of a `fetch` there.

Every event and every ping (each 15 s) carries an `id`. Send the last one as `Last-Event-ID` to go on without a gap or a
repeat within ten minutes.

Events of the stream itself:
- `reset`: what you missed cannot be told any more. Read again what you show, then go on.
- `behind`: you did not read fast enough and the stream ends. Connect anew with the last id.
- `closing`: the stream ends; `reason` is one of {", ".join(f"`{reason}`" for reason in REASONS)}.
  Refresh the token or sign in where the reason says so, wait for `retry` milliseconds, connect anew with the last id."""

_EVENT: dict[str, Any] = {
    "type": "object",
    "description": "each event of the stream",
    "properties": {
        "event": {"enum": [*(kind.subject for kind in _EVENTS), "reset", "behind", "closing"]},
        "id": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}

OPERATIONS: dict[str, dict[str, Any]] = {
    "/v1/live": {
        "get": {
            "operationId": "live",
            "summary": "Live updates",
            "description": _ABOUT,
            "parameters": [
                {
                    "name": "event",
                    "in": "query",
                    "required": False,
                    "description": "the event whose door counts to tell",
                    "schema": {"type": "string", "pattern": "^evt_[0-7][0-9a-hjkmnp-tv-z]{25}$"},
                },
                {
                    "name": "Last-Event-ID",
                    "in": "header",
                    "required": False,
                    "description": "the last id that was read",
                    "schema": {"type": "string"},
                },
            ],
            "responses": {"200": {"description": "the stream", "content": {"text/event-stream": {"schema": _EVENT}}}},
        }
    }
}
