"""The checks of AWS resources. To add a check, write a function in a module here and list it below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.previews.checks.aws.alarms import check_alarm_evaluation, check_alarm_metrics, check_composite_alarms
from greenai_infra.previews.checks.aws.cache_nodes import check_cache_node_type
from greenai_infra.previews.checks.aws.dashboards import check_dashboard
from greenai_infra.previews.checks.aws.endpoints import (
    check_production_variants,
    check_rollout,
    check_serverless_models,
)
from greenai_infra.previews.checks.aws.scaling import check_scaled_variants, check_scaling
from greenai_infra.previews.checks.aws.schedules import (
    check_schedule_expression,
    check_schedule_is_ahead,
    check_schedule_window,
)
from greenai_infra.previews.checks.aws.state_machines import check_state_machine
from greenai_infra.previews.checks.aws.values import check_enum_values, check_listed_values
from greenai_infra.previews.checks.policies import check_policy_documents
from greenai_infra.previews.checks.regions import check_provider_regions, check_region_offers_service
from greenai_infra.previews.checks.tags import check_aws_tags

if TYPE_CHECKING:
    from greenai_infra.previews.checks.kinds import ConfigCheck, ResourceCheck, StackCheck

RESOURCE_CHECKS: tuple[ResourceCheck, ...] = (
    check_enum_values,
    check_listed_values,
    check_cache_node_type,
    check_region_offers_service,
    check_aws_tags,
    check_schedule_expression,
    check_schedule_is_ahead,
    check_schedule_window,
    check_policy_documents,
    check_state_machine,
    check_alarm_evaluation,
    check_alarm_metrics,
    check_dashboard,
    check_production_variants,
    check_rollout,
    check_scaling,
)
STACK_CHECKS: tuple[StackCheck, ...] = (
    check_provider_regions,
    check_composite_alarms,
    check_serverless_models,
    check_scaled_variants,
)
CONFIG_CHECKS: tuple[ConfigCheck, ...] = ()
