"""One golden trial: run in a store of its own, with what torch saw of its training."""

import json
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from threadpoolctl import threadpool_limits

from sercore.training import checkpoints
from sercore.training.resumable import LAST
from tests.golden.outcomes import plain

OPTIMISED = ("lr", "betas", "eps", "momentum", "weight_decay")  # settings that are compared
PLAN = re.compile(r"plan\.|seed$")
FIRST = 5  # steps whose losses are kept


@dataclass(frozen=True)
class Golden:
    """One tiny trial of a study.

    Args:
        study: module of the paper, with ``STUDY`` and ``METHODS``.
        kind: of trial, a key of ``METHODS``.
        name: of the code path among those of its kind.
        trial: settings, in the study's own dataclass.
        data: small, and the same in every run.
        run: gives the outcome of the trial on the data.
        tolerance: relative difference that processors may make, as ``outcomes`` says.
    """

    study: ModuleType
    kind: str
    name: str
    trial: Any
    data: Any
    run: Callable[[Any, Any], dict]
    tolerance: float

    @property
    def path(self) -> str:
        """Kind and code path: what a committed outcome is filed under."""
        return f"{self.kind}, {self.name}"


def measure(golden: Golden) -> dict[str, Any]:
    """Method number, recipe and outcome of a golden trial as plain values.

    The recipe is what the training used and not what a page says of it: the trial's settings, the
    groups of each optimiser, and the plan in each checkpoint.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
        threadpool_limits(1),
        watched() as training,
    ):
        patch.setenv("SER_STORE", folder)
        outcome = golden.run(golden.trial, golden.data)
        recipe = {
            "trial": asdict(golden.trial),
            "optimisers": training.optimisers,
            "plans": plans(Path(folder)),
        }
    steps = {"first_losses": training.losses[:FIRST], "training_steps": len(training.losses)}
    return {
        "method": golden.study.METHODS[golden.kind],
        "recipe": json.loads(json.dumps(recipe)),
        "outcome": plain(outcome | (steps if training.losses else {})),
    }


@dataclass(frozen=True)
class Training:
    """What torch saw: optimisers as they were made, and the loss of each backward pass."""

    optimisers: list[dict]
    losses: list[float]


@contextmanager
def watched() -> Iterator[Training]:
    """Note every optimiser that is made and every loss that is descended."""
    training = Training([], [])
    make, descend = torch.optim.Optimizer.__init__, torch.Tensor.backward

    def made(self: torch.optim.Optimizer, *given: Any, **settings: Any) -> None:
        make(self, *given, **settings)
        groups = [
            {"weights": sum(weight.numel() for weight in group["params"])}
            | {name: group[name] for name in OPTIMISED if name in group}
            for group in self.param_groups
        ]
        training.optimisers.append({"name": type(self).__name__, "groups": groups})

    def descended(self: torch.Tensor, *given: Any, **settings: Any) -> None:
        training.losses.append(self.item())
        descend(self, *given, **settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.Optimizer, "__init__", made)
        patch.setattr(torch.Tensor, "backward", descended)
        yield training


def plans(store: Path) -> list[dict[str, Any]]:
    """Plan and seed of every training that a store keeps, as their checkpoints have them."""
    records = [checkpoints.read(path)[1]["run"] for path in store.glob(f"trainings/*/*/{LAST}")]
    chosen = [{name: record[name] for name in record if PLAN.match(name)} for record in records]
    return sorted(chosen, key=json.dumps)
