"""Recorded runs under ``book/ledger/recorded``: per trial the counts of predictions, the scalars, and where they come from.

One folder a paper: ``runs.json`` (versions, device, date, commit, digests), ``trials.csv.gz`` (settings, key, scalars), and
of the lists in an outcome those that the paper has, such as ``counts.csv.gz`` (recording or speaker, true, predicted), joined by
trial number.
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
    "counts_last": ["trial", "group", "true", "predicted", "count"],
    "curves": ["trial", "epoch", "training_loss", "training_accuracy", "validation_loss", "validation_accuracy"],
    "reliability": ["trial", "edge", "clips", "confidence", "right"],
    "map": ["trial", "group", "class", "x", "y"],
    "saliency": ["trial", "network", "class", "clips", "low", "middle", "high", "correlation"],
    "energy": ["trial", "group", "class", "clips", "low", "middle", "high"],
    "epochs": ["trial", "epoch", "what", "value"],
    "answers": ["trial", "group", "text", "true", "predicted"],
    "probes": ["trial", "attribute", "probe", "control", "silhouette"],
    "stages": ["trial", "stage", "group", "class", "x", "y"],
    "silhouettes": ["trial", "stage", "of", "silhouette"],
    "costs": ["trial", "what", "steps", "seconds"],
}
DIGITS = {
    "errors": 5, "curves": 5, "reliability": 4, "map": 2, "saliency": 4, "energy": 6, "epochs": 5, "probes": 4, "stages": 2,
    "silhouettes": 4,
}  # fmt: skip

SHARED = ("code", "versions", "parts", "device")  # of a run's provenance: what all its trials come from


@dataclass(frozen=True)
class Recorded:
    """Everything recorded for one paper.

    Args:
        runs: provenance of each run, by its name.
        trials: one row a trial: ``trial`` (its number), ``run``, its settings, key, scalars and seconds.
        parts: of each name in ``PARTS`` a table with its columns, empty where no outcome has such a list.
    """

    runs: dict[str, dict]
    trials: pd.DataFrame
    parts: dict[str, pd.DataFrame]

    def kind(self, name: str) -> pd.DataFrame:
        """Trials of one kind, such as "views"; see ``of_kind``."""
        return of_kind(self.trials, name)

    @property
    def counts(self) -> pd.DataFrame:
        """Trial, group (recording or speaker), true, predicted, count."""
        return self.parts["counts"]

    @property
    def errors(self) -> pd.DataFrame:
        """Trial, group, clips, head, second (summed errors)."""
        return self.parts["errors"]

    @property
    def notes(self) -> pd.DataFrame:
        """Trial, group, note, true, predicted, count."""
        return self.parts["notes"]


def read(paper: str, *, folder: Path = FOLDER) -> Recorded:
    """Recorded runs of a paper; empty tables where there are none."""
    about = runs(paper, folder=folder)
    if not about:
        return Recorded({}, pd.DataFrame(columns=["trial", "run"]), {name: _empty(name) for name in PARTS})
    place = folder / paper
    parts = {name: _read(path) if (path := place / f"{name}.csv.gz").is_file() else _empty(name) for name in PARTS}
    return Recorded(about, _read(place / "trials.csv.gz"), parts)


def of_kind(trials: pd.DataFrame, *kinds: str) -> pd.DataFrame:
    """Trials of some kinds; see ``kind_of``."""
    return trials[trials["run"].map(kind_of).isin(kinds)]


def kind_of(run: str) -> str:
    """Kind of a run's trials: it is named after its edition and them, "open, models"."""
    return run.rpartition(", ")[2]


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
        outcomes: one a trial: scalars, and lists as ``PARTS`` names them.
        start: number of the first trial (default 0).
    """
    scalars = [{key: value for key, value in each.items() if not isinstance(value, list)} for each in outcomes]
    table = pd.DataFrame([asdict(trial) | each for trial, each in zip(trials, scalars, strict=True)])
    table.insert(0, "trial", range(start, start + len(table)))
    table = table.assign(run=name, key=list(keys))
    unknown = {key for each in outcomes for key, value in each.items() if isinstance(value, list)} - set(PARTS)
    if unknown:
        raise ValueError(f"{name}: outcomes hold {', '.join(sorted(unknown))}, which no table takes; expected {', '.join(PARTS)}")
    parts = {
        part: pd.DataFrame([[start + at, *row] for at, each in enumerate(outcomes) for row in each.get(part, [])], columns=names)
        for part, names in PARTS.items()
    }
    return Recorded({name: run}, table, parts)


def of_this_run(tasks: Sequence[Task], outcomes: Sequence[Sequence[dict]]) -> Recorded:
    """Trials that a page has just run, as tables like the recorded ones, each task a run of its own."""
    found = []
    for task, each in zip(tasks, outcomes, strict=True):
        about = {"edition": task.trials[0].edition, "corpora": [], "module": task.run.__module__, "encoders": task.encoders}
        start = sum(len(other.trials) for other in found)
        found.append(frames(f"this run, {task.name}", about, task.trials, [""] * len(task.trials), each, start=start))
    runs = {name: run for each in found for name, run in each.runs.items()}
    parts = {name: _joined([each.parts[name] for each in found]) for name in PARTS}
    return Recorded(runs, _joined([each.trials for each in found]), parts)


def write(paper: str, new: Callable[[int], Recorded], settings: Sequence[str], *, folder: Path = FOLDER) -> Path:
    """Add a run's trials; a trial of the same kind that was recorded before with the same settings is replaced.

    Trials of another device, other code or other libraries than the recorded ones are a run of their own, "open (2), models".

    Args:
        paper: whose.
        new: gives the new tables, numbered from the number that it is handed.
        settings: columns that tell one trial from another.
        folder: where runs are recorded.
    """
    old = read(paper, folder=folder)
    added = new(int(old.trials["trial"].max()) + 1 if len(old.trials) else 0)
    place, kept = folder / paper, old.trials
    if len(kept):
        kept = kept.reindex(columns=[*kept.columns, *(name for name in settings if name not in kept.columns)])
        kept = kept[~_named(kept, settings).isin(_named(added.trials, settings))]
    before = {name: run for name, run in old.runs.items() if name in set(kept["run"])}
    names = {name: _free(name, run, before) for name, run in added.runs.items()}
    trials = _joined([kept, added.trials.assign(run=added.trials["run"].map(names))])
    _save(place / "trials.csv.gz", trials)
    for name, table in added.parts.items():
        earlier = old.parts[name]
        joined = _joined([earlier[earlier["trial"].isin(kept["trial"])], table.round(DIGITS.get(name, 12))])
        if len(joined):
            _save(place / f"{name}.csv.gz", joined)
        else:
            (place / f"{name}.csv.gz").unlink(missing_ok=True)
    runs = before | {names[name]: run for name, run in added.runs.items()}
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


def _free(name: str, run: dict, before: Mapping[str, dict]) -> str:
    """Name of a run beside those before it: that of the same origin, or else its own, with a number where it is taken."""
    edition, kind = name.rpartition(", ")[0], kind_of(name)
    names = [name, *(f"{edition} ({number}), {kind}" for number in range(2, len(before) + 2))]
    same = [each for each in names if each in before and all(before[each].get(key) == run.get(key) for key in SHARED)]
    return (same or [each for each in names if each not in before])[0]


def _named(trials: pd.DataFrame, names: Sequence[str]) -> pd.Index:
    """Kind and settings of each trial as text, alike whether they were just made or read from a file, which holds no types."""
    rows = zip(trials["run"].map(kind_of), trials[[*names]].itertuples(index=False), strict=True)
    return pd.Index([(kind, *(_text(value) for value in row)) for kind, row in rows], tupleize_cols=False)


def _text(value: object) -> str:
    if value is None or value != value:  # nothing, or NaN: as an empty text is read
        return ""
    try:  # a number in a column that another kind of trial fills with words is read as the text of a float
        return str(value) if isinstance(value, bool) else f"{float(value):.12g}"
    except (TypeError, ValueError):
        return str(value)


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def _empty(part: str) -> pd.DataFrame:
    return pd.DataFrame(columns=PARTS[part])


def _joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else tables[-1]


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


def measured_on(paper: str, *, folder: Path = FOLDER) -> tuple[str, ...]:
    """Names of the corpora that a paper's measurements were made on; empty where none are recorded."""
    path = folder / paper / "measured.json"
    return tuple(json.loads(path.read_text())["corpora"]) if path.is_file() else ()


def write_measurements(paper: str, values: dict[str, float], *, corpora: Sequence[str], folder: Path = FOLDER) -> None:
    """Record counts and durations with the corpora they were measured on and the date."""
    about = {"corpora": list(corpora), "date": datetime.now(UTC).strftime("%Y-%m-%d"), "values": values}
    store.write(folder / paper / "measured.json", (json.dumps(about, indent=1, sort_keys=True) + "\n").encode())
