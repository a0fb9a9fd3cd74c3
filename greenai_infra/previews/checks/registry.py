"""The checks of a previewed stack: those of the clouds that it builds on; what is only another cloud's isn't loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from greenai_infra.policy.masking import without_secrets_of
from greenai_infra.previews.checks.schema import check_schema
from greenai_infra.previews.sdk.providers import package_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import ModuleType

    from greenai_infra.contracts.declared import DeclaredResource, Finding


def run_checks(resources: Sequence[DeclaredResource], config: Mapping[str, str]) -> list[Finding]:
    """All findings: about the stack, then in order of resource and of check. `config` is the stack's, by key."""
    clouds = list(_registries({package_of(one.type) for one in resources}))
    findings = [finding for cloud in clouds for check in cloud.STACK_CHECKS for finding in check(resources)]
    findings += [finding for cloud in clouds for check in cloud.CONFIG_CHECKS for finding in check(config, resources)]
    checks = [check_schema, *(check for cloud in clouds for check in cloud.RESOURCE_CHECKS)]
    for resource in resources:
        for check in checks:
            findings += check(resource)
    by_urn = {one.urn: one for one in resources}
    return [_masked(one, by_urn[one.urn]) if one.urn in by_urn else one for one in findings]


def _masked(finding: Finding, resource: DeclaredResource) -> Finding:
    """Checks quote the wrong value; secrets are not quoted."""
    message, remedy = (without_secrets_of(resource, text) for text in (finding.message, finding.remedy))
    return replace(finding, message=message, remedy=remedy)


def _registries(packages: set[str]) -> Iterator[ModuleType]:
    if "aws" in packages:
        from greenai_infra.previews.checks.aws import registry as aws_registry

        yield aws_registry
    if "gcp" in packages:
        from greenai_infra.previews.checks.gcp import registry as gcp_registry

        yield gcp_registry
