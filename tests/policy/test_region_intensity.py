"""`region-intensity`: a cap holds for its own kind of figure only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.contracts.declared import UNKNOWN

from .declare import LABELS, TAGS, a, could_not_run, found, kept, messages, stack

if TYPE_CHECKING:
    from greenai_infra.policy.rule import Stack

RULE = "region-intensity"
CARBON = {"intensity_g_per_kwh": 20.4, "signal": "average", "basis": "lifecycle", "source": "x", "kind": "forecast"}


def tagged(config: dict[str, Any] | None = None, /, **tags: Any) -> Stack:
    return stack(a("aws:sns/topic:Topic", taggable=True, tags={**TAGS, **tags}), config=config)


def test_without_a_cap_it_does_not_run() -> None:
    assert kept(RULE, tagged(**{"carbon-intensity-g-per-kwh": "900"}))


@pytest.mark.parametrize(("cap", "ok"), [(20.4, True), (21, True), (20.3, False)])
def test_the_cap_itself_is_allowed(cap: float, ok: bool) -> None:
    assert kept(RULE, tagged(), max_g_per_kwh=cap) == ok


def test_both_figures_are_in_the_words() -> None:
    [message] = messages(RULE, tagged(), max_g_per_kwh=10)
    assert message == "the tags of it: 20.4 g/kWh, more than the cap of 10 (lifecycle, average)"


def test_labels_are_read() -> None:
    bucket = a("gcp:storage/bucket:Bucket", taggable=True, labels=LABELS)
    assert kept(RULE, stack(bucket), max_g_per_kwh=20.4)
    assert not kept(RULE, stack(bucket), max_g_per_kwh=20.3)


@pytest.mark.parametrize("key", ["carbon-basis", "carbon-signal"])
def test_another_kind_of_figure_is_never_compared(key: str) -> None:
    other = {"carbon-basis": "direct", "carbon-signal": "marginal"}[key]
    assert could_not_run(RULE, tagged(**{key: other}), max_g_per_kwh=1000)
    assert kept(RULE, tagged(**{key: other}), max_g_per_kwh=1000, **{key.removeprefix("carbon-"): other})


def test_tags_and_config_are_both_judged() -> None:
    """A clean figure in one place does not hide a dirty one in the other."""
    dirty = {"training": {"carbon": {**CARBON, "intensity_g_per_kwh": 480}}}
    assert "the config's section training: 480" in messages(RULE, tagged(dirty), max_g_per_kwh=50)[0]
    assert (
        "the tags of it: 480"
        in messages(
            RULE, tagged({"training": {"carbon": CARBON}}, **{"carbon-intensity-g-per-kwh": "480"}), max_g_per_kwh=50
        )[0]
    )


@pytest.mark.parametrize(
    "unknown",
    [
        tagged(**{"carbon-intensity-g-per-kwh": UNKNOWN}),
        stack(a("aws:sns/topic:Topic", taggable=True, tags=UNKNOWN)),
        tagged({"training": {"carbon": {**CARBON, "intensity_g_per_kwh": UNKNOWN}}}),
        tagged({"training": {"carbon": {**CARBON, "intensity_g_per_kwh": "much"}}}),
        stack(a("aws:sns/topic:Topic")),
    ],
    ids=["tag", "all tags", "config", "not a figure", "nowhere"],
)
def test_what_is_not_known_shuts_the_gate(unknown: Stack) -> None:
    assert could_not_run(RULE, unknown, max_g_per_kwh=1000)


def test_equal_tags_are_told_once() -> None:
    many = stack(*(a("aws:sns/topic:Topic", f"t{number}", taggable=True, tags=TAGS) for number in range(9)))
    assert len(found(RULE, many, max_g_per_kwh=1)) == 1


def test_an_empty_stack_emits_nothing() -> None:
    assert kept(RULE, stack(), max_g_per_kwh=1)
