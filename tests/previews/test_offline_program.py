"""Running a program offline: what is recorded, what stays unknown, and that nothing leaks from one run to the next."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from greenai_infra.contracts.declared import UNKNOWN, Secret, has_unknown
from greenai_infra.errors import InputError
from greenai_infra.previews.run import preview

from .offline_project import only_finding, preview_program, resource, write_project

ROOT = Path(__file__).parents[2]
COMPONENT = """
class Store(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("shop:data:Store", name, None, opts)
        here = pulumi.ResourceOptions(parent=self)
        self.topic = aws.sns.Topic(name, opts=here)
        self.queue = aws.sqs.Queue(name, kms_master_key_id=self.topic.arn, opts=here)
        self.register_outputs({"arn": self.topic.arn})
"""


def test_urns_parents_and_dependencies_are_the_engines(tmp_path: Path) -> None:
    result = preview_program(tmp_path, COMPONENT + 'Store("a")\n')

    assert [one.urn for one in result.resources] == [
        "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev",
        "urn:pulumi:dev::shop::shop:data:Store$aws:sns/topic:Topic::a",
        "urn:pulumi:dev::shop::shop:data:Store$aws:sqs/queue:Queue::a",
        "urn:pulumi:dev::shop::shop:data:Store::a",
    ]
    stack, topic, queue, store = result.resources
    assert (store.parent, topic.parent, queue.parent) == (stack.urn, store.urn, store.urn)
    assert queue.dependencies == (topic.urn,)
    assert queue.source == "__main__.py:10"
    assert not result.findings


def test_computed_values_are_unknown_and_inputs_known(tmp_path: Path) -> None:
    result = preview_program(
        tmp_path,
        """
        key = aws.kms.Key("k", description="of topics")
        aws.sns.Topic("t", kms_master_key_id=key.arn, display_name=key.description)
        pulumi.export("arn", key.arn)
        pulumi.export("words", {"known": key.description, "id": key.id})
        pulumi.export("applied", key.arn.apply(lambda arn: arn.split(":")[5]))
        """,
    )

    topic = resource(result, "t")
    assert topic.inputs["displayName"] == "of topics"
    assert topic.inputs["kmsMasterKeyId"] is UNKNOWN
    assert result.outputs == {
        "applied": UNKNOWN,
        "arn": UNKNOWN,
        "words": {"known": "of topics", "id": UNKNOWN},
    }


def test_secrets_stay_marked_and_are_not_written(tmp_path: Path) -> None:
    result = preview_program(
        tmp_path,
        """
        hidden = pulumi.Output.secret("hush-hush")
        aws.ssm.Parameter("p", type="SecureString", value=hidden)
        pulumi.export("word", hidden)
        pulumi.export("made", pulumi.Output.concat("x", hidden))
        """,
    )

    assert isinstance(resource(result, "p").inputs["value"], Secret)
    assert "hush-hush" not in str(result.as_json())
    assert "hush-hush" not in repr(result)
    assert result.as_json()["outputs"] == {"made": "[secret]", "word": "[secret]"}


def test_an_output_declared_secret_stays_secret(tmp_path: Path) -> None:
    result = preview_program(
        tmp_path,
        """
        hide = pulumi.ResourceOptions(additional_secret_outputs=["display_name"])
        t = aws.sns.Topic("t", display_name="hush", opts=hide)
        pulumi.export("word", t.display_name)
        """,
    )

    assert result.outputs == {"word": Secret("hush")}


def test_stack_component_and_resource_transforms_run(tmp_path: Path) -> None:
    result = preview_program(
        tmp_path,
        COMPONENT
        + """
def mark(word):
    def transform(args):
        if args.type_ != "aws:sns/topic:Topic":
            return None
        args.props["tags"] = {**args.props.get("tags", {}), word: "yes"}
        return pulumi.ResourceTransformResult(args.props, args.opts)
    return transform

def keep(args):
    opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(protect=True))
    return pulumi.ResourceTransformResult(args.props, opts)

