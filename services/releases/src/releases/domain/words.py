"""The words providers use for what happened to a deployment, and what each means here.

Spelling varies (`oomKilled`, `OOM_KILLED`), so words are compared in lower case without separators. A word nobody here knows
is kept as it is and moves nothing: what it means is for people to find out.
"""

import re
from enum import Enum


class Stage(Enum):
    """What a word says about a deployment."""

    UNDER_WAY = "under way"
    RUNNING = "running"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_A_DEPLOY = "not a deploy"
    """Something happened to what had been deployed before: it slept, woke, restarted, or gave way to the next one."""
    UNKNOWN = "unknown"


STAGES = {
    "queued": Stage.UNDER_WAY,
    "waiting": Stage.UNDER_WAY,
    "needs_approval": Stage.UNDER_WAY,
    "initializing": Stage.UNDER_WAY,
    "building": Stage.UNDER_WAY,
    "deploying": Stage.UNDER_WAY,
    "skipped": Stage.SKIPPED,
    "deployed": Stage.RUNNING,
    "redeployed": Stage.RUNNING,
    "failed": Stage.FAILED,
    "oom_killed": Stage.FAILED,
    "crashed": Stage.FAILED,
    "slept": Stage.NOT_A_DEPLOY,
    "resumed": Stage.NOT_A_DEPLOY,
    "restarted": Stage.NOT_A_DEPLOY,
    "removing": Stage.NOT_A_DEPLOY,
    "removed": Stage.NOT_A_DEPLOY,
}
"""Every known word and its stage, in the order in which a deployment goes through them."""
_ALIASES = {"success": "deployed", "succeeded": "deployed", "sleeping": "slept"}

UNKNOWN = "unknown"

_KNOWN = {word.replace("_", ""): word for word in STAGES} | _ALIASES
_RANK = {word: place for place, word in enumerate(STAGES, start=1)}


def squashed(text: str) -> str:
    """`text` as words are compared: lower case, without separators."""
    return re.sub(r"[\s_-]+", "", text.lower())


def word_of(text: str) -> str:
    """The house's spelling of a provider's word; an unknown one comes back squashed."""
    bare = squashed(text)
    return _KNOWN.get(bare, bare)


def stage_of(word: str) -> Stage:
    """What a word says."""
    return STAGES.get(word, Stage.UNKNOWN)


def rank_of(word: str) -> int:
    """Which of two words of the same instant is the later one: the higher."""
    return _RANK.get(word, 0)
