"""The declaring line that the monitor gets is the one that the SDK itself would send."""

import inspect

import pulumi
import pytest
from pulumi.runtime import resource as sdk

from greenai_infra.previews.offline.declaring_lines import declaring_lines_only

OWN = sdk._get_stack_trace


class Base:
    """As Resource, which asks for the trace in its constructor."""

    def __init__(self) -> None:
        self.theirs, self.ours = OWN(), sdk._get_stack_trace()


class Custom(Base):
    def __init__(self) -> None:
        super().__init__()


class Queue(Custom):
    def __init__(self) -> None:
        self._internal_init()

    def _internal_init(self) -> None:
        super().__init__()


@pytest.mark.parametrize("nested", [False, True])
def test_line_is_that_of_the_sdk(nested: bool) -> None:
    class Component(Custom):
        def __init__(self) -> None:
            super().__init__()
            self.queue = Queue()

    with declaring_lines_only():
        made = Component().queue if nested else Queue()

    assert len(made.theirs.frames) > 1
    assert list(made.ours.frames) == [made.theirs.frames[0]]
    assert made.ours.frames[0].pc.uri.endswith("/test_declaring_lines.py")


def test_too_few_constructors_have_no_line() -> None:
    with declaring_lines_only():
        made = Custom()

    assert not made.ours.frames
    assert not made.theirs.frames


def test_sdk_has_its_own_function_back_also_after_a_failure() -> None:
    with pytest.raises(pulumi.RunError), declaring_lines_only():
        raise pulumi.RunError("no")

    assert sdk._get_stack_trace is OWN
    assert "extract_stack" in inspect.getsource(OWN)


def test_sdk_without_such_a_function_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sdk, "_get_stack_trace")
    with declaring_lines_only():
        assert not hasattr(sdk, "_get_stack_trace")
