"""Reading a project: which stack, which program, and config as the engine hands it over."""

import json
from pathlib import Path

import pytest

from greenai_infra.deploy.offline import preview
from greenai_infra.deploy.project import read_stack
from greenai_infra.errors import InputError
from greenai_infra.policy.declared import UNKNOWN, Secret

from .offline_project import preview_program, resource, write_project


def test_config_reaches_the_program_as_the_engine_passes_it(tmp_path: Path) -> None:
    config = """
config:
  aws:region: eu-north-1
  text: hello
  number: 3
  flag: true
  no: no
  when: 2026-01-31T18:00:00Z
  shop:thing: {a: [1, 2.5], "on": yes, at: 2026-01-31T18:00:00Z}
"""
    result = preview_program(
        tmp_path,
        """
        c = pulumi.Config()
        pulumi.export("all", [c.get("text"), c.get_int("number"), c.get_bool("flag"), c.get("no"), c.get("when")])
        pulumi.export("thing", c.require_object("thing"))
        pulumi.export("region", pulumi.Config("aws").get("region"))
        """,
        config,
    )

    assert result.outputs == {
        "all": ["hello", 3, True, "no", "2026-01-31T18:00:00Z"],
        "region": "eu-north-1",
        "thing": {"a": [1, 2.5], "on": "yes", "at": "2026-01-31T18:00:00Z"},
    }
    assert read_stack(tmp_path, "dev").config["shop:thing"] == json.dumps(
        {"a": [1, 2.5], "on": "yes", "at": "2026-01-31T18:00:00Z"}, separators=(",", ":")
    )


def test_encrypted_config_is_an_unknown_secret_and_said_to_be(tmp_path: Path) -> None:
    config = "config:\n  aws:region: eu-north-1\n  shop:password:\n    secure: v1:abc:def\n"
    result = preview_program(
        tmp_path,
        """
        word = pulumi.Config().require_secret("password")
        aws.ssm.Parameter("p", type="SecureString", value=word)
        aws.sns.Topic("t", display_name=pulumi.Output.concat("x-", word))
        """,
        config,
    )

    assert resource(result, "p").inputs["value"] == Secret(UNKNOWN)
    assert resource(result, "t").inputs["displayName"] == Secret(UNKNOWN)
    (finding,) = result.findings
    assert (finding.severity, finding.code, finding.property) == ("warning", "config-encrypted", "shop:password")


def test_defaults_and_required_keys_of_pulumi_yaml(tmp_path: Path) -> None:
    project = (
        "runtime: {name: python}\nconfig:\n  program: {type: string, default: training}\n  aws:region: eu-west-1\n"
    )
    write_project(tmp_path, "", "config: {}\n", project)
    assert read_stack(tmp_path, "dev").config == {"shop:program": "training", "aws:region": "eu-west-1"}

    write_project(tmp_path, "", "config: {}\n", "runtime: python\nconfig:\n  team: {type: string}\n")
    with pytest.raises(InputError, match=r"Pulumi\.dev\.yaml: config key shop:team \(string\) is missing"):
        read_stack(tmp_path, "dev")


def test_program_in_a_folder_runs_there_and_imports_its_neighbours(tmp_path: Path) -> None:
    write_project(tmp_path, "", project="runtime: python\nmain: stacks/\n")
    stacks = tmp_path / "stacks" / "components"
    stacks.mkdir(parents=True)
    (stacks / "__init__.py").write_text("NAME = 'neighbour'\n")
    (stacks.parent / "__main__.py").write_text(
        "import os, pulumi\nfrom components import NAME\npulumi.export('x', [NAME, os.path.basename(os.getcwd())])\n"
    )

    assert preview(tmp_path).outputs == {"x": ["neighbour", "stacks"]}


def test_program_in_a_file(tmp_path: Path) -> None:
    write_project(tmp_path, "", project="runtime: python\nmain: app.py\n")
    (tmp_path / "app.py").write_text("import pulumi\npulumi.export('x', 1)\n")

    assert preview(tmp_path).outputs == {"x": 1}


def test_the_only_stack_is_taken_and_several_are_listed(tmp_path: Path) -> None:
    write_project(tmp_path, "")
    assert preview(tmp_path).stack == "dev"

    (tmp_path / "Pulumi.prod.yaml").write_text("config: {}\n")
    with pytest.raises(InputError, match="choose one with --stack: dev, prod"):
        preview(tmp_path)
    assert preview(tmp_path, "prod").stack == "prod"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("Pulumi.yaml", None, "has no Pulumi.yaml"),
        ("Pulumi.yaml", "name: [", "not valid YAML"),
        ("Pulumi.yaml", "- a\n", "expected a mapping"),
        ("Pulumi.yaml", "runtime: python\n", "'name' is missing"),
        ("Pulumi.yaml", "name: x\nruntime: nodejs\n", "runtime is 'nodejs'"),
        ("Pulumi.yaml", "name: x\nruntime: python\nmain: nowhere/\n", "main: nowhere/ does not exist"),
        ("Pulumi.yaml", "name: x\nruntime: python\nmain: ../\n", "outside the project"),
        ("Pulumi.dev.yaml", None, "has no Pulumi.<stack>.yaml"),
        ("__main__.py", None, "has no __main__.py"),
    ],
)
def test_what_cannot_be_run_is_refused_with_the_reason(
    tmp_path: Path, name: str, content: str | None, message: str
) -> None:
    write_project(tmp_path, "")
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text(content)

    with pytest.raises(InputError, match=message.replace("(", r"\(")) as caught:
        preview(tmp_path)
    assert caught.value.exit_code == 2


def test_an_unknown_stack_lists_those_there_are(tmp_path: Path) -> None:
    write_project(tmp_path, "")
    with pytest.raises(InputError, match=r"no stack config Pulumi\.test\.yaml.*stacks here: dev"):
        preview(tmp_path, "test")
