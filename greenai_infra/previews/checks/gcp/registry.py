"""The checks of Google Cloud resources. To add a check, write a function in a module here and list it below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.previews.checks.gcp.alerts import check_alert_policies
from greenai_infra.previews.checks.gcp.listed import check_gcp_listed_values
from greenai_infra.previews.checks.gcp.tpus import check_tpu_machines
from greenai_infra.previews.checks.gcp.values import (
    check_gcp_places,
    check_gcp_project,
    check_gcp_provider,
    check_gcp_schedule,
    check_gcp_values,
)
from greenai_infra.previews.checks.tags import check_gcp_labels

if TYPE_CHECKING:
    from greenai_infra.previews.checks.kinds import ConfigCheck, ResourceCheck, StackCheck

RESOURCE_CHECKS: tuple[ResourceCheck, ...] = (
    check_gcp_labels,
    check_tpu_machines,
    check_gcp_listed_values,
    check_gcp_values,
    check_gcp_places,
    check_gcp_schedule,
)
STACK_CHECKS: tuple[StackCheck, ...] = (
    check_alert_policies,
    check_gcp_provider,
)
CONFIG_CHECKS: tuple[ConfigCheck, ...] = (check_gcp_project,)
