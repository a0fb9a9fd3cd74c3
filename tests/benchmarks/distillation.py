"""Stored teacher outputs against the usual loop, which runs the teacher at each step: time, accuracy, memory.

    python -m tests.benchmarks.distillation            # all three tables, about five minutes
    python -m tests.benchmarks.distillation time       # or accuracy, or memory

Time is that of the processor, of one thread, the loops taking turns: what else the machine does falls on all alike. The
loops have the same batches, student and optimizer; `usual` is the source's loop: KL at T, scaled by T^2, and labels.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median, stdev
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal
from zlib import crc32

import torch
from torch import nn
from torch.nn import functional

from training.charlm import CHARACTERS, CharacterModel, encode, windows
from training.digits import read_digits
from training.distill import Recipe, StoredLoss, fill, held_out_cross_entropy
from training.teacher_outputs import TeacherOutputs

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    Loss = Callable[[nn.Module, Tensor], Tensor]

RECIPE = Recipe(temperature=3.0, alpha=0.7)
ROUNDS = 7
CONTEXT = 64
WORDS = 50_257
TEXT = 120_000
"""Characters of the help texts that Python ships."""
SEEDS = range(5)


@dataclass(frozen=True)
class Pair:
    """A teacher and a student, and how many steps of which batch a round takes."""

    name: str
    teacher: Callable[[], nn.Module]
    student: Callable[[], nn.Module]
    data: Callable[[], tuple[Tensor, Tensor]]
    batch_size: int
    steps: int


@dataclass(frozen=True)
class Times:
    """Median seconds of processor time a step; `loader_s` is the usual loop fed by torch's DataLoader."""

    loader_s: float
    usual_s: float
    labels_s: float
    stored_s: float


def perceptron(width: int) -> nn.Sequential:
    """Two hidden layers, for digits."""
    return nn.Sequential(
        nn.Linear(64, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10)
    )  # fmt: skip


def digits() -> tuple[Tensor, Tensor]:
    """Images and labels."""
    images, labels = read_digits()
    return images[:1437], labels[:1437]


def text() -> tuple[Tensor, Tensor]:
    """Pieces of text, and the character after each of theirs."""
    from pydoc_data.topics import topics

    return windows(encode("\n".join(topics[name] for name in sorted(topics))[:TEXT]), CONTEXT)


class WordModel(nn.Module):
    """A language model of one layer with the vocabulary of GPT-2: codes (n, t) give logits (n, t, 50257)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, width)
        self.layer = nn.GRU(width, width, batch_first=True)
        self.head = nn.Linear(width, WORDS)

    def forward(self, codes: Tensor) -> Tensor:
        """Logits of the next word at each place."""
        logits: Tensor = self.head(self.layer(self.words(codes))[0])
        return logits


def words() -> tuple[Tensor, Tensor]:
    """Pieces of 32 words, and the word after each of theirs; a word's code is its checksum."""
    from pydoc_data.topics import topics

    found = "\n".join(topics[name] for name in sorted(topics)).split()[:3_000]
    return windows(torch.tensor([crc32(word.encode()) % WORDS for word in found]), 32)


PAIRS = {
    pair.name: pair
    for pair in (
        Pair("digits", lambda: perceptron(1280), lambda: perceptron(256), digits, 64, 22),
        Pair("text", lambda: CharacterModel(256, 4, CONTEXT), lambda: CharacterModel(64, 2, CONTEXT), text, 32, 6),
        Pair("words", lambda: WordModel(256), lambda: WordModel(64), words, 8, 4),
        Pair("text 4x", lambda: CharacterModel(136, 3, CONTEXT), lambda: CharacterModel(64, 3, CONTEXT), text, 32, 6),
    )
}


def parameters(model: nn.Module) -> int:
    """How many."""
    return sum(one.numel() for one in model.parameters())


def usual_loss(student: Tensor, teacher: Tensor, labels: Tensor) -> Tensor:
    """As the source writes it, over all positions."""
    student, teacher, labels = student.flatten(0, -2), teacher.flatten(0, -2), labels.flatten()
    temperature, alpha = RECIPE.temperature, RECIPE.alpha
    soft = functional.kl_div(
        functional.log_softmax(student / temperature, dim=-1),
        functional.softmax(teacher / temperature, dim=-1),
        reduction="batchmean",
    )
    return alpha * temperature**2 * soft + (1 - alpha) * functional.cross_entropy(student, labels)


