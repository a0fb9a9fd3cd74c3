"""Power of a server without its accelerators."""

from __future__ import annotations

from typing import Any

from greenai_infra.footprint.constants import constant


def host_power_w(chips: Any) -> Any:
    """Watts of a server without its accelerators, the share of that many chips: a number or an array."""
    return chips / 8 * constant("host_power_kw_per_8_chips").value * 1000.0
