"""What the queries that take the first few of a queue say beside what they look for."""

from typing import Final

from sqlalchemy import ColumnElement, Integer, literal_column, text

IN_ORDER: Final = text("SET LOCAL enable_bitmapscan = off")
"""Posted before a queue is read: its index is then walked in order, and what it holds of things done long ago is forgotten on
the way. Gathered first and sorted, as the server prefers where it expects few, all of that is read each time until the
table is cleaned: ten thousand refunds take a hundred times as long as a thousand."""


def first(count: int) -> ColumnElement[int]:
    """A limit in the words of its statement.

    Of a limit that is a mere value the server assumes, when it keeps a plan for all values, that a tenth of everything is
    meant; and where a statement changes what it limited, it reads the whole table to find that.
    """
    return literal_column(f"{count:d}", Integer)
