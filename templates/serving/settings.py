"""Settings of the proxy, from environment variables; a wrong one is said at the start.

| variable | meaning | default |
| --- | --- | --- |
| `OPENAI_BASE_URL` | the upstream: vLLM, TGI, a cloud's endpoint | required |
| `OPENAI_API_KEY` | sent upstream in place of the client's own key | the client's goes through |
| `GREENAI_CACHE_URL` | the store's URL, or a file of `pulumi stack output --json` | a Valkey of this process |
| `GREENAI_MODEL_VERSION` | part of every key: change it when the model behind the same name changes | `1` |
| `GREENAI_CACHE_TTL_S` | seconds that an answer is kept | 86400 |
| `GREENAI_CACHE_SAMPLED` | `false`: only requests with `temperature` 0 are cached | `true` |
| `GREENAI_CACHE_CALIBRATION` | of `greenai-infra cache calibrate`, a file: answers in other words, too | off |
| `GREENAI_CACHE_MAX_DELAY_S` | the store may delay a request by so much | 0.1 |
| `GREENAI_CACHE_SIGNING_KEY` | values written without it are refused | none |
| `GREENAI_MAX_BODY_BYTES` | larger requests are refused (413) | 10485760 |
| `GREENAI_CALL_J` | measured: J of a call at the server's wall ... | not known: nothing is shown as saved |
| `GREENAI_ENERGY_MODEL`, `GREENAI_ACCELERATOR` | ... or estimated by the tokens of each answer | |
| `GREENAI_PROCESSOR` | the proxy's processor, as Graviton3: what lookups take | not known: no net |
| `GREENAI_CACHE_NODE_TYPE`, `GREENAI_CACHE_NODES` | nodes of the store, or `GREENAI_CACHE_W` | not known: no net |
| `GREENAI_REGION` | cloud region: grid zone and PUE | |
| `GREENAI_INTENSITY_G_PER_KWH` | pins the intensity | best source that is set up |
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import InputError
from greenai_infra.serving.embedded import embedded_path
from greenai_infra.serving.energy import cache_energy, estimated, measured
from greenai_infra.serving.semantic.calibration_files import read_calibration
from greenai_infra.serving.semantic.encoder import static_encoder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenai_infra.serving.semantic.calibration import Calibration


@dataclass(frozen=True)
class Settings:
    """`cache` and `metrics` are arguments of InferenceCache and CacheMetrics; `calibration` makes a SemanticCache."""

    upstream: str
    upstream_key: str
    version: str
    most_body_bytes: int
    calibration: Calibration | None
    cache: dict[str, Any]
    metrics: dict[str, Any]


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings. Raises InputError naming the variable that can't be used."""
    upstream = environment.get("OPENAI_BASE_URL", "").rstrip("/")
    if not upstream.startswith(("http://", "https://")):
        raise InputError(f"OPENAI_BASE_URL is '{upstream}', where the upstream's http(s)://HOST/v1 is expected")

    def number(name: str, default: float | None = None, least: float = 0.0) -> float | None:
        text = environment.get(name, "")
        if not text:
            return default
        try:
            value = float(text)
        except ValueError:
            raise InputError(f"{name} is '{text}', where a number is expected") from None
        if not least <= value < inf:
            raise InputError(f"{name} is {text}, where a number from {least:g} on is expected")
        return value

    sampled = environment.get("GREENAI_CACHE_SAMPLED", "true")
    if sampled not in ("true", "false"):
        raise InputError(f"GREENAI_CACHE_SAMPLED is '{sampled}', neither true nor false")
    store = environment.get("GREENAI_CACHE_URL") or f"unix://{embedded_path()}"
    return Settings(
        upstream=upstream,
        upstream_key=environment.get("OPENAI_API_KEY", ""),
        version=environment.get("GREENAI_MODEL_VERSION") or "1",
        most_body_bytes=int(number("GREENAI_MAX_BODY_BYTES", 10 * 2**20, least=1) or 0),
        calibration=_calibration(environment.get("GREENAI_CACHE_CALIBRATION", "")),
        cache={
            "url": store,
            "ttl": number("GREENAI_CACHE_TTL_S", 86400, least=0.001),
            "cache_sampled": sampled == "true",
            "max_delay_s": number("GREENAI_CACHE_MAX_DELAY_S", 0.1, least=0.001),
            "signing_key": environment.get("GREENAI_CACHE_SIGNING_KEY") or None,
        },
        metrics={
            "call": _call(environment, number("GREENAI_CALL_J")),
            "cache": cache_energy(
                processor=environment.get("GREENAI_PROCESSOR") or None,
                node_type=environment.get("GREENAI_CACHE_NODE_TYPE") or None,
                nodes=int(number("GREENAI_CACHE_NODES", 1, least=1) or 0),
                standing_w=number("GREENAI_CACHE_W"),
            ),
            "region": environment.get("GREENAI_REGION") or None,
            "intensity": number("GREENAI_INTENSITY_G_PER_KWH"),
            "store": store,
        },
    )


def _calibration(file: str) -> Calibration | None:
    return read_calibration(Path(file), static_encoder()) if file else None


def _call(environment: Mapping[str, str], call_j: float | None) -> Any:
    model, accelerator = (environment.get(f"GREENAI_{name}", "") for name in ("ENERGY_MODEL", "ACCELERATOR"))
    if call_j is not None:
        return measured(call_j, by="GREENAI_CALL_J")
    if not model and not accelerator:
        return None
    if not (model and accelerator):
        raise InputError("GREENAI_ENERGY_MODEL and GREENAI_ACCELERATOR belong together")
    return estimated(model, accelerator=accelerator)
