"""The provider double under the real engine: a small stack's whole life, and what it refuses."""

from collections.abc import Callable

import pytest

from .graph import SECRET, UNKNOWN, declared
from .project import SAMPLE, Project

pytestmark = pytest.mark.engine

MakeProject = Callable[..., Project]

JOB = """
import pulumi_aws as aws

aws.sagemaker.TrainingJob(
    "job",
    training_job_name="job-1",
    role_arn="arn:aws:iam::123456789012:role/training",
    resource_config={"instance_type": INSTANCE, "instance_count": 1, "volume_size_in_gb": 50},
    region=REGION,
)
"""


def job(instance: str = "ml.g5.xlarge", region: str = "eu-north-1") -> str:
    return JOB.replace("INSTANCE", repr(instance)).replace("REGION", repr(region))


def test_a_stack_lives_from_preview_to_destroy(cold_project: MakeProject) -> None:
    sample = cold_project(SAMPLE)

    assert sample.preview()["changeSummary"] == {"create": 5}
    assert sample.changes("up") == {"create": 5}
    assert sample.changes("up") == {"same": 5}
    assert sample.changes("refresh") == {"same": 5}
    assert len(sample.resources()) == 6, "five resources and the provider"
    assert sample.changes("destroy") == {"delete": 5}
    assert sample.resources() == []


def test_a_changed_setting_updates_in_place_and_a_changed_region_replaces(project: MakeProject) -> None:
    sample = project(SAMPLE)
    sample.changes("up")
    before = {item["urn"]: item.get("id") for item in sample.resources()}

    sample.set(threshold="20.5")
    assert sample.changes("up") == {"same": 4, "update": 1}
    assert sample.resource("high")["outputs"]["threshold"] == 20.5
    assert {item["urn"]: item.get("id") for item in sample.resources()} == before

    sample.set(region="eu-west-1")
    assert sample.changes("up") == {"same": 2, "replace": 3}
    topic = sample.resource("news")
    assert topic["outputs"]["arn"].startswith("arn:aws:sns:eu-west-1:")
    assert topic["id"] not in before.values()
    assert sample.resource("high")["inputs"]["alarmActions"] == [topic["outputs"]["arn"]]


def test_computed_outputs_are_unknown_in_preview_and_there_after_up(project: MakeProject) -> None:
    sample = project(SAMPLE)

    graph = {item.name: item for item in declared(sample.preview())}
    assert graph["high"].inputs["alarmActions"] == [UNKNOWN]
    assert graph["data"].parent is not None
    assert graph["data"].parent.endswith("::sample:index:Store::store")

    sample.changes("up")
    topic, bucket = sample.resource("news"), sample.resource("data")
    assert topic["outputs"]["arn"] == topic["id"] == f"arn:aws:sns:eu-north-1:123456789012:{topic['inputs']['name']}"
    assert bucket["outputs"]["arn"] == f"arn:aws:s3:::{bucket['id']}"
    assert bucket["inputs"]["bucket"].startswith("data-")


def test_default_tags_are_merged_into_tags_all_and_the_resource_wins(project: MakeProject) -> None:
    program = """
import pulumi
import pulumi_aws as aws

topic = aws.sns.Topic("plain", tags={"team": "own", "purpose": "news"})
aws.sns.Topic("bare")
aws.sns.Topic("late", tags={"source": topic.arn})
aws.sns.Topic("hidden", tags={"key": pulumi.Output.secret("value")})
"""
    tags = {"aws:defaultTags.tags.team": "green", "aws:defaultTags.tags.stage": "test"}
    sample = project(program, {"aws:region": "eu-north-1", **tags})

    preview = sample.preview()
    inputs = {step["urn"].rsplit("::", 1)[1]: step["newState"].get("inputs", {}) for step in preview["steps"]}
    graph = {item.name: item for item in declared(preview)}

    assert inputs["plain"]["tagsAll"] == {"team": "own", "purpose": "news", "stage": "test"}
    assert inputs["plain"]["tags"] == {"team": "own", "purpose": "news"}
    assert inputs["bare"]["tagsAll"] == {"team": "green", "stage": "test"}
    assert not isinstance(inputs["late"]["tagsAll"], dict), "one unknown tag makes all of them unknown"
    assert graph["late"].inputs["tags"] == {"source": UNKNOWN}
    assert graph["hidden"].inputs["tags"] == {"key": SECRET}
    assert "value" not in str(inputs["hidden"])


def test_a_create_fails_with_the_injected_message_in_up_only(project: MakeProject) -> None:
    sample = project(job())
    token = "aws:sagemaker/trainingJob:TrainingJob"
    no_capacity = {"GREENAI_DOUBLE_FAIL": f"{token}@eu-north-1=Insufficient capacity for ml.g5.xlarge"}

    assert sample.pulumi("preview", env=no_capacity, check=False).returncode == 0
    failed = sample.pulumi("up", "--yes", "--skip-preview", env=no_capacity, check=False)
    assert failed.returncode != 0
    assert "Insufficient capacity for ml.g5.xlarge" in failed.stdout

    (sample.folder / "__main__.py").write_text(job(region="ca-central-1"))
    assert sample.pulumi("up", "--yes", "--skip-preview", env=no_capacity).returncode == 0
    assert sample.resource("job")["outputs"]["arn"].startswith("arn:aws:sagemaker:ca-central-1:")


def test_without_a_region_the_provider_says_so(project: MakeProject) -> None:
    refused = project(SAMPLE, {"threshold": "1"}).pulumi("preview", check=False)

    assert refused.returncode != 0
    assert "set aws:region in the stack's config" in refused.stdout


def test_a_lookup_is_refused_by_name(project: MakeProject) -> None:
    refused = project("import pulumi_aws as aws\naws.get_caller_identity()\n").pulumi("preview", check=False)

    assert refused.returncode != 0
    assert "answers no lookups: aws:index/getCallerIdentity:getCallerIdentity" in refused.stdout
