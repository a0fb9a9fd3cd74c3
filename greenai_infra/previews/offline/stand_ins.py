"""Stand-ins for values that exist only after `up`, so that documents built from ARNs and names can be read before `up`.

A stand-in has only the form of the real value; it is never shown and never compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.previews.sdk.schema import kinds, resource_schema

if TYPE_CHECKING:
    from google.protobuf import struct_pb2

    from greenai_infra.previews.offline.monitor import StandIns

ACCOUNT = "123456789012"
GCP_PROJECT = "project-0"
_GLOBAL = ("iam", "budgets", "cloudfront", "route53")
_ACCOUNT_PROPERTIES = ("ownerId", "accountId", "registryId", "owner")


def make_stand_ins(default_region: str) -> StandIns:
    """Stand-ins for the resources of a stack in this region."""

    def stand_ins(type_: str, name: str, answer: struct_pb2.Struct) -> tuple[str, dict[str, Any]]:
        schema = resource_schema(type_)
        if schema is None:
            return name, {}
        region = answer.fields["region"].string_value if "region" in answer.fields else default_region
        texts = [key for key, kind in schema.outputs.items() if [one.form for one in kinds(kind)] == ["str"]]
        if type_.startswith("gcp:"):
            return name, {key: _gcp_text(key, name) for key in texts}
        values = {key: _text(key, type_, name, region or "us-east-1") for key in texts}
        return name, values

    return stand_ins


def _gcp_text(key: str, name: str) -> str:
    account = f"service-{ACCOUNT}@{name}.iam.gserviceaccount.com"
    known = {
        "email": account,
        "member": f"serviceAccount:{account}",
        "project": GCP_PROJECT,
        "selfLink": f"https://www.googleapis.com/{GCP_PROJECT}/{name}",
        "url": f"gs://{name}",
    }
    return known.get(key, name)


def _text(key: str, type_: str, name: str, region: str) -> str:
    module, _, resource = type_.split(":")[1].partition("/")
    if key in _ACCOUNT_PROPERTIES:
        return ACCOUNT
    if key == "region":
        return region
    if key == "arn" or key.endswith("Arn"):
        place = "::" if module == "s3" else f":{ACCOUNT}" if module in _GLOBAL else f"{region}:{ACCOUNT}"
        path = name if module in ("s3", "sns", "sqs") else f"{resource or module}/{name}"
        return f"arn:aws:{module}:{place}:{path}" if module != "s3" else f"arn:aws:s3:::{path}"
    if key.lower().endswith("url"):
        return f"{ACCOUNT}.dkr.ecr.{region}.amazonaws.com/{name}" if module == "ecr" else f"https://{name}.example"
    return name
