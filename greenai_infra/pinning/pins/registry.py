"""Which module pins which kind of work on which cloud. A module is imported only when it is needed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenai_infra.pinning.pins.pinner import Pinner

PINNERS = {
    ("aws", "training"): "greenai_infra.pinning.pins.aws_training",
    ("aws", "inference"): "greenai_infra.pinning.pins.aws_inference",
    ("gcp", "training"): "greenai_infra.pinning.pins.gcp_training",
    ("gcp", "inference"): "greenai_infra.pinning.pins.gcp_inference",
}
"""(provider, kind) -> module with a `PINNER`: one for every provider and kind that a plan file can name."""


def pinner_for(provider: str, kind: str) -> Pinner:
    """The module's pinner."""
    pinner: Pinner = import_module(PINNERS[provider, kind]).PINNER
    return pinner
