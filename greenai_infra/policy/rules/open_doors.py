"""What opens a resource to everybody: by the names of properties, and by type where the name does not say it all."""

from __future__ import annotations

RANGES = frozenset({"cidrBlocks", "ipv6CidrBlocks", "cidrIpv4", "cidrIpv6"})
"""Properties of any type with the addresses from which a rule lets in, unless the rule is about what goes out."""
PUBLIC_IP = "a public address is given to it"
FLAGS = {
    "assignPublicIp": PUBLIC_IP,
    "associatePublicIpAddress": PUBLIC_IP,
    "enableExternalIps": PUBLIC_IP,
    "ipv4Enabled": PUBLIC_IP,
    "mapPublicIpOnLaunch": "what starts in it gets a public address",
    "publiclyAccessible": PUBLIC_IP,
}
"""Flags of any type, at any depth, that open a door -> what each does."""
ACLS = {
    "acl": ("public-read", "public-read-write", "authenticated-read"),
    "predefinedAcl": ("publicRead", "publicReadWrite", "authenticatedRead"),
}
"""Named access control lists of any type -> those that let everybody read."""
UNSEEN_FLAGS: dict[str, tuple[str, ...]] = {
    "gcp:tpu/v2QueuedResource:V2QueuedResource": ("tpu.nodeSpecs[].node.networkConfig",),
    "gcp:tpu/v2Vm:V2Vm": ("networkConfig", "networkConfigs[]"),
}
"""Objects that hold a flag: unknown as a whole, the flag can't be seen."""
GROUPS_OF_EVERYBODY = ("/groups/global/AllUsers", "/groups/global/AuthenticatedUsers")
"""Ends of the addresses that S3's access control lists have for everybody."""
