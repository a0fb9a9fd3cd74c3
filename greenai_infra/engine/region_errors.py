"""Table of AWS and Google Cloud errors that are specific to a region, so that the next region of a ranking may help.

In an opt-in region that the account has not enabled, each service says in its own words that the credentials are
invalid. In every other region those words mean invalid credentials.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenai_infra.engine.gcp_errors import GCP_CAPACITY
from greenai_infra.errors import NoCapacity, RegionClosed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.catalog.regions import Region

QUOTAS = (
    "ask for more of the one that is named above, or remove what is no longer used:  aws service-quotas "
    "list-service-quotas --region {region} --service-code {service}  and  aws service-quotas "
    "request-service-quota-increase --region {region} --service-code {service} --quota-code CODE --desired-value N"
)

GLOBAL_ACTION = r"not authorized to perform: (?:iam|organizations|account|budgets|sts):"
"""Actions whose denial applies in every region."""


@dataclass(frozen=True)
class Cause:
    """A pattern in what the cloud says, what is wrong, and how to mend it; {region} and {service} are filled in.

    A message that also matches `unless` has another cause. `opt_in` rows hold in regions that an account must enable.
    `said` is the error to raise.
    """

    pattern: str
    what: str
    remedy: str
    said: type[NoCapacity] = NoCapacity
    opt_in: bool = False
    service: str = "ec2"
    unless: str = ""

    def fits(self, error: str, opt_in: bool) -> bool:
        """Whether a diagnostic is of this kind, in a region that must be enabled or not."""
        if self.opt_in and not opt_in:
            return False
        if self.unless and re.search(self.unless, error, re.IGNORECASE):
            return False
        return re.search(self.pattern, error, re.IGNORECASE) is not None

    def told(self, region: str) -> tuple[str, str]:
        """What is wrong in a region, and how to mend it."""
        words = {"region": region or "the region", "service": self.service}
        return self.what.format(**words), self.remedy.format(**words)


CAPACITY = Cause(
    r"InsufficientInstanceCapacity|CapacityError|no capacity|insufficient (\w+ )?capacity|"
    r"unable to provision requested ML compute capacity|not available in this region",
    "",
    "",
)

CAUSES: tuple[Cause, ...] = (
    Cause(
        r"UnrecognizedClientException|InvalidClientTokenId|AuthFailure\b(?!\.)|OptInRequired|InvalidToken\b|"
        r"IllegalLocationConstraint|location constraint is incompatible",
        "{region} is most likely not enabled in the AWS account, which is told there that its credentials are invalid",
        "aws account enable-region --region-name {region}  (it takes minutes to hours: aws account "
        "get-region-opt-status --region-name {region}); if it is enabled, sign in again: aws sso login",
        said=RegionClosed,
        opt_in=True,
    ),
    Cause(
        r"(?:explicit deny in a|because no|denied by an?) (?:service|resource) control policy",
        "a policy of your organisation denies it, whatever the account's own policies allow; often all of a region",
        "ask who runs the AWS organisation to allow {region}, or put the region under where.deny in the workload file "
        "and plan again",
        said=RegionClosed,
        unless=GLOBAL_ACTION,
    ),
    Cause(
        r"VpcLimitExceeded|(?:Subnet|SecurityGroup|RouteTable|NetworkInterface|VpcEndpoint)\w*LimitExceeded",
        "the account has as many networks (VPCs, or parts of them) in {region} as its quota allows",
        QUOTAS,
        service="vpc",
    ),
    Cause(
        r"AddressLimitExceeded",
        "the account has as many Elastic IP addresses in {region} as its quota allows",
        QUOTAS,
    ),
    Cause(
        r"VcpuLimitExceeded|InstanceLimitExceeded",
        "the account's quota of vCPUs of such instances in {region} is used up; for a new account it is 0",
        QUOTAS,
    ),
    Cause(
        r"MaxSpotInstanceCountExceeded|SpotMaxPriceTooLow",
        "the account's quota of spot instances in {region} is used up",
        QUOTAS,
    ),
    CAPACITY,
    Cause(
        r"ResourceLimitExceeded|account-level service limit",
        "the account's SageMaker quota in {region} is used up; for large instances it is 0 at first",
        QUOTAS,
        service="sagemaker",
    ),
    Cause(
        r"ServiceQuotaExceeded|LimitExceeded(?:Exception|Fault)?\b|QuotaExceeded(?:Exception|Fault)\b",
        "the account's quota in {region} is used up",
        "ask for more of what is named above:  aws service-quotas list-services  and  aws service-quotas "
        "list-service-quotas --region {region} --service-code CODE",
        unless=rf"RequestLimitExceeded|operation error (?:IAM|Budgets|Organizations)\b|{GLOBAL_ACTION}",
    ),
)
"""In order: the first that fits counts."""


def regional(errors: Sequence[str], region: Region | None) -> tuple[Cause, str] | None:
    """Returns the cause and its diagnostic if all errors are regional; a closed region goes before a full region."""
    found = [(cause, one) for one in errors if (cause := _cause_of(one, region))]
    if not found or len(found) < len(errors):
        return None
    return next((pair for pair in found if pair[0].said is RegionClosed), found[0])


def _cause_of(error: str, region: Region | None) -> Cause | None:
    opt_in = region is not None and region.opt_in
    found = next((cause for cause in CAUSES if cause.fits(error, opt_in)), None)
    return found or (CAPACITY if GCP_CAPACITY.match(error) else None)
