"""What a resource type takes and gives, read from the types of the installed SDK package (pulumi_aws, pulumi_gcp).

No schema file is needed: the SDK's argument classes hold the wire name and type of each property, nested properties
included, and whether it is required. Uses SDK internals (`pulumi._types`, the table of resource modules), as `monitor`
does; both were checked with the SDK named there.
"""

from __future__ import annotations

import enum
import importlib.util
import inspect
import typing
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pulumi
from pulumi import _types
from pulumi.runtime import rpc


@dataclass(frozen=True)
class Fields:
    """Properties by wire name with their Python type, and those that must be given."""

    types: Mapping[str, Any]
    required: frozenset[str]


@dataclass(frozen=True)
class ResourceSchema:
    """Inputs and outputs of a resource type."""

    token: str
    inputs: Fields
    outputs: Mapping[str, Any]

    @property
    def taggable(self) -> bool:
        """Whether the type takes tags (AWS) or labels (GCP) as a map."""
        return self.label_property is not None

    @property
    def label_property(self) -> str | None:
        """The input that holds the tags or labels of a resource; None without such an input.

        An input of that name can mean something else: the `labels` of a notification channel are settings.
        """
        given = self.inputs.types
        if self.token.startswith("aws:"):
            return "tags" if "tags" in given and "tagsAll" in self.outputs else None
        if "effectiveLabels" in self.outputs:
            return next((name for name in ("labels", "resourceLabels") if name in given), None)
        return "userLabels" if "userLabels" in given else None

    @property
    def has_region(self) -> bool:
        """Whether a resource of the type can set a region other than its provider's."""
        return "region" in self.inputs.types and self.token.startswith("aws:")


@dataclass(frozen=True)
class Kind:
    """An alternative of a property's type.

    `form` is str, bool, int, float, list, map, object, asset or any; `item` is the type of the elements of a list or
    map, `fields` those of an object, `values` the allowed values of a closed enum.
    """

    form: str
    item: Any = None
    fields: Fields | None = None
    values: tuple[Any, ...] = ()

    def __str__(self) -> str:
        words = {"str": "text", "bool": "true or false", "int": "a whole number", "float": "a number", "map": "a map"}
        return words.get(self.form, {"list": "a list", "object": "an object"}.get(self.form, self.form))


@cache
def resource_schema(token: str) -> ResourceSchema | None:
    """Returns the schema of a type such as `aws:sns/topic:Topic`, or None if no installed SDK package has that type."""
    resource = _resource_class(token)
    if resource is None:
        return None
    module = importlib.import_module(resource.__module__)
    name = resource.__name__
    arguments = getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args", None)
    if arguments is None:
        return None
    return ResourceSchema(token, _fields(arguments), _types.resource_types(resource))


def _resource_class(token: str) -> Any:
    package, _, rest = token.partition(":")
    module_name, _, class_name = rest.partition(":")
    sdk = f"pulumi_{class_name if package == 'pulumi' else package}"
    if importlib.util.find_spec(sdk) is None:
        return None
    namespace = importlib.import_module(sdk)
    if package == "pulumi":
        return getattr(namespace, "Provider", None) if module_name == "providers" else None
    module: Any = rpc.get_resource_module(package, module_name, "")
    classes = module.mod_info["classes"] if module is not None and hasattr(module, "mod_info") else {}
    if token not in classes:
        return None
    return getattr(importlib.import_module(module.mod_info["fqn"]), classes[token])


@cache
def _fields(arguments: Any) -> Fields:
    names = _types.input_type_py_to_pulumi_names(arguments)
    parameters = inspect.signature(arguments.__init__).parameters
    missing = inspect.Parameter.empty
    required = (names[key] for key, value in parameters.items() if key in names and value.default is missing)
    return Fields(_types.input_type_types(arguments), frozenset(required))


@cache
def kinds(type_: Any) -> tuple[Kind, ...]:
    """Returns the alternatives that a type admits; if empty, or with an `any` among them, values can't be checked."""
    found = [_kind(member) for member in _members(type_)]
    if any(kind.form == "str" and not kind.values for kind in found):
        found = [kind for kind in found if not kind.values]  # an enum that is open to other text allows any text
    return tuple(found)


def _members(type_: Any) -> typing.Iterator[Any]:
    """Returns the members of nested unions, without Python's extras: futures, None, typed dicts of an object."""
    origin = typing.get_origin(type_)
    if origin is typing.Union or type(type_).__name__ == "UnionType":
        for argument in typing.get_args(type_):
            yield from _members(argument)
    elif type_ is type(None) or origin is Awaitable or origin is pulumi.Output or typing.is_typeddict(type_):
        return
    else:
        yield type_


def _kind(type_: Any) -> Kind:
    origin = typing.get_origin(type_) or type_
    arguments = typing.get_args(type_)
    if not isinstance(origin, type):
        return Kind("any")
    if issubclass(origin, enum.Enum):
        values = tuple(member.value for member in origin)
        return Kind(type(values[0]).__name__ if values else "any", values=values)
    if _types.is_input_type(origin):
        return Kind("object", fields=_fields(type_))
    for base, form in ((str, "str"), (bool, "bool"), (int, "int"), (float, "float")):
        if issubclass(origin, base):
            return Kind(form)
    if issubclass(origin, pulumi.Asset | pulumi.Archive):
        return Kind("asset")
    if issubclass(origin, Mapping):
        return Kind("map", item=arguments[1] if len(arguments) == 2 else Any)
    if issubclass(origin, Sequence):
        return Kind("list", item=arguments[0] if arguments else Any)
    return Kind("any")


@cache
def property_names(token: str) -> frozenset[str] | None:
    """Returns the names of all inputs of a resource type, at any depth; None if no installed SDK package has it."""
    schema = resource_schema(token)
    if schema is None:
        return None
    names: set[str] = set()
    seen: set[int] = set()
    waiting = [schema.inputs]
    while waiting:
        fields = waiting.pop()
        if id(fields) in seen:
            continue
        seen.add(id(fields))
        names |= fields.types.keys()
        waiting += [inner for type_ in fields.types.values() for inner in _objects(type_)]
    return frozenset(names)


def _objects(type_: Any) -> typing.Iterator[Fields]:
    """The objects that a property holds, within lists and maps too."""
    for kind in kinds(type_):
        if kind.fields is not None:
            yield kind.fields
        elif kind.item is not None:
            yield from _objects(kind.item)
