"""Whether a tracker writes a metric of our own contract. Metrics in other namespaces are not judged."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.declared import UNKNOWN
from greenai_infra.contracts.metrics import DIMENSIONS, METRICS, NAMESPACE

if TYPE_CHECKING:
    from greenai_infra.previews.checks.text_documents import Problem


def metric_problem(namespace: str, name: str, dimensions: Any) -> Problem | None:
    """Returns why a metric never has data, and what to do; None for a metric in another namespace."""
    if namespace != NAMESPACE:
        if namespace.casefold().replace("-", "").replace("_", "").strip("/") != NAMESPACE.casefold():
            return None
        return f"nobody writes into the namespace '{namespace}'", f"did you mean {NAMESPACE}? Capitals matter"
    if name not in METRICS:
        close = difflib.get_close_matches(name, METRICS, n=1)
        advice = f"did you mean {close[0]}?" if close else f"{NAMESPACE} has {', '.join(sorted(METRICS))}"
        return f"nobody writes {NAMESPACE}/{name}, so it never has data", advice
    given = set(dimensions) if isinstance(dimensions, dict) else set()
    if dimensions is UNKNOWN or given == set(DIMENSIONS):
        return None
    return (
        f"{NAMESPACE}/{name} is written with the dimensions {', '.join(DIMENSIONS)}, not with "
        f"{', '.join(sorted(given)) or 'none'}: that would be another series, which has no data",
        f"give exactly {', '.join(DIMENSIONS)}",
    )
