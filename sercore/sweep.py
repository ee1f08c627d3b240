"""Many trials through one joblib call: processes here, a Dask cluster where an address is given."""

import json
import time
import traceback
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from joblib import Parallel, cpu_count, delayed, parallel_config
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from sercore import store

AT_ONCE = 25  # trials of one call: five folds of five seeds; more gain nothing on a CPU and are lost together
ON_A_GPU = 4  # trials that share one: a ResNet34 in training holds some 5 GB, and twelve go hardly faster in all than two


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
        run_together: how trials that are ``alike`` are run at once; see ``sweep`` (default: one by one).
        alike: what such trials have in common.
    """

    name: str
    run: Callable[..., dict]
    trials: Sequence[Any]
    data: Any
    corpora: Sequence[str]
    parts: Sequence[Sequence[str]] = ()
    encoders: Mapping[str, int] = field(default_factory=dict)
    run_together: Callable[..., list[dict]] | None = None
    alike: Callable[[Any], Hashable] | None = None


def finished(tasks: Sequence[Task], *, scheduler: str, device: str) -> list[list[dict]]:
    """Outcomes of the trials of each task, as ``sweep`` gives them; on a GPU all alike ones are trained in one go."""
    from sercore.training.loop import choose

    at_once = AT_ONCE if choose(device).type == "cpu" else None
    return [
        sweep(
            each.run,
            each.trials,
            each.data,
            scheduler=scheduler,
            run_together=each.run_together,
            alike=each.alike,
            at_once=at_once,
            device=device,
        )
        for each in tasks
    ]


def at_a_time(device: str) -> int:
    """How many trials are run at a time: one a core, but on a GPU, which they all share, four at most."""
    from sercore.training.loop import choose

    return cpu_count() if choose(device).type == "cpu" else min(cpu_count(), ON_A_GPU)


def trial_keys(run: Callable[..., dict], trials: Sequence[Any], data: Any) -> list[store.Key]:
    """Key of each trial: its values, the digest of what it reads, the module of ``run`` and what that imports."""
    base = store.key(settings={}, manifest=[], modules=run.__module__)
    return [
        replace(base, settings=store.digest(asdict(trial)), data=data.content(trial))
        for trial in trials
    ]


def sweep(
    run: Callable[..., dict],
    trials: Sequence[Any],
    data: Any,
    *,
    scheduler: str = "none",
    run_together: Callable[..., list[dict]] | None = None,
    alike: Callable[[Any], Hashable] | None = None,
    at_once: int | None = AT_ONCE,
    **options: Any,
) -> list[dict]:
    """Outcomes of trials, in their order; a finished trial is never run again.

    Args:
        run: importable by name; of a trial, the data and the options; gives plain values that JSON holds.
        trials: frozen dataclasses of plain values.
        data: passed to every call; has ``content(trial)``, the digest of the rows that a trial reads, and pickles.
        scheduler: "none", or the address of a Dask scheduler such as ``tcp://127.0.0.1:8786`` (default "none").
        run_together: of several trials, the data and the options; gives what ``run`` would of each, ``seconds`` shared out evenly
            (default: one by one). Where it fails, its trials are run one by one.
        alike: of a trial, what the trials that ``run_together`` gets at once have in common.
        at_once: how many it gets at most (default 25); None for no limit.
        options: keyword arguments of ``run`` that do not change its outcome, such as the device.

    Raises:
        SweepError: a trial failed; every other one was run and kept first.
    """
    keys = trial_keys(run, trials, data)
    found = [store.kept("trials", key, ".json") for key in keys]
    left = [index for index, payload in enumerate(found) if payload is None]
    outcomes = [None if payload is None else json.loads(payload) for payload in found]
    calls = (
        [[index] for index in left]
        if run_together is None
        else calls_of({index: alike(trials[index]) for index in left}, at_once)
    )
    failures = []
    with (
        ExitStack() as stack,
        tqdm(
            total=len(trials),
            initial=len(trials) - len(left),
            desc="trials",
            delay=2,
            mininterval=1,
        ) as bar,
    ):
        if scheduler != "none":
            from distributed import Client

            stack.enter_context(Client(scheduler))
            stack.enter_context(parallel_config(backend="dask"))
        elif len(calls) > 1:
            width = min(at_a_time(options.get("device", "cpu")), len(calls))
            stack.enter_context(
                parallel_config(backend="loky", n_jobs=width, inner_max_num_threads=1)
            )
        pool = Parallel(return_as="generator_unordered", pre_dispatch="4*n_jobs")
        jobs = (
            delayed(_attempt)(call, run, run_together, [trials[at] for at in call], data, options)
            for call in calls
        )
        for answers in pool(jobs):
            for index, good, answer in answers:
                if good:
                    store.keep("trials", keys[index], json.dumps(answer).encode(), ".json")
                    outcomes[index] = answer
                else:
                    failures.append((trials[index], answer))
            bar.set_postfix(
                failed=len(failures), left=bar.total - bar.n - len(answers), refresh=False
            )
            bar.update(len(answers))
    if failures:
        trial, text = failures[0]
        raise SweepError(
            f"{len(failures)} of {len(trials)} trials failed, the others are kept; the first, {trial}:\n{text}"
        )
    return outcomes


def calls_of(left: Mapping[int, Hashable], at_once: int | None = AT_ONCE) -> list[list[int]]:
    """Trials of each call: of one kind, at most so many, shared out evenly where a kind has more.

    Args:
        left: kind of each trial, by its number.
        at_once: how many a call has at most (default 25); None for no limit.
    """
    kinds: dict[Hashable, list[int]] = {}
    for index, kind in left.items():
        kinds.setdefault(kind, []).append(index)
    parts = [
        np.array_split(members, -(-len(members) // (at_once or len(members))))
        for members in kinds.values()
    ]
    return [part.tolist() for each in parts for part in each]


def _attempt(
    indices: Sequence[int],
    run: Callable[..., dict],
    run_together: Callable[..., list[dict]] | None,
    trials: Sequence[Any],
    data: Any,
    options: dict,
) -> list[tuple[int, bool, Any]]:
    """Index of each trial, whether it went well, and its outcome or the error's text."""
    if len(trials) > 1:
        try:
            outcomes, seconds = _timed(run_together, trials, data, options)
            each = round(seconds / len(trials), 3)
            return [
                (index, True, outcome | {"seconds": each})
                for index, outcome in zip(indices, outcomes, strict=True)
            ]
        except Exception:  # one of them may be at fault: which one, each alone will tell
            return [
                found
                for index, trial in zip(indices, trials, strict=True)
                for found in _attempt([index], run, run_together, [trial], data, options)
            ]
    try:
        outcome, seconds = _timed(run, trials[0], data, options)
        return [(indices[0], True, outcome | {"seconds": round(seconds, 3)})]
    except Exception:
        return [(indices[0], False, traceback.format_exc(limit=-3))]


def _timed(call: Callable[..., Any], trials: Any, data: Any, options: dict) -> tuple[Any, float]:
    start = time.perf_counter()
    with threadpool_limits(1):
        found = call(trials, data, **options)
    return found, time.perf_counter() - start
