"""Stands in for `tests/e2e/journey.py`: two steps, of which the second fails when BREAKS is set."""

import os
import sys

print("1 sign in", flush=True)
if os.environ.get("BREAKS"):
    sys.exit("2 order: 500 instead of 201")
print("2 order at", os.environ["LANYARD_URL"], os.environ["LANYARD_MAILBOX_URL"], flush=True)
