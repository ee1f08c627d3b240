"""Recorded runs under ``book/ledger/recorded``: per trial the counts of predictions, the scalars, and where they come from.

One folder a paper: ``runs.json`` (of each run study and method number, versions, device, date, commit; the digest of every file),
``trials.csv.gz`` (settings, key, scalars), and of the lists in an outcome those that the paper has, such as ``counts.csv.gz``
(recording or speaker, true, predicted), joined by trial number. A file that was changed since is refused by name: ``sealed``.

A run's method number is its study's when it was recorded. A study raises it when its numbers move, and the run is then stale.
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

from sercore import checkout, sealed, store
from sercore.sweep import Task

MEASURED = "measured.json"
THIS_RUN = "this run"  # how the name of a run begins that a page has just made
FOLDER = store.PROJECT / "book" / "ledger" / "recorded"
# Columns of what an outcome holds as lists, by the outcome's name for it.
PARTS = {
    "counts": ["trial", "group", "true", "predicted", "count"],
    "errors": ["trial", "group", "clips", "head", "second"],
    "notes": ["trial", "group", "note", "true", "predicted", "count"],
    "counts_last": ["trial", "group", "true", "predicted", "count"],
    "curves": [
        "trial", "epoch", "training_loss", "training_accuracy", "validation_loss",
        "validation_accuracy",
    ],
    "reliability": ["trial", "edge", "clips", "confidence", "right"],
    "map": ["trial", "group", "class", "x", "y"],
    "saliency": [
        "trial", "network", "group", "class", "clips", "low", "middle", "high", "correlation",
    ],
    "profiles": ["trial", "network", "corpus", "class", "clips", "band", "share"],
    "energy": ["trial", "group", "class", "clips", "low", "middle", "high"],
    "epochs": ["trial", "epoch", "what", "value"],
    "answers": ["trial", "group", "text", "true", "predicted"],
    "probes": ["trial", "attribute", "probe", "control", "silhouette"],
    "stages": ["trial", "stage", "group", "class", "x", "y"],
    "silhouettes": ["trial", "stage", "of", "silhouette"],
    "costs": ["trial", "what", "steps", "seconds"],
}  # fmt: skip
DIGITS = {
    "errors": 5, "curves": 5, "reliability": 4, "map": 2, "saliency": 4, "energy": 6, "epochs": 5, "probes": 4, "stages": 2,
    "silhouettes": 4, "profiles": 5,
}  # fmt: skip

# Of a run's provenance: what all its trials come from.
SHARED = ("edition", "method", "versions", "device", "left_out", "corpora")
# Of a write's provenance: what is kept of the earlier ones when trials are added to a run.
OF_A_WRITE = ("date", "commit", "clean", "processor", "python", "data", "parts")


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


def read(paper: str, *, folder: Path = FOLDER) -> Recorded:
    """Read the recorded runs of a paper; the tables are empty where there are none."""
    place = folder / paper
    if not place.is_dir():
        return _tables(place, {})
    with sealed.locked(place):
        return _tables(place, sealed.manifest(place))


def _tables(place: Path, manifest: Mapping[str, dict]) -> Recorded:
    runs = manifest.get("runs", {})
    names = manifest["digests"] if runs else {}
    for path in place.glob("*.csv.gz") if runs else ():
        if path.name not in names:
            raise sealed.SealError(
                f"{path}: stands in no manifest; expected only what was recorded. Remove it, or"
                " record it."
            )
    tables = {}
    for part, columns in {"trials": ["trial", "run"], **PARTS}.items():
        path = place / f"{part}.csv.gz"
        tables[part] = pd.DataFrame(columns=columns)
        if path.name in names:
            file = BytesIO(gzip.decompress(sealed.read(path)))
            tables[part] = pd.read_csv(file, keep_default_na=False, na_values=[""])
    return Recorded(runs, tables.pop("trials"), tables)


def of_kind(trials: pd.DataFrame, *kinds: str) -> pd.DataFrame:
    """Trials of some kinds; see ``kind_of``."""
    return trials[trials["run"].map(kind_of).isin(kinds)]


def kind_of(run: str) -> str:
    """Kind of a run's trials: it is named after its edition and them, "open, models"."""
    return run.rpartition(", ")[2]


def runs(paper: str, *, folder: Path = FOLDER) -> dict[str, dict]:
    """Provenance of a paper's recorded runs, by their names."""
    return sealed.manifest(folder / paper).get("runs", {})


