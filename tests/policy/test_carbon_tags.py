"""`carbon-tags`: which tags count, what an unknown one does, and who need not have any."""

from __future__ import annotations

from typing import Any

import pytest

from greenai_infra.contracts.declared import UNKNOWN, Secret

from .declare import LABELS, TAGS, a, could_not_run, found, kept, messages

TOPIC = "aws:sns/topic:Topic"
RULE = "carbon-tags"


def topic(**inputs: Any) -> Any:
    return a(TOPIC, "news", taggable=True, **inputs)


def without(*keys: str) -> dict[str, str]:
    return {key: value for key, value in TAGS.items() if key not in keys}


@pytest.mark.parametrize(
    "resource",
    [
        topic(tags=TAGS),
        topic(tagsAll=TAGS, tags={}),
        topic(tags=Secret(TAGS)),
        a("gcp:storage/bucket:Bucket", taggable=True, labels=LABELS),
        a("aws:scheduler/schedule:Schedule"),
        a(TOPIC, "theirs", taggable=True, _read=True),
    ],
    ids=["tags", "default tags", "secret tags", "labels", "a type without tags", "read only"],
)
def test_kept(resource: Any) -> None:
    assert kept(RULE, resource)


def test_all_tags_rule_over_the_resources_own() -> None:
    """The provider's `ignoreTags` take away what the resource itself says."""
    [message] = messages(RULE, topic(tags=TAGS, tagsAll=without("team")))
    assert message == "lacks the tags team"


@pytest.mark.parametrize("tags", [None, {}, {"team": "research"}])
def test_missing_tags_are_all_named(tags: Any) -> None:
    [finding] = found(RULE, topic(tags=tags) if tags is not None else topic())

    assert finding.severity == "error"
    assert "carbon-intensity-g-per-kwh" in finding.message
    assert ("team" in finding.message) == (tags != {"team": "research"})


@pytest.mark.parametrize("value", ["", "  ", None])
def test_an_empty_value_is_none(value: Any) -> None:
    assert messages(RULE, topic(tags={**TAGS, "carbon-zone": value})) == ["lacks the tags carbon-zone"]


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("carbon-intensity-g-per-kwh", "low", "'low' is not a figure"),
        ("carbon-intensity-g-per-kwh", "-3", "'-3' is not a figure"),
        ("carbon-intensity-g-per-kwh", "nan", "'nan' is not a figure"),
        ("carbon-basis", "well-to-wheel", "not lifecycle or direct"),
        ("carbon-signal", "mean", "not average or marginal"),
        ("carbon-observed-at", "yesterday", "'yesterday' is not a time"),
    ],
)
def test_a_value_that_says_nothing(key: str, value: str, says: str) -> None:
    [message] = messages(RULE, topic(tags={**TAGS, key: value}))
    assert says in message


def test_a_label_is_read_as_labels_are_written() -> None:
    bucket = a("gcp:storage/bucket:Bucket", taggable=True, labels={**LABELS, "carbon-intensity-g-per-kwh": "twenty"})
    assert "'twenty' is not a figure" in messages(RULE, bucket)[0]


@pytest.mark.parametrize("tags", [UNKNOWN, Secret(UNKNOWN), {**TAGS, "team": UNKNOWN}])
def test_an_unknown_tag_is_an_error_and_not_passed_over(tags: Any) -> None:
    assert could_not_run(RULE, topic(tags=tags))


def test_keys_can_be_chosen() -> None:
    assert messages(RULE, topic(tags={"owner": "ml"}), keys=["owner", "cost-centre"]) == ["lacks the tags cost-centre"]
