"""Many trials through one joblib call, in processes or on a Dask cluster."""

import itertools
import json
import socket
import threading
import time
import traceback
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from joblib import Parallel, cpu_count, delayed, parallel_config
from threadpoolctl import threadpool_limits

from sercore import deadline, store
from sercore.progress import Progress
from sercore.protocols.splits import Splits

# Trials of one call, five folds of five seeds: more gain nothing on a CPU and are lost together.
AT_ONCE = 25
# Trials that share a GPU: a ResNet34 in training takes some 5 GB, and twelve gain little over two.
ON_A_GPU = 4
# A worker with several threads trains one network at a time: torch's generator is the process's.
ALONE = threading.Lock()
PATIENCE = 30.0  # s without a result, or a worker, after which a cluster is asked whether it lives


class SweepError(RuntimeError):
    """Trials that failed, or a cluster that cannot run them; what was finished is kept."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """Trials of one kind.

    Args:
        name: name of the run.
        run: function that runs one trial; see ``sweep``.
        trials: trials as frozen dataclasses.
        data: data that the trials read.
        corpora: names of the corpora in the data.
        parts: names and keys of the results that the data are made of, such as features.
        encoders: speech encoders of the data, with the width of their embeddings.
        run_together: function that runs several ``alike`` trials at once; see ``sweep``.
        alike: function of a trial that returns what such trials have in common.
        fills_a_gpu: whether a trial needs most of a GPU's memory.
        splits: how the trials are split, for the leak hunter; None where no clips are split, or
            another task of the run has the same splits.
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
    fills_a_gpu: bool = False
    splits: Splits | None = None

    @cached_property
    def shared(self) -> list[Any]:
        """Search the trials' splits for leaks, as ``grids.search`` does: an entry a protocol."""
        if self.splits is None:
            return []
        from sercore.protocols import grids  # reads audio, which no training does

        return grids.search(self.trials, self.data, self.splits)


def finished(tasks: Sequence[Task], *, scheduler: str, device: str) -> list[list[dict]]:
    """Run the trials of each task by ``sweep``; on a GPU all that are alike run at once.

    A trial that fills a GPU has the one of this machine for itself.

    Raises:
        LeakError: the splits of a task have a leak that is not on purpose; nothing was trained.
    """
    from sercore.training.devices import choose

    for task in tasks:
        _ = task.shared
    on_a_gpu = choose(device).type != "cpu"
    results = []
    for task in tasks:
        groups = [task.trials]
        if task.fills_a_gpu and on_a_gpu and scheduler == "none":
            groups = [[trial] for trial in task.trials]
        outcomes = []
        for trials in groups:
            outcomes += sweep(
                task.run,
                trials,
                task.data,
                scheduler=scheduler,
                run_together=task.run_together,
                alike=task.alike,
                at_once=None if on_a_gpu else AT_ONCE,
                device=device,
            )
        results.append(outcomes)
    return results


def at_a_time(device: str) -> int:
    """Number of trials that run at the same time: one a core, but four at most on a GPU."""
    from sercore.training.devices import choose

    return cpu_count() if choose(device).type == "cpu" else min(cpu_count(), ON_A_GPU)


