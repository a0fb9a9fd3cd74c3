"""Open models by name: parameters, layers, KV cache. Totals are arithmetic from the published configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from greenai_infra.catalog.read import near, table
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from greenai_infra.catalog.read import Row

ARCHITECTURES = ("dense", "moe", "hybrid", "hybrid-moe", "rnn")
_COLUMNS = (
    "model", "total_params_b", "active_params_b", "matmul_params_b", "layers", "sliding_window",
    "ssm_or_linear_layers", "kv_bytes_per_token", "kv_bytes_per_token_past_window", "hidden_size", "vocab", "experts",
    "experts_per_token", "architecture", "release_precision", "year", "source", "evidence",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OpenModel:
    """A model. Parameters are numbers, not billions.

    `matmul_parameters` are active parameters without an embedding that is only looked up.
    `expert_share` is experts per token over experts of a layer, 1 for a dense model. KV bytes are at 2 bytes per
    value; `kv_bytes_past_window` is the part that keeps growing beyond `window_tokens` (None without a window).
    `state_layers` are recurrent or linear-attention layers.
    """

    name: str
    architecture: str
    parameters: float
    active_parameters: float
    matmul_parameters: float
    expert_share: float
    layers: int
    hidden_size: int
    vocabulary: int
    kv_bytes_per_token: float
    kv_bytes_past_window: float
    window_tokens: float | None
    state_layers: int
    release_precision: str
    year: int
    source: str
    evidence: str


@cache
def models() -> tuple[OpenModel, ...]:
    """Every model of the table."""
    return tuple(_model(row) for row in table("open-models.csv", _COLUMNS))


def find_model(name: str) -> OpenModel:
    """The model of that name, with or without its owner; case and punctuation do not matter. Raises InputError."""
    found = known_model(name)
    if found is None:
        hint = near(name.split("/")[-1], [model.name.split("/")[-1] for model in models()])
        raise InputError(
            f"unknown model '{name}'{hint} (`greenai-infra estimate models` lists all; or give parameters)"
        )
    return found


def known_model(name: str) -> OpenModel | None:
    """The model of that name, or None."""
    return _by_name().get(_folded(name))


@cache
def _by_name() -> dict[str, OpenModel]:
    return {_folded(model.name): model for model in models()}


def _folded(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.split("/")[-1].casefold())


def _model(row: Row) -> OpenModel:
    experts, taken = row.optional("experts"), row.optional("experts_per_token")
    return OpenModel(
        name=row.text("model"),
        architecture=row.text("architecture"),
        parameters=row.number("total_params_b") * 1e9,
        active_parameters=row.number("active_params_b") * 1e9,
        matmul_parameters=row.number("matmul_params_b") * 1e9,
        expert_share=taken / experts if experts and taken else 1.0,
        layers=row.integer("layers"),
        hidden_size=row.integer("hidden_size"),
        vocabulary=row.integer("vocab"),
        kv_bytes_per_token=row.number("kv_bytes_per_token"),
        kv_bytes_past_window=row.number("kv_bytes_per_token_past_window"),
        window_tokens=row.optional("sliding_window"),
        state_layers=row.integer("ssm_or_linear_layers"),
        release_precision=row.text("release_precision"),
        year=row.integer("year"),
        source=row.text("source"),
        evidence=row.text("evidence"),
    )