def usual(teacher: nn.Module, inputs: Tensor, labels: Tensor) -> Loss:
    """The teacher runs at each step."""

    def loss(student: nn.Module, at: Tensor) -> Tensor:
        some = inputs[at]
        with torch.no_grad():
            logits = teacher(some)
        return usual_loss(student(some), logits, labels[at])

    return loss


def labels_alone(inputs: Tensor, labels: Tensor) -> Loss:
    """Plain cross-entropy."""

    def loss(student: nn.Module, at: Tensor) -> Tensor:
        return functional.cross_entropy(student(inputs[at]).flatten(0, -2), labels[at].flatten())

    return loss


def train(student: nn.Module, optimizer: torch.optim.Optimizer, loss: Loss, batches: list[Tensor]) -> float:
    """Processor seconds a step."""
    start_s = time.process_time()
    for at in batches:
        optimizer.zero_grad()
        value = loss(student, at)
        value.backward()
        optimizer.step()
        value.item()
    return (time.process_time() - start_s) / len(batches)


def with_loader(
    student: nn.Module, optimizer: torch.optim.Optimizer, teacher: nn.Module, inputs: Tensor, labels: Tensor, size: int
) -> float:
    """The same, the batches being put together item by item, as torch's own loader does."""
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(inputs, labels), size, shuffle=True)
    start_s, steps = time.process_time(), 0
    for some, right in loader:
        with torch.no_grad():
            logits = teacher(some)
        value = usual_loss(student(some), logits, right)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        value.item()
        steps += 1
    return (time.process_time() - start_s) / steps


def measure(pair: Pair, folder: Path, rounds: int = ROUNDS) -> Times:
    """Later epochs of each loop in turn: the teacher's outputs are there already."""
    torch.manual_seed(0)
    teacher, student = pair.teacher().eval(), pair.student().train()
    count = pair.batch_size * pair.steps
    inputs, labels = (one[:count] for one in pair.data())
    outputs = fill(folder, teacher, inputs, temperature=RECIPE.temperature)
    optimizer = torch.optim.AdamW(student.parameters(), lr=1e-3)
    losses = (usual(teacher, inputs, labels), labels_alone(inputs, labels), StoredLoss(outputs, inputs, labels, RECIPE))
    found: list[list[float]] = []
    for _ in range(rounds + 1):
        batches = list(torch.randperm(count).split(pair.batch_size))
        loader_s = with_loader(student, optimizer, teacher, inputs, labels, pair.batch_size)
        found.append([loader_s, *(train(student, optimizer, loss, batches) for loss in losses)])
    return Times(*(median(each) for each in zip(*found[1:], strict=True)))


def accuracy_by_seed() -> dict[str, list[float]]:
    """Held-out nats a character of students that differ in their targets alone, by seed."""
    inputs, labels = text()
    count = int(0.9 * len(inputs))
    held_out = inputs[count:], labels[count:]
    train_inputs, train_labels = inputs[:count], labels[:count]
    torch.manual_seed(100)
    teacher = CharacterModel(128, 2, CONTEXT)
    optimizer = torch.optim.AdamW(teacher.parameters(), lr=2e-3)
    for _ in range(6):
        train(teacher, optimizer, labels_alone(train_inputs, train_labels), list(torch.randperm(count).split(32)))
    teacher.eval()
    found: dict[str, list[float]] = {"teacher": [held_out_cross_entropy(teacher, *held_out, 64)]}
    with TemporaryDirectory() as folder:
        for seed in SEEDS:
            for name, loss in _targets(Path(folder), seed, teacher, train_inputs, train_labels).items():
                torch.manual_seed(seed)
                student = CharacterModel(32, 1, CONTEXT)
                optimizer = torch.optim.AdamW(student.parameters(), lr=3e-3)
                for _ in range(4):
                    train(student, optimizer, loss, list(torch.randperm(count).split(32)))
                found.setdefault(name, []).append(held_out_cross_entropy(student, *held_out, 64))
    return found


