"""Why a stream is closed, in the words clients are told: `event: closing`, `data: {"reason": …}`."""

SIGN_IN_ENDED = "sign_in_ended"
"""Signed out, revoked, suspended. Sign in again."""
SESSION_REPLACED = "session_replaced"
"""Signed in elsewhere, where only one sign-in is allowed."""
TOKEN_EXPIRED = "token_expired"
"""Refresh the access token, then connect anew."""
NOT_ALLOWED = "not_allowed"
"""A role that door counts need is gone. Connect anew without `event`."""
UNVERIFIED = "unverified"
"""Nobody could say for a while whether the sign-in still holds. Connect anew."""
DRAINING = "draining"
"""This gateway is leaving. Connect anew; another one answers."""

REASONS = (SIGN_IN_ENDED, SESSION_REPLACED, TOKEN_EXPIRED, NOT_ALLOWED, UNVERIFIED, DRAINING)
