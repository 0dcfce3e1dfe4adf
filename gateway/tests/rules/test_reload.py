"""What is a table, and what is refused as one."""

from pathlib import Path

import pytest

from gateway.limits import RateClass
from gateway.reload import SHIPPED, TableRefused, read_rows, router_of
from gateway.routes import EVENTS, GATEWAY, PUBLIC, ROWS, SIGNED_IN
from gateway.routing import Row

REASON = PUBLIC("everyone may read it")
ROW = Row("GET", "/v1/fresh", EVENTS, REASON)


def test_the_shipped_table_is_one() -> None:
    served_here = {row.path for row in ROWS if row.service == GATEWAY}
    assert router_of(read_rows(SHIPPED), served_here).rows == ROWS


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("ROWS = (", "it cannot be executed: SyntaxError"),
        ("ROWS = (Row(),)", "it cannot be executed: NameError"),
        ("from gateway.routing import Row\nROWS = (Row('GET', '/v1/x'),)", "it cannot be executed: TypeError"),
        ("raise SystemExit(1)", "it cannot be executed: SystemExit"),
        ("", "ROWS is no tuple of rows"),
        ("ROWS = ()", "ROWS is no tuple of rows"),
        ("ROWS = ['GET /v1/x']", "ROWS is no tuple of rows"),
        ("ROWS = ('GET /v1/x',)", "ROWS is no tuple of rows"),
    ],
)
def test_a_file_that_gives_no_rows_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "routes.py"
    file.write_text(text)
    with pytest.raises(TableRefused, match=complaint):
        read_rows(file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableRefused, match="FileNotFoundError"):
        read_rows(tmp_path / "routes.py")


def test_a_file_is_read_as_it_is_now_however_soon_after_the_last_time(tmp_path: Path) -> None:
    file = tmp_path / "routes.py"
    for path in ("/v1/aaa", "/v1/bbb"):
        file.write_text(
            "from gateway.routing import Public, Row\n"
            f"ROWS = (Row('GET', '{path}', 'events', Public('everyone may read it')),)\n"
        )
        assert [row.path for row in read_rows(file)] == [path]


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        pytest.param((ROW, ROW), "two rows for GET /v1/fresh", id="two-rows"),
        pytest.param((ROW, Row("GET", "/v1/x", EVENTS, PUBLIC(""))), "needs a reason", id="public-without-reason"),
        pytest.param((Row("GET", "/v1/x", EVENTS, SIGNED_IN("so")),), "needs a reason", id="signed-in-without-reason"),
        pytest.param((Row("GET", "/v1/x", "billing", REASON),), "no such service: billing", id="unknown-service"),
        pytest.param((Row("GET", "/v1/x", GATEWAY, REASON),), "no answer of its own", id="nobody-answers"),
        pytest.param((Row("GET", "v1/x", EVENTS, REASON),), "not a path for the outside", id="no-path"),
        pytest.param((Row("GET", "/internal/keys", EVENTS, REASON),), "not a path for the outside", id="internal"),
        pytest.param(
            (Row("GET", "/v1/x", EVENTS, REASON, rate=RateClass("own", 1, 1)),), "no such rate class: own", id="rate"
        ),
    ],
)
def test_rows_that_make_no_sense_are_refused(rows: tuple[Row, ...], complaint: str) -> None:
    with pytest.raises(TableRefused, match=complaint):
        router_of(rows, served_here=["/v1/home"])
