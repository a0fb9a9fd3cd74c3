"""Every check of the offline preview. A new one is a function in a module here and a line below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.deploy.checks.aws_values import check_enum_values, check_listed_values
from greenai_infra.deploy.checks.cache_nodes import check_cache_node_type
from greenai_infra.deploy.checks.policies import check_policy_documents
from greenai_infra.deploy.checks.regions import check_provider_regions, check_region_offers_service
from greenai_infra.deploy.checks.schedules import (
    check_schedule_expression,
    check_schedule_is_ahead,
    check_schedule_window,
)
from greenai_infra.deploy.checks.schema import check_schema
from greenai_infra.deploy.checks.state_machines import check_state_machine
from greenai_infra.deploy.checks.tags import check_aws_tags, check_gcp_labels

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
)
STACK_CHECKS: tuple[Callable[[Sequence[DeclaredResource]], Iterable[Finding]], ...] = (check_provider_regions,)


def run_checks(resources: Sequence[DeclaredResource]) -> list[Finding]:
    """All findings, in order of resource and then of check."""
    findings = [finding for check in STACK_CHECKS for finding in check(resources)]
    for resource in resources:
        for check in RESOURCE_CHECKS:
            findings += check(resource)
    return findings
