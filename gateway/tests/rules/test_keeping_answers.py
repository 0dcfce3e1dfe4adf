"""What may be kept and for how long, entity tags, and the bound of what is kept."""

import pytest

from gateway.cache import Store, Whole
from gateway.cache.asking import ordered_query
from gateway.cache.conditional import made_tag, unchanged
from gateway.cache.policy import Lifetime, lifetime_of, may_share
from gateway.routing import Cache

OFFER = Cache(fresh=10, stale=20, away=300)


def told(*values: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"cache-control", value) for value in values]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ([], Lifetime(10, 20, 300)),
        ([b"public, max-age=3600"], Lifetime(10, 20, 300)),
        ([b"public, max-age=1"], Lifetime(1, 20, 300)),
        ([b"max-age=60, s-maxage=2"], Lifetime(2, 0, 0)),
        ([b"max-age=0, s-maxage=2"], Lifetime(2, 0, 0)),
        ([b"max-age=5, stale-while-revalidate=1, stale-if-error=7"], Lifetime(5, 1, 7)),
        ([b"MAX-AGE=5, Must-Revalidate"], Lifetime(5, 0, 0)),
        ([b"max-age=5, proxy-revalidate"], Lifetime(5, 0, 0)),
        ([b'max-age="4"'], Lifetime(4, 20, 300)),
        ([b"max-age=3", b"max-age=9"], Lifetime(3, 20, 300)),
        ([b'max-age=3, other="no-store"'], Lifetime(3, 20, 300)),
        ([b"no-store"], None),
        ([b"private"], None),
        ([b'private="x-name"'], None),
        ([b"public", b"No-Store"], None),
        ([b"no-cache"], None),
        ([b"max-age=0"], None),
        ([b"s-maxage=0, max-age=60"], None),
        ([b"max-age=soon"], None),
        ([b"max-age=-1"], None),
        ([b"max-age"], None),
    ],
)
def test_the_service_may_shorten_and_refuse_what_the_row_offers(said: list[bytes], kept: Lifetime | None) -> None:
    """Scenario 13."""
    assert lifetime_of(OFFER, 200, told(*said)) == kept


@pytest.mark.parametrize(
    "header",
    [
        (b"set-cookie", b"a=1"),
        (b"cache-control", b"private"),
        (b"cache-control", b"no-store"),
        (b"vary", b"*"),
        (b"vary", b"accept-encoding, cookie"),
        (b"vary", b"Authorization"),
        (b"vary", b"accept"),
        (b"content-encoding", b"br"),
    ],
)
def test_an_answer_to_one_caller_is_never_shared(header: tuple[bytes, bytes]) -> None:
    """Scenario 13: private and Set-Cookie answers are never stored."""
    headers = [(b"content-type", b"application/json"), header]
    assert not may_share(OFFER, headers)
    assert lifetime_of(OFFER, 200, headers) is None


def test_an_answer_may_vary_by_what_its_row_names_and_by_what_never_reaches_the_service() -> None:
    by_language = Cache(fresh=1, varies=(b"accept-language",))
    assert may_share(by_language, [(b"vary", b"Accept-Language, Accept-Encoding"), (b"vary", b"Origin")])
    assert not may_share(OFFER, [(b"vary", b"accept-language")])


@pytest.mark.parametrize("status", [201, 204, 206, 301, 304, 404, 500])
def test_only_whole_answers_are_kept(status: int) -> None:
    assert lifetime_of(OFFER, status, told(b"public, max-age=60")) is None


@pytest.mark.parametrize(
    ("asked", "same"),
    [
        ([b'"a"'], True),
        ([b'W/"a"'], True),
        ([b'"x", "a"'], True),
        ([b'"x"', b'W/"a"'], True),
        ([b', "x",, "a" ,'], True),
        ([b"*"], True),
        ([b'"with,comma", "a"'], True),
        ([], False),
        ([b""], False),
        ([b'"x"'], False),
        ([b"a"], False),
        ([b'"A"'], False),
        ([b'"xa"'], False),
        ([b'*, "x"'], False),
        ([b'"a'], False),
        ([b'w/"a"'], False),
        ([b'"x" "a"'], False),
        ([b'"x, "a"'], False),
    ],
)
@pytest.mark.parametrize("tag", [b'"a"', b'W/"a"'])
def test_tags_compare_weakly_and_a_broken_list_matches_nothing(tag: bytes, asked: list[bytes], same: bool) -> None:
    """Scenario 13."""
    assert unchanged(tag, asked) is same


def test_a_made_tag_is_strong_and_differs_with_bytes_and_kind() -> None:
    tags = {made_tag(kind, body) for kind in (b"text/plain", b"text/html") for body in (b"a", b"b", b"")}
    assert len(tags) == 6
    assert all(tag.startswith(b'"') and tag.endswith(b'"') and len(tag) == 34 for tag in tags)
    assert made_tag(b"text/plain", b"a") == made_tag(b"text/plain", b"a")


@pytest.mark.parametrize(
    ("query", "ordered"),
    [
        (b"", b""),
        (b"b=2&a=1", b"a=1&b=2"),
        (b"&&b=2&&a=1&", b"a=1&b=2"),
        (b"a=2&b=0&a=1", b"a=2&a=1&b=0"),
        (b"a=%26&b", b"a=%26&b"),
        (b"a-b=1&a=1", b"a=1&a-b=1"),
    ],
)
def test_the_order_of_names_in_a_query_makes_no_difference_but_that_of_values_does(
    query: bytes, ordered: bytes
) -> None:
    assert ordered_query(query) == ordered


def kept(store: Store, name: bytes, size: int, at: float = 0.0) -> bool:
    return store.put((name,), Whole(200, [], bytes(size)), Lifetime(10, 0, 0), at)


def test_the_store_is_bounded_by_bytes_and_lets_go_of_what_nobody_asked_for_longest() -> None:
    store = Store(most_bytes=30_000)
    assert [kept(store, name, 4_000) for name in (b"a", b"b", b"c")] == [True, True, True]
    assert store.get((b"a",), 1.0) is not None
    assert kept(store, b"d", 4_000)
    assert [store.get((name,), 1.0) is not None for name in (b"a", b"b", b"c", b"d")] == [True, False, True, True]
    assert 27_000 < store.taken <= 30_000


def test_what_is_larger_than_the_store_is_not_kept_and_pushes_nothing_out() -> None:
    store = Store(most_bytes=30_000)
    kept(store, b"a", 4_000)
    assert not kept(store, b"b", 16_000)
    assert len(store) == 1


def test_a_million_small_answers_take_no_more_than_the_bound() -> None:
    store = Store(most_bytes=100_000)
    for number in range(10_000):
        kept(store, b"%d" % number, 0)
    assert store.taken <= 100_000
    assert len(store) < 100


def test_replacing_an_answer_does_not_count_it_twice() -> None:
    store = Store()
    kept(store, b"a", 4_000)
    once = store.taken
    kept(store, b"a", 4_000, at=1.0)
    assert (store.taken, len(store)) == (once, 1)


def test_an_answer_asked_for_earlier_never_replaces_a_later_one() -> None:
    store = Store()
    kept(store, b"a", 7, at=5.0)
    assert not kept(store, b"a", 4, at=4.0)
    entry = store.get((b"a",), 5.0)
    assert entry is not None and len(entry.whole.body) == 7


def test_what_is_too_old_for_any_use_is_gone() -> None:
    store = Store()
    kept(store, b"a", 4)
    assert store.get((b"a",), 10.0) is not None
    assert store.get((b"a",), 10.1) is None
    assert (len(store), store.taken) == (0, 0)
