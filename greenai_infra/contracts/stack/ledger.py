"""The section `ledger` of an AWS stack: the DynamoDB table of a carbon ledger."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from greenai_infra.contracts.stack import StackSpec
from greenai_infra.contracts.stack.fields import PROJECT, AwsRegion, CarbonTagged, carbon_example, read_typed


class LedgerConfig(CarbonTagged, frozen=True, kw_only=True):
    """Config of a ledger stack. A single ledger holds the budgets of all teams and projects."""

    provider: Literal["aws"] = "aws"
    region: AwsRegion
    table: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{3,255}\Z", examples=["greenai-ledger"])] = "greenai-ledger"
    """Its name, as in `--ledger dynamodb:greenai-ledger@eu-north-1`."""
    recovery_days: Annotated[int, Meta(ge=1, le=35)] = 35
    """How far back the table can be restored to any second."""
    deletion_protection: bool = True
    """Whether `destroy` is refused by AWS; to remove the ledger, set false, run `up`, then `destroy`."""


LEDGER_EXAMPLE = """\
greenai-infra:ledger:
  workload: carbon-ledger
  project: platform
  team: platform
  region: eu-north-1
""" + carbon_example("SE-SE3", 20)
"""The least that a ledger stack's config holds."""


def read_ledger_config(values: Any, where: str = f"{PROJECT}:ledger") -> LedgerConfig:
    """The typed config from what `pulumi.Config().get_object("ledger")` or a YAML file holds."""
    return read_typed(LedgerConfig, values, where, LEDGER_EXAMPLE)


SPEC = StackSpec(
    program="ledger",
    cloud="aws",
    config=LedgerConfig,
    example=LEDGER_EXAMPLE,
)
