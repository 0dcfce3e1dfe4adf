"""The routes: parse, call one action, answer. Split by what they are about."""

from events.api import check_ins, events, passes, sessions, ticket_tiers

routers = [events.router, ticket_tiers.router, sessions.router, passes.router, check_ins.router]
