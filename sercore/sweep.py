"""Many trials through one joblib call: processes here, a Dask cluster where an address is given."""

import json
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from joblib import Parallel, cpu_count, delayed, parallel_config
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from sercore import store


class SweepError(RuntimeError):
    """Trials that failed; those that did not are kept."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """Trials of one kind.

    Args:
        name: of the kind, as a run is called.
        run: how one is run; see ``sweep``.
        trials: frozen dataclasses.
        data: what they read.
        corpora: names of the corpora in it.
        parts: name and key of what made it, extractors above all.
        encoders: speech encoders in it, with the width of their embeddings.
    """

    name: str
    run: Callable[..., dict]
    trials: Sequence[Any]
    data: Any
    corpora: Sequence[str]
    parts: Sequence[Sequence[str]] = ()
    encoders: Mapping[str, int] = field(default_factory=dict)


def finished(tasks: Sequence[Task], *, scheduler: str, device: str) -> list[list[dict]]:
    """Outcomes of the trials of each task, as ``sweep`` gives them."""
    return [sweep(each.run, each.trials, each.data, scheduler=scheduler, device=device) for each in tasks]


def trial_keys(run: Callable[..., dict], trials: Sequence[Any], data: Any) -> list[store.Key]:
    """Key of each trial: its values, the digest of what it reads, the module of ``run`` and what that imports."""
    base = store.key(settings={}, manifest=[], modules=run.__module__)
    return [replace(base, settings=store.digest(asdict(trial)), data=data.content(trial)) for trial in trials]


def sweep(run: Callable[..., dict], trials: Sequence[Any], data: Any, *, scheduler: str = "none", **options: Any) -> list[dict]:
    """Outcomes of trials, in their order; a finished trial is never run again.

    Args:
        run: importable by name; of a trial, the data and the options; gives plain values that JSON holds.
        trials: frozen dataclasses of plain values.
        data: passed to every call; has ``content(trial)``, the digest of the rows that a trial reads, and pickles.
        scheduler: "none", or the address of a Dask scheduler such as ``tcp://127.0.0.1:8786`` (default "none").
        options: keyword arguments of ``run`` that do not change its outcome, such as the device.

    Raises:
        SweepError: a trial failed; every other one was run and kept first.
    """
    keys = trial_keys(run, trials, data)
    found = [store.kept("trials", key, ".json") for key in keys]
    left = [index for index, payload in enumerate(found) if payload is None]
    outcomes = [None if payload is None else json.loads(payload) for payload in found]
    failures = []
    with (
        ExitStack() as stack,
        tqdm(total=len(trials), initial=len(trials) - len(left), desc="trials", delay=2, mininterval=1) as bar,
    ):
        if scheduler != "none":
            from distributed import Client

            stack.enter_context(Client(scheduler))
            stack.enter_context(parallel_config(backend="dask"))
        elif len(left) > 1:
            stack.enter_context(parallel_config(backend="loky", n_jobs=min(cpu_count(), len(left)), inner_max_num_threads=1))
        pool = Parallel(return_as="generator_unordered", pre_dispatch="4*n_jobs")
        for index, good, answer in pool(delayed(_attempt)(index, run, trials[index], data, options) for index in left):
            if good:
                store.keep("trials", keys[index], json.dumps(answer).encode(), ".json")
                outcomes[index] = answer
            else:
                failures.append((trials[index], answer))
            bar.set_postfix(failed=len(failures), left=bar.total - bar.n - 1, refresh=False)
            bar.update()
    if failures:
        trial, text = failures[0]
        raise SweepError(f"{len(failures)} of {len(trials)} trials failed, the others are kept; the first, {trial}:\n{text}")
    return outcomes


def _attempt(index: int, run: Callable[..., dict], trial: Any, data: Any, options: dict) -> tuple[int, bool, Any]:
    start = time.perf_counter()
    try:
        with threadpool_limits(1):
            outcome = run(trial, data, **options)
        return index, True, outcome | {"seconds": round(time.perf_counter() - start, 3)}
    except Exception:
        return index, False, traceback.format_exc(limit=-3)