def _targets(folder: Path, seed: int, teacher: nn.Module, inputs: Tensor, labels: Tensor) -> dict[str, Loss]:
    stated: dict[str, Any] = {"temperature": RECIPE.temperature, "seed": seed}
    kept: list[tuple[str, Literal["sampled", "top_k"], int]] = [
        ("sampled, k = 30", "sampled", 30), ("sampled, k = 12", "sampled", 12), ("top-k, k = 12 (biased)", "top_k", 12)
    ]  # fmt: skip
    stored: dict[str, Loss] = {
        name: StoredLoss(
            fill(folder / f"{name} {seed}", teacher, inputs, kind=kind, k=k, **stated), inputs, labels, RECIPE
        )
        for name, kind, k in kept
    }
    return {
        "exact, teacher at each step": usual(teacher, inputs, labels),
        **stored,
        "labels alone": labels_alone(inputs, labels),
    }


def peak_mb(what: str, folder: Path) -> float:
    """Highest resident memory of a process that does nothing else: `usual`, `stored` (both epochs) or `later`."""
    command = [sys.executable, "-m", "tests.benchmarks.distillation", "child", what, str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout)


def child(what: str, folder: Path) -> None:
    """One epoch of the text pair; `later` finds the outputs that `stored` has left, and loads no teacher."""
    import resource

    torch.set_num_threads(1)
    torch.manual_seed(0)
    pair = PAIRS["text"]
    inputs, labels = pair.data()
    student = pair.student().train()
    optimizer = torch.optim.AdamW(student.parameters(), lr=1e-3)
    if what == "usual":
        loss = usual(pair.teacher().eval(), inputs, labels)
    elif what == "stored":
        outputs = fill(folder, pair.teacher(), inputs, temperature=RECIPE.temperature, batch_size=pair.batch_size)
        loss = StoredLoss(outputs, inputs, labels, RECIPE)
    else:
        loss = StoredLoss(TeacherOutputs(folder), inputs, labels, RECIPE)
    train(student, optimizer, loss, list(torch.randperm(len(inputs)).split(pair.batch_size))[:20])
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def print_times() -> None:
    """The first table."""
    print(f"{'':<9}{'teacher':>10}{'student':>9}{'x':>6}{'ms a step: usual':>18}", end="")
    print(f"{'labels':>8}{'stored':>8}{'gain':>6}{'cost':>6}")
    for pair in PAIRS.values():
        with TemporaryDirectory() as folder:
            found = measure(pair, Path(folder))
        sizes = parameters(pair.teacher()), parameters(pair.student())
        print(
            f"{pair.name:<9}{sizes[0]:>10,}{sizes[1]:>9,}{sizes[0] / sizes[1]:>6.1f}{1e3 * found.usual_s:>18.2f}"
            f"{1e3 * found.labels_s:>8.2f}{1e3 * found.stored_s:>8.2f}{found.usual_s / found.stored_s:>6.2f}"
            f"{found.stored_s / found.labels_s:>6.2f}"
        )
    print("gain: usual over stored; cost: stored over labels alone; from the second epoch on")


def print_accuracy() -> None:
    """The second table."""
    over = f"mean and standard error over {len(SEEDS)} seeds"
    print(f"T = {RECIPE.temperature:g}; held-out nats a character of {len(CHARACTERS)}, {over}")
    for name, values in accuracy_by_seed().items():
        error = f" +- {stdev(values) / len(values) ** 0.5:.4f}" if len(values) > 1 else ""
        print(f"  {name:<30}{mean(values):.4f}{error}")


def print_memory() -> None:
    """The third table."""
    with TemporaryDirectory() as folder:
        print("peak memory of a process, MB, text pair")
        for what, said in (
            ("usual", "usual loop"),
            ("stored", "stored, both epochs"),
            ("later", "stored, from then on"),
        ):
            print(f"  {said:<30}{peak_mb(what, Path(folder)):.0f}")


TABLES = {"time": print_times, "accuracy": print_accuracy, "memory": print_memory}

if __name__ == "__main__":
    torch.set_num_threads(1)
    if sys.argv[1:2] == ["child"]:
        child(sys.argv[2], Path(sys.argv[3]))
    else:
        for wanted in sys.argv[1:] or TABLES:
            TABLES[wanted]()
