"""What a resource takes and gives, read from the types of the installed Pulumi SDK package (such as `pulumi_aws`).

Written independently of the toolkit's own offline preview, so that the two can be held against each other.
"""

import importlib
import inspect
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pulumi import _types
from pulumi.runtime import rpc

_lock = threading.RLock()


class UnknownResourceError(Exception):
    """The SDK package has no such resource type."""


@dataclass(frozen=True)
class Fields:
    """Properties by their wire name (`comparisonOperator`) with their Python type; those that must be given."""

    types: Mapping[str, Any]
    required: frozenset[str]


@dataclass(frozen=True)
class ResourceType:
    """One resource type: its inputs, and what it gives beside them only once it exists."""

    token: str
    inputs: Fields
    outputs: Mapping[str, Any]

    @property
    def computed(self) -> Mapping[str, Any]:
        return {name: type_ for name, type_ in self.outputs.items() if name not in self.inputs.types}


def fields_of(arguments: type) -> Fields:
    """The fields of an input class, such as `TopicArgs` or the class of a nested block."""
    wire = _types.input_type_py_to_pulumi_names(arguments)
    parameters = inspect.signature(arguments.__init__).parameters  # type: ignore[misc]
    missing = inspect.Parameter.empty
    required = {wire[name] for name, parameter in parameters.items() if name in wire and parameter.default is missing}
    return Fields(_types.input_type_types(arguments), frozenset(required))


def resource_type(token: str) -> ResourceType:
    """The type of a token such as `aws:sns/topic:Topic`; imports only the sub-package that holds it."""
    with _lock:  # the plugin serves several calls at once, and the SDK's lazy imports are not made for that
        return _resource_type(token)


@cache
def _resource_type(token: str) -> ResourceType:
    package, module_name, class_name = token.split(":")
    importlib.import_module(f"pulumi_{package}")
    module: Any = rpc.get_resource_module(package, module_name, "")
    if module is None or token not in module.mod_info["classes"]:
        raise UnknownResourceError(f"pulumi_{package} has no resource {token}")
    namespace = importlib.import_module(module.mod_info["fqn"])
    resource = getattr(namespace, module.mod_info["classes"][token])
    arguments = getattr(namespace, f"{class_name}InitArgs", None) or getattr(namespace, f"{class_name}Args")
    return ResourceType(token, fields_of(arguments), _types.resource_types(resource))
