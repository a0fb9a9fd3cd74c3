"""`encryption`: data at rest and in transit is encrypted with your own key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.local_disks import has_local_disk
from greenai_infra.contracts.declared import UNKNOWN, plain
from greenai_infra.policy.documents import calls, state_machine
from greenai_infra.policy.reach import is_false, is_true, leaves, value_at, values_at
from greenai_infra.policy.resource_types import STATE_MACHINE
from greenai_infra.policy.rule import Breach, ResourceRule, RuleSettings, breach, not_known
from greenai_infra.policy.rules.encryption_needs import NEEDS, SWITCHES, Need

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenai_infra.contracts.declared import DeclaredResource


class Encryption(RuleSettings, frozen=True, kw_only=True):
    """Whose key."""

    customer_managed_keys: bool = True
    """Whether a key that the cloud keeps for you is too little. Off: what is encrypted by default passes."""


def check_encryption(resource: DeclaredResource, settings: Encryption) -> Iterator[Breach]:
    """Judges a resource by the table, or by the function for its type."""
    if resource.read:
        return
    for need in NEEDS.get(resource.type, ()):
        if need.always or settings.customer_managed_keys:
            yield from _judge(resource, need, settings)
    if special := _SPECIAL.get(resource.type):
        yield from special(resource, settings)
    if resource.type not in ENCRYPTION_TYPES:
        for where, value in leaves(dict(resource.inputs), into_texts=False):
            if where.rsplit(".", 1)[-1] in SWITCHES and (value is UNKNOWN or is_false(value)):
                off = breach(resource, where, f"{where} is off", f"set {where} to true")
                yield not_known(resource, where) if value is UNKNOWN else off


def _judge(resource: DeclaredResource, need: Need, settings: Encryption) -> Iterator[Breach]:
    value = value_at(resource.inputs, need.path)
    if need.wanted == "key":
        if problem := key_problem(value, settings.customer_managed_keys):
            yield breach(resource, need.path, f"{need.what}: {problem}", f"set {need.path}")
    elif value is UNKNOWN:
        yield not_known(resource, need.path)
    elif need.wanted == "on":
        if not is_true(value):
            yield breach(resource, need.path, f"{need.what} is not encrypted", f"set {need.path} to true")
    elif value not in need.wanted:
        yield breach(resource, need.path, f"{need.what} is not encrypted", f"set {need.path}: {need.wanted[0]}")


def key_problem(key: Any, customer_managed: bool) -> str:
    """Returns what is wrong with a key; empty for a good key. A key known only after `up` is the stack's own."""
    key = plain(key)
    if key is UNKNOWN:
        return ""
    if not key or not isinstance(key, str):
        return "no key of your own is named"
    if customer_managed and key.rsplit(":", 1)[-1].startswith("alias/aws/"):
        return f"{key} is AWS's key, not one of your own"
    return ""


def _queue(resource: DeclaredResource, settings: Encryption) -> Iterator[Breach]:
    key = value_at(resource.inputs, "kmsMasterKeyId")
    if not key and key is not UNKNOWN and not settings.customer_managed_keys:
        if is_false(value_at(resource.inputs, "sqsManagedSseEnabled")):
            yield breach(resource, "sqsManagedSseEnabled", "its messages are not encrypted", "set kmsMasterKeyId")
    elif problem := key_problem(key, settings.customer_managed_keys):
        yield breach(resource, "kmsMasterKeyId", f"its messages: {problem}", "set kmsMasterKeyId")


def _repository(resource: DeclaredResource, settings: Encryption) -> Iterator[Breach]:
    if not settings.customer_managed_keys:
        return  # ECR always encrypts, with AES-256 by default
    path = "encryptionConfigurations[].encryptionType"
    kind = value_at(resource.inputs, path)
    if kind is UNKNOWN:
        yield not_known(resource, path)
    elif kind not in ("KMS", "KMS_DSSE"):
        yield breach(resource, path, "its images: no key of your own is named", "set encryptionType: KMS and kmsKey")
    elif problem := key_problem(value_at(resource.inputs, "encryptionConfigurations[].kmsKey"), True):
        yield breach(resource, "encryptionConfigurations[].kmsKey", f"its images: {problem}")


def _table(resource: DeclaredResource, settings: Encryption) -> Iterator[Breach]:
    if not settings.customer_managed_keys:
        return  # DynamoDB always encrypts, with an AWS key by default
    if problem := key_problem(value_at(resource.inputs, "serverSideEncryption.kmsKeyArn"), True):
        yield breach(resource, "serverSideEncryption.kmsKeyArn", f"its items: {problem}")


