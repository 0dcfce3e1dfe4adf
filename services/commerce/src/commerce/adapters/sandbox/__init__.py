"""The sandbox: a little payment provider of our own, for development and tests.

It keeps its own truth in its own tables, is asked for it, and tells of changes by signed webhooks that really travel
over HTTP, through the gateway, from a durable queue with retries. What works with it works with a real one.
"""
