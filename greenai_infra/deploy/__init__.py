"""What a project that version 0.1 wrote still finds under old names: `init --upgrade` moves it on.

Such a project's programs import this package before any of their components. Their sections were pydantic models; the
few methods of those that the copied components call are added here.
"""

from __future__ import annotations

import sys
from functools import wraps
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import msgspec

from greenai_infra.contracts.stack.fields import Section
from greenai_infra.typed_yaml.checked import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

_SECTIONS = (
    "alarms", "cache", "fields", "gcp_alarms", "gcp_cache", "gcp_inference", "gcp_training", "inference", "ledger",
    "runs", "serving", "training",
)  # fmt: skip
_NAMES = {
    "deploy.ruled_out": "pinning.ruled_out",
    "deploy.scripts": "templates",
    "deploy.stack_configs": "contracts.stack",
    **{f"deploy.stack_configs.{name}": f"contracts.stack.{name}" for name in _SECTIONS},
    "deploy.standing": "contracts",
    "deploy.standing.planned": "contracts.planned",
    "monitoring.burn_rate": "contracts.burn_rate",
    "monitoring.gcp_metrics": "contracts.gcp_metrics",
    "monitoring.metrics": "contracts.metrics",
    "policy.labels": "contracts.labels",
    "serving.connection": "contracts.cache_connection",
}


class _Budget:
    """A section with budgets: its minutes of silence have their default, and are known to be given or not."""

    def __init__(self, section: Any) -> None:
        self._section = section

    def __getattr__(self, name: str) -> Any:
        return getattr(self._section, name)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """That of the section, by which the copied programs tell Google Cloud's from AWS's."""
        return type(self._section)

    @property
    def silent_minutes(self) -> int:
        minutes: int = self._section.silence_minutes
        return minutes

    @property
    def model_fields_set(self) -> set[str]:
        return {key for key in ("silent_minutes",) if getattr(self._section, key) is not None}


def _model_dump(section: Section, *, exclude_none: bool) -> dict[str, Any]:
    fields = msgspec.structs.asdict(section)
    return {key: value for key, value in fields.items() if not (exclude_none and value is None)}


def _with_budgets(module: ModuleType) -> ModuleType:
    """The module, whose readers give each section as `_Budget`."""
    old = ModuleType(module.__name__)
    for name, value in vars(module).items():
        setattr(old, name, _reader(value) if name.startswith("read_") else value)
    return old


def _reader(read: Callable[..., Any]) -> Callable[..., _Budget]:
    @wraps(read)
    def as_before(*arguments: Any, **options: Any) -> _Budget:
        return _Budget(read(*arguments, **options))

    return as_before


for _old, _new in _NAMES.items():
    _module = import_module(f"greenai_infra.{_new}")
    sys.modules[f"greenai_infra.{_old}"] = _with_budgets(_module) if _new.endswith("alarms") else _module
for _kind, _name, _method in ((Secret, "get_secret_value", Secret.reveal), (Section, "model_dump", _model_dump)):
    setattr(_kind, _name, _method)