def _endpoint_configuration(resource: DeclaredResource, settings: Encryption) -> Iterator[Breach]:
    """Requires a key for the volumes. Serverless variants and machines with local disks have no volumes."""
    if not settings.customer_managed_keys or value_at(resource.inputs, "kmsKeyArn") is not None:
        if problem := key_problem(value_at(resource.inputs, "kmsKeyArn"), True) * settings.customer_managed_keys:
            yield breach(resource, "kmsKeyArn", f"the volumes: {problem}")
        return
    for where, variant in values_at(resource.inputs, "productionVariants[]"):
        machine = plain(variant.get("instanceType")) if isinstance(variant, dict) else variant
        if machine is UNKNOWN:
            yield not_known(resource, f"{where}.instanceType")
        elif isinstance(machine, str) and not has_local_disk(machine):
            yield breach(resource, "kmsKeyArn", f"the volume of {machine}: no key of your own is named")


def _training_job(resource: DeclaredResource, settings: Encryption) -> Iterator[Breach]:
    inputs = resource.inputs
    yield from _job(
        resource,
        Part("outputDataConfig.kmsKeyId", value_at(inputs, "outputDataConfig.kmsKeyId")),
        Part("resourceConfig.volumeKmsKeyId", value_at(inputs, "resourceConfig.volumeKmsKeyId")),
        Machines(*(value_at(inputs, f"resourceConfig.instance{what}") for what in ("Type", "Count"))),
        value_at(inputs, "enableInterContainerTrafficEncryption"),
        settings,
    )


def _state_machine(resource: DeclaredResource, settings: Encryption) -> Iterator[Breach]:
    definition = state_machine(resource)
    if definition is UNKNOWN:
        yield not_known(resource, "definition", until_up=True)
        return
    for where, request in calls(definition, "createTrainingJob") if definition is not None else ():
        place = f"definition:{where}."
        yield from _job(
            resource,
            Part(f"{place}OutputDataConfig.KmsKeyId", value_at(request, "OutputDataConfig.KmsKeyId")),
            Part(f"{place}ResourceConfig.VolumeKmsKeyId", value_at(request, "ResourceConfig.VolumeKmsKeyId")),
            Machines(*(value_at(request, f"ResourceConfig.Instance{what}") for what in ("Type", "Count"))),
            value_at(request, "EnableInterContainerTrafficEncryption"),
            settings,
        )


@dataclass(frozen=True)
class Part:
    """A key, and where it is named."""

    where: str
    key: Any


@dataclass(frozen=True)
class Machines:
    """What a job runs on."""

    type: Any
    count: Any


def _job(
    resource: DeclaredResource, output: Part, volume: Part, on: Machines, transit: Any, settings: Encryption
) -> Iterator[Breach]:
    """A SageMaker training job: its output, its volume unless its machine brings disks, traffic between machines."""
    if settings.customer_managed_keys:
        if problem := key_problem(output.key, True):
            yield breach(resource, output.where, f"what training writes: {problem}")
        brings_disk = isinstance(on.type, str) and has_local_disk(on.type)
        if not brings_disk and (problem := key_problem(volume.key, True)):
            yield breach(resource, volume.where, f"the volume: {problem}")
    if isinstance(on.count, int) and on.count > 1 and not is_true(transit):
        yield breach(resource, output.where.split(".")[0], f"traffic between the {on.count} machines is not encrypted")


_SPECIAL: dict[str, Callable[[DeclaredResource, Encryption], Iterator[Breach]]] = {
    "aws:dynamodb/table:Table": _table,
    "aws:ecr/repository:Repository": _repository,
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": _endpoint_configuration,
    "aws:sagemaker/trainingJob:TrainingJob": _training_job,
    STATE_MACHINE: _state_machine,
    "aws:sqs/queue:Queue": _queue,
}
ENCRYPTION_TYPES = frozenset(NEEDS) | frozenset(_SPECIAL)
"""Types of which the rule says what must be encrypted."""

ENCRYPTION = ResourceRule(
    id="encryption",
    title="Data is encrypted at rest and in transit",
    remedy="name a key of your own (greenai_infra/stacks/aws/encryption.py makes one), and turn encryption on",
    why="Training data and weights are worth stealing. A key of your own can be revoked and its use is logged; with "
    "customer_managed_keys: false what the cloud encrypts by itself passes.",
    settings=Encryption,
    check=check_encryption,
    order=100,
    types=ENCRYPTION_TYPES,
)
