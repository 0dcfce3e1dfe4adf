"""Ways in and what came of them: challenges, sign-ins with their refresh tokens, and what the gateways are told of both."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    text,
)

from common.db import TypedId, moment
from common.ids import BackerId, ChallengeId, SignInId, UserId
from identity.tables.base import metadata

challenges = Table(
    "challenges",
    metadata,
    Column("id", TypedId(ChallengeId), primary_key=True),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("backer_id", TypedId(BackerId), ForeignKey("crowdfunding_backers.id")),
    Column("network", Text, nullable=False),
    Column("created_at", moment(), nullable=False),
    Column("expires_at", moment(), nullable=False),
    Column("wrong_guesses", SmallInteger, nullable=False, server_default=text("0")),
    Column("ended_at", moment()),
    Column("outcome", Text),
    CheckConstraint("purpose IN ('code', 'link')", name="purpose_is_known"),
    CheckConstraint("outcome IN ('used', 'voided', 'burned')", name="outcome_is_known"),
    CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="end_has_an_outcome"),
    CheckConstraint("wrong_guesses BETWEEN 0 AND 5", name="guesses_are_few"),
    CheckConstraint("wrong_guesses < 5 OR ended_at IS NOT NULL", name="fifth_wrong_guess_burns"),
)
Index(
    "uq_challenges_one_live_per_address",
    challenges.c.email_key,
    unique=True,
    postgresql_where=text("ended_at IS NULL"),
)
Index("ix_challenges_by_address", challenges.c.email_key, challenges.c.created_at)
Index("ix_challenges_by_network", challenges.c.network, challenges.c.created_at)
Index("ix_challenges_created_at", challenges.c.created_at)

attempts = Table(
    "attempts",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("network", Text, nullable=False),
    Column("at", moment(), nullable=False),
)
Index("ix_attempts_by_network", attempts.c.kind, attempts.c.network, attempts.c.at)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("id", TypedId(SignInId), primary_key=True),
    Column("user_id", TypedId(UserId), ForeignKey("users.id"), nullable=False),
    Column("method", Text, nullable=False),
    Column("device", Text),
    Column("address", Text),
    Column("created_at", moment(), nullable=False),
    Column("last_used_at", moment(), nullable=False),
    Column("expires_at", moment(), nullable=False),
    Column("ended_at", moment()),
    Column("end_reason", Text),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    CheckConstraint("method IN ('code', 'link')", name="method_is_known"),
    CheckConstraint(
        "end_reason IN ('signed_out', 'revoked', 'session_replaced', 'token_reuse', 'expired')",
        name="end_reason_is_known",
    ),
    CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="end_has_a_reason"),
)
Index("ix_sign_ins_by_user", sign_ins.c.user_id, sign_ins.c.id)
Index("ix_sign_ins_live", sign_ins.c.user_id, postgresql_where=text("ended_at IS NULL"))
Index("ix_sign_ins_ended_at", sign_ins.c.ended_at, postgresql_where=text("ended_at IS NOT NULL"))

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("sign_in_id", TypedId(SignInId), ForeignKey("sign_ins.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", moment(), nullable=False),
    Column("used_at", moment()),
    Column("used_from", Text),
    Column("retry_id", Text),
    Column("successor_nonce", LargeBinary),
    CheckConstraint("(used_at IS NULL) = (successor_nonce IS NULL)", name="used_has_a_successor"),
)
Index(
    "uq_refresh_tokens_one_unused_per_sign_in",
    refresh_tokens.c.sign_in_id,
    unique=True,
    postgresql_where=text("used_at IS NULL"),
)
Index("ix_refresh_tokens_sign_in_id", refresh_tokens.c.sign_in_id)

gateway_leases = Table(
    "gateway_leases",
    metadata,
    Column("replica", Text, primary_key=True),
    Column("ends_at", moment(), nullable=False),
)

session_drops = Table(
    "session_drops",
    metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("key", Text, nullable=False),
    Column("created_at", moment(), nullable=False),
)
Index("ix_session_drops_created_at", session_drops.c.created_at)
