"""Public reads carry an ETag over their bytes and may be kept for a moment by anyone."""

import hashlib

from fastapi import Request, Response


def cacheable(request: Request, content: bytes, media_type: str, *, seconds: int) -> Response:
    """The answer, or 304 when the caller has these very bytes. Others may keep it for `seconds`."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": f"public, max-age={seconds}"}
    held = [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
    if tag in held or held == ["*"]:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)
