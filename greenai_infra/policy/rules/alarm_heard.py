"""`alarm-heard`: somebody reads the topic that a budget alarm writes to.

A separate rule, as the subscription may be made outside the stack: by hand in the console, or by another team.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from greenai_infra.contracts.gate import Severity
from greenai_infra.policy.rule import Breach, Stack, StackRule
from greenai_infra.policy.rules.alarm_actions import reached
from greenai_infra.policy.rules.budget_alarm import SUBSCRIBE, BudgetAlarm, budget_alarms

if TYPE_CHECKING:
    from collections.abc import Iterator


class AlarmHeard(BudgetAlarm, frozen=True, kw_only=True):
    """The metric, as of `budget-alarm`."""

    usual_severity: ClassVar[Severity] = "advisory"
    """Advisory by default: the subscribers of the alarm may be set up outside the stack."""


def check_alarm_heard(stack: Stack, settings: AlarmHeard) -> Iterator[Breach]:
    """Holds if any budget alarm acts, or writes to a topic that has a reader in this stack or is defined elsewhere."""
    tells = [(one, reached(one, stack.built)) for one in budget_alarms(stack, settings)]
    unread = [(alarm, topic) for alarm, found in tells for topic in found.unread]
    if not unread or any(found.acts for _, found in tells):
        return
    alarm, topic = unread[0]
    whom = "notify names nobody" if isinstance(stack.config.get("alarms"), dict) else "nobody hears of it"
    message = f"{whom}: the topic {topic.name} of the budget alarm {alarm.name} has no subscription"
    yield Breach(topic.urn, "", message, SUBSCRIBE)


ALARM_HEARD = StackRule(
    id="alarm-heard",
    title="A budget alarm's topic has a subscription",
    remedy=SUBSCRIBE,
    why="An alarm on a topic without a reader goes off unheard. E-mail, https, Slack and Teams count, and so does any "
    "other action, such as the kill switch; a topic by an ARN from elsewhere has its readers there.",
    settings=AlarmHeard,
    check=check_alarm_heard,
    order=30,
)
