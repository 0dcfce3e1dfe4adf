"""Generated files: stale ones are named when checking, written otherwise, and nothing is touched that is as it should be."""

import sys
from pathlib import Path

import pytest

from devstack.pages import Module, Output, generate

PRINTS = Output("api.json", (sys.executable, "-c", "print('{}')"))


@pytest.mark.parametrize("there", [None, "old\n"])
def test_a_stale_or_missing_file_is_named_and_left_alone_when_checking(tmp_path: Path, there: str | None) -> None:
    file = tmp_path / "api.json"
    if there:
        file.write_text(there)
    (outcome,) = generate(tmp_path, [PRINTS], check=True)
    assert not outcome.well
    assert outcome.lines == ["api.json is stale; run `make docs`"]
    assert (file.read_text() if file.exists() else None) == there


def test_a_stale_file_is_written_and_then_fresh(tmp_path: Path) -> None:
    assert generate(tmp_path, [PRINTS], check=False)[0].lines == ["wrote api.json"]
    assert (tmp_path / "api.json").read_text() == "{}\n"
    assert generate(tmp_path, [PRINTS], check=True)[0].well
    assert generate(tmp_path, [PRINTS], check=False)[0].lines == []


def test_a_generator_that_fails_writes_nothing_and_says_why(tmp_path: Path) -> None:
    fails = Output("api.json", (sys.executable, "-c", "import sys; print('half'); sys.exit('no settings')"))
    (outcome,) = generate(tmp_path, [fails], check=False)
    assert not outcome.well
    assert outcome.lines[-1] == "no settings"
    assert not (tmp_path / "api.json").exists()


def test_a_module_is_told_whether_to_write_and_runs_at_the_root(tmp_path: Path) -> None:
    (tmp_path / "tells.py").write_text(
        "import os, sys; print(sys.argv[1:], os.getcwd()); sys.exit('--check' in sys.argv)"
    )
    assert generate(tmp_path, [Module("tells")], check=False)[0].lines == [f"[] {tmp_path}"]
    (checked,) = generate(tmp_path, [Module("tells")], check=True)
    assert (checked.lines, checked.well) == ([f"['--check'] {tmp_path}"], False)
