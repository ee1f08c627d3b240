"""Recorded runs under ``book/ledger/recorded``: per trial the counts of predictions, the scalars, and where they come from.

One folder a paper: ``runs.json`` (versions, device, date, commit, digests), ``trials.csv.gz`` (settings, key, scalars),
``counts.csv.gz`` (recording or speaker, true, predicted) and ``errors.csv.gz`` (summed squared errors), joined by trial number.
"""

import gzip
import importlib.metadata
import json
import platform
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import ModuleType

import pandas as pd

from sercore import store

FOLDER = store.PROJECT / "book" / "ledger" / "recorded"
COUNTS = ["trial", "group", "true", "predicted", "count"]
ERRORS = ["trial", "group", "clips", "head", "second"]


@dataclass(frozen=True)
class Recorded:
    """Everything recorded for one paper.

    Args:
        runs: provenance of each run, by its name.
        trials: one row a trial: ``trial`` (its number), ``run``, its settings, key, scalars and seconds.
        counts: trial, group, true, predicted, count.
        errors: trial, group, clips, head, second (summed errors).
    """

    runs: dict[str, dict]
    trials: pd.DataFrame
    counts: pd.DataFrame
    errors: pd.DataFrame


def read(paper: str, *, folder: Path = FOLDER) -> Recorded:
    """Recorded runs of a paper; empty tables where there are none."""
    place = folder / paper
    if not (place / "runs.json").is_file():
        return Recorded({}, pd.DataFrame(columns=["trial", "run"]), pd.DataFrame(columns=COUNTS), pd.DataFrame(columns=ERRORS))
    tables = [
        pd.read_csv(place / f"{name}.csv.gz", keep_default_na=False, na_values=[""]) for name in ("trials", "counts", "errors")
    ]
    return Recorded(json.loads((place / "runs.json").read_text()), *tables)


def provenance(
    *, edition: str, corpora: Sequence[str], key: store.Key, parts: Sequence[Sequence[str]], module: str, device: str
) -> dict:
    """Where a run comes from: its data, code and library digests, the machine, the date, the commit.

    Args:
        edition: "open" or "paper".
        corpora: names of what was read.
        key: of any trial of the run; its settings are left aside.
        parts: name and key of what made the data (extractors), to tell later which one changed.
        module: dotted name of the trial's module.
        device: where it ran.
    """
    return {
        "edition": edition,
        "corpora": list(corpora),
        "module": module,
        "code": key.code,
        "data": key.data,
        "parts": dict(parts),
        "versions": dict(key.versions) | {"praat-parselmouth": importlib.metadata.version("praat-parselmouth")},
        "python": platform.python_version(),
        "device": f"{device}, {platform.machine()}",
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": _git("rev-parse", "HEAD"),
        "clean": _git("status", "--porcelain", "--untracked-files=no") == "",
    }


def frames(name: str, run: dict, trials: Sequence, keys: Sequence[str], outcomes: Sequence[dict], *, start: int = 0) -> Recorded:
    """Trials and their outcomes as tables, numbered from ``start``; scalars of an outcome become columns of its trial.

    Args:
        name: of the run.
        run: its provenance.
        trials: frozen dataclasses.
        keys: one a trial.
        outcomes: one a trial: ``counts``, ``errors`` and scalars.
        start: number of the first trial (default 0).
    """
    scalars = [{key: value for key, value in each.items() if not isinstance(value, list)} for each in outcomes]
    table = pd.DataFrame([asdict(trial) | each for trial, each in zip(trials, scalars, strict=True)])
    table.insert(0, "trial", range(start, start + len(table)))
    table = table.assign(run=name, key=list(keys))
    rows = {
        part: [[start + at, *row] for at, each in enumerate(outcomes) for row in each.get(part, [])]
        for part in ("counts", "errors")
    }
    return Recorded({name: run}, table, pd.DataFrame(rows["counts"], columns=COUNTS), pd.DataFrame(rows["errors"], columns=ERRORS))


def of_this_run(study: ModuleType, trials: Sequence, outcomes: Sequence[dict]) -> Recorded:
    """Trials that a page has just run, as tables like the recorded ones."""
    about = {"edition": trials[0].edition, "corpora": [], "module": study.run.__module__}
    return frames("this run", about, trials, [""] * len(trials), outcomes)


def write(paper: str, new: Callable[[int], Recorded], settings: Sequence[str], *, folder: Path = FOLDER) -> Path:
    """Add a run's trials; a trial that was recorded before with the same settings is replaced.

    Args:
        paper: whose.
        new: gives the new tables, numbered from the number that it is handed.
        settings: columns that tell one trial from another.
        folder: where runs are recorded.
    """
    old = read(paper, folder=folder)
    added = new(int(old.trials["trial"].max()) + 1 if len(old.trials) else 0)
    if len(old.trials):
        same = old.trials.set_index(list(settings)).index.isin(added.trials.set_index(list(settings)).index)
        trials = old.trials[~same]
        tables = [trials, *(each[each["trial"].isin(trials["trial"])] for each in (old.counts, old.errors))]
    else:
        tables = [None, None, None]
    place = folder / paper
    fresh = (added.trials, added.counts, added.errors.round({"head": 5, "second": 5}))
    joined = [
        table if before is None else pd.concat([before, table], ignore_index=True)
        for before, table in zip(tables, fresh, strict=True)
    ]
    for name, table in zip(("trials", "counts", "errors"), joined, strict=True):
        _save(place / f"{name}.csv.gz", table)
    runs = {key: value for key, value in (old.runs | added.runs).items() if key in set(joined[0]["run"])}
    store.write(place / "runs.json", (json.dumps(runs, indent=1, sort_keys=True) + "\n").encode())
    return place


def stale(run: dict, parts: Sequence[Sequence[str]]) -> str:
    """What differs between a run and today's checkout, in words; empty where nothing does.

    Args:
        run: its provenance.
        parts: today's name and key of what makes the data.
    """
    key = store.key(settings={}, manifest=[], modules=run["module"])
    changed = ["code of the study"] if key.code != run["code"] else []
    changed += [
        f"{name} {run['versions'].get(name, 'absent')} then, {now} now"
        for name, now in key.versions
        if run["versions"].get(name) != now
    ]
    changed += [f"{name} extractor" for name, now in parts if run["parts"].get(name) != now]
    return "; ".join(changed)


def _save(path: Path, table: pd.DataFrame) -> None:
    text = table.to_csv(index=False, lineterminator="\n").encode()
    file = BytesIO()
    with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
        packed.write(text)
    store.write(path, file.getvalue())


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=store.PROJECT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def measurements(paper: str, *, folder: Path = FOLDER) -> dict[str, float]:
    """Counts and durations measured on real corpora, by "row / column" of the printed number; empty where none are recorded."""
    path = folder / paper / "measured.json"
    return json.loads(path.read_text())["values"] if path.is_file() else {}


def write_measurements(paper: str, values: dict[str, float], *, corpora: Sequence[str], folder: Path = FOLDER) -> None:
    """Record counts and durations with the corpora they were measured on and the date."""
    about = {"corpora": list(corpora), "date": datetime.now(UTC).strftime("%Y-%m-%d"), "values": values}
    store.write(folder / paper / "measured.json", (json.dumps(about, indent=1, sort_keys=True) + "\n").encode())
