"""Remembers which migrations a database has seen, so that a second start need not run Alembic six times.

The note is the database's comment: it is lost with the database, and only then.
"""

import hashlib
from pathlib import Path

import psycopg
from psycopg import sql

_PREFIX = "lanyard migrations "


def fingerprint(*folders: Path) -> str:
    """One word for the state of all Python and SQL sources below these folders."""
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted(path for path in folder.rglob("*") if path.suffix in {".py", ".sql"}):
            digest.update(f"{file.relative_to(folder)}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def applied(superuser_url: str) -> dict[str, str]:
    """The fingerprint noted on each database."""
    query = "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database"
    with psycopg.connect(superuser_url) as connection:
        rows = connection.execute(query).fetchall()
    return {name: note.removeprefix(_PREFIX) for name, note in rows if note and note.startswith(_PREFIX)}


def note_applied(superuser_url: str, database: str, seen: str) -> None:
    """Note on `database` that its migrations ran at this state of the sources."""
    statement = sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(database), sql.Literal(_PREFIX + seen))
    with psycopg.connect(superuser_url) as connection:
        connection.execute(statement)
