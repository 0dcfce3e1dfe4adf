"""Check G1 of the anchors, in breadth: what is another tenant's is answered like what is not there, on every route of the table."""

import json
import re
import statistics
import time
from collections.abc import Iterator, Mapping
from string import Template
from typing import Any

import httpx
import pytest
from tests.e2e.belongings import Belongings, set_out
from tests.e2e.journey import Journey, Stack, photo
from tests.e2e.object_routes import BODIES, NOBODYS, PLATFORMS, SHOWN

from common.capabilities import Capability
from gateway.routes import ROWS

MISSING = "01m7x31szefpcvvad5zvy8zgfk"
"""The second half of an id that nothing has."""
WHO = {f"{row.method} {row.path}": row.who for row in ROWS if "{" in row.path}
NESTED = [route for route in BODIES if len(re.findall(r"Id\}", route)) > 1]
PICTURE = {"files": {"photo": ("me.jpg", photo(), "image/jpeg")}, "data": {"fields": json.dumps({"name": "Spy"})}}
VARYING = {"date", "traceresponse", "x-request-id", "ratelimit", "ratelimit-policy", "content-length", "connection"}


@pytest.fixture(scope="module")
def belongings(stack: Stack) -> Iterator[Belongings]:
    with Journey(stack, say=lambda _: None) as journey:
        yield set_out(journey)


def test_every_route_with_an_id_is_tried_or_has_a_reason() -> None:
    """A new route is put into one of both, and one that is gone is taken out."""
    assert {"in neither": WHO.keys() - BODIES.keys() - NOBODYS.keys()} == {"in neither": set()}
    assert {"gone": (BODIES.keys() | NOBODYS.keys() | PLATFORMS | SHOWN.keys()) - WHO.keys()} == {"gone": set()}
    assert {"in both": BODIES.keys() & NOBODYS.keys()} == {"in both": set()}


@pytest.mark.parametrize("route", [route for route in BODIES if route not in SHOWN])
def test_a_thing_of_another_tenant_is_answered_like_one_that_is_not_there(belongings: Belongings, route: str) -> None:
    """The same status, the same words, and no time that tells them apart; whatever state the thing is in."""
    for names in _each(belongings, route):
        _assert_alike(belongings, route, names, _missing(names), 403 if route in PLATFORMS else 404)


@pytest.mark.parametrize("route", SHOWN)
def test_what_everyone_may_know_of_is_still_its_teams(belongings: Belongings, route: str) -> None:
    [names] = _each(belongings, route)
    assert _ask(belongings, route, names).status_code == 403
    assert _ask(belongings, route, _missing(names)).status_code == 404


@pytest.mark.parametrize("route", NESTED)
def test_a_thing_of_another_tenant_is_not_found_in_what_is_ones_own_either(belongings: Belongings, route: str) -> None:
    """One may do all this in one's own organisation, event or order; the thing asked for lies in theirs."""
    for names in _each(belongings, route):
        _assert_alike(belongings, route, names | belongings.rivals, _missing(names) | belongings.rivals, 404)


@pytest.mark.parametrize("route", ["GET /v1/events/{eventId}", "GET /v1/dp/campaigns/{campaignId}"])
def test_the_name_of_what_is_not_public_yet_tells_nothing(belongings: Belongings, route: str) -> None:
    _assert_alike(belongings, route, belongings.slugs, dict.fromkeys(belongings.slugs, "no-such-name"), 404)


def test_an_event_that_everyone_knows_of_is_still_its_teams(belongings: Belongings) -> None:
    """That a published event exists is no secret, so here a 403 tells nothing new."""
    before = _seen_by_its_owner(belongings)
    routes = [route for route in BODIES if re.search("{eventId}|{ticketTierId}", route) and _needs_a_role(route)]
    for route in routes:
        names = _each(belongings, route)[0] | belongings.published
        assert _ask(belongings, route, names).status_code in (403, 404), route
    assert len(routes) > 20
    assert _seen_by_its_owner(belongings) == before


