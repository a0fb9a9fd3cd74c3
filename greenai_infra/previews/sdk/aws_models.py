"""AWS's own service models as botocore ships them: allowed values, each service's regions. No client, no network.

The files are read straight from the package: loading whole models through botocore takes longer than the preview.
"""

from __future__ import annotations

import gzip
import json
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

# Modules of pulumi_aws whose botocore service has another name.
SERVICES = {
    "alb": "elbv2",
    "appautoscaling": "application-autoscaling",
    "cfg": "config",
    "cognito": "cognito-idp",
    "costexplorer": "ce",
    "directoryservice": "ds",
    "ebs": "ec2",
    "ec2clientvpn": "ec2",
    "ec2transitgateway": "ec2",
    "lb": "elbv2",
    "sfn": "stepfunctions",
    "vpc": "ec2",
}
METADATA_BYTES = 8192  # a model begins with its metadata
# What follows the key of a shape but not that of a member; of the regions of a partition; of a service in a partition.
_SHAPE = re.compile(r'\s*:\s*(?=\{\s*"type")')
_REGIONS = re.compile(r'\s*:\s*(?=\{\s*"[a-z]+(-[a-z]+)+-\d+"\s*:)')
_OFFERED = re.compile(r'\s*:\s*(?=\{\s*"(defaults|endpoints|isRegionalized|partitionEndpoint)"\s*:)')
_CLOUDWATCH_PARTS = {"event": "events", "log": "logs", "metric": "cloudwatch"}


@cache
def _data() -> Path:
    spec = find_spec("botocore")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("botocore is not installed", name="botocore")
    return Path(spec.submodule_search_locations[0]) / "data"


@cache
def _model_file(service: str) -> Path:
    """Returns the newest model of a service. Raises KeyError for an unknown service."""
    versions = sorted((_data() / service).glob("*/service-2.json*"))
    if not versions:
        raise KeyError(f"botocore has no service {service}")
    return versions[-1]


@cache
def _model_text(service: str) -> str:
    """Returns the model of a service as JSON text. Raises KeyError for an unknown service."""
    with _open_model(service) as content:
        return content.read().decode()


def _open_model(service: str) -> BufferedReader | gzip.GzipFile:
    file = _model_file(service)
    return gzip.open(file) if file.suffix == ".gz" else file.open("rb")


@cache
def _endpoint_prefix(service: str) -> str:
    """Returns the service's name in the list of endpoints, from the first lines of the model."""
    with _open_model(service) as content:
        found = re.search(r'"endpointPrefix":\s*"([^"]+)"', content.read(METADATA_BYTES).decode(errors="ignore"))
    return found[1] if found else service


@cache
def operation(service: str, name: str) -> dict[str, Any] | None:
    """Finds an operation of a service by name, ignoring case; else None. Raises KeyError for an unknown service."""
    text = _model_text(service)
    found = re.search(rf'"{re.escape(name)}":\s*(?=\{{\s*"name")', text, re.IGNORECASE)
    return _object_at(text, found.end()) if found else None


@cache
def shape(service: str, name: str) -> dict[str, Any]:
    """Returns a shape of a service. Raises KeyError for an unknown service or shape."""
    found = next(_objects_named(name, _SHAPE, _model_text(service)), None)
    if found is None:
        raise KeyError(f"botocore's {service} has no shape {name}")
    return found


def _objects_named(name: str, begin: re.Pattern[str], text: str) -> Iterator[dict[str, Any]]:
    """Each object under this key that begins so: reading all of such a file takes longer than many a preview."""
    key = f'"{name}"'
    at = text.find(key)  # many times as fast as a search for the whole pattern
    while at >= 0:
        if found := begin.match(text, at + len(key)):
            yield _object_at(text, found.end())
        at = text.find(key, at + 1)


def _object_at(text: str, start: int) -> dict[str, Any]:
    found: dict[str, Any] = json.JSONDecoder().raw_decode(text, start)[0]
    return found


@cache
def allowed_values(service: str, name: str) -> tuple[str, ...]:
    """The values of an enum shape. Raises KeyError if the model has no such enum: then a table here is out of date."""
    return tuple(shape(service, name)["enum"])


def service_of(token: str) -> str | None:
    """The botocore service behind `aws:sfn/stateMachine:StateMachine`, or None if unknown."""
    package, _, rest = token.partition(":")
    module, _, resource = rest.split(":")[0].partition("/")
    if package != "aws":
        return None
    if module == "cloudwatch":
        return next((name for part, name in _CLOUDWATCH_PARTS.items() if resource.startswith(part)), module)
    name = SERVICES.get(module, module.rstrip("_"))
    return name if (_data() / name).is_dir() else None


@cache
def _endpoints_text() -> str:
    return (_data() / "endpoints.json").read_text(encoding="utf-8")


@cache
def known_regions() -> frozenset[str]:
    """Every region of every partition that botocore knows."""
    return frozenset(region for regions in _objects_named("regions", _REGIONS, _endpoints_text()) for region in regions)


@cache
def regions_of(service: str) -> frozenset[str] | None:
    """Returns the regions that offer a service; None for a global service, or if botocore does not list the regions."""
    entries = list(_objects_named(_endpoint_prefix(service), _OFFERED, _endpoints_text()))
    if not all(entry.get("isRegionalized", True) for entry in entries):
        return None
    return frozenset(region for entry in entries for region in entry["endpoints"]) & known_regions() or None
