"""Counting: one row a kind of fault, and the table that pytest prints at its end."""

from collections import Counter
from collections.abc import Iterable

from .oracle import Wrong
from .runner import Outcome

FIRST, WIDTH = 26, 13
RESULTS = ("answered", "flagged", "refused")


class Tally:
    """What came of all cases so far."""

    def __init__(self) -> None:
        self.rows: dict[str, Counter[str]] = {}
        self.sources: dict[str, Counter[str]] = {}
        self.lines: list[str] = []

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Count a case once under its result, and once under each way in which it went wrong."""
        for outcome in outcomes:
            counts = ["cases", outcome.result, *{one.wrong.value for one in outcome.findings}]
            self.rows.setdefault(outcome.kind, Counter()).update(counts)
            self.sources.setdefault(outcome.source, Counter()).update(counts)
            self.lines += [f"{outcome.name}\n    {one.wrong}: {one.what}" for one in outcome.findings]

    @property
    def total(self) -> Counter[str]:
        """The sums of all rows."""
        return sum(self.rows.values(), Counter())

    def table(self) -> list[str]:
        """Lines of the table: by kind of fault, by source, and of all."""
        columns = ["cases", *RESULTS, *Wrong]
        lines = [f"{'fault':<{FIRST}}" + "".join(f"{column:>{WIDTH}}" for column in columns)]
        parts = (sorted(self.rows.items()), sorted(self.sources.items()), [("all", self.total)])
        for part in parts:
            lines += [
                "",
                *(f"{name:<{FIRST}}" + "".join(f"{row[one]:>{WIDTH},}" for one in columns) for name, row in part),
            ]
        return lines
