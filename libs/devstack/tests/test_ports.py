"""Ports that are picked: free, not picked lately, and of a part of one's own where processes pick side by side."""

import pytest

from devstack.servers import ports
from devstack.servers.ports import free_port, share_ports


def test_no_port_is_picked_twice_in_a_row_of_many() -> None:
    picked = [free_port() for _ in range(500)]
    assert len(set(picked)) == 500


def test_of_processes_side_by_side_none_picks_what_another_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_picking", ports._Picking())
    picked = []
    for number in range(3):
        share_ports(number, 3)
        picked.append({free_port() for _ in range(200)})
    assert [{port % 3 for port in part} for part in picked] == [{2}, {0}, {1}]
