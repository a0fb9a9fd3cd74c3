"""How a new configuration reaches an endpoint that is answering requests.

Configurations can't be changed, so a change makes a new one, under a new name, and the endpoint is moved to it; only
then is the old configuration deleted. SageMaker starts new instances, moves the traffic and watches the alarms; if any
goes off, it rolls back by itself.

    at least two instances   in rolls of a half (of two or three) or a quarter: that many more run for a while
    one instance             a second instance beside it, then all traffic at once
    serverless               all traffic at once
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.contracts.stack.inference import InferenceConfig

BAKING_S = 600
"""How long alarms are watched after each step. They need three bad minutes of five, and metrics come late."""
TERMINATION_WAIT_S = 300
FEW = 4
LONGEST_S = 14_400
"""A deployment that takes longer is given up. SageMaker would allow 8 hours, the AWS provider takes 4."""


def deployment(config: InferenceConfig, alarm_names: Sequence[Any]) -> dict[str, Any]:
    """The endpoint's deployment configuration; `alarm_names` are those that take a change back."""
    made: dict[str, Any] = {"auto_rollback_configuration": {"alarms": [{"alarm_name": name} for name in alarm_names]}}
    # Scaling may have gone down to the least when the change comes.
    if config.serverless is None and config.min_instances > 1:
        percent = 50 if config.min_instances < FEW else 25
        return {
            **made,
            "rolling_update_policy": {
                "maximum_batch_size": {"type": "CAPACITY_PERCENT", "value": percent},
                "wait_interval_in_seconds": BAKING_S,
                "maximum_execution_timeout_in_seconds": LONGEST_S,
            },
        }
    return {
        **made,
        "blue_green_update_policy": {
            "traffic_routing_configuration": {"type": "ALL_AT_ONCE", "wait_interval_in_seconds": BAKING_S},
            "termination_wait_in_seconds": TERMINATION_WAIT_S,
            "maximum_execution_timeout_in_seconds": LONGEST_S,
        },
    }
