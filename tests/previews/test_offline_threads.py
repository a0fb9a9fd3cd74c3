"""Programs that bring threads and coroutines of their own: that the monitor answers on their thread must not matter."""

from pathlib import Path

import pytest

pytest.importorskip("pulumi_aws")

from tests.previews.offline_project import preview_program, resource

WAITS_FOR_THE_LOOP = """
import asyncio

async def main():
    loop = asyncio.get_running_loop()
    def work():
        return asyncio.run_coroutine_threadsafe(asyncio.sleep(0.01, "found"), loop).result(timeout=20)
    return await loop.run_in_executor(None, work)

aws.sns.Topic("t", display_name=pulumi.Output.from_input(main()))
"""
DECLARES_LATER = """
import asyncio

async def later(name):
    await asyncio.sleep(0.01)
    return name

pulumi.Output.from_input(later("late")).apply(lambda name: aws.sqs.Queue(name))
aws.sns.Topic("t", display_name="soon")
"""
ASKS_IN_A_TRANSFORM = """
async def name_it(args):
    region = await aws.get_region_output().id.future()
    if args.type_ == "aws:sns/topic:Topic":
        args.props["displayName"] = f"named {region}"
    return pulumi.ResourceTransformResult(args.props, args.opts)

for number in range(20):
    opts = pulumi.ResourceOptions(transforms=[name_it])
    aws.sns.Topic("t" if number == 0 else f"t{number}", opts=opts)
"""
WORKS_IN_A_TRANSFORM = """
import asyncio

async def work(args):
    args.props["displayName"] = await asyncio.to_thread(lambda: "worked out")
    return pulumi.ResourceTransformResult(args.props, args.opts)

for number in range(40):
    opts = pulumi.ResourceOptions(transforms=[work])
    aws.sns.Topic("t" if number == 0 else f"t{number}", opts=opts)
"""
FAILS_IN_A_TRANSFORM = """
def fail(args):
    raise ValueError("no such team")

aws.sns.Topic("t", opts=pulumi.ResourceOptions(transforms=[fail]))
"""


def test_work_in_the_loops_pool_may_wait_for_the_loop(tmp_path: Path) -> None:
    result = preview_program(tmp_path, WAITS_FOR_THE_LOOP)

    assert not result.failed
    assert resource(result, "t").inputs["displayName"] == "found"


def test_a_resource_may_be_declared_later(tmp_path: Path) -> None:
    result = preview_program(tmp_path, DECLARES_LATER)

    assert {one.name for one in result.built} == {"late", "t"}


def test_a_transform_may_ask_the_cloud(tmp_path: Path) -> None:
    result = preview_program(tmp_path, ASKS_IN_A_TRANSFORM)

    assert not result.failed
    assert resource(result, "t").inputs["displayName"] == "named None"  # what a cloud would answer isn't known here
    assert len(result.built) == 20


def test_a_transform_may_hand_work_to_the_loops_pool(tmp_path: Path) -> None:
    result = preview_program(tmp_path, WORKS_IN_A_TRANSFORM)

    assert not result.failed
    assert {one.inputs["displayName"] for one in result.built} == {"worked out"}


def test_a_transform_that_fails_stops_the_program(tmp_path: Path) -> None:
    result = preview_program(tmp_path, FAILS_IN_A_TRANSFORM)

    assert result.failed
    assert any("no such team" in one.message for one in result.findings)


def test_of_two_resources_with_one_urn_the_first_counts(tmp_path: Path) -> None:
    """Calls on threads of their own let the second come first, once in about twenty times."""
    program = """
for number in range(30):
    aws.sns.Topic(f"t{number}", display_name="first")
    aws.sns.Topic(f"t{number}", display_name="second " + "x" * 1000)
"""
    topics = [one for one in preview_program(tmp_path, program).built if one.type == "aws:sns/topic:Topic"]
    assert [one.inputs["displayName"] for one in topics] == ["first"] * 30
