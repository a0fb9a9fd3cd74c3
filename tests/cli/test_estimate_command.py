"""`estimate` as its user sees it: text, JSON, a CSV through, exit codes."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Command

LLAMA = ("estimate", "inference", "--model", "Llama-3.1-8B-Instruct", "--accelerator", "H100")
DISTILLATION = ("estimate", "distillation", "--teacher-kg", "0.001", "--daily-inferences", "1000000")
CACHE = ("estimate", "cache", "--daily-requests", "1M", "--hit-rate", "0.3", "--lookup-j", "0.05")


def test_a_request_at_80_columns(greenai: Command) -> None:
    done = greenai(*LLAMA, "--batch", 64, "--region", "aws:eu-north-1")

    assert done.code == 0
    assert max(map(len, done.out.splitlines())) <= 80
    for said in (
        "J per output token",
        "90 % band",
        "PUE",
        "20 g/kWh, SE-SE3, mean of 2025",
        "lifecycle",
        "USD per 1,000",
    ):
        assert said in done.out


def test_counts_may_be_words(greenai: Command) -> None:
    words = greenai("estimate", "inference", "--parameters", "8B", "--accelerator", "H100", "--json")
    digits = greenai("estimate", "inference", "--parameters", "8e9", "--accelerator", "H100", "--json")

    assert json.loads(words.out) == json.loads(digits.out)


def test_a_csv_keeps_its_columns_and_gains_estimates(greenai: Command, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(
        "id,model,gpu,batch\na,Llama-3.1-8B-Instruct,H100,64\nb,Llama-3.1-8B-Instruct,L4,\n"
    )
    done = greenai("estimate", "inference", "--from", "in.csv", "--out", "out.csv")

    rows = list(csv.DictReader((tmp_path / "out.csv").open()))
    assert done.code == 0
    assert [row["id"] for row in rows] == ["a", "b"]
    low, value, high = (float(rows[0][f"gpu_j_per_output_token{end}"]) for end in ("_low", "", "_high"))
    assert low < value < high < 3 * low
    assert "L4 was not measured, so this is extrapolated" in rows[1]["note"]


def test_the_text_of_a_csv_is_kept(greenai: Command, tmp_path: Path) -> None:
    lines = (
        "Note,model,gpu, batch",
        '"two\nlines, a ""word""",Qwen3-8B,H100,8',
        '"quoted", Qwen3-8B ,"H100",08.0',
    )
    (tmp_path / "in.csv").write_bytes(("\ufeff" + "\r\n".join(lines) + "\r\n\r\n").encode())
    assert greenai("estimate", "inference", "--from", "in.csv", "--out", "out.csv").code == 0

    text = (tmp_path / "out.csv").read_text()
    at = 0
    for line in lines:
        at = text.index(f"{line},", at) + len(line)
    first, second = csv.DictReader((tmp_path / "out.csv").open())
    assert first["gpu_j_per_output_token"] == second["gpu_j_per_output_token"]


def test_a_row_after_one_of_two_lines_is_named_by_its_own_line(greenai: Command, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text('model,gpu,said\nQwen3-8B,H100,"two\nlines"\n\nQwen3-8B,H101,\n')
    done = greenai("estimate", "inference", "--from", "in.csv", "--out", "out.csv")
    assert (done.code, "in.csv:5: 'H101'" in done.err) == (2, True)


def test_a_column_that_stands_twice(greenai: Command, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("model,gpu,batch,batch\nQwen3-8B,H100,8,64\n")
    done = greenai("estimate", "inference", "--from", "in.csv", "--out", "out.csv")
    assert (done.code, "in.csv:1: column batch appears twice" in done.err) == (2, True)


@pytest.mark.parametrize("tokens", ["0", "-1", "nan", "inf", "many"])
def test_output_tokens_that_can_t_be(greenai: Command, tokens: str) -> None:
    done = greenai(*LLAMA, "--output-tokens", tokens)

    assert done.code == 2
    assert tokens in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*LLAMA[:-1], "H10"), "did you mean H100"),
        ((*LLAMA, "--region", "eu-noth-1"), "did you mean eu-north-1"),
        (("estimate", "inference", "--model", "Lama-3.1-8B-Instruct", "--accelerator", "H100"), "did you mean Llama"),
        (("estimate", "inference", "--model", "x"), "give --accelerator"),
        (("estimate", "inference", "--from", "none.csv", "--out", "o.csv"), "none.csv: can't be read"),
        (("estimate", "training", "--accelerator", "H100"), "give parameters and tokens"),
        (("estimate", "training", "--accelerator", "H100", "--parameters", "inf"), "inf is not finite"),
        ((*DISTILLATION, "--student-kg", "0.0001"), "give --distillation-kg"),
        ((*DISTILLATION, "--student-kg", "nan", "--distillation-kg", "1"), "nan"),
        ((*CACHE, "--request-j", "100"), "node type"),
        ((*CACHE, "--request-kg", "0.1", "--node-w", "0"), "need a region"),
        ((*CACHE, "--request-j", "100", "--node-type", "cache.r7g.lage"), "did you mean cache.r7g.large"),
    ],
)  # fmt: skip
def test_what_can_t_be_used_is_a_usage_error(greenai: Command, arguments: tuple[str, ...], said: str) -> None:
    done = greenai(*arguments)

    assert done.code == 2
    assert said in done.err


def test_the_chapter_s_distillation(greenai: Command) -> None:
    done = greenai(*DISTILLATION, "--student-kg", "0.0001", "--distillation-kg", "100", "--json")
    found = json.loads(done.out)

    assert (found["yearly_savings_kg"], found["breakeven_inferences"]) == (328400, 111112)
    assert found["urban_trees"] == pytest.approx(328400 / 60)
    assert "edition 2024" in found["edition"]


def test_the_parts_of_a_distillation_are_summed(greenai: Command) -> None:
    parts = ("--teacher-outputs-kg", 40, "--student-training-kg", 30, "--evaluation-kg", 10, "--failed-runs-kg", 20)
    done = greenai(*DISTILLATION, "--student-kg", "0.002", *parts)

    assert done.code == 0
    assert "100 kg CO2e once: teacher outputs 40.0, student training 30.0, evaluation 10.0, failed runs 20.0" in (
        " ".join(done.out.split())
    )
    assert "No break-even" in done.out
    assert "arXiv 2605.13981" in done.out


def test_a_cache_that_does_not_pay_says_so(greenai: Command) -> None:
    node = ("--node-type", "cache.r7g.large", "--region", "us-east-1")
    pays = greenai(*CACHE, "--request-j", "100", *node)
    loses = greenai(*CACHE[:3], "1000", *CACHE[4:], "--request-j", "100", *node)

    assert "It saves" in pays.out
    assert "does NOT pay" in loses.out
    assert "No hit rate would pay" in loses.out


def test_a_training_run(greenai: Command) -> None:
    done = greenai(
        "estimate", "training", "--parameters", "7B", "--tokens", "1B", "--accelerator", "H100", "--count", "8",
        "--region", "us-east-1",
    )  # fmt: skip

    assert done.code == 0
    assert max(map(len, done.out.splitlines())) <= 80
    for said in ("training on 8 x H100", "hours", "kWh at the servers' wall", "kg CO2e", "USD: 1 x p5.48xlarge", "MFU"):
        assert said in done.out
