"""Recorded runs under ``book/ledger/recorded``: per trial the counts of predictions, the scalars, and where they come from.

One folder a paper: ``runs.json`` (versions, device, date, commit, digests), ``trials.csv.gz`` (settings, key, scalars),
``counts.csv.gz`` (recording or speaker, true, predicted), ``notes.csv.gz`` (the same by what listeners noted) and
``errors.csv.gz`` (summed squared errors), joined by trial number.
"""

import gzip
import importlib.metadata
import json
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pandas as pd

from sercore import checkout, store
from sercore.sweep import Task

FOLDER = store.PROJECT / "book" / "ledger" / "recorded"
# Columns of what an outcome holds as lists, by the outcome's name for it.
PARTS = {
    "counts": ["trial", "group", "true", "predicted", "count"],
    "errors": ["trial", "group", "clips", "head", "second"],
    "notes": ["trial", "group", "note", "true", "predicted", "count"],
}


@dataclass(frozen=True)
class Recorded:
    """Everything recorded for one paper.

    Args:
        runs: provenance of each run, by its name.
        trials: one row a trial: ``trial`` (its number), ``run``, its settings, key, scalars and seconds.
        counts: trial, group, true, predicted, count.
        errors: trial, group, clips, head, second (summed errors).
        notes: trial, group, note, true, predicted, count; of some trials only.
    """

    runs: dict[str, dict]
    trials: pd.DataFrame
    counts: pd.DataFrame
    errors: pd.DataFrame
    notes: pd.DataFrame


def read(paper: str, *, folder: Path = FOLDER) -> Recorded:
    """Recorded runs of a paper; empty tables where there are none."""
    about = runs(paper, folder=folder)
    if not about:
        return Recorded({}, pd.DataFrame(columns=["trial", "run"]), *(pd.DataFrame(columns=names) for names in PARTS.values()))
    tables = (folder / paper / f"{name}.csv.gz" for name in ("trials", *PARTS))
    return Recorded(about, *(pd.read_csv(table, keep_default_na=False, na_values=[""]) for table in tables))


def runs(paper: str, *, folder: Path = FOLDER) -> dict[str, dict]:
    """Provenance of a paper's recorded runs, by their names."""
    path = folder / paper / "runs.json"
    return json.loads(path.read_text()) if path.is_file() else {}


def provenance(
    *,
    edition: str,
    corpora: Sequence[str],
    keys: Sequence[store.Key],
    parts: Sequence[Sequence[str]],
    module: str,
    device: str,
    encoders: Mapping[str, int],
) -> dict:
    """Where a run comes from: its data, code and library digests, the machine, the date, the commit.

    Args:
        edition: "open" or "paper".
        corpora: names of what was read.
        keys: of its trials.
        parts: name and key of what made the data (extractors), to tell later which one changed.
        module: dotted name of the trial's module.
        device: where it ran.
        encoders: speech encoders that were read, with the width of their embeddings.
    """
    versions = {"praat-parselmouth": "praat-parselmouth", "transformers": "transformers"} if parts else {}
    return {
        "edition": edition,
        "corpora": list(corpora),
        "module": module,
        "code": keys[0].code,
        "data": store.digest(sorted({key.data for key in keys})),
        "parts": dict(parts),
        "encoders": dict(encoders),
        "versions": dict(keys[0].versions) | {name: importlib.metadata.version(name).split("+")[0] for name in versions},
        "python": platform.python_version(),
        "device": f"{device}, {platform.machine()}",
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    } | checkout.state()


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
    parts = [
        pd.DataFrame([[start + at, *row] for at, each in enumerate(outcomes) for row in each.get(part, [])], columns=names)
        for part, names in PARTS.items()
    ]
    return Recorded({name: run}, table, *parts)


def of_this_run(tasks: Sequence[Task], outcomes: Sequence[Sequence[dict]]) -> Recorded:
    """Trials that a page has just run, as tables like the recorded ones, each task a run of its own."""
    found = []
    for task, each in zip(tasks, outcomes, strict=True):
        about = {"edition": task.trials[0].edition, "corpora": [], "module": task.run.__module__, "encoders": task.encoders}
        start = sum(len(other.trials) for other in found)
        found.append(frames(f"this run, {task.name}", about, task.trials, [""] * len(task.trials), each, start=start))
    tables = [pd.concat([getattr(each, name) for each in found], ignore_index=True) for name in ("trials", *PARTS)]
    return Recorded({name: run for each in found for name, run in each.runs.items()}, *tables)


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
        before = [trials, *(table[table["trial"].isin(trials["trial"])] for table in (getattr(old, part) for part in PARTS))]
    else:
        before = [None] * (1 + len(PARTS))
    place = folder / paper
    fresh = {"trials": added.trials} | {part: getattr(added, part) for part in PARTS}
    fresh["errors"] = fresh["errors"].round({"head": 5, "second": 5})
    joined = {
        name: table if there is None or not len(there) else pd.concat([there, table], ignore_index=True)
        for there, (name, table) in zip(before, fresh.items(), strict=True)
    }
    for name, table in joined.items():
        _save(place / f"{name}.csv.gz", table)
    runs = {key: value for key, value in (old.runs | added.runs).items() if key in set(joined["trials"]["run"])}
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
    today = dict(parts)
    changed += [f"{name} extractor" for name, then in run["parts"].items() if today.get(name) != then]
    return "; ".join(changed)


def _save(path: Path, table: pd.DataFrame) -> None:
    text = table.to_csv(index=False, lineterminator="\n").encode()
    file = BytesIO()
    with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
        packed.write(text)
    store.write(path, file.getvalue())


def measurements(paper: str, *, folder: Path = FOLDER) -> dict[str, float]:
    """Counts and durations measured on real corpora, by "row / column" of the printed number; empty where none are recorded."""
    path = folder / paper / "measured.json"
    return json.loads(path.read_text())["values"] if path.is_file() else {}


def write_measurements(paper: str, values: dict[str, float], *, corpora: Sequence[str], folder: Path = FOLDER) -> None:
    """Record counts and durations with the corpora they were measured on and the date."""
    about = {"corpora": list(corpora), "date": datetime.now(UTC).strftime("%Y-%m-%d"), "values": values}
    store.write(folder / paper / "measured.json", (json.dumps(about, indent=1, sort_keys=True) + "\n").encode())
