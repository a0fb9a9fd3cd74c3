"""Opens a ledger by its name: a file, or `dynamodb:TABLE[@REGION]`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from greenai_infra.errors import InputError
from greenai_infra.ledger.dynamodb import DynamoLedger
from greenai_infra.ledger.sqlite import SqliteLedger

if TYPE_CHECKING:
    from greenai_infra.ledger.entries import Ledger

VARIABLE = "GREENAI_LEDGER"
_DYNAMODB = re.compile(r"dynamodb:([A-Za-z0-9_.-]{3,255})(?:@([a-z]{2}(?:-[a-z]+)+-\d))?")


def open_ledger(name: str | os.PathLike[str]) -> Ledger:
    """The ledger of that name. Raises InputError for an impossible name; nothing is read or created yet."""
    text = os.fspath(name)
    if not text.strip():
        raise InputError("the ledger's name is empty; give a file, or dynamodb:TABLE@REGION")
    if text.startswith("dynamodb:"):
        found = _DYNAMODB.fullmatch(text)
        if found is None:
            raise InputError(f"'{text}' names no ledger; write it like dynamodb:greenai-ledger@eu-north-1")

        return DynamoLedger(found[1], found[2])
    if re.match(r"[a-z][a-z0-9+]+:", text):
        raise InputError(f"'{text}' names no ledger; give a file, or dynamodb:TABLE@REGION")

    return SqliteLedger(Path(text))


def ledger_from_environment() -> str | None:
    """The value of GREENAI_LEDGER; None if it is unset or empty."""
    return os.environ.get(VARIABLE) or None