def test_asking_for_things_of_another_tenant_changes_nothing(belongings: Belongings) -> None:
    before = _seen_by_its_owner(belongings)
    for route in BODIES:
        for names in _each(belongings, route):
            _ask(belongings, route, names)
            if route in NESTED:
                _ask(belongings, route, names | belongings.rivals)
    assert _seen_by_its_owner(belongings) == before


def test_the_things_that_are_asked_for_are_there(belongings: Belongings) -> None:
    """Else all of them would be missing, and every comparison above would hold."""
    seen = json.dumps(list(_seen_by_its_owner(belongings).values()))
    unseen = {name for name, ids in belongings.theirs.items() for one in ids if one not in seen}
    # What is the platform's own, and a run of refunds, which carries no id.
    assert unseen - {"adminId", "userId", "releaseId", "cancelledEventId"} == set()


def _needs_a_role(route: str) -> bool:
    return isinstance(WHO[route], Capability)


def _assert_alike(
    belongings: Belongings, route: str, theirs: Mapping[str, str], missing: Mapping[str, str], status: int
) -> None:
    seconds: dict[bool, list[float]] = {True: [], False: []}
    answers = []
    for _ in range(3):
        for there, names in ((True, theirs), (False, missing)):
            began = time.perf_counter()
            answers.append(_ask(belongings, route, names))
            seconds[there].append(time.perf_counter() - began)
    for answer in answers:
        assert answer.status_code == status, (route, answer.text)
        assert _told(answer) == _told(answers[-1]), route
    assert abs(statistics.median(seconds[True]) - statistics.median(seconds[False])) < 0.1, route


def _told(answer: httpx.Response) -> str:
    headers = {name: value for name, value in answer.headers.items() if name not in VARYING}
    told = {**answer.json(), "traceId": "", "headers": headers}
    return re.sub(r"[a-z]+_[0-9a-z]{26}", "an id", json.dumps(told, sort_keys=True))


def _ask(belongings: Belongings, route: str, names: Mapping[str, str]) -> httpx.Response:
    method, _, path = route.partition(" ")
    options: dict[str, Any] = {}
    if body := BODIES[route]:
        options = {"json": json.loads(Template(json.dumps(body)).substitute(names))}
    elif route == "POST /v1/dp/campaigns/{campaignId}/dps":
        options = PICTURE
    return belongings.send(method, path.format_map(names), belongings.rival, **options)


def _each(belongings: Belongings, route: str) -> list[dict[str, str]]:
    """One set of names for each of the states that the things of this route are in."""
    theirs = belongings.theirs
    if route.endswith("/refund-run"):
        theirs = {**theirs, "eventId": theirs["cancelledEventId"]}
    most = max(len(theirs[name]) for name in re.findall(r"\{(\w+)\}", route))
    return [{name: ids[place % len(ids)] for name, ids in theirs.items()} for place in range(most)]


def _missing(names: Mapping[str, str]) -> dict[str, str]:
    """The same kinds of ids, of nothing."""
    return {name: f"{one.split('_')[0]}_{MISSING}" if "_" in one else one for name, one in names.items()}


def _seen_by_its_owner(belongings: Belongings) -> dict[str, Any]:
    """What every read of the table gives the organiser, of the draft and of the published event."""
    seen: dict[str, Any] = {}
    for route in BODIES:
        method, _, path = route.partition(" ")
        if method == "GET":
            for names in _each(belongings, route):
                for asked in {path.format_map(names), path.format_map(names | belongings.published)}:
                    answer = belongings.send(method, asked, belongings.organiser)
                    seen[asked] = _content(answer)
    seen["sign-ins"] = [one["id"] for one in _items(belongings, "/v1/me/sign-ins")]
    return seen


def _content(answer: httpx.Response) -> Any:
    """What a refusal says may name the id that was asked for, and a PDF or a package is made anew each time."""
    is_json = answer.headers["content-type"].startswith("application/json")
    return answer.json() if is_json and answer.is_success else answer.status_code


def _items(belongings: Belongings, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = belongings.send("GET", path, belongings.organiser).json()["items"]
    return items
