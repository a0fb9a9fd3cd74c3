"""The DynamoDB table of a carbon ledger that a team shares."""

from __future__ import annotations

from typing import Any

from greenai_infra.contracts.stack.ledger import LEDGER_EXAMPLE, read_ledger_config
from greenai_infra.stacks.aws import CarbonLedger, CarbonLedgerArgs
from greenai_infra.stacks.config import read_section


def run() -> dict[str, Any]:
    """Declare the stack; the ledger's name and the policies of those who use it."""
    config = read_section("ledger", read_ledger_config, LEDGER_EXAMPLE)
    return dict(CarbonLedger(config.workload, CarbonLedgerArgs(config)).outputs)
