"""The carbon facts of a stack, and what each cloud makes of them.

`stack_facts` says what is worth knowing of a resource: whose it is, and with which intensity its place was chosen. It
knows no cloud. `aws_tags` and `gcp_labels` write the facts by their cloud's rules. All values come from the stack
config, so they are known at preview and stay the same for as long as the plan does.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from greenai_infra.clock import format_time
from greenai_infra.contracts.labels import label_key, label_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenai_infra.contracts.stack.fields import Carbon, Tagged
    from greenai_infra.contracts.stack.serving import PlannedServing

MANAGED_BY = "greenai-infra"

# Tagging rules of AWS: letters, digits, spaces and these; `aws:` is reserved.
_AWS_FORBIDDEN = re.compile(r"[^\w .:/=+\-@]+")
_AWS_KEY_LENGTH = 128
_AWS_VALUE_LENGTH = 256


def number(value: float) -> str:
    """A figure as people write it: at most three decimals, no exponent, no trailing zeros."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def plain_number(value: float) -> str:
    """A figure with three significant digits, however small, and no exponent: 0.00109, 107."""
    rounded = Decimal(f"{value:.3g}")
    return f"{rounded.normalize():f}"


def stack_facts(config: Tagged) -> dict[str, str]:
    """What every resource of the stack says of itself; keys are lower-case words joined by hyphens."""
    carbon = config.carbon
    return {
        "project": config.project,
        "team": config.team,
        "workload": config.workload,
        "environment": config.environment,
        "managed-by": MANAGED_BY,
        "green-ai": "true",
        **({"plan-id": config.planned.plan_id} if config.planned else {}),
        "carbon-intensity-g-per-kwh": number(carbon.intensity_g_per_kwh),
        "carbon-signal": carbon.signal,
        "carbon-basis": carbon.basis,
        "carbon-source": carbon.source,
        "carbon-kind": carbon.kind,
        "carbon-zone": carbon.zone,
        "carbon-observed-at": format_time(carbon.observed_at),
    }


def request_facts(planned: PlannedServing | None) -> dict[str, str]:
    """What a request is planned to emit and to draw, for stacks that serve."""
    if planned is None:
        return {}
    return {
        "planned-g-co2e-per-request": plain_number(planned.emissions_g_per_request),
        "planned-j-per-request": plain_number(planned.energy_j_per_request),
    }


def intensity_text(carbon: Carbon) -> str:
    """Returns the intensity that the place was chosen with, and its source, as a line for a stack's outputs."""
    return (
        f"{number(carbon.intensity_g_per_kwh)} gCO2eq/kWh, {carbon.signal}, {carbon.basis}, "
        f"zone {carbon.zone}, {carbon.source} ({carbon.kind}, observed {format_time(carbon.observed_at)})"
    )


def aws_tags(facts: Mapping[str, str]) -> dict[str, str]:
    """The facts as AWS tags: characters that a tag can't hold become a space, and long values are cut."""
    return {_aws_text(key, _AWS_KEY_LENGTH): _aws_text(value, _AWS_VALUE_LENGTH) for key, value in facts.items()}


def gcp_labels(facts: Mapping[str, str]) -> dict[str, str]:
    """The facts as Google Cloud labels; figures and times can be read back (`greenai_infra.contracts.labels`)."""
    return {label_key(key): label_value(value) for key, value in facts.items()}


def _aws_text(text: str, length: int) -> str:
    allowed = _AWS_FORBIDDEN.sub(" ", text)
    return " ".join(allowed.split())[:length].rstrip()
