"""The programs that a stack can run. Each is a module that is imported only when it is the one to run.

Its `run()` declares the stack and gives the outputs to export."""

from __future__ import annotations

PROGRAMS = {
    "alarms": "programs.alarms",
    "cache": "programs.cache",
    "inference": "programs.inference",
    "ledger": "programs.ledger",
    "training": "programs.training",
}
