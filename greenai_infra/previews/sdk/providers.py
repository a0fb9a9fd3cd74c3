"""The providers of a stack, on all clouds: each handles only resources of its package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.declared import PROVIDER_PREFIX
from greenai_infra.previews.sdk.aws_provider import AwsProviders
from greenai_infra.previews.sdk.gcp_provider import GcpProviders

if TYPE_CHECKING:
    from google.protobuf import struct_pb2


class Providers:
    """What the providers of a stack add to its resources, and where they put them."""

    def __init__(self, config: dict[str, str]) -> None:
        self._of: dict[str, AwsProviders | GcpProviders] = {"aws": AwsProviders(config), "gcp": GcpProviders(config)}

    def check(self, urn: str, type_: str, provider: str, inputs: struct_pb2.Struct) -> None:
        """Add to a resource's inputs what its provider's Check adds; note the config of a provider."""
        if (own := self._of.get(package_of(type_))) is not None:
            own.check(urn, type_, provider, inputs)

    def region(self, type_: str, provider: str, inputs: dict[str, Any]) -> str:
        """Where a resource stands; empty for what is global, not known, or of another package."""
        own = self._of.get(package_of(type_))
        return own.region(type_, provider, inputs) if own is not None else ""


def package_of(type_: str) -> str:
    """`aws` of `aws:sns/topic:Topic` and of `pulumi:providers:aws`."""
    return type_.removeprefix(PROVIDER_PREFIX).partition(":")[0]
