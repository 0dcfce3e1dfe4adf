"""Multipart forms: JSON beside files, read as strictly as a JSON body."""

from typing import Annotated, TypeVar

from fastapi import Depends, Header, Query, Request
from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import UploadFile

from common.images import FileTooLarge
from common.service import CurrentPrincipal
from dp.actions.see_dp import Beholder
from dp.errors import FormNotReadable

Value = TypeVar("Value")


class OnlyParts:
    """A dependency that refuses parts nobody asked for: a typing mistake would be lost in silence otherwise."""

    def __init__(self, *known: str) -> None:
        self._known = frozenset(known)

    async def __call__(self, request: Request) -> None:
        """Raises FormNotReadable."""
        for name in await request.form():
            if name not in self._known:
                raise FormNotReadable(part=name[:64], reason="it is not asked for", pointer=f"/{name[:64]}")


def json_part(part: str, text: str, kind: TypeAdapter[Value]) -> Value:
    """A text part read as JSON. Raises FormNotReadable, naming the first fault."""
    try:
        return kind.validate_json(text)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        pointer = "".join(f"/{step}" for step in (part, *fault["loc"]))
        raise FormNotReadable(part=part, reason=fault["msg"], pointer=pointer) from None


async def read_file(upload: UploadFile, limit: int) -> bytes:
    """The bytes of an upload. Raises FileTooLarge before reading any."""
    if upload.size is not None and upload.size > limit:
        raise FileTooLarge(size=upload.size, limit=limit)
    return await upload.read()


async def beholder(
    principal: CurrentPrincipal,
    in_query: Annotated[str | None, Query(alias="ownerToken", max_length=100)] = None,
    in_header: Annotated[str | None, Header(alias="X-Owner-Token", max_length=100)] = None,
) -> Beholder:
    """Who looks at a picture. The owner token comes as a header, or in the query where an <img> cannot send one."""
    return Beholder(principal, in_header or in_query)


CurrentBeholder = Annotated[Beholder, Depends(beholder)]
