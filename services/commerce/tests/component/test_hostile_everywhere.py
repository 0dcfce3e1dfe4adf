"""What no schema allows, sent to every route there is: in each field, each parameter and each part of an address."""

import json
from collections.abc import Iterator
from string import Template
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from services.commerce.tests.component.test_whose_it_is import PAIRS, everything, things_of

from common.testing import RunService
from common.testing.principals import member_of

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

NO_VALUES = [
    r'"\u0000"',
    r'"a\u0000b"',
    r'"\ud800"',
    "1" + "0" * 30,
    "-1" + "0" * 30,
    "1e999",
    "[[]]",
    '{"\\u0000": 1}',
]
"""JSON that no field of ours takes, whatever its type."""
NO_IDS = ["%00", "%ED%A0%80", "%FF", "..%2F..", "9" * 400, "-1", "null", "%22"]
NO_PARAMETERS = ["%00", "%ED%A0%80", "%FF%FE", "9" * 30, "-" + "9" * 30, "1e999", "%0D%0AX-Evil:1"]
JSON = {"Content-Type": "application/json", "If-Match": "*"}


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where in a body there is a value, from the outside in."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inner:
        yield from leaves(part, (*path, name))


def with_odd(body: dict[str, Any], path: tuple[str | int, ...], odd: str) -> str:
    """The body as JSON, with one value replaced."""
    copy = json.loads(json.dumps(body))
    part = copy
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = "@odd@"
    return json.dumps(copy).replace('"@odd@"', odd)


async def test_no_field_of_any_route_takes_what_cannot_be_kept(run: RunService, stall: "Stall") -> None:
    owner = member_of(stall.organization_id, "owner")
    async with run() as world:
        names = await things_of(world, stall)
        before = await everything(world)
        for route, body in PAIRS.items():
            if body is None:
                continue
            method, path = route.split(" ")
            own = json.loads(Template(json.dumps(body)).substitute(names))
            for place in leaves(own):
                for odd in NO_VALUES:
                    answer = await world.call(
                        method,
                        path.format(**names),
                        owner,
                        key=uuid4().hex,
                        content=with_odd(own, place, odd),
                        headers=JSON,
                    )
                    where = (route, place, odd, answer.text[:200])
                    assert answer.status_code in (400, 422), where
                    assert answer.headers["Content-Type"] == "application/problem+json", where
        assert await everything(world) == before


async def test_no_address_and_no_parameter_of_any_route_is_a_fault_of_ours(run: RunService, stall: "Stall") -> None:
    owner = member_of(stall.organization_id, "owner")
    async with run() as world:
        names = await things_of(world, stall)
        before = await everything(world)
        for path, ways in world.app.openapi()["paths"].items():
            for method, described in ways.items():
                parts = [each["name"] for each in described.get("parameters", []) if each["in"] == "path"]
                asked = [each["name"] for each in described.get("parameters", []) if each["in"] == "query"]
                addresses = [
                    path.format(**{each: names.get(each, "x") for each in parts} | {part: odd})
                    for part in parts
                    for odd in NO_IDS
                ]
                known = path.format(**{each: names.get(each, "1") for each in parts})
                addresses += [f"{known}?{each}={odd}" for each in asked for odd in NO_PARAMETERS]
                for address in addresses:
                    answer = await world.call(
                        method.upper(), address, owner, key=uuid4().hex, headers={"If-Match": "*"}
                    )
                    assert answer.status_code < 500, (method, address, answer.text[:200])
                    assert "x-evil" not in answer.headers
        assert await everything(world) == before