def provenance(
    *,
    edition: str,
    corpora: Sequence[str],
    keys: Sequence[store.Key],
    parts: Sequence[Sequence[str]],
    study: str,
    method: int,
    device: str,
    encoders: Mapping[str, int],
    left_out: Mapping[str, Mapping[str, int]] | None = None,
) -> dict:
    """Say where a run comes from: data, study, method number, versions, machine, date, commit.

    Args:
        edition: "open" or "paper".
        corpora: names of the corpora that were read.
        keys: keys of its trials.
        parts: name and key of what made the data (extractors).
        study: name of the study that ran it, such as "parry2022".
        method: the study's method number for this kind of trial.
        device: device that it ran on.
        encoders: speech encoders that were read, with the width of their embeddings.
        left_out: number of clips of each corpus that are missing or left out, by kind; whole
            corpora are not named.
    """
    versions = (
        {"praat-parselmouth": "praat-parselmouth", "transformers": "transformers"} if parts else {}
    )
    return {
        "edition": edition,
        "corpora": list(corpora),
        "study": study,
        "method": method,
        "left_out": {name: dict(counts) for name, counts in (left_out or {}).items()},
        "data": store.digest(sorted({key.data for key in keys})),
        "parts": dict(parts),
        "encoders": dict(encoders),
        "versions": dict(keys[0].versions)
        | {name: importlib.metadata.version(name).split("+")[0] for name in versions},
        "python": platform.python_version(),
        "device": f"{device}, {platform.machine()}",
        "processor": checkout.machine("cpu"),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    } | checkout.state()


def frames(
    name: str,
    run: dict,
    trials: Sequence,
    keys: Sequence[str],
    outcomes: Sequence[dict],
    *,
    start: int = 0,
    data: Sequence[str] | None = None,
) -> Recorded:
    """Make tables of a run's trials, numbered from ``start``, and of their keys and outcomes.

    Scalars of an outcome become columns of its trial; its lists are named as in ``PARTS``.
    """
    scalars = [
        {key: value for key, value in outcome.items() if not isinstance(value, list)}
        for outcome in outcomes
    ]
    table = pd.DataFrame(
        [asdict(trial) | outcome for trial, outcome in zip(trials, scalars, strict=True)]
    )
    table.insert(0, "trial", range(start, start + len(table)))
    table = table.assign(run=name, key=list(keys))
    if data is not None:
        table = table.assign(data=list(data))
    unknown = {
        key for outcome in outcomes for key, value in outcome.items() if isinstance(value, list)
    } - set(PARTS)
    if unknown:
        raise ValueError(
            f"{name}: outcomes hold {', '.join(sorted(unknown))}, which no table takes; expected {', '.join(PARTS)}"
        )
    parts = {
        part: pd.DataFrame(
            [
                [start + at, *row]
                for at, outcome in enumerate(outcomes)
                for row in outcome.get(part, [])
            ],
            columns=names,
        )
        for part, names in PARTS.items()
    }
    return Recorded({name: run}, table, parts)


def of_this_run(tasks: Sequence[Task], outcomes: Sequence[Sequence[dict]]) -> Recorded:
    """Trials that a page has just run, as tables like the recorded ones, each task a run of its own."""
    tables = []
    for task, task_outcomes in zip(tasks, outcomes, strict=True):
        about = {"edition": task.trials[0].edition, "corpora": [], "encoders": task.encoders}
        start = sum(len(table.trials) for table in tables)
        keys = [""] * len(task.trials)
        name = f"{THIS_RUN}, {task.name}"
        tables.append(frames(name, about, task.trials, keys, task_outcomes, start=start))
    runs = {name: run for table in tables for name, run in table.runs.items()}
    parts = {name: _joined([table.parts[name] for table in tables]) for name in PARTS}
    return Recorded(runs, _joined([table.trials for table in tables]), parts)


def write(
    paper: str, new: Callable[[int], Recorded], settings: Sequence[str], *, folder: Path = FOLDER
) -> Path:
    """Add a run's trials, or replace those of the same kind that have the same settings.

    Trials of another device, other code or other libraries than the recorded ones are a run of
    their own, "open (2), models".

    Args:
        paper: name of the paper.
        new: function that gives the new tables, numbered from the number that it is handed.
        settings: columns that tell one trial from another.
        folder: folder of recorded runs.
    """
    with sealed.locked(folder / paper):
        return _write(paper, new, settings, folder)


def _write(
    paper: str, new: Callable[[int], Recorded], settings: Sequence[str], folder: Path
) -> Path:
    old = read(paper, folder=folder)
    added = new(int(old.trials["trial"].max()) + 1 if len(old.trials) else 0)
    place, kept = folder / paper, old.trials
    if len(kept):
        kept = kept.reindex(
            columns=[*kept.columns, *(name for name in settings if name not in kept.columns)]
        )
        kept = kept[~_named(kept, settings).isin(_named(added.trials, settings))]
    before = {name: run for name, run in old.runs.items() if name in set(kept["run"])}
    names = {name: _free(name, run, before) for name, run in added.runs.items()}
    trials = _joined([kept, added.trials.assign(run=added.trials["run"].map(names))])
    files: dict[str, bytes | None] = {"trials.csv.gz": _packed(trials)}
    for name, table in added.parts.items():
        earlier = old.parts[name]
        joined = _joined(
            [earlier[earlier["trial"].isin(kept["trial"])], table.round(DIGITS.get(name, 12))]
        )
        files[f"{name}.csv.gz"] = _packed(joined) if len(joined) else None
    runs = dict(before)
    for name, run in added.runs.items():
        runs[names[name]] = _extended(before.get(names[name]), run)
    sealed.replace(place, files, {"runs": runs})
    return place


