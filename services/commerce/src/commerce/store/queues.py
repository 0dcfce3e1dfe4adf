"""What the queries that take the first few of a queue have in common."""

from sqlalchemy import ColumnElement, Integer, literal_column


def first(count: int) -> ColumnElement[int]:
    """A limit in the words of its statement, for `take`s that look their rows up by what they limited.

    Of a limit that is a mere value the server assumes, when it keeps a plan for all values, that a tenth of everything is
    meant, and reads the whole table to find it.
    """
    return literal_column(f"{count:d}", Integer)
