"""Which cloud and kind of work can be pinned, and by which module. A module is imported only when it is needed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from greenai_infra.errors import Refused

if TYPE_CHECKING:
    from greenai_infra.deploy.pins.pinner import Pinner

PINNERS = {
    ("aws", "training"): "greenai_infra.deploy.pins.aws_training",
    ("aws", "inference"): "greenai_infra.deploy.pins.aws_inference",
    ("gcp", "training"): "greenai_infra.deploy.pins.gcp_training",
    ("gcp", "inference"): "greenai_infra.deploy.pins.gcp_inference",
}
"""(provider, kind) -> module with a `PINNER`."""


def can_pin(provider: str, kind: str) -> bool:
    """Whether there is a program for this kind of work on this cloud."""
    return (provider, kind) in PINNERS


def require_kind(workload: str, kind: str) -> None:
    """Raises Refused if no cloud has a program for this kind of work."""
    kinds = sorted({there for _, there in PINNERS})
    if kind not in kinds:
        raise Refused(f"{workload} is planned as {kind}; there is only a program for {', '.join(kinds)} yet")


def pinner_for(provider: str, kind: str, key: str) -> Pinner:
    """The module's pinner for the placement `key`. Raises Refused if there is none."""
    if not can_pin(provider, kind):
        there = ", ".join(sorted(cloud for cloud, it in PINNERS if it == kind))
        raise Refused(
            f"{key} is on {provider.upper()}, for which there is no program yet; plan with where.providers: [{there}]"
        )
    pinner: Pinner = import_module(PINNERS[provider, kind]).PINNER
    return pinner
