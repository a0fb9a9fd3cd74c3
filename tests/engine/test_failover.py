"""No capacity goes on to the next region of the ranking; anything else stops."""

from __future__ import annotations

import pytest

from greenai_infra.engine.failover import build_first_with_capacity
from greenai_infra.errors import EngineError, NoCapacity, Refused


class Cloud:
    """Builds a stack unless it is told what goes wrong with it, and remembers what was asked."""

    def __init__(self, **failures: Exception) -> None:
        self.failures = failures
        self.asked: list[str] = []
        self.told: list[tuple[str, str, str | None]] = []

    def build(self, stack: str) -> str:
        self.asked.append(stack)
        if stack in self.failures:
            raise self.failures[stack]
        return f"outputs of {stack}"

    def tell(self, stack: str, error: NoCapacity, following: str | None) -> None:
        self.told.append((stack, str(error), following))


def test_a_first_region_with_capacity_is_built_and_no_other_is_asked() -> None:
    cloud = Cloud()

    applied = build_first_with_capacity(["a", "b"], cloud.build, cloud.tell)

    assert (applied.stack, applied.result, applied.without_capacity) == ("a", "outputs of a", ())
    assert (cloud.asked, cloud.told) == (["a"], [])


def test_the_next_ranked_region_is_tried_and_the_tried_ones_are_named() -> None:
    cloud = Cloud(a=NoCapacity("none in a"), b=NoCapacity("none in b"))

    applied = build_first_with_capacity(["a", "b", "c", "d"], cloud.build, cloud.tell)

    assert (applied.stack, applied.without_capacity) == ("c", ("a", "b"))
    assert cloud.asked == ["a", "b", "c"]
    assert cloud.told == [("a", "none in a", "b"), ("b", "none in b", "c")]


def test_where_no_region_has_capacity_all_are_named() -> None:
    cloud = Cloud(a=NoCapacity("none in a"), b=NoCapacity("none in b"))

    with pytest.raises(NoCapacity, match=r"none of the .*: a, b; try later"):
        build_first_with_capacity(["a", "b"], cloud.build, cloud.tell)

    assert cloud.told[-1] == ("b", "none in b", None)


@pytest.mark.parametrize("failure", [EngineError("no permission"), Refused("nothing was changed"), KeyboardInterrupt()])
def test_any_other_failure_stops_at_once(failure: Exception) -> None:
    cloud = Cloud(a=NoCapacity("none in a"), b=failure)

    with pytest.raises(type(failure)):
        build_first_with_capacity(["a", "b", "c"], cloud.build, cloud.tell)

    assert cloud.asked == ["a", "b"]


def test_what_is_raised_while_telling_stops_it_too() -> None:
    def unable(stack: str, error: NoCapacity, following: str | None) -> None:
        raise EngineError(f"{stack} can't be removed")

    cloud = Cloud(a=NoCapacity("none in a"))

    with pytest.raises(EngineError, match="a can't be removed"):
        build_first_with_capacity(["a", "b"], cloud.build, unable)

    assert cloud.asked == ["a"]
