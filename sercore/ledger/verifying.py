"""Recorded trials run again, and what they gave then beside what they give now.

A trial is trained anew, whatever the store keeps of it; features are taken from the store. One trial of each code path comes
first, the cheapest first: a study's ``code_path`` says which settings make a path.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from sercore import checkout, store
from sercore.evaluation.metrics import prediction_interval
from sercore.ledger import recorded
from sercore.ledger.paper import Paper
from sercore.sweep import Task, calls_of

# What is measured with a clock, and never compared.
TIMED = ("seconds", "seconds_per_clip", "clips_per_second", "training_seconds")
FRESH = ("trials", "trainings")  # folders of the store that a verification does not read
TO_THE_DIGIT = 1e-12  # relative: a number that was written and read back
# A setting as its trial takes it; a whole number can have been read as a float, or as the text of one.
PLAIN = {int: lambda value: int(float(value)), float: float, str: str}
PLACES = ("map", "stages")  # places in the plane
SCORES = ("head_mse", "accuracy")  # what is held against other seeds: the first that an outcome has
OUTCOMES = SAME, WITHIN, ALONE, DIFFERS = "same", "within noise", "one seed", "differs"
AGREED = (SAME, WITHIN, ALONE)  # no difference


@dataclass(frozen=True)
class Comparison:
    """A trial's outcome beside the recorded one.

    Args:
        outcome: "same" to the digit, "within noise" of the recorded seeds, "one seed" where one recorded seed gives no noise to
            compare with, or "differs".
        largest: relative difference of the number that differs most; 0 where none does.
        name: of that number, or "counts".
        moved: share of the answers that are others.
    """

    outcome: str
    largest: float
    name: str
    moved: float


def verify(
    paper: Paper,
    given: Mapping[str, str],
    *,
    trials: int | None = None,
    minutes: float | None = None,
    say: Callable[[str], None] = print,
    folder: Path = recorded.FOLDER,
) -> list[dict]:
    """Run recorded trials of a paper again, and append to a checkout's ``runs.json`` what agreed.

    Args:
        paper: paper whose trials are run.
        given: parameters of the chapter as texts, such as the folder of a speech encoder.
        trials: largest number of trials (default: one of each code path).
        minutes: time after which no trial is begun (default: none).
        say: function that is called with a sentence on each trial.
        folder: folder of recorded runs.

    Returns:
        One plain row a trial: paper, run, trial, path, outcome, largest, name, moved, seconds.
    """
    book = recorded.read(paper.name, folder=folder)
    queue = order(paper, book)
    if trials is None and minutes is None:
        queue = [entry for entry in queue if entry["first"]]
    began, rows, tasks = time.monotonic(), [], _Tasks(paper, given)
    with fresh_trainings():
        for entry in queue:
            if trials is not None and len(rows) == trials:
                break
            if minutes is not None and time.monotonic() - began > 60 * minutes:
                say(
                    f"{paper.name}: {minutes:g} minutes are over; {len(queue) - len(rows)} trials are left"
                )
                break
            task, why_not = tasks.of(entry["run"], book.runs[entry["run"]], entry["trial"])
            name = f"{paper.name}, {entry['run']}, trial {entry['trial']['trial']}, {' '.join(map(str, entry['path']))}"
            if task is None:
                say(f"{name}: not run, {why_not}")
                continue
            started = time.monotonic()
            outcome = rerun(task, entry["trial"], book.trials)
            comparison = compare(book, entry["trial"], outcome)
            row = {
                "paper": paper.name,
                "run": entry["run"],
                "trial": int(entry["trial"]["trial"]),
                "path": " ".join(map(str, entry["path"])),
                **asdict(comparison),
                "seconds": round(time.monotonic() - started, 1),
            }
            rows.append(row)
            say(f"{name}: {describe(comparison)}, {row['seconds']:.0f} s")
            if store.IS_CHECKOUT:
                # At once: a verification that is stopped keeps its results.
                append(paper.name, [row], folder=folder)
    return rows


def order(paper: Paper, book: recorded.Recorded) -> list[dict]:
    """List recorded trials in the order in which they are verified, the cheapest first.

    One of each code path comes first, and among these the paths of which no trial was verified yet,
    so that a verification goes on where the last one stopped. Runs of another device than this
    machine's, or of another method than today's, are left out.
    """
    queue = []
    for run, about in book.runs.items():
        kind = recorded.kind_of(run)
        if recorded.stale(run, about, paper.methods) or not _is_here(about["device"]):
            continue
        met: set[tuple] = set()
        done = verified(about)
        paths = [
            (trial, path)
            for trial in book.trials[book.trials["run"] == run]
            .sort_values("seconds")
            .to_dict("records")
            if (path := paper.code_path(kind, trial))
        ]
        known = {path for trial, path in paths if int(trial["trial"]) in done}
        for trial, path in paths:
            queue.append(
                {
                    "run": run,
                    "trial": trial,
                    "path": (kind, *path),
                    "first": path not in met,
                    "known": path in known,
                }
            )
            met.add(path)
    alone = paper.alone  # kinds that need none of the chapter's data, and so begin at once
    return sorted(
        queue,
        key=lambda entry: (
            not entry["first"],
            entry["known"],
            entry["path"][0] not in alone,
            entry["trial"]["seconds"],
        ),
    )


def rerun(task: Task, settings: Mapping[str, Any], trials: pd.DataFrame) -> dict:
    """Run a recorded trial now, in one thread, by its row of the trials' table.

    Trials that were recorded in one call are run in one: the last digits of a batched product
    depend on how many networks there are. (Trial 3555 of paper 01 alone is 2.5e-10 off, in its call
    of 15 it is the same.)
    """
    kind = type(task.trials[0])
    with threadpool_limits(1):
        if task.run_together is None:
            return task.run(trial_of(kind, settings), task.data, device="cpu")
        table = trials[
            (trials["run"] == settings["run"]) & (trials["seed"] == settings["seed"])
        ].sort_values("trial")
        alike = {row["trial"]: trial_of(kind, row) for row in table.to_dict("records")}
        (call,) = [
            call
            for call in calls_of({number: task.alike(trial) for number, trial in alike.items()})
            if settings["trial"] in call
        ]
        if len(call) == 1:
            return task.run(alike[call[0]], task.data, device="cpu")
        outcomes = task.run_together([alike[number] for number in call], task.data, device="cpu")
        return outcomes[call.index(settings["trial"])]


def trial_of(kind: type, settings: Mapping[str, Any]) -> Any:
    """A trial of a dataclass from its row in a table, where numbers are floats and empty texts are missing."""
    values = {}
    for setting in fields(kind):
        value = settings.get(setting.name)
        if value is None or value != value:
            value = ""
        values[setting.name] = PLAIN.get(setting.type, lambda given: given)(value)
    return kind(**values)


def compare(
    book: recorded.Recorded, trial: Mapping[str, Any], outcome: Mapping[str, Any]
) -> Comparison:
    """Compare the new outcome of a recorded trial with the recorded one."""
    largest, name = 0.0, ""
    for key, now in outcome.items():
        if isinstance(now, list) or key in TIMED or key not in trial:
            continue
        gap = _gap(trial[key], now)
        if gap > largest:
            largest, name = gap, key
    moved = 0.0
    for part, rows in outcome.items():
        if not isinstance(rows, list) or part == "costs":
            continue
        before, after = _table(book, part, trial["trial"]), _new_table(part, rows)
        if part == "counts":
            moved = _moved(before, after)
        gap = _largest(before, after)
        if part in PLACES:
            gap = min(
                gap, TO_THE_DIGIT * 2
            )  # t-SNE places a cloud anywhere: another place is no distance
        if gap > largest:
            largest, name = gap, part
    if largest <= TO_THE_DIGIT:
        return Comparison(SAME, 0.0, "", moved)
    return Comparison(_noise(book, trial, outcome), largest, name, moved)


def append(
    paper: str,
    rows: Sequence[Mapping],
    *,
    commit: Mapping | None = None,
    folder: Path = recorded.FOLDER,
) -> None:
    """Append to each run's provenance which trials were run again, when and where, and the outcomes.

    The rows are those of ``verify``, the commit is what ``checkout.state`` gave where the trials ran
    (default: here).
    """
    about = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": checkout.machine("cpu"),
    } | dict(commit or checkout.state())

    def change(runs: dict[str, dict]) -> None:
        for row in rows:
            entries = runs[row["run"]].setdefault("verified", [])
            if not entries or {name: entries[-1].get(name) for name in about} != about:
                entries.append(about | {"trials": {}, "largest": 0.0, "of": ""})
            entry = entries[-1]
            entry["trials"][str(row["trial"])] = row["outcome"]
            if row["largest"] > entry["largest"]:
                entry |= {"largest": row["largest"], "of": row["name"]}

    recorded.amend(paper, change, folder=folder)


def verified(run: Mapping) -> dict[int, str]:
    """Outcome of each trial of a run that was verified, the latest where it was so several times."""
    return {
        int(number): word
        for entry in run.get("verified", [])
        for number, word in entry["trials"].items()
    }


def describe(comparison: Comparison) -> str:
    """A comparison in words."""
    if comparison.outcome == SAME:
        return "the same to the digit"
    words = f"{comparison.name} by {comparison.largest:.2g}, {comparison.moved:.1%} of the answers"
    return {
        WITHIN: f"within the noise between seeds ({words})",
        ALONE: f"one recorded seed gives no noise to compare with ({words})",
        DIFFERS: f"differs by more than the noise between seeds ({words})",
    }[comparison.outcome]


@contextmanager
def fresh_trainings() -> Iterator[None]:
    """A store that has what the usual one has, but for trials and trainings; it is gone afterwards."""
    usual, named = store.root(), os.environ.get("SER_STORE")
    usual.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        for part in usual.iterdir():
            if part.name not in FRESH:
                (Path(place) / part.name).symlink_to(part.resolve())
        os.environ["SER_STORE"] = place
        try:
            yield
        finally:
            if named is None:
                del os.environ["SER_STORE"]
            else:
                os.environ["SER_STORE"] = named


class _Tasks:
    """Tasks of a paper by kind of trial, made when they are first asked for."""

    def __init__(self, paper: Paper, given: Mapping[str, str]) -> None:
        self.paper, self.given = paper, dict(given)
        self.made: dict[tuple, tuple[Task | None, str]] = {}

    def of(self, run: str, about: Mapping, trial: Mapping) -> tuple[Task | None, str]:
        """The task that runs a recorded trial, or None and why there is none."""
        encoder = str(trial.get("encoder") or "none")
        encoder = "none" if encoder == "nan" else encoder
        if encoder != "none" and Path(self.given.get("encoder", "")).name != encoder:
            return None, f"it reads {encoder}: name its folder with -p encoder=…"
        kind = recorded.kind_of(run)
        given = self.given | {"edition": about["edition"]} | self.paper.verified_with(kind, trial)
        key = (kind, *sorted(given.items()))
        if key not in self.made:
            self.made[key] = self._make(kind, about, given)
        return self.made[key]

    def _make(self, kind: str, about: Mapping, given: Mapping[str, str]) -> tuple[Task | None, str]:
        try:
            parameters = self.paper.Parameters(**given)
            if kind in self.paper.alone:
                task = self.paper.alone[kind](parameters)
            else:
                named = {
                    task.name: task
                    for task in self.paper.tasks(parameters, self.paper.load(parameters))
                }
                task = named.get(kind)
        except (ValueError, OSError) as error:
            return None, str(error)
        if task is None:
            return None, f"no task of kind {kind} with these parameters"
        missing = sorted(set(about["corpora"]) - set(task.corpora))
        return (None, f"it read {', '.join(missing)}, which is not here") if missing else (task, "")


def _is_here(device: str) -> bool:
    """Whether a run's device is this machine's processor; trainings of a GPU are not repeated to the digit."""
    return device.startswith("cpu")


def _gap(before: Any, now: Any) -> float:
    """Relative difference of two recorded values; infinite where they are not comparable."""
    if isinstance(now, str) or now is None or isinstance(before, str):
        return 0.0 if (before if before == before else "") == (now or "") else np.inf
    if before != before and now != now:
        return 0.0
    return abs(float(now) - float(before)) / max(abs(float(before)), abs(float(now)), 1e-9)


def _table(book: recorded.Recorded, part: str, number: int) -> pd.DataFrame:
    table = book.parts[part]
    return table[table["trial"] == number].drop(columns="trial").reset_index(drop=True)


def _new_table(part: str, rows: Sequence[Sequence]) -> pd.DataFrame:
    table = pd.DataFrame([list(row) for row in rows], columns=recorded.PARTS[part][1:])
    return table.round(recorded.DIGITS.get(part, 12))


def _largest(before: pd.DataFrame, after: pd.DataFrame) -> float:
    """Largest relative difference in a table of one trial; 1 where rows or words are others."""
    if len(before) != len(after):
        return 1.0
    largest = 0.0
    for column in after:
        one, other = before[column], after[column]
        if pd.api.types.is_numeric_dtype(one) and pd.api.types.is_numeric_dtype(other):
            a, b = one.to_numpy(float), other.to_numpy(float)
            known = np.isfinite(a) & np.isfinite(b)
            scale = np.maximum(np.maximum(np.abs(a), np.abs(b)), 1e-9)
            gaps = np.where(
                known, np.abs(a - b) / scale, (np.isfinite(a) != np.isfinite(b)).astype(float)
            )
            largest = max(largest, float(gaps.max(initial=0)))
        elif not (one.fillna("").astype(str) == other.fillna("").astype(str)).all():
            return 1.0
    return largest


def _moved(before: pd.DataFrame, after: pd.DataFrame) -> float:
    """Share of the answers of a trial that are others now."""
    keys = ["group", "true", "predicted"]
    counts = [
        counts.assign(group=counts["group"].astype(str)).groupby(keys)["count"].sum()
        if len(counts)
        else pd.Series(dtype=float)
        for counts in (before, after)
    ]
    both = pd.concat(counts, axis=1).fillna(0).to_numpy(float)
    return float(np.abs(both[:, 0] - both[:, 1]).sum() / 2 / max(both[:, 0].sum(), 1))


def _noise(book: recorded.Recorded, trial: Mapping[str, Any], outcome: Mapping[str, Any]) -> str:
    """Whether the new score lies where one more seed of the recorded row would fall."""
    score = next((name for name in SCORES if name in outcome and name in book.trials), None)
    if score is None:
        return ALONE
    settings = [
        name
        for name in book.trials
        if name not in ("trial", "seed", "key", "run", *outcome, *TIMED)
    ]
    table = book.trials[book.trials["run"] == trial["run"]]
    alike = pd.Series(True, index=table.index)
    for name in settings:
        value = trial.get(name)
        alike &= table[name].isna() if value != value else table[name] == value
    scores = table.loc[alike].dropna(subset=score).groupby("seed")[score].mean().to_numpy(float)
    if len(scores) < 2:
        return ALONE
    low, high = prediction_interval(scores)
    return WITHIN if low <= outcome[score] <= high else DIFFERS
