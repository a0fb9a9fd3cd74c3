"""Stated figures of a projection: J of a call from the estimate, watts and prices from the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from greenai_infra.catalog.regions import find_region
from greenai_infra.catalog.service_prices import service_price
from greenai_infra.errors import InputError
from greenai_infra.estimates.cache import cache_node_power_w
from greenai_infra.estimates.request import RequestEstimate, estimate_inference
from greenai_infra.serving.projection import Figures


@dataclass(frozen=True, slots=True)
class Stated:
    """Figures, and the other arguments of `project`."""

    figures: Figures
    beside: dict[str, Any]


def stated_figures(
    *,
    requests_per_month: float | None,
    request_j: float | None,
    model: str | None,
    accelerator: str | None,
    batch: float | None,
    input_tokens: float | None,
    output_tokens: float | None,
    lookup_j: float | None,
    encoder_j: float | None,
    node_type: str | None,
    nodes: int,
    node_w: float | None,
    region: str | None,
    usd_per_1000_requests: float | None,
) -> Stated:
    """Raises InputError for unknown names and contradictory figures."""
    notes: list[str] = []
    call = _call(request_j, model, accelerator, batch, input_tokens, output_tokens, region)
    if call is not None:
        request_j = call.wall_j_per_request
        notes.append(f"a call: {request_j:.3g} J, estimated for {model} on {accelerator}")
        notes.extend(call.notes)
        if usd_per_1000_requests is None and call.in_place is not None:
            usd_per_1000_requests = call.in_place.usd_per_1000_requests
            notes.append(f"a call's price: {call.in_place.price_source}")
    if node_type is not None and node_w is not None:
        raise InputError("give --node-type or --node-w, not both")
    nodes_usd_per_hour: float | None = None
    if node_type is not None:
        node_w, words = cache_node_power_w(node_type)
        notes.extend(words)
        nodes_usd_per_hour = _node_price(node_type, nodes, region, notes)
    elif node_w == 0:
        nodes_usd_per_hour = 0.0  # within a server that runs anyway
    figures = Figures(
        request_j=request_j,
        lookup_j=lookup_j,
        encoder_j=encoder_j,
        standing_w=None if node_w is None else node_w * nodes,
        requests_per_month=requests_per_month,
    )
    beside = {
        "region": region,
        "usd_per_1000_requests": usd_per_1000_requests,
        "nodes_usd_per_hour": nodes_usd_per_hour,
        "notes": tuple(notes),
    }
    return Stated(figures, beside)


def _call(
    request_j: float | None,
    model: str | None,
    accelerator: str | None,
    batch: float | None,
    input_tokens: float | None,
    output_tokens: float | None,
    region: str | None,
) -> RequestEstimate | None:
    of_call = {"--model": model, "--accelerator": accelerator, "--input-tokens": input_tokens}
    of_call["--output-tokens"] = output_tokens
    given = [name for name, value in {**of_call, "--batch": batch}.items() if value is not None]
    if not given:
        return None
    if request_j is not None:
        raise InputError(f"give --request-j, or {', '.join(given)} for its estimate; not both")
    if missing := [name for name, value in of_call.items() if value is None]:
        raise InputError(f"the estimate of a call needs {', '.join(missing)} too")
    assert accelerator is not None
    return estimate_inference(
        model,
        accelerator=accelerator,
        batch=batch,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        region=region,
    )


def _node_price(node_type: str, nodes: int, region: str | None, notes: list[str]) -> float | None:
    if region is None:
        return None
    found = find_region(region)
    price = None
    if found.provider == "aws":
        price = service_price("aws", f"elasticache-valkey:{node_type}", found.name)
    if price is None:
        notes.append(f"the price of {node_type} in {found.key} is unknown, so USD are unknown")
        return None
    notes.append(f"{node_type}: {price.usd:g} USD an hour on demand, {price.source}")
    return nodes * price.usd
