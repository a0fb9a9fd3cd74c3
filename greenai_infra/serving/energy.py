"""Stated energy of a service: J per model call, per lookup, per encoding, and watts of the cache.

Nothing has a default. A call's energy is the average of a server that is busy at the stated batch. A fleet that keeps
its size, with more idle time, saves less than that, because its servers still draw idle power.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable


class Tokens(NamedTuple):
    """Tokens of a call; `output` includes reasoning tokens."""

    input: int
    output: int


def tokens_of(answer: Any) -> Tokens | None:
    """The `usage` of an OpenAI-like answer, a map or an object, or of the last chunk of a stream that has it.

    None if the answer lacks it.
    """
    if isinstance(answer, list):
        return next(filter(None, map(tokens_of, reversed(answer))), None)
    usage = _member(answer, "usage")
    inputs = _member(usage, "prompt_tokens", "input_tokens")
    outputs = _member(usage, "completion_tokens", "output_tokens")
    if not (type(inputs) is int and inputs >= 0 and type(outputs) is int and outputs >= 0):
        return None
    return Tokens(inputs, outputs)


def _member(of: Any, *names: str) -> Any:
    found = (of.get(name) if isinstance(of, dict) else getattr(of, name, None) for name in names)
    return next((one for one in found if one is not None), None)


@dataclass(frozen=True, slots=True)
class CallEnergy:
    """J of a model call at the server's wall, by its tokens. `by` says where the figure comes from.

    `joules` gives None where unknown, for example for an answer without `usage`.
    """

    joules: Callable[[Tokens | None], float | None]
    by: str
    per_call_j: float | None = None


def measured(
    j_per_call: float | None = None,
    *,
    j_per_output_token: float | None = None,
    j_per_input_token: float = 0.0,
    by: str = "stated by the user",
) -> CallEnergy:
    """Energy that the user has measured, by call or by token. Raises InputError unless it is above 0."""
    if (j_per_call is None) == (j_per_output_token is None):
        raise InputError("give either the J of a call or of an output token")
    if j_per_call is not None:
        j = _above_zero("J of a call", j_per_call)
        return CallEnergy(lambda _: j, f"{j:g} J a call, {by}", j)
    output_j = _above_zero("J of an output token", j_per_output_token)
    input_j = _from_zero("J of an input token", j_per_input_token)

    def joules(tokens: Tokens | None) -> float | None:
        return None if tokens is None else tokens.input * input_j + tokens.output * output_j

    return CallEnergy(joules, f"{output_j:g} J an output token, {input_j:g} J an input token, {by}")


def estimated(model: str | None = None, *, accelerator: str, **set_up: Any) -> CallEnergy:
    """Energy by `estimate_inference`, with its arguments except the tokens, which each answer states.

    Raises InputError like it. Tokens are rounded to two significant digits.
    """
    from greenai_infra.estimates.request import estimate_inference

    unknown = set_up.keys() & {"input_tokens", "output_tokens", "region"}
    if unknown:
        raise InputError(f"{', '.join(sorted(unknown))} can't be stated for all calls: each answer states its tokens")

    @lru_cache(maxsize=4096)
    def by_tokens(inputs: int, outputs: int) -> float:
        found = estimate_inference(
            model, accelerator=accelerator, input_tokens=max(1, inputs), output_tokens=max(1, outputs), **set_up
        )
        return found.wall_j_per_request

    def joules(tokens: Tokens | None) -> float | None:
        return None if tokens is None else by_tokens(_two_digits(tokens.input), _two_digits(tokens.output))

    by_tokens(100, 100)  # reports errors now
    words = [model or "", f"on {accelerator}", *(f"{name} {value}" for name, value in sorted(set_up.items()))]
    return CallEnergy(joules, " ".join(filter(None, ["estimated:", *words])))


def _two_digits(count: int) -> int:
    return int(float(f"{count:.1e}"))


@dataclass(frozen=True, slots=True)
class CacheEnergy:
    """The cache's consumption; None means unknown.

    `lookup_j` is J per lookup including storing, `encoder_j` per encoded text. If either is None, it is `core_w`, the
    watts of a busy core, times its duration: an upper bound, because a core that waits for an answer draws less.
    `standing_w` are the watts of all nodes of the store; 0 for a store within a server that runs anyway.
    """

    lookup_j: float | None = None
    encoder_j: float | None = None
    core_w: float | None = None
    standing_w: float | None = None
    by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("lookup_j", "encoder_j", "core_w", "standing_w"):
            value = getattr(self, name)
            if value is not None:
                _from_zero(name, value)


def cache_energy(
    *,
    lookup_j: float | None = None,
    encoder_j: float | None = None,
    core_w: float | None = None,
    processor: str | None = None,
    standing_w: float | None = None,
    node_type: str | None = None,
    nodes: int = 1,
) -> CacheEnergy:
    """The cache's energy, with watts from the catalogue for a named processor or ElastiCache node type.

    Raises InputError for unknown names, for a name together with watts, and for impossible numbers.
    """
    by = []
    if processor is not None:
        from greenai_infra.catalog.processors import processors

        if core_w is not None:
            raise InputError("give core_w or processor, not both")
        found = processors().get(processor)
        if found is None:
            raise InputError(f"unknown processor '{processor}'; known: {', '.join(processors())}")
        core_w = found.full_w_per_vcpu
        by.append(f"a busy vCPU of {processor}: {core_w:g} W; {found.source}")
    if node_type is not None:
        from greenai_infra.estimates.cache import cache_node_power_w

        if standing_w is not None:
            raise InputError("give standing_w or node_type, not both")
        if nodes < 1:
            raise InputError(f"{nodes} nodes are not possible; give 1 or more")
        node_w, notes = cache_node_power_w(node_type)
        standing_w = node_w * nodes
        by.extend(notes)
    return CacheEnergy(lookup_j, encoder_j, core_w, standing_w, tuple(by))


def _above_zero(name: str, value: Any) -> float:
    if _from_zero(name, value) == 0:
        raise InputError(f"{name} must be above 0, not 0")
    return float(value)


def _from_zero(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not (isfinite(value) and value >= 0):
        raise InputError(f"{name} must be a finite number of 0 or more, not {value!r}")
    return float(value)
