"""What `up` makes of what the engine does, with a stub in the engine's place: the real one is in tests/engine."""

from collections.abc import Callable
from pathlib import Path

import click
import pytest

from greenai_infra.cli import building
from greenai_infra.cli.stack import up
from greenai_infra.cli.up_plan import cleaned_up
from greenai_infra.engine.pulumi import Outcome
from greenai_infra.errors import NoCapacity


class StubEngine:
    """An engine that holds some resources until it is told to remove them; for more there is no capacity."""

    def __init__(self, resources: int) -> None:
        self.resources = resources

    def preview(self) -> Outcome:
        return Outcome({"create": 2})

    def up(self) -> Outcome:
        raise NoCapacity("dev: no p5 left")

    def preview_destroy(self) -> Outcome:
        return Outcome({"delete": self.resources})

    def destroy(self) -> Outcome:
        removed, self.resources = self.resources, 0
        return Outcome({"delete": removed})


def no(question: str) -> bool:
    return False


def no_answer(question: str) -> bool:
    raise click.Abort


@pytest.mark.parametrize(("resources", "said"), [(2, "removed what was built in dev\n"), (0, "")])
def test_what_is_there_is_removed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], resources: int, said: str
) -> None:
    engine = StubEngine(resources)
    monkeypatch.setattr(building, "open_engine", lambda project_dir, stack, packs=None: engine)

    done = cleaned_up(Path(), "dev", yes=True)

    assert done
    assert engine.resources == 0
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("answer", [no, no_answer])
def test_a_user_who_does_not_agree_keeps_it(monkeypatch: pytest.MonkeyPatch, answer: Callable[[str], bool]) -> None:
    engine = StubEngine(2)
    monkeypatch.setattr(building, "open_engine", lambda project_dir, stack, packs=None: engine)
    monkeypatch.setattr(click, "confirm", answer)

    done = cleaned_up(Path(), "dev", yes=False)

    assert not done
    assert engine.resources == 2


def test_without_a_plan_no_capacity_names_the_command_that_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: sample\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    monkeypatch.setattr(building, "open_engine", lambda project_dir, stack, packs=None: StubEngine(0))

    with pytest.raises(NoCapacity) as caught:
        up.main(["--dir", str(tmp_path), "--yes"], standalone_mode=False)

    assert str(caught.value) == (
        "no capacity: dev: no p5 left\nto try the next ranked region:  greenai-infra up --plan plan.json"
    )
