"""`cache`: puts a cache before a model, in one line.

from greenai_infra import cache

@cache(model="llama-3.1-8b", version="2026-05", ttl=3600)
def ask(prompt, **parameters): ...

ask("What is PUE?", temperature=0.0)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from greenai_infra.serving.cache import DAY_S, InferenceCache
from greenai_infra.serving.semantic.cache import SemanticCache

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from datetime import timedelta

    from greenai_infra.serving.place import Where
    from greenai_infra.serving.semantic.calibration import Calibration


@overload
def cache(
    call: None = None, *, model: str, version: str, url: Where = ..., ttl: float | timedelta = ...,
    semantic: bool = ..., calibration: Calibration | str | os.PathLike[str] | None = ..., **options: Any,
) -> Callable[[Callable[..., Any]], InferenceCache]: ...  # fmt: skip
@overload
def cache(
    call: Callable[..., Any], *, model: str, version: str, url: Where = ..., ttl: float | timedelta = ...,
    semantic: bool = ..., calibration: Calibration | str | os.PathLike[str] | None = ..., **options: Any,
) -> InferenceCache: ...  # fmt: skip
def cache(
    call: Callable[..., Any] | None = None,
    *,
    model: str,
    version: str,
    url: Where = None,
    ttl: float | timedelta = DAY_S,
    semantic: bool = False,
    calibration: Calibration | str | os.PathLike[str] | None = None,
    **options: Any,
) -> InferenceCache | Callable[[Callable[..., Any]], InferenceCache]:
    """A cache before `call`, or a decorator that puts one before a function.

    It is an InferenceCache, which answers equal requests; with `semantic`, or a `calibration`, a SemanticCache, which
    also answers what asks the same in other words. `options` are the arguments that these two take beside.
    """
    options |= {"model": model, "version": version, "url": url, "ttl": ttl}
    kind: type[InferenceCache] = InferenceCache
    if semantic or calibration is not None:
        kind, options["calibration"] = SemanticCache, calibration

    def before(function: Callable[..., Any]) -> InferenceCache:
        return kind(function, **options)

    return before if call is None else before(call)
