"""The only module that speaks NATS's language.

What nats-py does by default and we do not: give up after 60 reconnects, notice a dead link after minutes, buffer publishes
while away (they arrive after a timeout was reported), leave a pull parked on a server that restarted, keep a durable
consumer's old settings in silence, close for good when the broker shows it the door, and wait for ever on a wire that takes
no bytes. Each has its guard here and its test in `tests/test_bus.py` or `tests/test_bus_hardening.py`.
"""

from common.bus.connection import PUBLISH_TIMEOUT, Bus
from common.bus.following import Follower, TooFarBack
from common.bus.letters import BrokerAway, BrokerRefuses, Delivery, Letter

__all__ = [
    "PUBLISH_TIMEOUT",
    "BrokerAway",
    "BrokerRefuses",
    "Bus",
    "Delivery",
    "Follower",
    "Letter",
    "TooFarBack",
]
