"""The section `alarms`: the carbon budget of a project in one region, and who is notified when it is used up too fast.

It may stand in the config of any stack, whose program then builds the alarms too (`BudgetSection`), or alone, in a
stack that runs the program `alarms` and says in the same section whose budget it is (`AlarmsConfig`).

The addresses under `notify.https` often hold a token, so they are treated as secrets wherever they go. They may be
encrypted in the stack's file: `pulumi config set --secret --path 'alarms.notify.https[0]' URL`.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from msgspec import Meta, field

from greenai_infra.contracts.names import Name
from greenai_infra.contracts.stack import StackSpec
from greenai_infra.contracts.stack.fields import (
    PROJECT,
    AwsRegion,
    Carbon,
    Email,
    Planned,
    Section,
    carbon_example,
    read_typed,
)
from greenai_infra.contracts.stack.given import PolicyArn
from greenai_infra.typed_yaml.checked import Secret
from greenai_infra.typed_yaml.section import Positive

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Pulumi's placeholder for an unknown value: in the offline preview, an encrypted value."""

SILENT_MINUTES = 15
_HTTPS = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?(/\S*)?")


class HttpsAddress(Secret):
    """An address that may hold a token."""

    examples: ClassVar[list[str]] = ["https://oncall.example.com/hook"]

    def check(self) -> None:
        """Raises ValueError unless it is an https address."""
        if self.reveal() != UNKNOWN and not _HTTPS.fullmatch(self.reveal()):
            raise ValueError("expected an address that begins with https:// (it is not shown, as it may hold a token)")


MicrosoftId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}\Z",
        examples=["0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f"],
    ),
]


class Slack(Section, frozen=True, kw_only=True):
    """A Slack channel, through Amazon Q Developer in chat applications (formerly AWS Chatbot).

    Its workspace has to be authorised once, by hand, in the console of that service.
    """

    workspace_id: Annotated[str, Meta(pattern=r"^T[0-9A-Z]{1,254}\Z", examples=["T07EA123LEP"])]
    channel_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9]{1,255}\Z", examples=["C07EZ1ABC23"])]


class Teams(Section, frozen=True, kw_only=True):
    """A channel of Microsoft Teams, through the same service, authorised there in the same way."""

    tenant_id: MicrosoftId
    team_id: MicrosoftId
    channel_id: Annotated[
        str,
        Meta(
            pattern=r"^[\w+/=.,-]*%3[aA][\w+/=.,-]*%40[\w+/=.,-]*\Z",
            max_length=255,
            examples=["19%3A0a1b2c3d4e5f%40thread.tacv2"],
        ),
    ]
    """As written in the channel's link, with `%3A` and `%40`."""


class Notify(Section, frozen=True, kw_only=True):
    """Who hears of it. `https` addresses have to confirm the subscription themselves, as on-call services do."""

    emails: list[Email] = field(default_factory=list)
    https: list[HttpsAddress] = field(default_factory=list)
    slack: Slack | None = None
    teams: Teams | None = None
    all_clear: bool = True
    """Whether the end of an alarm is reported too. The first such notice comes right after `up`: it proves delivery."""

    @property
    def reaches_somebody(self) -> bool:
        """Whether the alarm has a recipient."""
        return bool(self.emails or self.https or self.slack or self.teams)


class BudgetSection(Section, frozen=True, kw_only=True):
    """The budget, and what is done about it."""

    daily_budget_kg: Positive
    """kg CO2e in any 24 hours."""
    monthly_budget_kg: Positive
    """kg CO2e in a month; the burn-rate alarms come from it."""
    notify: Notify = Notify()
    silent_minutes: Annotated[int, Meta(ge=10, le=1440, multiple_of=5, examples=[15])] | None = None
    """Minutes without reported emissions that raise an alarm; CloudWatch adds some ten minutes.

    The default is SILENT_MINUTES. By default an endpoint, which reports by itself, has no such alarm."""
    anomaly_band: Annotated[float, Meta(ge=1, le=10)] | None = None
    """Width of the expected band in standard deviations; without a width, the anomaly alarm is left out."""
    kill_switch: bool = False
    """Whether a used-up daily budget stops the project's training jobs. They checkpoint and stay stopped."""
    runbook_url: (
        Annotated[str, Meta(pattern=r"^https://\S{1,500}\Z", examples=["https://wiki.example.com/carbon"])] | None
    ) = None
    retention_days: Annotated[int, Meta(ge=1, le=3650)] = 90
    """How long the logs of census and kill switch are kept."""

    @property
    def silence_minutes(self) -> int:
        """Returns the minutes of silence that raise an alarm, with the default filled in."""
        return SILENT_MINUTES if self.silent_minutes is None else self.silent_minutes

    def check(self) -> None:
        super().check()
        daily, monthly = self.daily_budget_kg, self.monthly_budget_kg
        if daily > monthly:
            raise ValueError(
                f"daily_budget_kg {daily:g} is more than monthly_budget_kg {monthly:g}: one day would use up the month"
            )
        if daily * 31 < monthly:
            raise ValueError(
                f"monthly_budget_kg {monthly:g} can't be reached with daily_budget_kg {daily:g} "
                f"(31 days of it are {31 * daily:g}); raise the one or lower the other"
            )


class AlarmsConfig(BudgetSection, frozen=True, kw_only=True):
    """A separate stack for the alarms. The names of its resources begin with `workload`."""

    workload: Name
    project: Name
    team: Name
    environment: Name = "research"
    carbon: Carbon
    planned: Planned | None = None
    provider: Literal["aws"] = "aws"
    region: AwsRegion
    permissions_boundary: PolicyArn | None = None
    """Policy that bounds every role which the stack makes."""


BUDGET_EXAMPLE = """\
greenai-infra:alarms:
  daily_budget_kg: 4
  monthly_budget_kg: 40
  notify:
    emails: [ml-team@example.com]
"""
"""The least that the section holds in the config of a stack that builds something else too."""

ALARMS_EXAMPLE = """\
greenai-infra:alarms:
  workload: assistant-budget
  project: assistant
  team: research
  region: eu-north-1
  daily_budget_kg: 4
  monthly_budget_kg: 40
  notify:
    emails: [ml-team@example.com]
""" + carbon_example("SE-SE3", 20)
"""A minimal section of a separate alarms stack."""


def read_budget_section(values: Any, where: str = f"{PROJECT}:alarms") -> BudgetSection:
    """The section in the config of another program's stack. Raises InputError, without any address in it."""
    return read_typed(BudgetSection, values, where, BUDGET_EXAMPLE)


def read_alarms_config(values: Any, where: str = f"{PROJECT}:alarms") -> AlarmsConfig:
    """The section of a stack that runs the program `alarms`. Raises InputError, without any address in it."""
    return read_typed(AlarmsConfig, values, where, ALARMS_EXAMPLE)


def busiest_day_kg(slices: Sequence[tuple[datetime, datetime]], emissions_kg: float) -> float:
    """kg in the 24 hours that hold the most of a planned run, if it emits evenly over its slices [start, end)."""
    total = sum((end - start for start, end in slices), timedelta())
    day = timedelta(days=1)
    # The share within a sliding day is largest if the day begins or ends with a slice.
    begins = [moment for start, end in slices for moment in (start, end - day)]
    most = max(
        sum((max(min(end, begin + day) - max(start, begin), timedelta()) for start, end in slices), timedelta())
        for begin in begins
    )
    return emissions_kg * (most / total)


SPEC = StackSpec(
    program="alarms",
    cloud="aws",
    config=AlarmsConfig,
    example=ALARMS_EXAMPLE,
    needs_budget=True,
    roles=4,
)
