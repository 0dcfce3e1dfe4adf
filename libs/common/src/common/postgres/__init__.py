"""How statements reach PostgreSQL: SQLAlchemy writes them, libpq carries them, several in one round trip.

SQLAlchemy's own asyncio execution, a driver's cursor and a wait for each statement cost twenty times what the statement
itself costs here, and orders are made of statements. So only the way is our own: SQL, types and rows are SQLAlchemy's,
values are turned by psycopg's adapters, and errors are those that SQLAlchemy raises.
"""

from common.postgres.conversation import Asked, Conversation, Outcome
from common.postgres.expected import Unexpected, expected
from common.postgres.pool import Pool

__all__ = ["Asked", "Conversation", "Outcome", "Pool", "Unexpected", "expected"]
