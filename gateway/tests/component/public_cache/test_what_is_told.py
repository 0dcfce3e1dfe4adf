"""Tags, HEAD and the fields of a kept answer: each caller is told what is true for them."""

from gateway.testing import World
from gateway.testing.public_reads import answer, numbered


async def test_an_answer_without_a_tag_gets_a_strong_one_and_a_match_is_a_304_without_a_body(world: World) -> None:
    """Scenario 13."""
    world["events"].reply = lambda _: answer(b"[]", "content-type: application/json", "cache-control: max-age=5")
    first = await world.ask("GET", "/v1/events")
    tag = first.one("etag")
    assert tag.startswith('"') and len(tag) == 34
    for asked in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        same = await world.ask("GET", "/v1/events", {"if-none-match": asked})
        assert (same.status, same.body, same.one("etag")) == (304, b"", tag)
        assert same.one("cache-control") == "max-age=5"
        assert (same.one("age"), same.one("cache-status")) == ("0", "lanyard; hit; ttl=5")
        assert sorted(same.all("vary")) == sorted(first.all("vary"))
        assert same.all("content-length") == same.all("content-type") == same.all("transfer-encoding") == []
    changed = await world.ask("GET", "/v1/events", {"if-none-match": '"other"'})
    assert (changed.status, changed.body) == (200, b"[]")
    assert len(world["events"].heard) == 1


async def test_a_304_leaves_the_connection_fit_for_the_next_request(world: World) -> None:
    numbered(world)
    await world.ask("GET", "/v1/events")
    one = b"GET /v1/events HTTP/1.1\r\nhost: a\r\nif-none-match: *\r\n\r\n"
    other = b"GET /v1/events HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
    assert [(each.status, each.body) for each in await world.raw(one + other)] == [(304, b""), (200, b"1")]


async def test_the_tag_of_the_service_is_kept(world: World) -> None:
    world["events"].reply = lambda _: answer(b"[]", 'etag: "7"')
    first = await world.ask("GET", "/v1/events")
    same = await world.ask("GET", "/v1/events", {"if-none-match": '"7"'})
    assert (first.one("etag"), same.status) == ('"7"', 304)
    assert len(world["events"].heard) == 1


async def test_head_is_answered_from_what_get_has_kept_and_the_other_way_round(world: World) -> None:
    world["events"].reply = lambda _: answer(b"[1]", "content-type: application/json")
    head = await world.ask("HEAD", "/v1/events")
    got = await world.ask("GET", "/v1/events")
    again = await world.ask("HEAD", "/v1/events")
    assert [heard.method for heard in world["events"].heard] == ["GET"]
    assert (head.status, head.body, got.body) == (200, b"", b"[1]")
    for name in ("content-length", "content-type", "etag"):
        assert head.one(name) == got.one(name) == again.one(name)
    same = await world.ask("HEAD", "/v1/events", {"if-none-match": got.one("etag")})
    assert same.status == 304


async def test_what_belongs_to_one_request_is_not_kept(world: World) -> None:
    world["events"].reply = lambda _: answer(
        b"[]", "x-request-id: theirs", "age: 99", "server: x", "date: then", "link: </a>; rel=next", "x-kept: yes"
    )
    for _ in range(2):
        seen = await world.ask("GET", "/v1/events")
        assert (seen.one("link"), seen.one("x-kept")) == ("</a>; rel=next", "yes")
        assert len(seen.one("x-request-id")) == 32
        assert "theirs" not in str(seen.headers) and "then" not in seen.all("date") and "99" not in seen.all("age")


async def test_an_answer_that_a_sign_in_would_change_says_so_to_browsers(world: World) -> None:
    numbered(world)
    assert "authorization" in (await world.ask("GET", "/v1/events")).all("vary")
    assert "authorization" not in (await world.ask("GET", "/v1/open")).all("vary")


async def test_a_kept_answer_is_compressed_for_those_who_take_it_and_plain_for_the_others(world: World) -> None:
    body = b'{"name":"Lagos Nights"}' * 1000
    world["events"].reply = lambda _: answer(body, "content-type: application/json", 'etag: "7"')
    plain = await world.ask("GET", "/v1/events")
    small = await world.ask("GET", "/v1/events", {"accept-encoding": "gzip"})
    assert (plain.body, plain.one("etag"), plain.all("content-encoding")) == (body, '"7"', [])
    assert (small.one("etag"), small.one("content-encoding")) == ('W/"7"', "gzip")
    assert "accept-encoding" in plain.all("vary") and "accept-encoding" in small.all("vary")
    assert len(small.body) == int(small.one("content-length")) < 1000
    same = await world.ask("GET", "/v1/events", {"accept-encoding": "gzip", "if-none-match": small.one("etag")})
    assert (same.status, same.one("etag"), same.all("content-encoding")) == (304, 'W/"7"', [])
    head = await world.ask("HEAD", "/v1/events", {"accept-encoding": "gzip"})
    assert head.one("content-length") == small.one("content-length")
    assert len(world["events"].heard) == 1
