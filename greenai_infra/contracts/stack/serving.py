"""What the inference stacks of all clouds have in common: what a plan expects of a request."""

from __future__ import annotations

from greenai_infra.contracts.stack.fields import Planned
from greenai_infra.typed_yaml.section import Positive


class PlannedServing(Planned, frozen=True, kw_only=True):
    """What the plan expects, for the whole planned time and for a request."""

    emissions_g_per_request: Positive
    energy_j_per_request: Positive
