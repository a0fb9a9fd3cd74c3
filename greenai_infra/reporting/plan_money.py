"""What a plan saves against its baseline and what that costs, in words."""

from __future__ import annotations

from typing import Any

from greenai_infra.clock import parse_time
from greenai_infra.numbers import percent, significant

Document = dict[str, Any]
CENT = 0.005  # USD: less is no difference in cost


def saving_lines(document: Document) -> list[str]:
    """The headline's sentence about kg and USD against the baseline; none without a baseline."""
    savings = document["savings"]
    kept_kg, saved_usd = savings["emissions_kg"], savings["cost_usd"]
    if kept_kg is None or saved_usd is None:
        return []
    kg = f"{significant(abs(kept_kg))} kg CO2e{_share(savings['percent'])}"
    if kept_kg < 0:
        return [f"Emits {kg} MORE than the baseline and costs {_usd(savings)}."]
    if kept_kg == 0:
        return [f"Emits what the baseline emits and costs {_usd(savings)}."]
    return [f"Saves {kg} against the baseline and costs {_usd(savings)}{_per_tonne(savings)}."]


def cost_line(chosen: Document) -> str:
    """The cost, at which kind of price."""
    price = " at the spot price (the median of its zones)" if chosen["purchase"] == "spot" else ""
    return f"{significant(chosen['cost_usd'], 4)} USD{price}, prices of {chosen['priced_on']} or later"


def spot_facts(document: Document) -> list[tuple[str, str]]:
    """What interruptions add on spot; nothing on demand."""
    loss = document.get("interruptions")
    if loss is None:
        return []
    known = "" if loss["rate"]["of_instance_type"] else "; the rate of this type is unknown"

    def band(name: str) -> str:
        ends = f"{significant(loss[f'{name}_low'], 2)} to {significant(loss[f'{name}_high'], 2)}"
        return f"{significant(loss[name], 2)} ({ends})"

    return [
        (
            "spot",
            f"{band('expected')} interruptions expected; they add {band('run_hours')} h, {band('energy_kwh')} kWh, "
            f"{band('emissions_kg')} kg CO2e and {band('cost_usd')} USD, not counted above{known}",
        )
    ]


def _usd(savings: Document) -> str:
    saved_usd = savings["cost_usd"]
    if abs(saved_usd) < CENT:
        return "the same"
    word = "less" if saved_usd > 0 else "more"
    return f"{significant(abs(saved_usd))} USD{_share(savings.get('cost_percent'))} {word}"


def _per_tonne(savings: Document) -> str:
    tonne = savings.get("usd_per_tonne_avoided")
    if not tonne:
        return ""
    return f": {significant(abs(tonne))} USD {'saved ' if tonne < 0 else ''}per tonne avoided"


def _share(value: float | None) -> str:
    return "" if value is None else f" ({percent(abs(value))})"


def standing_facts(document: Document) -> list[tuple[str, str]]:
    """The part of the cost that is what stands beside the accelerators; nothing in a plan of an earlier release."""
    chosen = document["placement"]
    if "standing_usd" not in chosen:
        return []
    usd = chosen["standing_usd"]
    if usd is None:
        return [("standing", "not known on this cloud, and not in the cost: keys and alarms of its stack")]
    text = f"{significant(usd)} USD of the cost, for endpoints, keys and alarms of its stack"
    if chosen["standing_is_estimate"]:
        low, high = significant(chosen["standing_usd_low"]), significant(chosen["standing_usd_high"])
        text = f"~{text}: {low} to {high}, using us-east-1's prices where the region's are unknown"
    return [("standing", text + _while_it_waits(document))]


def _while_it_waits(document: Document) -> str:
    """What the stack costs besides from the earliest start on, before the run and between its slices."""
    chosen = document["placement"]
    span = parse_time(chosen["end"]) - parse_time(document["window"]["earliest"])
    idle_hours = span.total_seconds() / 3600 - chosen["run_hours"]
    usd = chosen["standing_usd"] / chosen["run_hours"] * idle_hours
    if idle_hours < 1 or usd < CENT:
        return ""
    return f"; if it stands from the earliest start on, {significant(usd)} USD more for {significant(idle_hours)} h"
