"""What a cloud and a kind of work have to say so that `select` can pin their placements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from datetime import datetime

    from greenai_infra.contracts.plan import Placement, PlanFile
    from greenai_infra.contracts.stack.fields import CarbonTagged
    from greenai_infra.pinning.pins.options import Options
    from greenai_infra.project.stack_files import StackFile


class Pinner(ABC):
    """From a placement to the section of a stack's config; `program` is the program and names its section."""

    program: ClassVar[str]
    given_by: ClassVar[dict[str, str]] = {}
    """Key that no plan knows -> the options of `select` that give it to all stacks."""

    def check(self, placement: Placement, options: Options) -> None:  # noqa: B027
        """Raises Refused, with the reason, for options that the program has no use for."""

    @abstractmethod
    def provider_config(self, placement: Placement) -> dict[str, str]:
        """Config of the cloud's provider, by whole key, such as `aws:region`."""

    @abstractmethod
    def section(self, plan: PlanFile, placement: Placement, rank: int, options: Options) -> dict[str, Any]:
        """The keys that the plan and the options decide, in the order in which they are written."""

    def settle(self, section: dict[str, Any], placement: Placement, file: StackFile) -> dict[str, Any]:
        """Returns more keys, computed from `section` with the file's keys merged in; yaml_edit.REMOVE deletes a key."""
        return {}

    @abstractmethod
    def read(self, section: dict[str, Any], where: str) -> CarbonTagged:
        """The typed config. Raises InputError."""

    @abstractmethod
    def machine(self, config: Any) -> str:
        """Returns a short name of the hardware."""

    @abstractmethod
    def starts_at(self, config: Any) -> datetime | None:
        """Returns when the workload starts by itself; None if it starts with `up`, and needs capacity then."""

    def remarks(self, section: dict[str, Any], placement: Placement) -> list[str]:
        """Returns what the user must know about the new section, in sentences."""
        return []

    def wanted(self, section: dict[str, Any], placement: Placement) -> dict[str, Any]:
        """Keys that no plan knows and the program can't do without, each with an example. A stack is pinned without."""
        return {}