def _extended(earlier: Mapping | None, run: Mapping) -> dict:
    """Provenance of a run to which trials are added: what was noted of the earlier ones stays."""
    if earlier is None:
        return dict(run)
    notes = {"verified": earlier["verified"]} if earlier.get("verified") else {}
    encoders = {"encoders": {**earlier.get("encoders", {}), **run.get("encoders", {})}}
    written = {name: earlier[name] for name in OF_A_WRITE if name in earlier}
    return dict(run) | encoders | notes | {"earlier": [*earlier.get("earlier", ()), written]}


def _origin(run: Mapping) -> dict:
    """What all trials of one run come from; something empty is the same as nothing."""
    origin = {name: run.get(name) or None for name in SHARED}
    return origin | {"corpora": sorted(run.get("corpora") or ())}


def holds(
    paper: str,
    name: str,
    about: Mapping,
    trials: Sequence,
    data: Sequence[str],
    *,
    folder: Path = FOLDER,
) -> bool:
    """Tell whether trials are recorded, all of them from the same data and with one origin.

    A trial that was recorded without the digest of its data is not taken for any other.

    Args:
        paper: name of the paper.
        name: name of the trials' run, "open, models".
        about: provenance that they would be recorded with.
        trials: trials as frozen dataclasses.
        data: digest of the data that each trial reads.
        folder: folder of recorded runs.
    """
    old = read(paper, folder=folder)
    same = [known for known, run in old.runs.items() if _origin(run) == _origin(about)]
    table = pd.DataFrame([asdict(trial) for trial in trials]).assign(run=name, data=list(data))
    settings = [column for column in table.columns if column != "run"]
    of_same = old.trials[old.trials["run"].isin(same)] if len(old.trials) else old.trials
    if not len(of_same) or not set(settings) <= set(of_same.columns):
        return False
    return bool(_named(table, settings).isin(_named(of_same, settings)).all())


def amend(paper: str, change: Callable[[dict[str, dict]], None], *, folder: Path = FOLDER) -> None:
    """Change the provenance of recorded runs by their names, in place, under the folder's lock."""
    with sealed.locked(folder / paper):
        about = runs(paper, folder=folder)
        change(about)
        sealed.replace(folder / paper, {}, {"runs": about})


def stale(name: str, run: dict, methods: Mapping[str, int]) -> str:
    """Say how a run's method differs from today's ``methods``; empty where it does not.

    Trials of a kind that the study no longer has are history: there is nothing to compare.
    """
    now = methods.get(kind_of(name))
    if now is None or run.get("method", now) == now:
        return ""
    return f"method {run['method']} then, {now} now"


def _free(name: str, run: dict, before: Mapping[str, dict]) -> str:
    """Name of a run beside those before it: that of the same origin, or else its own, with a number where it is taken."""
    edition, kind = name.rpartition(", ")[0], kind_of(name)
    names = [name, *(f"{edition} ({number}), {kind}" for number in range(2, len(before) + 2))]
    same = [known for known in names if known in before and _origin(before[known]) == _origin(run)]
    return (same or [known for known in names if known not in before])[0]


def _named(trials: pd.DataFrame, names: Sequence[str]) -> pd.Index:
    """Kind and settings of each trial as text, alike whether they were just made or read from a file, which holds no types."""
    rows = zip(trials["run"].map(kind_of), trials[[*names]].itertuples(index=False), strict=True)
    return pd.Index(
        [(kind, *(_text(value) for value in row)) for kind, row in rows], tupleize_cols=False
    )


def _text(value: object) -> str:
    if value is None or value != value:  # nothing, or NaN: as an empty text is read
        return ""
    try:  # a number in a column that another kind of trial fills with words is read as the text of a float
        return str(value) if isinstance(value, bool) else f"{float(value):.12g}"
    except (TypeError, ValueError):
        return str(value)


def _joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else tables[-1]


def _packed(table: pd.DataFrame) -> bytes:
    text = table.to_csv(index=False, lineterminator="\n").encode()
    file = BytesIO()
    with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
        packed.write(text)
    return file.getvalue()


def measurements(paper: str, *, folder: Path = FOLDER) -> dict[str, float]:
    """Counts and durations measured on real corpora, by "row / column" of the printed number; empty where none are recorded."""
    return _measured(folder / paper).get("values", {})


def measured_on(paper: str, *, folder: Path = FOLDER) -> tuple[str, ...]:
    """Names of the corpora that a paper's measurements were made on; empty where none are recorded."""
    return tuple(_measured(folder / paper).get("corpora", ()))


def _measured(place: Path) -> dict:
    return (
        json.loads(sealed.read(place / MEASURED))
        if MEASURED in sealed.manifest(place).get("digests", {})
        else {}
    )


def write_measurements(
    paper: str, values: dict[str, float], *, corpora: Sequence[str], folder: Path = FOLDER
) -> None:
    """Record counts and durations with the corpora they were measured on and the date."""
    about = {
        "corpora": list(corpora),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "values": values,
    }
    text = json.dumps(about, indent=1, sort_keys=True) + "\n"
    with sealed.locked(folder / paper):
        sealed.replace(folder / paper, {MEASURED: text.encode()})
