"""What is made of a failed engine command's output: which part is shown, and whether another region may help."""

import pytest

from greenai_infra.engine.errors import explain
from greenai_infra.errors import NoCapacity

CAPACITY = "CapacityError: Unable to provision requested ML compute capacity."
CUT_OFF = [
    "failed to run policy: context canceled",
    "failed to run remediation: context canceled",
    "failed to get analyzer info: context canceled",
    "error: rpc error: code = Canceled desc = context canceled",
]
"""What the engine (step_generator.go) and gRPC say of what was under way when another resource failed."""


def test_no_capacity_names_the_stack_and_what_aws_said() -> None:
    error = explain("finetune-eu-north-1", [CAPACITY, "update failed"], "", "")

    assert isinstance(error, NoCapacity)
    assert str(error) == f"finetune-eu-north-1: {CAPACITY}"


@pytest.mark.parametrize("cut_off", CUT_OFF)
def test_what_the_failure_cut_off_is_no_second_failure(cut_off: str) -> None:
    error = explain("dev", [CAPACITY, cut_off, "update failed"], "", "")

    assert isinstance(error, NoCapacity)
    assert "canceled" not in str(error)


def test_being_cut_off_alone_is_shown_as_it_was_said() -> None:
    error = explain("dev", [CUT_OFF[0], "update failed"], "", "")

    assert not isinstance(error, NoCapacity)
    assert CUT_OFF[0] in str(error)


def test_a_second_failure_beside_capacity_is_no_reason_to_go_on() -> None:
    errors = [CAPACITY, "api error AccessDenied: no"]

    error = explain("dev", [*errors, "update failed"], "", "")

    assert not isinstance(error, NoCapacity)
    assert all(one in str(error) for one in errors)


@pytest.mark.parametrize(("errors", "stderr"), [(["update canceled"], ""), ([], "error: update cancelled")])
def test_an_interrupted_update_says_how_to_go_on(errors: list[str], stderr: str) -> None:
    error = str(explain("dev", errors, stderr, ""))

    assert error.startswith("dev: interrupted before it was done.\n")
    assert "greenai-infra up --stack dev" in error
    assert "greenai-infra destroy --stack dev" in error


def test_what_is_not_known_is_shown_as_it_was_said() -> None:
    error = explain("dev", [], "warning: old plugin\nerror: the moon is in the way\n  at night", "")

    assert str(error) == "dev: pulumi failed.\n  | error: the moon is in the way\n  |   at night"


def test_without_a_reason_the_last_output_stands_for_one() -> None:
    error = explain("dev", [], "", "Updating (dev):\n + aws:ec2:Vpc creating")

    assert "gave no reason" in str(error)
    assert "  |  + aws:ec2:Vpc creating" in str(error)


def test_a_program_is_blamed_once_in_its_own_words() -> None:
    config = "greenai-infra:training: instance_count: must be a whole number (is 'many')"

    error = explain("dev", [config, f"an unhandled error occurred: {config}", "preview failed"], "", "")

    assert str(error).splitlines()[:2] == ["dev: the stack's program failed.", f"  | {config}"]
    assert str(error).count("instance_count") == 1


def test_of_a_traceback_its_end_and_the_project_s_own_line_are_kept() -> None:
    traceback = (
        "python inline source runtime error: boom\n"
        "Traceback (most recent call last):\n"
        '  File "/venv/lib/pulumi/runtime/stack.py", line 237, in run\n'
        "    result = func()\n"
        '  File "stacks/training.py", line 18, in run\n'
        "    raise ValueError('boom\\n  and more')\n"
        '  File "<frozen importlib._bootstrap>", line 241, in _call_with_frames_removed\n'
        "ValueError: boom\n"
        "  and more\n"
    )

    error = explain("dev", [traceback, f"an unhandled error occurred: {traceback}"], "", "")

    quoted = [line for line in str(error).splitlines() if line.startswith("  | ")]
    assert quoted == ["  | ValueError: boom", "  |   and more", "  | at stacks/training.py:18"]
