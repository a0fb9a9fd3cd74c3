"""Which training instances have local disks.

SageMaker refuses a volume key for them: the instance's hardware encrypts their NVMe disks, and no EBS volume is
created. Source: AWS, "Instance store volumes" (EC2 user guide) and `VolumeKmsKeyId` (SageMaker API reference).
"""

from __future__ import annotations

import re

# Accelerated families with local disks that don't say so by a `d` in their name.
_LOCAL_DISK = {
    *("dl1", "g5", "g6", "g6e", "g7e", "gr6"),
    *("p5", "p5e", "p5en", "p6-b200", "p6-b300", "p6e-gb200"),
    *("trn1", "trn1n", "trn2", "trn2u"),
}
# m5d, c6gd, g4dn, p4de, r6idn: a `d` among the letters after the generation.
_NAMED_DISK = re.compile(r"[a-z]+\d+[a-z]*d[a-z]*")


def has_local_disk(instance_type: str) -> bool:
    """Whether `ml.FAMILY.SIZE` has encrypted local disks. False for an unknown family."""
    family = instance_type.removeprefix("ml.").split(".")[0]
    return family in _LOCAL_DISK or _NAMED_DISK.fullmatch(family) is not None
