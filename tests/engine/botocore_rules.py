"""A second look at a resource's inputs, with AWS's own service models as botocore ships them.

Checks the allowed values, the length of strings and the range of numbers of properties that carry the same name in the
service's API call, and whether the service exists in the region. Allowed values that the model does not know are
refused, so an old botocore may refuse a new instance type.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.model import Shape

from .schema_check import Problem
from .wire import UNKNOWN, reveal

OPERATIONS = {
    "aws:appautoscaling/policy:Policy": ("application-autoscaling", "PutScalingPolicy"),
    "aws:appautoscaling/target:Target": ("application-autoscaling", "RegisterScalableTarget"),
    "aws:batch/computeEnvironment:ComputeEnvironment": ("batch", "CreateComputeEnvironment"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("cloudwatch", "PutMetricAlarm"),
    "aws:cloudwatch/logGroup:LogGroup": ("logs", "CreateLogGroup"),
    "aws:ecr/repository:Repository": ("ecr", "CreateRepository"),
    "aws:kms/key:Key": ("kms", "CreateKey"),
    "aws:lambda/function:Function": ("lambda", "CreateFunction"),
    "aws:sagemaker/endpoint:Endpoint": ("sagemaker", "CreateEndpoint"),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": ("sagemaker", "CreateEndpointConfig"),
    "aws:sagemaker/model:Model": ("sagemaker", "CreateModel"),
    "aws:sagemaker/trainingJob:TrainingJob": ("sagemaker", "CreateTrainingJob"),
    "aws:scheduler/schedule:Schedule": ("scheduler", "CreateSchedule"),
    "aws:sfn/stateMachine:StateMachine": ("stepfunctions", "CreateStateMachine"),
}
"""Resources whose properties are named as in the API call that creates them."""

SERVICES = {
    "aws:cloudwatch/eventRule:EventRule": "events",
    "aws:cloudwatch/eventTarget:EventTarget": "events",
    "aws:cloudwatch/logGroup:LogGroup": "logs",
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": "logs",
    "aws:cloudwatch/logStream:LogStream": "logs",
}
"""Services that the token's module does not name."""

MODULES = {"sfn": "stepfunctions", "appautoscaling": "application-autoscaling"}
"""Modules of the SDK that botocore calls otherwise."""

FALLBACK_SERVICE = "ec2"
"""It exists in every region: the table that stands in for services botocore keeps no regions for."""


@cache
def _session() -> Any:
    return botocore.session.get_session()


@cache
def regions_of(service: str) -> frozenset[str]:
    """The regions (all partitions) in which botocore knows the service; those of EC2 if it keeps none for it."""
    partitions = _session().get_available_partitions()
    found = {region for name in partitions for region in _session().get_available_regions(service, name)}
    return frozenset(found) if found or service == FALLBACK_SERVICE else regions_of(FALLBACK_SERVICE)


def service_of(token: str) -> str:
    """The botocore service that holds a resource: `aws:sfn/stateMachine:StateMachine` is `stepfunctions`."""
    module = token.split(":")[1].split("/")[0]
    return SERVICES.get(token, MODULES.get(module, module))


def region_problems(token: str, region: Any) -> Iterator[Problem]:
    """Nothing if the service of this resource exists in the region, or the region is unknown."""
    service = service_of(token)
    if region != UNKNOWN and region not in regions_of(service):
        yield "region", f"{service} has no region {region!r}"


def model_problems(token: str, inputs: dict[str, Any]) -> Iterator[Problem]:
    """What the model of the creating API call says against these inputs; nothing for tokens not in OPERATIONS."""
    if token in OPERATIONS:
        service, operation = OPERATIONS[token]
        shape = _session().get_service_model(service).operation_model(operation).input_shape
        yield from _shape_problems(reveal(inputs), shape, "")


def _shape_problems(value: Any, shape: Shape, path: str) -> Iterator[Problem]:
    if value is None or value == UNKNOWN:
        return
    if shape.type_name == "structure" and isinstance(value, dict):
        members = {name.lower(): member for name, member in shape.members.items()}
        for name, item in value.items():
            member = members.get(name.lower()) or members.get(name.lower().removesuffix("s"))
            if member is not None:
                yield from _shape_problems(item, member, f"{path}.{name}" if path else name)
    elif shape.type_name == "list" and isinstance(value, list):
        yield from _range_problems(len(value), shape, f"the {len(value)} items", path)
        for index, item in enumerate(value):
            yield from _shape_problems(item, shape.member, f"{path}[{index}]")
    elif shape.type_name == "string" and isinstance(value, str):
        allowed = getattr(shape, "enum", [])
        if allowed and value not in allowed:
            listed = ", ".join(allowed[:8]) + (f" and {len(allowed) - 8} more" if len(allowed) > 8 else "")
            yield path, f"{value!r} is none of {listed}"
        yield from _range_problems(len(value), shape, f"the length of {value[:40]!r}", path)
    elif shape.type_name in ("integer", "long", "double", "float") and isinstance(value, int | float):
        yield from _range_problems(value, shape, f"{value}", path)


def _range_problems(size: float, shape: Shape, what: str, path: str) -> Iterator[Problem]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        yield path, f"{what} is below {low}"
    if high is not None and size > high:
        yield path, f"{what} is above {high}"
