"""What the lock files promise: hashed, no index inside, each member's a subset of the workspace's."""

import re
from pathlib import Path

import pytest

from devstack.lock import BUILD_LOCK, WORKSPACE_LOCK, locks, members

REPOSITORY = Path(__file__).parents[3]
ALL = [WORKSPACE_LOCK, *(lock.path for lock in locks(REPOSITORY))]


def pins(path: str) -> dict[str, set[str]]:
    """Each package's pinned versions; some have several, by marker."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", (REPOSITORY / path).read_text(), re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def test_every_member_of_the_workspace_has_a_lock() -> None:
    assert len(members(REPOSITORY)) == 9
    assert len(ALL) == 11
    assert {"gateway/requirements.lock", "services/wallet/requirements.lock", BUILD_LOCK} < set(ALL)


@pytest.mark.parametrize("path", ALL)
def test_every_package_is_hashed_and_no_index_is_named(path: str) -> None:
    text = (REPOSITORY / path).read_text()
    assert "://" not in text
    assert not re.search(r"^(-i|--index|--extra-index|--find-links|-e) ?", text, re.MULTILINE)
    entries = re.split(r"\n(?=\S)", text.strip())
    assert entries
    assert [entry.split("\n")[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("path", ALL[1:])
def test_a_members_versions_are_those_of_the_workspace(path: str) -> None:
    whole = pins(WORKSPACE_LOCK)
    assert pins(path)
    assert {name: found for name, found in pins(path).items() if not found <= whole.get(name, set())} == {}


@pytest.mark.parametrize("path", ALL)
def test_our_own_packages_are_not_in_any_lock(path: str) -> None:
    assert not any(name.startswith("lanyard") for name in pins(path))
