"""The runs of emissions reports (CodeCarbon's `emissions.csv`) as what a ledger records of them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenai_infra.monitoring.emissions_runs import read_runs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from greenai_infra.monitoring.emissions_file import EmissionsRow


@dataclass(frozen=True, slots=True)
class Reported:
    """kg CO2e of a run; its id is the tracker's, or made of the content where the tracker has none."""

    run_id: str
    kg: float
    source: str


def runs_reported(paths: Sequence[Path]) -> list[Reported]:
    """Each run of the reports once. Raises InputError with file and line for what can't be true.

    The same report read again has the same ids, whatever it is called: nothing is recorded twice.
    """
    found, same = [], Counter[str]()
    for parts in read_runs(paths)[0]:
        run_id = _id_of(parts[-1])
        same[run_id] += 1
        if same[run_id] > 1:  # equal rows without an id are as many runs
            run_id = f"{run_id}-{same[run_id]}"
        found.append(Reported(run_id, sum(row.emissions_kg for row in parts), parts[-1].where))
    return found


def _id_of(row: EmissionsRow) -> str:
    if row.run_id is not None:
        return row.run_id
    content = json.dumps(sorted(row.fields.items()), ensure_ascii=False)
    return f"row-{hashlib.sha256(content.encode(errors='surrogatepass')).hexdigest()[:16]}"
