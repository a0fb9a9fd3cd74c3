"""Every check of the offline preview. A new one is a function in a module here and a line below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.deploy.checks.alarms import check_alarm_evaluation, check_alarm_metrics, check_composite_alarms
from greenai_infra.deploy.checks.aws_values import check_enum_values, check_listed_values
from greenai_infra.deploy.checks.cache_nodes import check_cache_node_type
from greenai_infra.deploy.checks.dashboards import check_dashboard
from greenai_infra.deploy.checks.endpoints import check_production_variants, check_rollout, check_serverless_models
from greenai_infra.deploy.checks.gcp_alerts import check_alert_policies
from greenai_infra.deploy.checks.gcp_listed import check_gcp_listed_values
from greenai_infra.deploy.checks.gcp_tpus import check_tpu_machines
from greenai_infra.deploy.checks.gcp_values import (
    check_gcp_places,
    check_gcp_provider,
    check_gcp_schedule,
    check_gcp_values,
)
from greenai_infra.deploy.checks.policies import check_policy_documents
from greenai_infra.deploy.checks.regions import check_provider_regions, check_region_offers_service
from greenai_infra.deploy.checks.scaling import check_scaled_variants, check_scaling
from greenai_infra.deploy.checks.schedules import (
    check_schedule_expression,
    check_schedule_is_ahead,
    check_schedule_window,
)
from greenai_infra.deploy.checks.schema import check_schema
from greenai_infra.deploy.checks.state_machines import check_state_machine
from greenai_infra.deploy.checks.tags import check_aws_tags, check_gcp_labels
from greenai_infra.deploy.checks.workflows import check_workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from greenai_infra.policy.declared import DeclaredResource, Finding

RESOURCE_CHECKS: tuple[Callable[[DeclaredResource], Iterable[Finding]], ...] = (
    check_schema,
    check_enum_values,
    check_listed_values,
    check_cache_node_type,
    check_region_offers_service,
    check_aws_tags,
    check_gcp_labels,
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
    check_tpu_machines,
    check_gcp_listed_values,
    check_gcp_values,
    check_gcp_places,
    check_gcp_schedule,
    check_workflow,
)
STACK_CHECKS: tuple[Callable[[Sequence[DeclaredResource]], Iterable[Finding]], ...] = (
    check_provider_regions,
    check_composite_alarms,
    check_serverless_models,
    check_scaled_variants,
    check_alert_policies,
    check_gcp_provider,
)


def run_checks(resources: Sequence[DeclaredResource]) -> list[Finding]:
    """All findings, in order of resource and then of check."""
    findings = [finding for check in STACK_CHECKS for finding in check(resources)]
    for resource in resources:
        for check in RESOURCE_CHECKS:
            findings += check(resource)
    return findings
