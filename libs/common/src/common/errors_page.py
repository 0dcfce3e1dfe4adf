"""Every refusal a process knows, as data: `python -m <member> errors` prints it, and docs/errors.md is put together from all of them."""

import json

from common.refusals import Refusal, every_refusal


def refusals_json() -> str:
    """A JSON list of `{code, status, sentence}`, one for each code, ordered by code."""
    known = {
        kind.code: {"code": kind.code, "status": kind.status, "sentence": kind.sentence()}
        for kind in every_refusal()
        if kind.code != Refusal.code and "code" in vars(kind)
    }
    return json.dumps([known[code] for code in sorted(known)], indent=2, ensure_ascii=False) + "\n"
