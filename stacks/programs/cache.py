"""The program `cache`: an inference cache, on the cloud that its section names."""

from __future__ import annotations

import importlib

from programs.dispatch import provider_of

PROGRAM_OF = {"gcp": "programs.gcp_cache"}


def run() -> None:
    """Run the provider's program; the other cloud's SDK is never imported."""
    importlib.import_module(PROGRAM_OF[provider_of("cache")]).run()
