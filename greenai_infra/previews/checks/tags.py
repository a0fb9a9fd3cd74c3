"""Tags and labels that the cloud would refuse."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenai_infra.contracts.declared import UNKNOWN, DeclaredResource, Finding, plain
from greenai_infra.previews.sdk.schema import resource_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

# AWS: "Tag naming limits and requirements" (Tag Editor user guide)
AWS_CHARACTERS = re.compile(r"[\w\s.:/=+\-@]*")
AWS_KEY_LENGTH, AWS_VALUE_LENGTH, AWS_COUNT = 128, 256, 50
# Google Cloud: "Requirements for labels"
GCP_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
GCP_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
GCP_COUNT = 64


def check_aws_tags(resource: DeclaredResource) -> Iterator[Finding]:
    """AWS tags: characters, lengths, number, reserved prefix."""
    name = "tagsAll" if "tagsAll" in resource.inputs else "tags"
    tags = plain(resource.inputs.get(name))
    if resource.package != "aws" or not isinstance(tags, dict):
        return
    if len(tags) > AWS_COUNT:
        yield _bad(resource, name, f"has {len(tags)} tags", f"AWS allows {AWS_COUNT} a resource; remove some")
    for key, value in tags.items():
        where = f"{name}.{key}"
        if key.lower().startswith("aws:"):
            yield _bad(resource, where, f"tag key '{key}' begins with aws:", "that prefix is reserved; choose another")
        if not 1 <= len(key) <= AWS_KEY_LENGTH:
            yield _bad(resource, where, f"tag key of {len(key)} characters", f"use 1 to {AWS_KEY_LENGTH}")
        if not AWS_CHARACTERS.fullmatch(key):
            yield _bad(resource, where, f"tag key '{key}' has characters that AWS refuses", _AWS_ADVICE)
        if isinstance(value, str) and len(value) > AWS_VALUE_LENGTH:
            yield _bad(resource, where, f"tag value of {len(value)} characters", f"use at most {AWS_VALUE_LENGTH}")
        if isinstance(value, str) and not AWS_CHARACTERS.fullmatch(value):
            yield _bad(resource, where, f"tag value '{value}' has characters that AWS refuses", _AWS_ADVICE)


def check_gcp_labels(resource: DeclaredResource) -> Iterator[Finding]:
    """Google Cloud labels: characters, lengths, number."""
    schema = resource_schema(resource.type) if resource.package == "gcp" and resource.custom else None
    own = schema.label_property if schema else None
    name = "effectiveLabels" if "effectiveLabels" in resource.inputs else own
    labels = plain(resource.inputs.get(name)) if name else None
    if not isinstance(labels, dict):
        return
    if len(labels) > GCP_COUNT:
        yield _bad(resource, str(name), f"has {len(labels)} labels", f"at most {GCP_COUNT} are allowed; remove some")
    for key, value in labels.items():
        if not GCP_KEY.fullmatch(key):
            yield _bad(resource, f"{name}.{key}", f"label key '{key}' is refused by Google Cloud", _GCP_ADVICE)
        if value is not UNKNOWN and not GCP_VALUE.fullmatch(str(value)):
            yield _bad(resource, f"{name}.{key}", f"label value '{value}' is refused by Google Cloud", _GCP_ADVICE)


_AWS_ADVICE = "use letters, digits, spaces and _ . : / = + - @"
_GCP_ADVICE = "use up to 63 of a-z, 0-9, _ and -; a key begins with a letter"


def _bad(resource: DeclaredResource, where: str, message: str, remedy: str) -> Finding:
    return resource.finding("tag-refused", where, message, remedy)
