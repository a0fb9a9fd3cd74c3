"""Which module pins which kind of work on which cloud. A module is imported only when it is needed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from greenai_infra.contracts.stack import stack_specs

if TYPE_CHECKING:
    from greenai_infra.pinning.pins.pinner import Pinner


def pinner_for(provider: str, kind: str) -> Pinner:
    """The `PINNER` of the module that the SPEC of this cloud and kind of work names."""
    modules = {(spec.cloud, spec.program): spec.pinner for spec in stack_specs()}
    pinner: Pinner = import_module(modules[provider, kind]).PINNER
    return pinner
