"""Power limits of cards, read and set through NVML. Setting needs root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from greenai_infra.errors import GreenAIError


@dataclass(frozen=True)
class Limits:
    """Watts: what is set now, what the card comes with, and between which it may be set."""

    now_w: float
    default_w: float
    least_w: float
    most_w: float


class Limiter:
    """Through NVML's bindings. Raises GreenAIError where they are missing or NVML can't be used."""

    def __init__(self) -> None:
        try:
            import pynvml
        except ImportError:
            raise GreenAIError("power limits are set through NVML: pip install 'greenai-infra[gpu]'") from None
        self._nvml: Any = pynvml
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            raise GreenAIError(f"power limits are set through NVML, and it can't be used: {error}") from None

    def limits(self, index: int) -> Limits:
        """Of one card. Raises GreenAIError where it can't be limited."""
        nvml = self._nvml
        try:
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            least, most = nvml.nvmlDeviceGetPowerManagementLimitConstraints(handle)
            now = nvml.nvmlDeviceGetPowerManagementLimit(handle)
            default = nvml.nvmlDeviceGetPowerManagementDefaultLimit(handle)
        except nvml.NVMLError as error:
            raise GreenAIError(f"the power limit of GPU {index} can't be read: {error}") from None
        return Limits(now / 1000, default / 1000, least / 1000, most / 1000)

    def set(self, index: int, watts: float) -> None:
        """Set it. Raises GreenAIError, where it is a matter of rights with what to do."""
        try:
            handle = self._nvml.nvmlDeviceGetHandleByIndex(index)
            self._nvml.nvmlDeviceSetPowerManagementLimit(handle, round(watts * 1000))
        except self._nvml.NVMLError as error:
            raise GreenAIError(_refused(index, watts, str(error))) from None


def _refused(index: int, watts: float, why: str) -> str:
    return (
        f"the power limit of GPU {index} can't be set to {watts:g} W: {why}. It needs root, and a card whose limit may "
        "be set; in a container also --cap-add SYS_ADMIN"
    )
