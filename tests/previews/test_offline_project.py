"""Reading a project: which stack, which program, and config as the engine hands it over."""

import json
from pathlib import Path

import pytest

from greenai_infra.contracts.declared import UNKNOWN, Secret
from greenai_infra.errors import InputError
from greenai_infra.previews.run import preview
from greenai_infra.project.project import read_stack
from greenai_infra.project.stack_files import read_project, stack_file, stack_files

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


CONFIGS = [
    ("config: [1]\n", "config: expected a mapping, found list; for example aws:region: eu-north-1"),
    ("config: foo\n", "config: expected a mapping, found str; for"),
    ("config: 0\n", "config: expected a mapping, found int; for"),
    ("config: false\n", "config: expected a mapping, found bool; for"),
    ("config: []\n", "config: expected a mapping, found list; for"),
    ("config: {1: 2}\n", "config: key 1: expected a name, for example aws:region: eu-north-1"),
    ("config: {true: 2}\n", "config: key true: expected a name, for"),
    ("config: {~: 2}\n", "config: key null: expected a name, for"),
    ("config: {'': 2}\n", "config: key '': expected a name, for"),
    (
        "config: {word: !!binary aGk=}\n",
        "config: shop:word: expected text, a number, true or false, a list, or keys",
    ),
    ("config: {word: !!set {a, b}}\n", "config: shop:word: expected text,"),
    ("config: {word: [!!timestamp 2026-01-31]}\n", "config: shop:word: expected text,"),
]


@pytest.mark.parametrize(("text", "said"), CONFIGS, ids=[one[0].strip() for one in CONFIGS])
@pytest.mark.parametrize("name", ["Pulumi.dev.yaml", "Pulumi.yaml"])
def test_config_that_is_no_keys_and_values_is_named(tmp_path: Path, name: str, text: str, said: str) -> None:
    file = write_project(tmp_path, "", "config: {}\n") / name
    file.write_text(text if name == "Pulumi.dev.yaml" else file.read_text() + text)

    with pytest.raises(InputError) as caught:
        read_stack(tmp_path, "dev")
    assert str(caught.value).startswith(f"{file}: {said}")
    assert caught.value.exit_code == 2


def test_config_with_nothing_in_it_is_none(tmp_path: Path) -> None:
    for text in ("", "# none yet\n", "config:\n", "config: {}\n"):
        write_project(tmp_path, "", text)
        assert read_stack(tmp_path, "dev").config == {}


def test_a_folder_is_no_stack(tmp_path: Path) -> None:
    write_project(tmp_path, "")
    (tmp_path / "Pulumi.test.yaml").mkdir()

    assert read_stack(tmp_path, None).stack == "dev"
    assert [one.stack for one in stack_files(tmp_path)] == ["dev"]
    said = r"Pulumi\.test\.yaml is a folder; the config of stack test would be a file"
    with pytest.raises(InputError, match=said):
        read_stack(tmp_path, "test")
    with pytest.raises(InputError, match=said):
        stack_file(read_project(tmp_path), "test")


def test_an_unknown_stack_lists_those_there_are(tmp_path: Path) -> None:
    write_project(tmp_path, "")
    with pytest.raises(InputError, match=r"there is no Pulumi\.test\.yaml in .*; stacks here: dev"):
        preview(tmp_path, "test")
