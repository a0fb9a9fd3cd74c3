"""Looks up the names of a serving run: precision, engine, chip, architecture."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from greenai_infra.catalog.accelerators import find_accelerator
from greenai_infra.catalog.models import ARCHITECTURES
from greenai_infra.catalog.read import near, table
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from greenai_infra.catalog.accelerators import Accelerator

NEWEST_ENGINE = "vllm-0.11"
OTHER_CHIPS = "other"
_ARCHITECTURE_WORDS = (
    ("hybrid", "hybrid"), ("mamba", "hybrid"), ("mixture", "moe"), ("moe", "moe"), ("expert", "moe"), ("sparse", "moe"),
    ("rnn", "rnn"), ("recurrent", "rnn"), ("rwkv", "rnn"),
)  # fmt: skip


class Precision(NamedTuple):
    """A precision of weights: its name, bytes per weight, and the chip precisions in which it computes, best first."""

    name: str
    weight_bytes: float
    compute: tuple[str, ...]


class Engine(NamedTuple):
    """The measured engine that represents the stated engine, whether the stated engine was measured, and a note."""

    profile: str
    measured: bool
    note: str


class ChipClass(NamedTuple):
    """The measured class that represents a chip, and whether the chip itself was measured."""

    accelerator: Accelerator
    chip_class: str
    measured: bool
    note: str


@cache
def find_precision(name: str) -> Precision:
    """The precision of that name. Raises InputError, with the known precisions."""
    known = {
        row.text("name"): Precision(
            row.text("precision"), row.number("weight_bytes"), tuple(row.text("compute").split())
        )
        for row in table("serving-precisions.csv", ("name", "precision", "weight_bytes", "compute"))
    }
    found = known.get(name.strip().casefold())
    if found is None:
        names = sorted({precision.name for precision in known.values()})
        raise InputError(f"unknown precision '{name}'{near(name, known)}; known are {', '.join(names)}")
    return found


@cache
def find_engine(name: str | None) -> Engine:
    """The profile of an engine such as `vllm-0.11.1`; by default the newest vLLM."""
    if not name or not name.strip():
        return Engine(NEWEST_ENGINE, True, "engine not given: vLLM 0.11")
    text = name.strip().casefold()
    product = re.split(r"[\s/:=@]|-?v?\d", text)[0].rstrip("-")
    version = re.search(r"\d+(?:\.\d+)?", text)
    number = tuple(int(part) for part in version[0].split(".")) if version else (999,)
    found = None
    for row in table("serving-engines.csv", ("name", "from_version", "profile", "measured", "note")):
        least = tuple(int(part) for part in row.text("from_version").split("."))
        if row.text("name") == product and number >= least:
            found = row
    if found is None:
        return Engine(NEWEST_ENGINE, False, f"unknown engine '{name}': extrapolated from vLLM 0.11")
    measured = found.flag("measured")
    return Engine(found.text("profile"), measured, "" if measured else f"{name}: {found.text('note')}")


@cache
def find_chip(name: str) -> ChipClass:
    """The chip of that name with its measured class. Raises InputError for an unknown chip."""
    for row in table("serving-chips.csv", ("name", "accelerator", "chip_class", "measured", "note")):
        if row.text("name").casefold() == name.strip().casefold():
            chip = find_accelerator(row.text("accelerator"))
            alias = row.text("name") != chip.name
            measured = row.flag("measured")
            note = "" if measured else f"{chip.name} was not measured, so this is extrapolated: {row.text('note')}"
            return ChipClass(chip, row.text("chip_class"), measured, row.text("note") if alias else note)
    chip = find_accelerator(name)
    return ChipClass(
        chip, OTHER_CHIPS, False, f"{chip.name} was not measured, so this is extrapolated: mean of the measured chips"
    )


def read_architecture(text: str | None) -> str | None:
    """`dense`, `moe`, `hybrid`, `hybrid-moe` or `rnn` from text such as `Mamba-Transformer Hybrid`; None for None."""
    if not text or not text.strip():
        return None
    word = text.strip().casefold()
    if word in ARCHITECTURES:
        return word
    found = {kind for part, kind in _ARCHITECTURE_WORDS if part in word}
    if {"hybrid", "moe"} <= found:
        return "hybrid-moe"
    for kind in ("hybrid", "moe", "rnn"):
        if kind in found:
            return kind
    if any(part in word for part in ("dense", "transformer", "decoder")):
        return "dense"
    raise InputError(f"unknown architecture '{text}'; known are {', '.join(ARCHITECTURES)}")
