"""The key that all data of a stack is encrypted with (CMEK)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenai_infra.stacks.gcp.site import Site

ROTATION = "7776000s"
"""90 days, as Google recommends."""
DESTROY_AFTER = "2592000s"
"""A key version that is destroyed can be restored for 30 days."""


@dataclass(frozen=True)
class EncryptionKeyArgs:
    """`agents`: for each service that encrypts with the key, a short name and the IAM member of its service agent."""

    site: Site
    agents: Mapping[str, Any]
    given: str | None = None
    """The user's existing key, by its full name: no key is made, and its users stay unchanged."""


class EncryptionKey(pulumi.ComponentResource):  # type: ignore[misc]
    """Customer-managed key that rotates, and the right to use it for the services that store the stack's data.

    Let what is encrypted with it depend on the component: a service can use the key only once it may. Google keeps key
    rings and the names of keys for good; destroy destroys the versions of the key, and with them what was encrypted.
    """

    def __init__(self, name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:gcp:EncryptionKey", name, None, opts)
        if args.given is not None:
            self.id: Any = args.given
            self.register_outputs({"id": self.id})
            return
        site, child = args.site, pulumi.ResourceOptions(parent=self)
        ring = gcp.kms.KeyRing(f"{site.name}-ring", project=site.gcp_project, location=site.region, opts=child)
        # checkov:skip=CKV_GCP_82: it goes with the stack, after DESTROY_AFTER in which it can be brought back
        self.key = gcp.kms.CryptoKey(
            f"{site.name}-key",
            key_ring=ring.id,
            purpose="ENCRYPT_DECRYPT",
            rotation_period=ROTATION,
            destroy_scheduled_duration=DESTROY_AFTER,
            labels=dict(site.labels),
            opts=child,
        )
        for what, member in args.agents.items():
            gcp.kms.CryptoKeyIAMMember(
                f"{site.name}-key-{what}",
                crypto_key_id=self.key.id,
                role="roles/cloudkms.cryptoKeyEncrypterDecrypter",
                member=member,
                opts=child,
            )
        self.id = self.key.id
        self.register_outputs({"id": self.id})
