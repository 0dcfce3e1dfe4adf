"""Answers kept for a moment, for callers without a sign-in: who may be served, what may be kept, how it is told."""

from gateway.cache.asking import may_be_shared
from gateway.cache.fetching import Collector, Fetched, TooLong
from gateway.cache.serving import PublicCache
from gateway.cache.store import Store
from gateway.cache.whole import Whole, tell

__all__ = ["Collector", "Fetched", "PublicCache", "Store", "TooLong", "Whole", "may_be_shared", "tell"]
