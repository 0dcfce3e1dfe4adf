"""Positions, memory and the wheel of live updates, without any I/O."""

import random
from types import SimpleNamespace
from typing import Any, cast

import pytest

from common.messages import Team, Users, catalogue
from gateway.auth import NOBODY
from gateway.exchange import Exchange
from gateway.live.keeping import SLOTS, Wheel
from gateway.live.listener import MOST_WAITING, MOST_WAITING_BYTES, Listener
from gateway.live.position import Position, Positions, later, moved
from gateway.live.ring import Ring
from gateway.live.told import Told

STREAMS = Positions(["EVENTS", "COMMERCE"])
EVERY = frozenset({0, 1})


def told(number: int, *keys: str, stream: int = 0, at: float = 0.0, size: int = 10) -> Told:
    return Told(stream, number, at, keys, b"x" * size)


def numbers(
    ring: Ring, key: str, position: Position = (0, 0), streams: frozenset[int] = EVERY
) -> list[tuple[int, int]]:
    return [(each.stream, each.number) for each in ring.behind([key], position, streams)]


class TestPositions:
    def test_a_position_is_written_and_read_back(self) -> None:
        assert STREAMS.streams == ("COMMERCE", "EVENTS")
        assert STREAMS.text((12, 40)) == b"COMMERCE.12,EVENTS.40"
        assert STREAMS.read(b"COMMERCE.12,EVENTS.40") == (12, 40)
        assert STREAMS.read(b" EVENTS.40,COMMERCE.12 ") == (12, 40)

    @pytest.mark.parametrize(
        "text",
        [
            b"",
            b"COMMERCE.12",
            b"COMMERCE.12,EVENTS.40,DP.1",
            b"COMMERCE.12,COMMERCE.12",
            b"COMMERCE.-1,EVENTS.1",
            b"COMMERCE.1,EVENTS.\xb2",
            b"COMMERCE." + b"1" * 600,
        ],
        ids=["empty", "too-few", "too-many", "twice", "negative", "no-ascii-digit", "long"],
    )
    def test_what_names_other_streams_or_no_number_is_no_position(self, text: bytes) -> None:
        assert STREAMS.read(text) is None

    def test_the_later_of_two_is_so_in_each_stream(self) -> None:
        assert later((1, 9), (5, 2)) == (5, 9)
        assert moved((1, 9), 1, 10) == (1, 10)


class TestTheRing:
    """A memory of a minute and of ten thousand bytes."""

    @pytest.fixture
    def ring(self) -> Ring:
        made = Ring(2, 60.0, 10_000)
        made.begin(0, 0)
        made.begin(1, 0)
        return made

    def test_a_key_finds_its_own_behind_a_position_in_the_order_they_came(self, ring: Ring) -> None:
        ring.add(told(1, "a"), 0)
        ring.add(told(7, "a", "b", stream=1), 0)
        ring.add(told(2, "b"), 0)
        ring.add(told(3, "a"), 0)
        assert numbers(ring, "a") == [(0, 1), (1, 7), (0, 3)]
        assert numbers(ring, "b") == [(1, 7), (0, 2)]
        assert numbers(ring, "a", (1, 7)) == [(0, 3)]
        assert numbers(ring, "a", (0, 0), frozenset({1})) == [(1, 7)]
        assert numbers(ring, "nobody") == []

    def test_what_is_too_old_goes_and_the_floor_says_so(self, ring: Ring) -> None:
        ring.add(told(1, "a", at=0.0), 0.0)
        ring.add(told(2, "a", at=30.0), 30.0)
        ring.forget(60.0)
        assert (numbers(ring, "a"), ring.floor) == ([(0, 1), (0, 2)], [0, 0])
        ring.forget(60.1)
        assert (numbers(ring, "a"), ring.floor) == ([(0, 2)], [1, 0])
        ring.forget(1000.0)
        assert (numbers(ring, "a"), ring.floor) == ([], [2, 0])

    def test_what_is_too_much_goes(self, ring: Ring) -> None:
        for number in range(1, 101):
            ring.add(told(number, "a", size=400), 0)
        kept = numbers(ring, "a")
        assert kept == [(0, number) for number in range(ring.floor[0] + 1, 101)]
        assert len(kept) == 10

    def test_a_stream_that_begins_anew_leaves_the_others_alone(self, ring: Ring) -> None:
        ring.add(told(1, "a"), 0)
        ring.add(told(5, "a", stream=1), 0)
        ring.begin(0, 40)
        assert (numbers(ring, "a"), ring.floor) == ([(1, 5)], [40, 0])

    def test_whatever_comes_and_goes_each_key_finds_exactly_what_the_floor_promises(self, ring: Ring) -> None:
        draw = random.Random(20261120)
        said: list[Told] = []
        heads, now = [0, 0], 0.0
        for _ in range(2000):
            now += draw.random()
            stream = draw.randrange(2)
            heads[stream] += draw.randint(1, 3)
            keys = draw.sample("abcdef", draw.randint(0, 3))
            said.append(told(heads[stream], *keys, stream=stream, at=now, size=draw.randrange(400)))
            ring.add(said[-1], now)
            key = draw.choice("abcdef")
            position = tuple(draw.randint(floor, head) for floor, head in zip(ring.floor, heads, strict=True))
            wanted = [
                (each.stream, each.number) for each in said if key in each.keys and each.number > position[each.stream]
            ]
            assert numbers(ring, key, position) == wanted


