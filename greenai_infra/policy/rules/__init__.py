"""Every rule of the carbon gate. A new one is a module here and a line below; ids are for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.policy.rules.alarm_heard import ALARM_HEARD
from greenai_infra.policy.rules.buckets import BUCKET_ENCRYPTION, BUCKET_PUBLIC_ACCESS
from greenai_infra.policy.rules.budget_alarm import BUDGET_ALARM
from greenai_infra.policy.rules.caps import CARBON_CAP, COST_CAP
from greenai_infra.policy.rules.carbon_tags import CARBON_TAGS
from greenai_infra.policy.rules.encryption import ENCRYPTION
from greenai_infra.policy.rules.instance_types import INSTANCE_TYPES
from greenai_infra.policy.rules.plan_age import LIVE_DATA, PLAN_AGE
from greenai_infra.policy.rules.public_access import NO_PUBLIC_ACCESS
from greenai_infra.policy.rules.region_intensity import REGION_INTENSITY
from greenai_infra.policy.rules.star_actions import NO_STAR_ACTIONS

if TYPE_CHECKING:
    from greenai_infra.policy.rule import Rule

RULES: tuple[Rule, ...] = (
    CARBON_TAGS,
    BUDGET_ALARM,
    ALARM_HEARD,
    REGION_INTENSITY,
    CARBON_CAP,
    COST_CAP,
    PLAN_AGE,
    LIVE_DATA,
    INSTANCE_TYPES,
    ENCRYPTION,
    BUCKET_ENCRYPTION,
    NO_PUBLIC_ACCESS,
    BUCKET_PUBLIC_ACCESS,
    NO_STAR_ACTIONS,
)
