"""Whether an alarm reaches anybody: its actions, and those of the composite alarms and event rules over it.

A topic of this stack reaches its subscribers, so it needs a subscription. A topic named by an ARN from elsewhere (a
referenced stack, or written out) has its subscribers elsewhere, so it is not judged here. Any other action (a function,
a state machine, an incident) acts by itself.

Before `up` an ARN is unknown, but the resources that it depends on are known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from greenai_infra.contracts.alarm_rules import parse_rule
from greenai_infra.contracts.declared import UNKNOWN, plain
from greenai_infra.policy.reach import is_false, parsed, texts, value_at
from greenai_infra.policy.resource_types import ALERT_POLICY, COMPOSITE_ALARM, EVENT_RULE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from greenai_infra.contracts.alarm_rules import Rule
    from greenai_infra.contracts.declared import DeclaredResource

EVENT_TARGET = "aws:cloudwatch/eventTarget:EventTarget"
TOPIC = "aws:sns/topic:Topic"
READERS = {
    "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration": "snsTopicArns",
    "aws:chatbot/teamsChannelConfiguration:TeamsChannelConfiguration": "snsTopicArns",
    "aws:sns/topicSubscription:TopicSubscription": "topic",
}
"""Types that read from topics, and the property that says from which."""
_STATE_CHANGE = "CloudWatch Alarm State Change"


@dataclass
class Reached:
    """The outcome of an alarm's actions: whether any acts, topics without a reader, and unknown properties."""

    acts: bool = False
    unread: list[DeclaredResource] = field(default_factory=list)
    hidden: list[tuple[DeclaredResource, str]] = field(default_factory=list)


def reached(alarm: DeclaredResource, built: Sequence[DeclaredResource]) -> Reached:
    """Returns who is reached by an alarm, directly or through any number of composite alarms above it."""
    found = Reached()
    for one in _with_those_above(alarm, built):
        for resource, property_ in _actions(one, built):
            _judge(resource, property_, built, found)
    return found


def _with_those_above(alarm: DeclaredResource, built: Sequence[DeclaredResource]) -> Iterator[DeclaredResource]:
    composites = [one for one in built if one.type == COMPOSITE_ALARM]
    todo, seen = [alarm], {alarm.urn}
    while todo:
        one = todo.pop()
        yield one
        above = [other for other in composites if other.urn not in seen and _is_over(other, one)]
        seen.update(other.urn for other in above)
        todo += above


def _actions(alarm: DeclaredResource, built: Sequence[DeclaredResource]) -> Iterator[tuple[DeclaredResource, str]]:
    """The properties that hold an alarm's actions, where they are on."""
    if alarm.type == ALERT_POLICY:
        if not is_false(plain(alarm.inputs.get("enabled"))):
            yield alarm, "notificationChannels"
        return
    if not is_false(plain(alarm.inputs.get("actionsEnabled"))):
        yield alarm, "alarmActions"
    for rule in built:
        if rule.type == EVENT_RULE and _hears(rule, alarm):
            for target in built:
                if target.type == EVENT_TARGET and _names(target, "rule", rule):
                    yield target, "arn"


def _judge(resource: DeclaredResource, property_: str, built: Sequence[DeclaredResource], found: Reached) -> None:
    """Adds the outcome of a property that lists actions."""
    value = plain(resource.inputs.get(property_))
    items = [one for one in (value if isinstance(value, list) else [value]) if one is UNKNOWN or one]
    topics = [one for one in built if one.type == TOPIC]
    named = [next((topic for topic in topics if _is_arn_of(text, topic)), None) for text in texts(items)]
    unknown = sum(one is UNKNOWN for one in items)
    on = resource.property_dependencies.get(property_, ())
    behind = [one for one in topics if one.urn in on and one not in named]
    others = set(on) - {one.urn for one in topics}
    own = [one for one in named if one] + (behind if unknown else [])
    unread = [one for one in own if not any(_reads(reader, one) for reader in built)]
    # More unknown ARNs than topics of this stack: the rest of them is what else the property depends on.
    elsewhere = None in named or (unknown > len(behind) and bool(others))
    found.acts |= elsewhere or len(unread) < len(own)
    found.unread += unread
    if unknown and not on:
        found.hidden.append((resource, property_))


def _reads(reader: DeclaredResource, topic: DeclaredResource) -> bool:
    return reader.type in READERS and _names(reader, READERS[reader.type], topic)


def _names(resource: DeclaredResource, property_: str, other: DeclaredResource) -> bool:
    """Whether a property refers to a resource: by dependency, by name or by ARN."""
    if other.urn in resource.property_dependencies.get(property_, ()):
        return True
    return any(_is_arn_of(text, other) for text in texts(plain(resource.inputs.get(property_))))


def _is_arn_of(text: str, resource: DeclaredResource) -> bool:
    arn, name = plain(resource.inputs.get("arn")), plain(resource.inputs.get("name"))
    return text == arn or (isinstance(name, str) and bool(name) and text.rsplit(":", 1)[-1].rsplit("/", 1)[-1] == name)


def _hears(rule: DeclaredResource, alarm: DeclaredResource) -> bool:
    """Whether an event rule that is on goes off with this alarm."""
    if plain(rule.inputs.get("state")) == "DISABLED" or is_false(plain(rule.inputs.get("isEnabled"))):
        return False
    made_of_alarm = alarm.urn in rule.property_dependencies.get("eventPattern", ())
    text = plain(rule.rendered.get("eventPattern"))
    if text is UNKNOWN:  # the alarm's ARN is in it, as in the rule of a composite alarm
        return made_of_alarm
    pattern = parsed(text)
    if not isinstance(pattern, dict) or _STATE_CHANGE not in texts(pattern.get("detail-type")):
        return False
    states = texts(value_at(pattern, "detail.state.value"))
    if states and "ALARM" not in states:
        return False
    name = plain(alarm.inputs.get(_name_property(alarm)))
    named = [*texts(pattern.get("resources")), *texts(value_at(pattern, "detail.alarmName"))]
    return made_of_alarm or name in [one.rsplit(":", 1)[-1] for one in named]


def _is_over(composite: DeclaredResource, alarm: DeclaredResource) -> bool:
    """Whether a composite alarm goes off with the alarm: by what its rule says of it."""
    rule = plain(composite.inputs.get("alarmRule"))
    if rule is UNKNOWN:  # a name made by the cloud is in it: then the rule depends on the alarm
        return alarm.urn in composite.dependencies
    name = plain(alarm.inputs.get(_name_property(alarm)))
    if not isinstance(rule, str) or not isinstance(name, str):
        return False
    try:
        going_off = list(_going_off(parse_rule(rule)))
    except ValueError:
        return False  # CloudWatch would refuse this; the preview's own checks say why
    return name in [one.rpartition(":alarm:")[2] for one in going_off]


def _going_off(rule: Rule, wanted: bool = True) -> Iterator[str]:
    """The alarms whose going off helps to make a rule true (or false, where it stands behind a NOT)."""
    kind = rule[0]
    if kind == ("ALARM" if wanted else "OK"):
        yield rule[1]
    elif kind in ("AND", "OR", "NOT"):
        for part in rule[1:]:
            yield from _going_off(part, wanted != (kind == "NOT"))


def _name_property(alarm: DeclaredResource) -> str:
    return "alarmName" if alarm.type == COMPOSITE_ALARM else "name"
