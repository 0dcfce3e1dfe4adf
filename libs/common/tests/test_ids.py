"""Ids are TypeIDs as the specification has them, with a UUIDv7 inside, and one kind is never taken for another."""

import inspect
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from common import ids
from common.ids import Id, MalformedId, OrderId, PassId, uuid7
from common.testing import SeededEntropy

KINDS = [kind for _, kind in inspect.getmembers(ids, inspect.isclass) if issubclass(kind, Id) and kind is not Id]


class Prefixed(Id):
    prefix = "prefix"


class TwoWords(Id):
    prefix = "pre_fix"


@pytest.mark.parametrize(
    ("suffix", "value"),
    [
        ("00000000000000000000000000", "00000000-0000-0000-0000-000000000000"),
        ("00000000000000000000000001", "00000000-0000-0000-0000-000000000001"),
        ("0000000000000000000000000a", "00000000-0000-0000-0000-00000000000a"),
        ("0000000000000000000000000g", "00000000-0000-0000-0000-000000000010"),
        ("00000000000000000000000010", "00000000-0000-0000-0000-000000000020"),
        ("7zzzzzzzzzzzzzzzzzzzzzzzzz", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
        ("0123456789abcdefghjkmnpqrs", "0110c853-1d09-52d8-d73e-1194e95b5f19"),
        ("01h455vb4pex5vsknk084sn02q", "01890a5d-ac96-774b-bcce-b302099a8057"),
    ],
)
def test_the_valid_vectors_of_the_specification_hold_both_ways(suffix: str, value: str) -> None:
    assert Prefixed(f"prefix_{suffix}").uuid == UUID(value)
    assert Prefixed.from_uuid(UUID(value)) == f"prefix_{suffix}"
    assert TwoWords(f"pre_fix_{suffix}").uuid == UUID(value)


@pytest.mark.parametrize(
    "text",
    [
        "PREFIX_00000000000000000000000000",
        "_00000000000000000000000000",
        "00000000000000000000000000",
        "_",
        "",
        "prefix_",
        "prefix_1234567890123456789012345",
        "prefix_123456789012345678901234567",
        "prefix_1234567890123456789012345 ",
        "prefix_0123456789ABCDEFGHJKMNPQRS",
        "prefix_123456789-123456789-123456",
        "prefix_ooooooiiiiiiuuuuuuulllllll",
        "prefix_i23456789ol23456789oi23456",
        "prefix_123456789-0123456789-0123456",
        "prefix_8zzzzzzzzzzzzzzzzzzzzzzzzz",
        "prefix_/0000000000000000000000000",
        "prefix_٠0000000000000000000000000",
        "prefix__00000000000000000000000000",
        " prefix_00000000000000000000000000",
        "prefix_00000000000000000000000000\n",
        "other_00000000000000000000000000",
    ],
)
def test_the_invalid_vectors_of_the_specification_are_refused(text: str) -> None:
    with pytest.raises(MalformedId):
        Prefixed(text)


@given(st.uuids())
def test_every_uuid_goes_in_and_comes_out_the_same(value: UUID) -> None:
    text = str(PassId.from_uuid(value))
    assert PassId(text).uuid == value
    assert len(text) == len("pass_") + 26


@given(st.uuids(), st.uuids())
def test_ids_are_in_the_order_of_their_uuids(one: UUID, other: UUID) -> None:
    assert (OrderId.from_uuid(one) < OrderId.from_uuid(other)) == (one.int < other.int)


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 250_000_000_000_000_000).map(lambda micros: EPOCH + timedelta(microseconds=micros))


@given(MOMENTS, st.integers(0, 2**32))
def test_a_uuid7_holds_the_exact_millisecond_its_version_and_variant(moment: datetime, seed: int) -> None:
    value = uuid7(moment, SeededEntropy(seed))
    assert value.int >> 80 == (moment - EPOCH) // timedelta(milliseconds=1)
    assert value.version == 7
    assert value.variant == "specified in RFC 4122"


def test_all_74_other_bits_of_a_uuid7_are_drawn() -> None:
    moment, entropy = datetime(2026, 11, 20, tzinfo=UTC), SeededEntropy()
    ones = zeros = 0
    for _ in range(200):
        value = uuid7(moment, entropy).int
        ones, zeros = ones | value, zeros | ~value
    drawn = ones & zeros & ((1 << 80) - 1)
    assert drawn.bit_count() == 74


def test_every_kind_has_a_prefix_of_its_own() -> None:
    prefixes = [kind.prefix for kind in KINDS]
    assert len(KINDS) >= 29
    assert len(set(prefixes)) == len(prefixes)
    assert all(prefix.islower() and prefix.isalpha() for prefix in prefixes)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_kind_takes_its_own_ids_and_no_others(kind: type[Id]) -> None:
    value = UUID(int=7)
    adapter = TypeAdapter(kind)
    assert adapter.validate_python(str(kind.from_uuid(value))) == kind.from_uuid(value)
    assert isinstance(adapter.validate_json(f'"{kind.from_uuid(value)}"'), kind)
    for other in KINDS:
        if other is not kind:
            with pytest.raises(ValidationError):
                adapter.validate_python(str(other.from_uuid(value)))
    assert adapter.json_schema()["pattern"].startswith(f"^{kind.prefix}_")
