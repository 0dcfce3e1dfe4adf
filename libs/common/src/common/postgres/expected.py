"""Changes that are expected to hit their row, so that nobody waits to hear whether they did.

The server itself fails the transaction of one that hits none. So it can travel with the commit, and a row that many want is
locked for as long as the server takes to commit, not for a turn of our process as well.
"""

from typing import Final

from psycopg.errors import DivisionByZero
from sqlalchemy import Select, Update, literal_column, select
from sqlalchemy.exc import DBAPIError

_NAME: Final = "expected"


class Unexpected(Exception):
    """A change hit no row, and nothing of its transaction was done. Not a refusal: whoever expected looks, and does it again."""


def expected(change: Update) -> Select[tuple[int]]:
    """A guarded change, as a statement that fails where the guard holds it back: by a division by the number of its rows."""
    made = change.returning(literal_column("1")).cte(_NAME)
    return select(literal_column("1 / count(*)")).select_from(made)


def has_failed(error: DBAPIError) -> bool:
    """Whether it was an expected change that hit no row."""
    return isinstance(error.orig, DivisionByZero) and (error.statement or "").startswith(f"WITH {_NAME} AS")
