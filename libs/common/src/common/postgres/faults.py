"""What the server refuses, as psycopg's errors without the values that came with it: errors are logged and traced."""

import re

import psycopg
from psycopg import errors
from psycopg.pq import DiagnosticField
from psycopg.pq.abc import PGresult

_QUOTED = re.compile('".*"', re.DOTALL)

STALE = (errors.FeatureNotSupported, errors.InvalidSqlStatementName)
"""What a prepared statement meets whose result has other columns since, or that somebody deallocated."""


def error_of(answer: PGresult) -> psycopg.Error:
    """The error in an answer: the server's first line alone, for DETAIL and CONTEXT hold whole rows.

    What a constraint, column or table is called stays in its `diag`. A DataError quotes the value: it is left out.
    """
    error = errors.error_from_result(answer, "utf-8")
    if error.sqlstate is None:  # libpq's own words: the server said nothing any more
        return psycopg.OperationalError(*error.args)
    line = (answer.error_field(DiagnosticField.MESSAGE_PRIMARY) or b"").decode("utf-8", "replace")
    error.args = (_QUOTED.sub('"…"', line) if isinstance(error, errors.DataError) else line,)
    return error
