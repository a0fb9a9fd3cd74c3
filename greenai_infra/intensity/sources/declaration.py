"""What holds for all rows of a zone in a file: said by its columns, its header or the caller, and never guessed."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

from greenai_infra.clock import parse_time
from greenai_infra.errors import InputError
from greenai_infra.intensity.model.values import Basis, Signal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from greenai_infra.intensity.sources.csv_file import CsvFile

_Choice = TypeVar("_Choice", bound=StrEnum)


class FileKind(StrEnum):
    """What the rows of a file are. Steps of a history after the moment of planning are hidden."""

    HISTORY = "history"
    FORECAST = "forecast"


class Samples(StrEnum):
    """Whether a row is the mean from its time on, or the value at its time."""

    INTERVAL = "interval"
    POINT = "point"


class Declaration(Struct, frozen=True):
    """What holds for all rows of a zone."""

    signal: Signal
    basis: Basis
    kind: FileKind
    samples: Samples
    source: str
    issued_at: datetime | None


def declare(file: CsvFile, by_row: dict[str, str], stated: Mapping[str, StrEnum | None], where: str) -> Declaration:
    """What the columns, the file's header and the caller declare about rows; all declarations must agree."""

    def said(key: str, choices: type[_Choice]) -> _Choice | None:
        given = {
            "its column": by_row.get(key, ""),
            "its header": file.declared.get(key, ""),
            "what is asked for": stated.get(key) or "",
        }
        sayings = {by: text.casefold() for by, text in given.items() if text}
        for text in sayings.values():
            if text not in set(choices):
                raise InputError(f"{where}: {key} '{text}' is not one of {', '.join(choices)}")
        if len(set(sayings.values())) > 1:
            words = " but ".join(f"'{text}' by {by}" for by, text in sayings.items())
            raise InputError(f"{where}: {key} is {words}")
        return next((choices(text) for text in sayings.values()), None)

    signal, basis = said("signal", Signal), said("basis", Basis)
    for key, value in (("signal", signal), ("basis", basis)):
        if value is None:
            choices = " or ".join(f"'{choice}'" for choice in (Signal if key == "signal" else Basis))
            raise InputError(
                f"{where}: the file doesn't state its {key}: add a first line `# {key}: ...` ({choices}) "
                f"or give --{key}"
            )
    assert signal is not None
    assert basis is not None
    issued = file.declared.get("issued_at")
    return Declaration(
        signal,
        basis,
        said("kind", FileKind) or FileKind.HISTORY,
        said("samples", Samples) or Samples.INTERVAL,
        file.declared.get("source") or f"file {file.path.name}",
        parse_time(issued) if issued else None,
    )
