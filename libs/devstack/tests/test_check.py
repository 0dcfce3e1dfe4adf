"""`make check` names what failed, and sees a lock on a full table that only a later revision takes."""

from pathlib import Path

import pytest

from devstack.check import Step, check, command, lint_sql, write_revisions
from devstack.terminal import Terminal

FIRST = """BEGIN;

CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);

-- Running upgrade  -> 0001

CREATE TABLE orders (id uuid PRIMARY KEY, total bigint NOT NULL);
CREATE INDEX ix_orders_total ON orders (total);
INSERT INTO alembic_version (version_num) VALUES ('0001');
"""
LOCKS_WRITERS = """
-- Running upgrade 0001 -> 0002

CREATE INDEX ix_orders_id ON orders (id);
UPDATE alembic_version SET version_num='0002' WHERE alembic_version.version_num = '0001';
"""


def test_each_revision_is_a_script_of_its_own(tmp_path: Path) -> None:
    scripts = write_revisions(tmp_path, "commerce", f"{FIRST}{LOCKS_WRITERS}\nCOMMIT;\n")
    assert [script.name for script in scripts] == ["commerce-0001.sql", "commerce-0002.sql"]
    assert "CREATE TABLE orders" in scripts[0].read_text()
    assert scripts[1].read_text().count("COMMIT;") == 1


def test_an_index_on_a_table_of_the_same_revision_is_fine(tmp_path: Path) -> None:
    well, said = lint_sql(tmp_path, write_revisions(tmp_path, "commerce", f"{FIRST}\nCOMMIT;\n"))
    assert well, said


def test_an_index_that_locks_a_table_of_an_earlier_revision_is_found(tmp_path: Path) -> None:
    well, said = lint_sql(tmp_path, write_revisions(tmp_path, "commerce", f"{FIRST}{LOCKS_WRITERS}\nCOMMIT;\n"))
    assert not well
    assert "require-concurrent-index-creation" in said
    assert "commerce-0002.sql" in said


def test_a_failed_step_is_told_with_its_output_and_the_others_run_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = [
        Step("good", command("true")),
        Step("bad", command("sh", "-c", "echo why; exit 3")),
        Step("last", command("true")),
    ]
    results = check(tmp_path, wanted, Terminal())
    assert [(result.name, result.well) for result in results] == [("good", True), ("bad", False), ("last", True)]
    said = capsys.readouterr().out
    assert "✓ good" in said
    assert "✗ bad" in said
    assert "why" in said
