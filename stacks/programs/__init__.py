"""The programs that a stack can run. Each is a module with a `run()`, imported only when it is the one to run."""

from __future__ import annotations

PROGRAMS = {
    "alarms": "programs.alarms",
    "cache": "programs.cache",
    "inference": "programs.inference",
    "training": "programs.training",
}
