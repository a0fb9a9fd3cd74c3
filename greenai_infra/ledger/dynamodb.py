"""A ledger in a DynamoDB table, shared by a team's machines and clouds (extra aws).

All items of a project are in the same partition, so that a transaction sees them: `partition` is the JSON text of
`[team, project]`, `item` is one of

    budget                     the newest budget, with a revision; budget#REVISION keeps each
    run#ID, reservation#ID, release#ID, correction#ID     an entry; a run has `net_kg`, with its corrections
    sum#2026, sum#2026-03      kg used and reserved in a period: `total`, `training`, `inference`
    newest                     when the last entry was stored

An entry and the sums that it changes are written in one transaction. It puts the entry only if the id is new, and adds
a reservation only while the sums are below their limits. DynamoDB's transactions are serialisable, so concurrent
writers cannot commit more than the budget. Figures are decimals, exact to 1e-12 kg.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from greenai_infra.clock import format_time, parse_time
from greenai_infra.contracts.ledger_entry import Entry, EntryType
from greenai_infra.errors import Refused
from greenai_infra.footprint.budget import (
    KINDS,
    ROUNDING_KG,
    Allowance,
    Committed,
    Period,
    Share,
    excesses,
    limits,
)
from greenai_infra.ledger.dynamodb_table import DynamoTable, Item, wire
from greenai_infra.ledger.entries import (
    OverBudget,
    no_budget,
    refuse_another,
    refuse_below_zero,
    refuse_nothing,
    refuse_settled,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

_STEP_KG = Decimal("1e-12")
Deltas = dict[str, dict["Share", Decimal]]
"""What is added to which sum."""


class DynamoLedger(DynamoTable):
    """A ledger in a table with the string keys `partition` and `item`, as the stack program `ledger` builds it."""

    def set_allowance(self, team: str, project: str, allowance: Allowance, at: datetime) -> None:
        """Sets the budget from now on; see `Ledger`."""
        key = _partition(team, project)

        def attempt() -> None:
            held = self._get(key, "budget")
            revision = int(held["revision"]) + 1 if held else 1
            shares = {"training_share": allowance.training_share, "inference_share": allowance.inference_share}
            limits_kg = {"year_kg": allowance.year_kg, "month_kg": allowance.month_kg}
            figures = {name: _exact(value) for name, value in (limits_kg | shares).items() if value is not None}
            values: Item = {"revision": revision, "at": format_time(at), **figures}
            unchanged = (
                {"ConditionExpression": "revision = :held", "ExpressionAttributeValues": wire({":held": revision - 1})}
                if held
                else {
                    "ConditionExpression": "attribute_not_exists(#item)",
                    "ExpressionAttributeNames": {"#item": "item"},
                }
            )
            self._write(
                [
                    {"Put": {**self._of(), "Item": wire({"partition": key, "item": "budget", **values}), **unchanged}},
                    self._put_new(key, f"budget#{revision:08}", values),
                ]
            )

        self._until_done(attempt)

    def balance(self, team: str, project: str, at: datetime) -> tuple[Allowance | None, Committed]:
        """The budget and what is committed of it; see `Ledger.balance`."""
        key = _partition(team, project)
        budget, year, month = self._read(key, "budget", *_sum_names(at).values())
        return _allowance(budget), Committed(_committed(year), _committed(month))

    def add(self, entry: Entry) -> bool:
        """Stores an entry; see `Ledger.add`."""
        return self._until_done(lambda: self._attempt(entry))

    def entries(self, team: str, project: str) -> list[Entry]:
        """Every entry of a project, oldest first."""
        found = [_entry(team, project, item) for item in self._query(_partition(team, project)) if "entry_id" in item]
        return sorted(found, key=lambda entry: entry.stored_at)

    def newest(self, team: str, project: str) -> datetime | None:
        """When the last entry of a project was stored."""
        held = self._get(_partition(team, project), "newest")
        return parse_time(held["stored_at"]) if held else None

    def _attempt(self, entry: Entry) -> bool:
        """Reads what the entry depends on, and writes it on the condition that this still holds."""
        key = _partition(entry.team, entry.project)
        names = [f"{type_.value}#{entry.run_id}" for type_ in (EntryType.RUN, EntryType.RESERVATION, EntryType.RELEASE)]
        own, run, reservation, release = self._read(key, _name(entry), *names)
        held = _entry(entry.team, entry.project, own) if own else None
        if held is not None:
            refuse_another(held, entry)
        if entry.type is EntryType.RESERVATION:
            refuse_settled(entry, recorded=bool(run) and not held, released=bool(release))
        if held is not None:
            return False
        if entry.type is EntryType.RESERVATION:
            return self._reserve(entry, key, names[0])
        open_reservation = reservation if reservation and not run and not release else None
        deltas: Deltas = {}
        more: list[Item] = []
        if entry.type is EntryType.CORRECTION:
            refuse_nothing(_entry(entry.team, entry.project, run) if run else None, entry)
            refuse_below_zero(float(run["net_kg"]) if run else 0.0, entry)
            more.append(self._correct_run(key, names[0], _kg(entry.kg)))
        if entry.type is EntryType.RELEASE:
            refuse_nothing(_entry(entry.team, entry.project, reservation) if reservation else None, entry)
            refuse_settled(entry, recorded=bool(run), released=False)
        else:
            _count(deltas, entry, _kg(entry.kg))
        if entry.type is not EntryType.CORRECTION:
            if open_reservation:
                more.append(self._settle(key, names[1]))
                held_back = _entry(entry.team, entry.project, open_reservation)
                _count(deltas, held_back, -_kg(held_back.kg))
            elif reservation is None:
                more.append(self._none_yet(key, names[1]))
        self._write([self._put_entry(key, entry), *more, *self._add_up(key, deltas), self._newest(key, entry)])
        return True

    def _reserve(self, entry: Entry, key: str, run_name: str) -> bool:
        sums = _sum_names(entry.at)
        budget, year, month = self._read(key, "budget", *sums.values())
        allowance = _allowance(budget)
        if budget is None or allowance is None:
            raise Refused(no_budget(entry.team, entry.project))
        broken = excesses(allowance, Committed(_committed(year), _committed(month)), entry.kind, entry.kg)
        if broken:
            raise OverBudget(broken)
        deltas: Deltas = {}
        _count(deltas, entry, _kg(entry.kg))
        room: dict[str, list[tuple[str, Decimal]]] = {}
        for period, share, limit_kg in limits(allowance, entry.kind):
            most = _kg(limit_kg + ROUNDING_KG) - _kg(entry.kg)
            room.setdefault(sums[period], []).append((share or "total", most))
        self._write(
            [
                self._put_entry(key, entry),
                self._none_yet(key, run_name),
                self._unchanged_budget(key, int(budget["revision"])),
                *self._add_up(key, deltas, room),
                self._newest(key, entry),
            ]
        )
        return True

    def _settle(self, key: str, name: str) -> Item:
        """Marks a reservation as settled, once: its kilograms leave the sums."""
        return {
            "Update": {
                **self._of(key, name),
                "UpdateExpression": "SET settled = :yes",
                "ConditionExpression": "attribute_exists(entry_id) AND attribute_not_exists(settled)",
                "ExpressionAttributeValues": wire({":yes": True}),
            }
        }

    def _correct_run(self, key: str, name: str, kg: Decimal) -> Item:
        return {
            "Update": {
                **self._of(key, name),
                "UpdateExpression": "ADD net_kg :kg",
                "ConditionExpression": "net_kg >= :least",
                "ExpressionAttributeValues": wire({":kg": kg, ":least": -kg - Decimal("1e-9")}),
            }
        }

    def _add_up(
        self,
        key: str,
        deltas: Deltas,
        room: dict[str, list[tuple[str, Decimal]]] | None = None,
    ) -> Iterator[Item]:
        """Adds to the sums of periods; with `room` only if each named sum is at most its limit."""
        for name, by_kind in deltas.items():
            added: Item = {"total": sum(by_kind.values())}
            added |= {kind: by_kind[kind] for kind in KINDS if kind in by_kind}
            update: Item = {
                **self._of(key, name),
                "UpdateExpression": "ADD " + ", ".join(f"#{each} :{each}" for each in added),
                "ExpressionAttributeNames": {f"#{each}": each for each in added},
                "ExpressionAttributeValues": {f":{each}": value for each, value in added.items()},
            }
            conditions = []
            for each, most in (room or {}).get(name, []):
                update["ExpressionAttributeValues"][f":most_{each}"] = most
                conditions.append(f"(attribute_not_exists(#{each}) OR #{each} <= :most_{each})")
            if conditions:
                update["ConditionExpression"] = " AND ".join(conditions)
            update["ExpressionAttributeValues"] = wire(update["ExpressionAttributeValues"])
            yield {"Update": update}

    def _put_entry(self, key: str, entry: Entry) -> Item:
        values: Item = {
            "entry_id": entry.entry_id, "run_id": entry.run_id, "type": entry.type.value, "kind": entry.kind,
            "kg": _exact(entry.kg), "at": format_time(entry.at), "stored_at": format_time(entry.stored_at),
            "source": entry.source, "note": entry.note,
        }  # fmt: skip
        if entry.type is EntryType.RUN:
            values["net_kg"] = _kg(entry.kg)
        return self._put_new(key, _name(entry), values)

    def _unchanged_budget(self, key: str, revision: int) -> Item:
        return {
            "ConditionCheck": {
                **self._of(key, "budget"),
                "ConditionExpression": "revision = :revision",
                "ExpressionAttributeValues": wire({":revision": revision}),
            }
        }

    def _newest(self, key: str, entry: Entry) -> Item:
        return {
            "Update": {
                **self._of(key, "newest"),
                "UpdateExpression": "SET stored_at = :at",
                "ExpressionAttributeValues": wire({":at": format_time(entry.stored_at)}),
            }
        }


def _partition(team: str, project: str) -> str:
    return json.dumps([team, project], ensure_ascii=False)


def _name(entry: Entry) -> str:
    return f"{entry.type.value}#{entry.entry_id}"


def _sum_names(at: datetime) -> dict[Period, str]:
    return {"year": f"sum#{at:%Y}", "month": f"sum#{at:%Y-%m}"}


def _exact(kg: float) -> Decimal:
    return Decimal(repr(kg)) if abs(kg) > 1e-100 else Decimal(0)


def _kg(kg: float) -> Decimal:
    return Decimal(f"{Decimal(repr(kg)).quantize(_STEP_KG).normalize():f}")


def _count(deltas: Deltas, entry: Entry, kg: Decimal) -> None:
    for name in _sum_names(entry.at).values():
        by_kind = deltas.setdefault(name, {})
        by_kind[entry.kind] = by_kind.get(entry.kind, Decimal(0)) + kg


def _committed(sums: Item | None) -> dict[Share, float]:
    found = {name: Decimal((sums or {}).get(name, 0)) for name in ("total", *KINDS)}
    training, inference = found["training"], found["inference"]
    return {
        "training": float(training),
        "inference": float(inference),
        "any": float(found["total"] - training - inference),
    }


def _allowance(budget: Item | None) -> Allowance | None:
    if budget is None:
        return None
    month_kg = budget.get("month_kg")
    return Allowance(
        float(budget["year_kg"]),
        None if month_kg is None else float(month_kg),
        float(budget["training_share"]),
        float(budget["inference_share"]),
    )


def _entry(team: str, project: str, item: Item) -> Entry:
    return Entry(
        team, project, EntryType(item["type"]), cast("Share", item["kind"]), item["entry_id"], item["run_id"],
        float(item["kg"]), parse_time(item["at"]), parse_time(item["stored_at"]), item["source"], item["note"],
    )  # fmt: skip
