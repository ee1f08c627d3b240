"""What a sweep costs a trial beside plain joblib, with processes here and through a Dask scheduler by address; goal under 5 ms.

Usage: ``python -m benchmarks.sweeping [TRIALS [ROUNDS]]`` (default 400 and 3). A trial sleeps for two milliseconds. The sweep also
names each trial by its key, looks whether it is kept, and keeps its outcome, whole or not at all; plain joblib does none of that.
The overhead is the difference of the two, in milliseconds a trial, the median of the rounds' own. Every round has new trials.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import count
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
from joblib import Parallel, delayed, parallel_config
from tabulate import tabulate

from sercore import store
from sercore.sweep import sweep

GOAL, TRIALS, ROUNDS, WORKERS = 5.0, 400, 3, (1, 2)
SECONDS = 0.002  # of a trial
NEW = count()


@dataclass(frozen=True)
class Trial:
    """A number."""

    number: int


@dataclass(frozen=True)
class Data:
    """Rows of the size of a small study's."""

    rows: np.ndarray

    def content(self, trial: Trial) -> str:
        return "the same for all"


def run(trial: Trial, data: Data) -> dict:
    time.sleep(SECONDS)
    return {"counts": [["speaker", 0, 1, trial.number]] * 50}


def take_code() -> None:
    """Let keys cover what makes chapter 1's trials, as this file is no module of the package."""
    code = store._code
    store._code = lambda modules: code(("sercore.papers.alves2022.trial",))


@contextmanager
def processes(workers: int) -> Iterator[str]:
    """Processes here: as many as ``joblib.cpu_count`` is made to tell."""
    with patch.dict(os.environ, LOKY_MAX_CPU_COUNT=str(workers)):
        yield "none"


@contextmanager
def cluster(workers: int) -> Iterator[str]:
    """A Dask cluster on this machine, known by its address alone."""
    from distributed import Client, LocalCluster

    about = {"threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": None}
    with LocalCluster(n_workers=workers, **about) as made, Client(made) as client:
        client.run(take_code)
        yield made.scheduler_address


def plainly(trials: list[Trial], data: Data, scheduler: str, workers: int) -> list[dict]:
    """The same calls through joblib alone."""
    if scheduler == "none":
        client, backend = (
            nullcontext(),
            parallel_config(backend="loky", n_jobs=workers, inner_max_num_threads=1),
        )
    else:
        from distributed import Client

        client, backend = Client(scheduler), parallel_config(backend="dask")
    with client, backend:
        pool = Parallel(return_as="generator_unordered", pre_dispatch="4*n_jobs")
        return list(pool(delayed(run)(trial, data) for trial in trials))


def measured(where: Callable, workers: int, trials: int, rounds: int) -> np.ndarray:
    """Milliseconds a trial of plain joblib and of a sweep, ``(rounds, 2)``, after a round that is not counted."""
    data, found = Data(np.zeros((5000, 100))), []
    with where(workers) as scheduler:
        for _ in range(1 + rounds):
            new = [[Trial(next(NEW)) for _ in range(trials)] for _ in range(2)]
            started = time.perf_counter()
            plainly(new[0], data, scheduler, workers)
            middle = time.perf_counter()
            sweep(run, new[1], data, scheduler=scheduler)
            found.append(np.array([middle - started, time.perf_counter() - middle]) * 1e3 / trials)
    return np.array(found[1:])


def main() -> None:
    trials, rounds = [*map(int, sys.argv[1:]), *(TRIALS, ROUNDS)[len(sys.argv) - 1 :]]
    rows, code = [], patch.object(store, "_code", store._code)
    with TemporaryDirectory() as folder, patch.dict(os.environ, SER_STORE=folder), code:
        take_code()
        for name, where in {"processes here": processes, "Dask by address": cluster}.items():
            for workers in WORKERS:
                turns = measured(where, workers, trials, rounds)
                over = turns[:, 1] - turns[:, 0]
                plain, own = np.median(turns, axis=0)
                goal = "reached" if np.median(over) < GOAL else "not reached"
                spread = f"{np.median(over):.1f} ({over.min():.1f} to {over.max():.1f})"
                rows.append((name, workers, f"{plain:.1f}", f"{own:.1f}", spread, goal))
    print(
        tabulate(
            rows,
            headers=(
                "where",
                "workers",
                "joblib, ms a trial",
                "sweep, ms a trial",
                "overhead, ms",
                f"goal {GOAL:g} ms",
            ),
        )
    )


if __name__ == "__main__":
    main()
