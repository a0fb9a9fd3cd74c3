"""The program `inference`: one region that serves one workload, on the cloud that its section names."""

from __future__ import annotations

import importlib
from typing import Any

from programs.config import read_provider

PROGRAM_OF = {"aws": "programs.aws_inference", "gcp": "programs.gcp_inference"}


def run() -> dict[str, Any]:
    """Run the provider's program; the other cloud's SDK is never imported."""
    return dict(importlib.import_module(PROGRAM_OF[read_provider("inference")]).run())
