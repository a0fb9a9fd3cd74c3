"""What `preview --offline` prints, and its exit code."""

import json
import re
import shutil
from pathlib import Path

import pytest

from greenai_infra.cli.preview_offline import preview_lines, run_offline
from greenai_infra.previews.run import preview

from .offline_project import write_project

ROOT = Path(__file__).parents[2]
PROGRAM = """
class Store(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("shop:data:Store", name)
        here = pulumi.ResourceOptions(parent=self)
        aws.sns.Topic(name, tags={"team": "ml", "green-ai": "true"}, opts=here)
        aws.sqs.Queue(name, tags={"team": "ml", "green-ai": "true"}, opts=here)
        self.register_outputs({})

Store("a")
alarm = aws.cloudwatch.MetricAlarm("b", evaluation_periods=1, comparison_operator=OPERATOR, tags={"team": "ml"},
    namespace="AWS/SQS", metric_name="NumberOfMessagesSent", statistic="Sum", period=300, threshold=1)
pulumi.export("arn", alarm.arn)
pulumi.export("word", pulumi.Output.secret("hush-hush"))
pulumi.export("size", 3)
pulumi.log.info("two queues")
"""
WRONG = PROGRAM.replace("OPERATOR", '"Above"')
SOUND = PROGRAM.replace("OPERATOR", '"GreaterThanThreshold"')

EXPECTED = """\
Offline preview of shop/dev in eu-north-1

pulumi:pulumi:Stack  shop-dev
├─ aws:cloudwatch:MetricAlarm  b   <-- error
└─ shop:data:Store  a
   ├─ aws:sns:Topic  a
   └─ aws:sqs:Queue  a

Tags
  green-ai: true
  team: ml
  not on aws:cloudwatch:MetricAlarm b: green-ai

Outputs
  arn: known after apply
  size: 3
  word: [secret]

Messages of the program
  two queues

Standing per month
                  kWh  kg CO2e     USD
  alarm             ?        ?  ~0.100
  known in total    ?        ?  ~0.100
  unknown, so left out of the total: kWh of 1, kg CO2e of 1 resources (--json
    says why)
  ~ an estimate, as by us-east-1's price for a region's; in total 0.100 to 0.200
    USD
  AWS's prices of a region, without an account: greenai-infra catalog
    refresh-services

Findings
  error [aws-unknown-value] aws:cloudwatch:MetricAlarm b: comparisonOperator is
    'Above', an unknown value of cloudwatch (botocore's ComparisonOperator)
    (__main__.py:14)
"""


def test_piped_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_offline(write_project(tmp_path, WRONG), None, as_json=False) == 1

    text = capsys.readouterr().out
    assert text.startswith(EXPECTED)
    assert "    -> use one of GreaterThanOrEqualToThreshold," in text
    assert text.endswith(
        "3 resources in 1 component, 1 error, 0 warnings. Nothing was built and no cloud\nwas asked.\n"
    )
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text


def test_terminal_text_has_the_same_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_project(tmp_path, SOUND)
    run_offline(tmp_path, None, as_json=False)
    plain = capsys.readouterr().out

    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert run_offline(tmp_path, None, as_json=False) == 0
    styled = capsys.readouterr().out
    assert "\x1b[1m" in styled
    assert re.sub(r"\x1b\[[0-9;]*m", "", styled) == plain


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_offline(write_project(tmp_path, WRONG), "dev", as_json=True) == 1

    document = json.loads(capsys.readouterr().out)
    assert list(document) == [
        *("schema_version", "project", "stack", "region", "resources", "outputs", "tags"),
        *("standing", "budget", "policy", "findings", "messages", "notes"),
        "summary",
    ]
    assert document["schema_version"] == 1
    assert document["outputs"] == {"arn": "[unknown]", "size": 3, "word": "[secret]"}
    alarm = next(one for one in document["resources"] if one["name"] == "b")
    assert alarm["inputs"]["comparisonOperator"] == "Above"
    assert alarm["taggable"]
    assert document["tags"]["missing"] == {alarm["urn"]: ["green-ai"]}
    (finding,) = document["findings"]
    assert (finding["code"], finding["severity"], finding["urn"]) == ("aws-unknown-value", "error", alarm["urn"])
    assert document["summary"] == {"resources": 3, "components": 1, "taggable": 3, "errors": 1, "warnings": 0}


def test_warnings_alone_do_not_fail(tmp_path: Path) -> None:
    write_project(tmp_path, 'pulumi.log.warn("careful")\n')
    assert run_offline(tmp_path, None, as_json=True) == 0


def test_long_names_keep_their_ends(tmp_path: Path) -> None:
    names = [f"{'long-' * 14}{end}" for end in ("artifacts", "checkpoints")]
    write_project(tmp_path, "".join(f'aws.sns.Topic("{name}")\n' for name in names))

    lines = [line for _, line in preview_lines(preview(tmp_path), 80)]
    assert max(map(len, lines)) <= 80
    assert any(line.endswith("-artifacts") for line in lines)
    assert any(line.endswith("-checkpoints") for line in lines)


@pytest.mark.parametrize(
    ("region", "own", "named"),
    [
        ("eu-south-2", "", ["eu-south-2"]),
        ("eu-north-1", ', region="ap-southeast-3"', ["ap-southeast-3"]),
        ("eu-north-1", "", []),
    ],
)
def test_a_region_that_must_be_enabled_first_is_said(tmp_path: Path, region: str, own: str, named: list[str]) -> None:
    write_project(tmp_path, f'aws.sns.Topic("a"{own})\n', f"config:\n  aws:region: {region}\n")

    result = preview(tmp_path)

    enable = "aws account enable-region --region-name "
    assert [note.partition(enable)[2] for note in result.as_json()["notes"]] == named
    lines = " ".join(line for _, line in preview_lines(result, 200))
    assert [name for name in ("eu-south-2", "ap-southeast-3") if f"{enable}{name}" in lines] == named
    assert not result.failed


def test_two_runs_print_the_same(tmp_path: Path) -> None:
    write_project(tmp_path, SOUND)
    assert preview(tmp_path).as_json() == preview(tmp_path).as_json()


@pytest.mark.parametrize("stack", ["contiguous", "sliced", "now"])
def test_the_training_stack_is_sound_and_tagged_throughout(tmp_path: Path, stack: str) -> None:
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tests" / "stacks" / "configs" / f"Pulumi.{stack}.yaml", tmp_path)

    result = preview(tmp_path, choose_gate=lambda program: None)  # the gate has tests of its own

    assert not result.findings
    assert result.summary()["resources"] > 40
    assert result.missing_tags() == {}
    assert {"project", "team", "workload", "green-ai", "carbon-intensity-g-per-kwh"} <= set(result.common_tags)
    assert all(one.region == result.region for one in result.built if one.package == "aws")