class TestTheWheel:
    def listener(self) -> Listener:
        return cast(Listener, _Seat())

    def test_everyone_is_pinged_once_a_turn_and_looked_at_every_fifth_tick(self) -> None:
        wheel = Wheel()
        everyone = [self.listener() for _ in range(400)]
        for each in everyone:
            wheel.add(each)
        assert wheel.count == 400
        pinged = [each for tick in range(SLOTS) for each in wheel.in_slot(tick)]
        assert sorted(map(id, pinged)) == sorted(map(id, everyone))
        looked_at = [each for tick in range(1000, 1005) for each in wheel.to_look_at(tick)]
        assert sorted(map(id, looked_at)) == sorted(map(id, everyone))

    def test_streams_that_begin_together_are_spread_over_the_turn(self) -> None:
        wheel = Wheel()
        for _ in range(SLOTS):
            wheel.add(self.listener())
        assert [len(wheel.in_slot(tick)) for tick in range(SLOTS)] == [1] * SLOTS

    def test_who_has_left_is_passed_over(self) -> None:
        wheel = Wheel()
        one, other = self.listener(), self.listener()
        wheel.add(one)
        wheel.add(other)
        wheel.remove(one)
        assert ([each for tick in range(5) for each in wheel.to_look_at(tick)], wheel.count) == ([other], 1)


class TestAListener:
    """What the hub gives it, and what of that it sends on."""

    @pytest.fixture
    def listener(self) -> Listener:
        asking = SimpleNamespace(caller=NOBODY, inbound=SimpleNamespace(authorization=[]))
        return Listener(cast(Exchange, asking), None, 0.0, STREAMS)

    def test_it_sends_on_what_it_was_given_with_the_id_of_that_moment(self, listener: Listener) -> None:
        listener.offer(told(4, "a"), (4, 7), b"COMMERCE.4,EVENTS.7")
        listener.offer(told(8, "a", stream=1), (4, 8), b"COMMERCE.4,EVENTS.8")
        sent = listener.take((9, 9), b"COMMERCE.9,EVENTS.9")
        assert sent == b"id: COMMERCE.4,EVENTS.7\n" + b"x" * 10 + b"id: COMMERCE.4,EVENTS.8\n" + b"x" * 10
        assert listener.take((9, 9), b"COMMERCE.9,EVENTS.9") == b""

    def test_what_it_heard_at_another_replica_is_not_told_again_and_its_ids_never_go_back(
        self, listener: Listener
    ) -> None:
        listener.after = (5, 2)
        listener.offer(told(5, "a"), (5, 1), b"COMMERCE.5,EVENTS.1")
        assert listener.take((5, 1), b"COMMERCE.5,EVENTS.1") == b""
        listener.offer(told(6, "a"), (6, 1), b"COMMERCE.6,EVENTS.1")
        assert listener.take((6, 1), b"COMMERCE.6,EVENTS.1").startswith(b"id: COMMERCE.6,EVENTS.2\n")
        listener.ping()
        assert listener.take((6, 1), b"COMMERCE.6,EVENTS.1") == b": ping\nid: COMMERCE.6,EVENTS.2\n\n"
        listener.offer(told(3, "a", stream=1), (6, 3), b"COMMERCE.6,EVENTS.3")
        assert listener.take((6, 3), b"COMMERCE.6,EVENTS.3").startswith(b"id: COMMERCE.6,EVENTS.3\n")
        assert listener.after is None

    def test_one_message_too_many_puts_it_behind_and_nothing_more_is_kept(self, listener: Listener) -> None:
        for number in range(MOST_WAITING):
            listener.offer(told(number, "a"), (number, 0), b"-")
        before = listener.behind
        listener.offer(told(MOST_WAITING, "a"), (MOST_WAITING, 0), b"-")
        listener.offer(told(MOST_WAITING + 1, "a"), (MOST_WAITING + 1, 0), b"-")
        listener.ping()
        assert (before, listener.behind, listener.take((999, 0), b"-")) == (False, True, b"")

    def test_too_many_bytes_put_it_behind(self, listener: Listener) -> None:
        behind = []
        for number, size in enumerate((MOST_WAITING_BYTES, 1)):
            listener.offer(told(number, "a", size=size), (number, 0), b"-")
            behind.append(listener.behind)
        assert behind == [False, True]

    def test_a_reset_forgets_what_waited_and_names_the_present(self, listener: Listener) -> None:
        listener.after = (9, 9)
        listener.offer(told(10, "a"), (10, 0), b"-")
        listener.begin_anew()
        sent = listener.take((1, 1), b"COMMERCE.1,EVENTS.1")
        assert sent == b"id: COMMERCE.1,EVENTS.1\nevent: reset\ndata: {}\n\n"

    def test_the_first_reason_to_end_counts(self, listener: Listener) -> None:
        listener.end("token_expired")
        listener.end("draining")
        assert listener.ending == "token_expired"


class _Seat:
    """All that the wheel knows of a listener."""

    slot: Any = 0


SECRET = {"email", "code", "path", "token", "address", "admissions"}


def test_what_is_shown_live_are_fields_of_the_message_and_none_that_is_secret_or_somebody_elses() -> None:
    for kind in catalogue():
        audience = kind.audience
        if audience is None:
            continue
        assert "gateway" in kind.listeners
        assert set(audience.shown) <= set(kind.model_fields)
        assert "sequence" in audience.shown
        assert not {word for field in audience.shown for word in field.split("_")} & SECRET
        if isinstance(audience, Users):
            assert set(audience.named_by) <= set(kind.model_fields)
        else:
            assert isinstance(audience, Team)
            assert {"event_id", "organization_id", "workspace_id"} <= set(kind.model_fields)
