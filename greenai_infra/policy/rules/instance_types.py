"""`instance-types`: every machine type that a stack names is on the allowed list."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, ClassVar

import yaml

from greenai_infra import safe_yaml
from greenai_infra.contracts.declared import UNKNOWN, has_unknown, plain
from greenai_infra.policy.documents import state_machine
from greenai_infra.policy.reach import leaves, objects, values_at
from greenai_infra.policy.resource_types import STATE_MACHINE, WORKFLOW
from greenai_infra.policy.rule import Breach, ResourceRule, RuleSettings, breach, not_known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenai_infra.contracts.declared import DeclaredResource

# Where our own types name their machines; unknown objects on the way are found there too.
MACHINES: dict[str, tuple[str, ...]] = {
    "aws:elasticache/replicationGroup:ReplicationGroup": ("nodeType",),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": (
        "productionVariants[].instanceType",
        "shadowProductionVariants[].instanceType",
    ),
    "aws:sagemaker/trainingJob:TrainingJob": (
        "resourceConfig.instanceType",
        "resourceConfig.instanceGroups[].instanceType",
    ),
    "gcp:memorystore/instance:Instance": ("nodeType",),
    "gcp:tpu/v2QueuedResource:V2QueuedResource": (
        "tpu.nodeSpecs[].node.acceleratorType",
        "tpu.nodeSpecs[].node.acceleratorConfig.type",
    ),
    "gcp:tpu/v2Vm:V2Vm": ("acceleratorType", "acceleratorConfig.type"),
    "gcp:vertex/aiEndpointWithModelGardenDeployment:AiEndpointWithModelGardenDeployment": (
        "deployConfig.dedicatedResources.machineSpec.machineType",
    ),
}
NAMES = frozenset({"instanceType", "instanceTypes", "machineType", "nodeType"})
"""Properties of any other type, at any depth, that name a machine."""
LONGEST_DOCUMENT = 1_000_000


class InstanceTypes(RuleSettings, frozen=True, kw_only=True):
    """Patterns such as `ml.p5.*` or `v5litepod-*`; without any, the rule does not run."""

    needs: ClassVar[str] = "allowed"
    needs_example: ClassVar[str] = "allowed: [ml.p5.*, ml.g5.*]"
    allowed: tuple[str, ...] = ()


def check_instance_types(resource: DeclaredResource, settings: InstanceTypes) -> Iterator[Breach]:
    """Every machine that the resource names itself, or in the definition of a workflow."""
    if not settings.allowed:
        return
    for where, value, until_up in machines(resource):
        if value is UNKNOWN:
            yield not_known(resource, where, until_up=until_up, what=f"the machine at {where}")
        elif not isinstance(value, str):
            yield breach(resource, where, "the machine is not a text")
        elif not any(fnmatchcase(value.rsplit("/", 1)[-1], pattern) for pattern in settings.allowed):
            yield breach(resource, where, f"{value} is not among the allowed {', '.join(settings.allowed)}")


def machines(resource: DeclaredResource) -> Iterator[tuple[str, Any, bool]]:
    """(path, type of the machine or UNKNOWN, whether it may rightly be unknown before up)."""
    for path in MACHINES.get(resource.type, ()):
        yield from ((where, value, False) for where, value in values_at(resource.inputs, path))
    if resource.type not in MACHINES and resource.package in ("aws", "gcp"):
        for where, value in leaves(dict(resource.inputs), into_texts=False):
            if where.rsplit(".", 1)[-1].split("[")[0] in NAMES:
                yield where, value, False
    if resource.type == STATE_MACHINE:
        yield from _named_in(state_machine(resource), "definition", "instancetype")
    elif resource.type == WORKFLOW:
        yield from _named_in(_workflow(resource), "sourceContents", "machinetype")


def _workflow(resource: DeclaredResource) -> Any:
    """A Google Cloud workflow's steps: YAML or JSON; UNKNOWN if they can't be read."""
    text = plain(resource.rendered.get("sourceContents"))
    if text is UNKNOWN or text is None:
        return text
    if not isinstance(text, str) or len(text) > LONGEST_DOCUMENT:
        return UNKNOWN
    try:
        return safe_yaml.load(text)
    except yaml.YAMLError:
        return UNKNOWN


def _named_in(document: Any, where: str, name: str) -> Iterator[tuple[str, Any, bool]]:
    """Machines in a document; what is worked out when it runs (`InstanceType.$`, `${...}`) can't be judged at all."""
    if document is UNKNOWN or has_unknown(document):
        yield where, UNKNOWN, True
        return
    for path, found in objects(document):
        for key, value in found.items():
            place = f"{where}:{path}.{key}" if path else f"{where}:{key}"
            bare = str(key).lower().removesuffix(".$").replace("_", "")
            if bare == name:
                computed = str(key).endswith(".$") or (
                    isinstance(value, str) and ("${" in value or value.startswith("{%"))
                )
                yield place, UNKNOWN if computed else value, False


INSTANCE_TYPES = ResourceRule(
    id="instance-types",
    title="Only allowed machine types",
    remedy="choose an allowed machine (hardware.accelerators in the workload file), or add a pattern to allowed",
    why="One wrong size can cost more than a month of the right one. Looks into state machines and workflows that "
    "start jobs, too. Runs only with a list of patterns.",
    settings=InstanceTypes,
    check=check_instance_types,
    order=90,
)