def trial_keys(run: Callable[..., dict], trials: Sequence[Any], data: Any) -> list[store.Key]:
    """Make the key of each trial from its values, its data, and ``run`` with its module."""
    base = store.key(settings={}, manifest=[], modules=run.__module__)
    keys = []
    for trial in trials:
        settings = store.digest([run.__name__, asdict(trial)])
        keys.append(replace(base, settings=settings, data=data.content(trial)))
    return keys


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
    """Run trials, each of them once, and return their outcomes in order.

    Args:
        run: function of a trial, the data and the options, importable by name; it returns plain
            values that JSON holds.
        trials: frozen dataclasses of plain values.
        data: data that is passed to every call and pickles; its ``content(trial)`` is the digest of
            the rows that a trial reads.
        scheduler: "none", or the address of a Dask scheduler such as ``tcp://127.0.0.1:8786``.
        run_together: function of several trials, the data and the options, which returns an outcome
            for each; ``seconds`` are shared out evenly. Where it fails, its trials run one by one.
        alike: function of a trial that returns what trials in one call have in common.
        at_once: largest number of trials in one call; None for no limit.
        options: keyword arguments of ``run`` that do not change its outcome, such as the device.

    Raises:
        SweepError: a trial failed, and all others were run and kept; or the cluster is not there,
            has lost its workers, or runs other code or libraries than are here.
        OutOfTime: the time of the run is over (see ``sercore.deadline``); what was done is kept.
    """
    keys = _on_device(trial_keys(run, trials, data), options.get("device", "cpu"))
    payloads = [store.kept("trials", key, ".json") for key in keys]
    outcomes = [None if payload is None else json.loads(payload) for payload in payloads]
    left = [index for index, payload in enumerate(payloads) if payload is None]
    calls = [[index] for index in left]
    if run_together is not None:
        calls = calls_of({index: alike(trials[index]) for index in left}, at_once)
    failures, moment = [], deadline.moment()
    attempts = (
        (moment, call, run, run_together, [trials[index] for index in call]) for call in calls
    )
    with (
        ExitStack() as stack,
        Progress(total=len(trials), initial=len(trials) - len(left), title="trials") as bar,
    ):
        if scheduler != "none" and calls:
            pool = _on_cluster(scheduler, attempts, data, options, run.__module__)
        else:
            if len(calls) > 1:
                jobs = min(at_a_time(options.get("device", "cpu")), len(calls))
                config = parallel_config(backend="loky", n_jobs=jobs, inner_max_num_threads=1)
                stack.enter_context(config)
            pool = Parallel(return_as="generator_unordered", pre_dispatch="4*n_jobs")(
                delayed(_within)(*attempt, data, options) for attempt in attempts
            )
        for results in pool:
            for index, succeeded, result in results:
                if succeeded:
                    store.keep("trials", keys[index], json.dumps(result).encode(), ".json")
                    outcomes[index] = result
                else:
                    failures.append((trials[index], result))
            remaining = bar.total - bar.n - len(results)
            bar.set_postfix(failed=len(failures), left=remaining, refresh=False)
            bar.update(len(results))
    if failures:
        trial, text = failures[0]
        if "OutOfMemoryError" in text:
            text += "The GPU's memory was too small. Train one at a time: set LOKY_MAX_CPU_COUNT=1."
        raise SweepError(
            f"{len(failures)} of {len(trials)} trials failed, the others that finished are kept; the"
            f" first, {trial}:\n{text}"
        )
    if unfinished := outcomes.count(None):
        raise deadline.OutOfTime(f"{unfinished} of {len(trials)} trials are left")
    return outcomes


