"""The section `alarms` on Google Cloud: the same budget as on AWS, told through Cloud Monitoring's channels.

Addresses under `notify.https` and the Slack token are secrets wherever they go. They may be encrypted in the stack's
file: `pulumi config set --secret --path 'alarms.notify.slack_channel.token' TOKEN`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from msgspec import Meta

from greenai_infra.contracts.names import Name
from greenai_infra.contracts.stack import StackSpec
from greenai_infra.contracts.stack.alarms import BUDGET_EXAMPLE, BudgetSection, Notify
from greenai_infra.contracts.stack.fields import PROJECT, Carbon, Planned, Section, carbon_example, read_typed
from greenai_infra.contracts.stack.gcp_fields import GcpProject, GcpRegion
from greenai_infra.typed_yaml.checked import Secret

if TYPE_CHECKING:
    from collections.abc import Collection

ONLY_ON_AWS = ("kill_switch", "anomaly_band", "retention_days")
LONGEST_SILENCE_MINUTES = 1410
"""23.5 hours: the longest absence that Cloud Monitoring can watch for."""


class SlackToken(Secret):
    """The token of a Slack app."""

    examples: ClassVar[list[str]] = ["xoxb-of-your-slack-app"]


class SlackChannel(Section, frozen=True, kw_only=True):
    """A Slack channel that Cloud Monitoring writes to itself; the token is that of its Slack app."""

    name: Annotated[str, Meta(pattern=r"^#[^\s]{1,80}\Z", examples=["#ml-carbon"])]
    token: SlackToken


class GcpNotify(Notify, frozen=True, kw_only=True):
    """Who hears of it. `https` addresses get a webhook."""

    slack_channel: SlackChannel | None = None

    def check(self) -> None:
        super().check()
        if self.slack is not None or self.teams is not None:
            raise ValueError("slack and teams go through a service of AWS; here there is slack_channel: {name, token}")

    @property
    def reaches_somebody(self) -> bool:
        """Whether the alarm has a recipient."""
        return bool(self.emails or self.https or self.slack_channel)


class GcpBudgetSection(BudgetSection, frozen=True, kw_only=True):
    """The budget, and who hears of it."""

    notify: GcpNotify = GcpNotify()

    def check_given(self, given: Collection[str]) -> None:
        """Google Cloud lacks the kill switch, the anomaly band, and functions with separate logs."""
        if wrong := [key for key in ONLY_ON_AWS if key in given]:
            raise ValueError(f"{', '.join(wrong)}: there on AWS only; take it out")

    def check(self) -> None:
        super().check()
        if self.silence_minutes > LONGEST_SILENCE_MINUTES:
            raise ValueError(
                f"silent_minutes {self.silent_minutes}: Cloud Monitoring watches for at most {LONGEST_SILENCE_MINUTES}"
            )


class GcpAlarmsConfig(GcpBudgetSection, frozen=True, kw_only=True):
    """A separate stack for the alarms. The names of its resources begin with `workload`."""

    workload: Name
    project: Name
    team: Name
    environment: Name = "research"
    carbon: Carbon
    planned: Planned | None = None
    provider: Literal["gcp"]
    gcp_project: GcpProject
    region: GcpRegion


GCP_ALARMS_EXAMPLE = """\
greenai-infra:alarms:
  provider: gcp
  workload: assistant-budget
  project: assistant
  team: research
  gcp_project: acme-ml
  region: europe-north1
  daily_budget_kg: 4
  monthly_budget_kg: 40
  notify:
    emails: [ml-team@example.com]
""" + carbon_example("FI", 68)
"""A minimal section of a separate alarms stack."""


def read_gcp_budget_section(values: Any, where: str = f"{PROJECT}:alarms") -> GcpBudgetSection:
    """The section in the config of another program's stack. Raises InputError, without any address in it."""
    if isinstance(values, dict) and values.get("provider") == "gcp":
        values = {key: value for key, value in values.items() if key != "provider"}
    return read_typed(GcpBudgetSection, values, where, BUDGET_EXAMPLE)


def read_gcp_alarms_config(values: Any, where: str = f"{PROJECT}:alarms") -> GcpAlarmsConfig:
    """The section of a stack that runs the program `alarms`. Raises InputError, without any address in it."""
    return read_typed(GcpAlarmsConfig, values, where, GCP_ALARMS_EXAMPLE)


SPEC = StackSpec(
    program="alarms",
    cloud="gcp",
    config=GcpAlarmsConfig,
    example=GCP_ALARMS_EXAMPLE,
    needs_budget=True,
)