pulumi.runtime.register_resource_transform(mark("stack"))
Store("a", pulumi.ResourceOptions(transforms=[mark("component")]))
aws.sns.Topic("b", opts=pulumi.ResourceOptions(transforms=[mark("own"), keep]))
""",
    )

    topics = {one.name: one for one in result.built if one.type.endswith(":Topic")}
    assert topics["a"].inputs["tags"] == {"component": "yes", "stack": "yes"}
    assert topics["b"].inputs["tags"] == {"own": "yes", "stack": "yes"}
    assert topics["b"].options["protect"] is True
    assert "protect" not in topics["a"].options


def test_options_are_recorded(tmp_path: Path) -> None:
    result = preview_program(
        tmp_path,
        """
        aws.sns.Topic("t", opts=pulumi.ResourceOptions(
            protect=True, delete_before_replace=True, ignore_changes=["display_name"], retain_on_delete=True,
            aliases=[pulumi.Alias(name="old")]))
        """,
    )

    options = resource(result, "t").options
    assert options["protect"] is True
    assert options["deleteBeforeReplace"] is True
    assert options["retainOnDelete"] is True
    assert options["ignoreChanges"] == ["displayName"]
    assert options["aliases"] == ["old"]


def test_explicit_provider_is_recorded_and_its_region_used(tmp_path: Path) -> None:
    result = preview_program(
        tmp_path,
        """
        west = aws.Provider("west", region="us-west-2")
        aws.sns.Topic("a", opts=pulumi.ResourceOptions(provider=west))
        aws.sns.Topic("b", region="eu-west-1")
        aws.sns.Topic("c")
        """,
    )

    assert resource(result, "a").provider == "urn:pulumi:dev::shop::pulumi:providers:aws::west"
    assert [resource(result, name).region for name in "abc"] == ["us-west-2", "eu-west-1", "eu-north-1"]
    assert not result.findings


def test_lookups_and_reads_are_said_to_be_unanswered(tmp_path: Path) -> None:
    result = preview_program(
        tmp_path,
        """
        zones = aws.get_availability_zones_output()
        aws.ec2.Subnet("s", vpc_id="vpc-1", cidr_block="10.0.0.0/24", availability_zone=zones.names[0])
        old = aws.sns.Topic.get("old", "arn:aws:sns:eu-north-1:123456789012:old")
        pulumi.export("name", old.name)
        """,
    )

    assert resource(result, "s").inputs["availabilityZone"] is UNKNOWN
    assert result.outputs["name"] is UNKNOWN
    assert {finding.code for finding in result.findings} == {"lookup-not-answered", "read-not-answered"}
    assert "aws:index/getAvailabilityZones:getAvailabilityZones" in result.findings[0].message
    assert not result.failed
    assert "old" not in [one.name for one in result.built]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ('raise pulumi.RunError("no such team")', "__main__.py:6: no such team"),
        ('raise ValueError("bad number 7")', "__main__.py:6: ValueError: bad number 7"),
        ("import sys; sys.exit(3)", "exit code 3"),
        ("aws.sns.Topic('x').arm", "AttributeError"),
        ("aws.iam.Role('r')", "assume_role_policy"),
        ("aws.sns.Topic('t', colour='green')", "colour"),
        ("aws.sns.Topic('t', tags=['red'])", "While processing input: 'tags'"),
        ("import no_such_module", "no_such_module"),
    ],
)
def test_a_failing_program_is_one_finding_in_its_own_words(tmp_path: Path, statement: str, message: str) -> None:
    result = preview_program(tmp_path, f"aws.sns.Topic('before')\n\n{statement}\n")

    finding = only_finding(result)
    assert (finding.severity, finding.code) == ("error", "program-failed")
    assert message in finding.message
    assert "Traceback" not in finding.message
    assert resource(result, "before")


def test_config_that_the_program_lacks_is_no_failure_of_the_program(tmp_path: Path) -> None:
    result = preview_program(tmp_path, "aws.sns.Topic('before')\npulumi.Config().require('team')\n")
    finding = only_finding(result)
    assert (finding.severity, finding.code) == ("error", "bad-config")
    assert "shop:team" in finding.message
    assert finding.remedy == "correct the stack's config; resources after this point are not shown"
    assert resource(result, "before")


def test_an_exception_in_an_apply_and_in_a_component_is_reported_with_its_line(tmp_path: Path) -> None:
    applied = preview_program(tmp_path, "pulumi.Output.from_input(1).apply(lambda n: n / 0)\n")
    assert "ZeroDivisionError" in only_finding(applied).message
    assert "__main__.py:4" in only_finding(applied).message


def test_an_asynchronous_program_runs_to_its_end(tmp_path: Path) -> None:
    result = preview_program(
        tmp_path,
        """
        import asyncio
        later = asyncio.get_event_loop().create_future()
        pulumi.export("later", pulumi.Output.from_input(later))

        async def main():
            await asyncio.sleep(0)
            topic = aws.sns.Topic("t", display_name="awaited")
            later.set_result("set in main")
            return {"name": topic.display_name}

        pulumi.run(main)
        """,
    )

    assert result.outputs == {"later": "set in main", "name": "awaited"}
    assert not result.findings


def test_what_a_program_logs_is_kept(tmp_path: Path) -> None:
    result = preview_program(
        tmp_path,
        'pulumi.log.info("hello")\npulumi.log.warn("careful")\npulumi.log.error("stop")\n',
    )

    assert result.messages == ("hello",)
    assert [(one.severity, one.message) for one in result.findings] == [("error", "stop"), ("warning", "careful")]
    assert result.failed


def test_files_of_the_project_are_named_from_its_folder_on(tmp_path: Path) -> None:
    """What a preview says stands in a comment for all to read, and where the runner keeps the project helps nobody."""
    program = """
        from pathlib import Path
        from greenai_infra.planning.workload_file import read_workload
        here = Path(__file__).parent
        pulumi.log.info(f"reads {here}/w2.yaml and not /other{here}/w2.yaml")
        read_workload(here / "w2.yaml")
        """
    (tmp_path / "w2.yaml").write_text("workload: {colour: green}\n")
    result = preview_program(tmp_path, program)
    found = only_finding(result)
    assert found.code == "bad-config"
    assert found.message.startswith("w2.yaml:1: ")
    assert result.messages == (f"reads w2.yaml and not /other{tmp_path}/w2.yaml",)
    assert str(tmp_path) not in "".join([found.message, found.remedy])


def test_two_previews_in_one_process_do_not_leak(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    first, second = tmp_path / "one", tmp_path / "two"
    for folder, word in ((first, "apple"), (second, "pear")):
        folder.mkdir()
        (folder / "parts.py").write_text(f"WORD = {word!r}\n")
        write_project(
            folder,
            """
            from parts import WORD
            print("printed", WORD)
            pulumi.export("word", WORD)
            pulumi.export("team", pulumi.Config().get("team"))
            aws.sns.Topic(WORD)
            """,
        )
    (first / "Pulumi.dev.yaml").write_text("config:\n  team: red\n  aws:region: eu-north-1\n")
    before = (os.getcwd(), list(sys.argv), list(sys.path), "parts" in sys.modules)

    results = [preview(folder) for folder in (first, second, first)]

    assert [one.outputs for one in results] == [
        {"team": "red", "word": "apple"},
        {"word": "pear"},
        {"team": "red", "word": "apple"},
    ]
    assert [[x.name for x in one.built] for one in results] == [["apple"], ["pear"], ["apple"]]
    assert (os.getcwd(), list(sys.argv), list(sys.path), "parts" in sys.modules) == before
    assert capfd.readouterr().out == ""


def test_a_failed_preview_leaves_nothing_behind(tmp_path: Path) -> None:
    bad = preview_program(tmp_path, 'aws.sns.Topic("t")\nraise ValueError("x")\n')
    good = preview_program(tmp_path, 'aws.sns.Topic("t")\n')

    assert bad.failed
    assert not good.findings
    assert len(good.built) == 1


def test_the_program_knows_that_it_is_previewed(tmp_path: Path) -> None:
    result = preview_program(
        tmp_path,
        """
        policy = pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Action": "sns:*", "Principal": "*", "Resource": aws.sns.Topic("t").arn}]})
        if not pulumi.runtime.is_dry_run():
            raise SystemError("would really do it")
        aws.sns.TopicPolicy("p", arn="arn:aws:sns:eu-north-1:123456789012:t", policy=policy)
        pulumi.export("dry", pulumi.runtime.is_dry_run())
        pulumi.export("where", [pulumi.get_project(), pulumi.get_stack(), pulumi.get_organization()])
        """,
    )

    assert result.outputs == {"dry": True, "where": ["shop", "dev", "organization"]}
    assert not result.findings
    policy = resource(result, "p")
    assert policy.inputs["policy"] is UNKNOWN
    assert "arn:aws:sns:eu-north-1:123456789012:t" in policy.rendered["policy"]
    assert not has_unknown(policy.rendered["policy"])


@pytest.mark.parametrize("value", ["t.arn.apply(lambda arn: int(arn))", "t.kms_master_key_id.apply(len)"])
def test_a_document_that_stays_unknown_is_said_to_be_unchecked(tmp_path: Path, value: str) -> None:
    result = preview_program(
        tmp_path,
        f"""
        t = aws.sqs.Queue("t")
        hours = t.message_retention_seconds.apply(lambda seconds: seconds // 3600)
        made = {value} if "int" in {value!r} else hours
        aws.iam.Policy("p", policy=pulumi.Output.json_dumps({{"Version": "2012-10-17", "Hours": made}}))
        """,
    )

    finding = only_finding(result)
    assert (finding.severity, finding.code) == ("warning", "document-not-checked")
    assert finding.urn.endswith("::p")


def test_without_the_extra_the_command_says_what_to_install(tmp_path: Path) -> None:
    write_project(tmp_path, "")
    blocked = "\n".join(f"sys.modules[{name!r}] = None" for name in ("pulumi", "pulumi_aws", "google.protobuf", "grpc"))
    program = f"""
import sys
{blocked}
from pathlib import Path
from greenai_infra.errors import InputError
from greenai_infra.cli.preview_offline import run_offline
try:
    run_offline(Path({str(tmp_path)!r}), None, False)
except InputError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "needs pulumi, which is not installed" in done.stdout
    assert "pip install 'greenai-infra[aws]'" in done.stdout


def test_missing_sdk_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_project(tmp_path, "import pulumi_gcp\n")
    monkeypatch.setitem(sys.modules, "pulumi_gcp", None)

    with pytest.raises(InputError, match=r"pulumi_gcp.*pip install 'greenai-infra\[gcp\]'"):
        preview(tmp_path)