def _on_cluster(
    address: str, attempts: Iterator[tuple], data: Any, options: dict, module: str
) -> Iterator[list]:
    """Yield the results of attempts as the workers of a Dask cluster finish them.

    A call whose worker dies is run on another one. Each worker compares its code and libraries with
    those here before it runs anything.
    """
    from distributed import Client, KilledWorker, wait

    expected = store.key(settings={}, manifest=[], modules=module)
    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise SweepError(
            f"scheduler={address}: no Dask scheduler answers ({error}); expected one. Start it"
            " with `dask scheduler`, or leave scheduler out."
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
            shared = client.scatter(data, broadcast=True, hash=False)
            waiting = set()
            while True:
                room = 4 * max(1, sum(client.nthreads().values())) - len(waiting)
                for attempt in itertools.islice(attempts, max(0, room)):
                    call = (expected, module, *attempt, shared, options)
                    waiting.add(client.submit(_checked, *call, pure=False))
                if not waiting:
                    return
                try:
                    done, waiting = wait(waiting, PATIENCE, return_when="FIRST_COMPLETED")
                except TimeoutError:
                    client.wait_for_workers(1, timeout=PATIENCE)
                    continue
                for future in done:
                    yield future.result()
        except KilledWorker as error:
            raise SweepError(
                f"scheduler={address}: {error} Look for the reason in the log of the workers, such"
                " as a lack of memory; what was finished is kept."
            ) from error
        except (OSError, CancelledError) as error:  # the scheduler itself may be gone
            raise SweepError(
                f"scheduler={address}: no worker is left that answers; expected one or more that"
                " stay. Start workers with `dask worker` and run this again; what was finished is"
                " kept."
            ) from error


def _checked(expected: store.Key, module: str, *call: Any) -> list[tuple[int, bool, Any]]:
    """Run trials on a worker that has the code and the libraries of the process that asks."""
    here = store.key(settings={}, manifest=[], modules=module)
    versions = sorted(set(here.versions) ^ set(expected.versions))
    if here.code != expected.code or versions:
        other = ", ".join(f"{name} {version}" for name, version in versions) or "the same libraries"
        raise SweepError(
            f"worker on {socket.gethostname()}: its sercore in {store.CODE} has the code"
            f" {here.code[:8]} of {module}, expected {expected.code[:8]}; libraries that differ:"
            f" {other}. Install the same version on every worker, and start them again."
        )
    with ALONE:
        return _within(*call)


def calls_of(left: Mapping[int, Hashable], at_once: int | None = AT_ONCE) -> list[list[int]]:
    """Share out trials into calls of one kind each, evenly where a kind has several calls.

    Args:
        left: kind of each trial, by its number.
        at_once: largest number of trials in a call; None for no limit.
    """
    kinds: dict[Hashable, list[int]] = {}
    for index, kind in left.items():
        kinds.setdefault(kind, []).append(index)
    calls = []
    for members in kinds.values():
        n_calls = -(-len(members) // (at_once or len(members)))
        calls += [part.tolist() for part in np.array_split(members, n_calls)]
    return calls


def _on_device(keys: Sequence[store.Key], device: str) -> list[store.Key]:
    """Keep apart what a GPU gives: a run that stopped on one is not finished on a CPU."""
    from sercore.training.devices import choose

    kind = choose(device).type
    if kind == "cpu":
        return list(keys)
    return [replace(key, settings=store.digest([key.settings, kind])) for key in keys]


def _within(moment: float, indices: Sequence[int], *call: Any) -> list[tuple[int, bool, Any]]:
    """Run trials in a process that does not know the moment at which the run stops."""
    with deadline.until(moment):
        return _attempt(indices, *call)


def _attempt(
    indices: Sequence[int],
    run: Callable[..., dict],
    run_together: Callable[..., list[dict]] | None,
    trials: Sequence[Any],
    data: Any,
    options: dict,
) -> list[tuple[int, bool, Any]]:
    """Run trials; return of each its index, whether it succeeded, and its outcome or traceback.

    A trial that the end of the run's time keeps from beginning, or stops, gives nothing.
    """
    if deadline.left() <= 0:
        return []
    if len(trials) > 1:
        try:
            outcomes, seconds = _timed(run_together, trials, data, options)
            share = round(seconds / len(trials), 3)
            return [
                (index, True, outcome | {"seconds": share})
                for index, outcome in zip(indices, outcomes, strict=True)
            ]
        except deadline.OutOfTime:
            return []
        except Exception:  # running them one by one shows which of them fails
            results = []
            for index, trial in zip(indices, trials, strict=True):
                results += _attempt([index], run, run_together, [trial], data, options)
            return results
    try:
        outcome, seconds = _timed(run, trials[0], data, options)
        return [(indices[0], True, outcome | {"seconds": round(seconds, 3)})]
    except deadline.OutOfTime:
        return []
    except Exception:
        return [(indices[0], False, traceback.format_exc(limit=-3))]


def _timed(call: Callable[..., Any], trials: Any, data: Any, options: dict) -> tuple[Any, float]:
    start = time.perf_counter()
    with threadpool_limits(1):
        result = call(trials, data, **options)
    return result, time.perf_counter() - start
