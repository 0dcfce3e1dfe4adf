"""Keeps child processes running: starts them in order, notices crashes, restarts with growing pauses, stops in order."""

from devstack.supervision.program import Program
from devstack.supervision.supervisor import Backoff, Part, PartFailed, StopRequested, Supervisor

__all__ = ["Backoff", "Part", "PartFailed", "Program", "StopRequested", "Supervisor"]
