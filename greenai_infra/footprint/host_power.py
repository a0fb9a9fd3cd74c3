"""Power of a server beside its accelerators."""

from __future__ import annotations

from typing import Any

from greenai_infra.footprint.constants import constant


def host_power_w(chips: Any) -> Any:
    """Watts of the share of a server, without its accelerators, that so many chips carry: a number or an array."""
    return chips / 8 * constant("host_power_kw_per_8_chips").value * 1000.0
