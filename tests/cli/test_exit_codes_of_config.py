"""Exit code 2 for a stack config that can't be used, 1 for a program that fails or is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pulumi_aws", reason="the aws extra is not installed")
pytest.importorskip("pulumi_gcp", reason="the gcp extra is not installed")

from tests.previews.offline_project import REGION, write_project

if TYPE_CHECKING:
    from .conftest import Command

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "tests" / "stacks" / "configs"
MISTAKES = [
    # stack, what its file has, what is there instead, what is said
    ("contiguous", "  team: ", "  tem: ", "greenai-infra:training: tem: unknown key; did you mean 'team'?"),
    ("contiguous", "    instance_count: 1\n", "", "instance_count: is missing; expected a whole number, for ex"),
    (
        "contiguous",
        "    instance_count: 1\n",
        "    instance_count: true\n",
        "instance_count: true and false are no value",
    ),
    (
        "contiguous",
        "    instance_count: 1\n",
        "    instance_count: yes\n",
        "must be a whole number (is 'yes'); for ex",
    ),
    ("contiguous", "greenai-infra:program: training", "greenai-infra:program: trainign", "did you mean training?"),
    ("contiguous", "greenai-infra:training:", "greenai-infra:trainning:", "unknown key 'greenai-infra:trainning'"),
    ("budgeted", "greenai-infra:alarms:", "greenai-infra:alarm:", "did you mean alarms?"),
    ("gcp-gpus", "    provider: gcp", "    provider: gpc", "provider: expected aws or gcp, for example aws (is 'gpc')"),
    ("inferentia", "    image: ", "    #mage: ", "image: missing; a plan does not know which container"),
    ("tpu-vm", "    zone: europe-west4-b\n", "", "serve_on: tpu-vm needs zone"),
]


@pytest.mark.parametrize(("stack", "old", "new", "said"), MISTAKES, ids=[one[3][:40] for one in MISTAKES])
def test_config_that_can_t_be_used_ends_with_2(
    stack: str, old: str, new: str, said: str, own_project: Path, greenai: Command
) -> None:
    text = (CONFIGS / f"Pulumi.{stack}.yaml").read_text()
    assert old in text
    (own_project / f"Pulumi.{stack}.yaml").write_text(text.replace(old, new, 1))

    shown = greenai("preview", "--offline", cwd=own_project)
    written = greenai("preview", "--offline", "--json", cwd=own_project)
    checked = greenai("check", cwd=own_project)

    assert [shown.code, written.code, checked.code] == [2, 2, 2]
    for one in (shown, checked):
        assert said in " ".join((one.out + one.err).split())
    if written.out:  # the comment on a pull request is made of it
        (own_project / "preview.json").write_text(written.out)
        before = greenai("check", "--preview", "preview.json", cwd=own_project)
        assert before.code == 2
        assert json.loads(written.out)["summary"]["resources"] == 0
        assert "declared before that" in " ".join(shown.out.split())


OWN = {
    "raise ValueError('no such region')": 1,
    "raise pulumi.RunError('the house is on fire')": 1,
    "raise SystemExit(3)": 1,
    "pulumi.Config().require('colour')": 2,
    "pulumi.Config().require_int('size')": 2,
    "from greenai_infra.contracts.stack.training import read_training_config as read\nread({})": 2,
}


@pytest.mark.parametrize("program", OWN)
def test_a_program_of_the_user_s_own(program: str, tmp_path: Path, greenai: Command) -> None:
    write_project(tmp_path, f"{program}\n", REGION + "  shop:size: large\n")
    for command in (("preview", "--offline"), ("check",)):
        done = greenai(*command, cwd=tmp_path)
        assert done.code == OWN[program], done.out
