"""Paper 01, Alves et al. 2022: its rows, its parameters, its grid of trials.

One trial is in ``ser2022_trial``, its networks in ``ser2022_network``, its data in ``ser2022_data``.
"""

import difflib
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from sercore import corpora, store
from sercore.corpora.labels import THREE
from sercore.evaluation.embeddings import neighbours
from sercore.protocols.splits import FOLDS
from sercore.studies import ser2022_data
from sercore.studies.ser2022_data import AUXILIARY, Data, extractors
from sercore.studies.ser2022_trial import ROW, SUBSET_OF, SYNTHETIC, Trial, fit, run
from sercore.sweep import sweep

PAPER = "01-ser2022-transfer"
VARIANTS = ("as-run", "as-described")
PROTOCOLS = ("as-published", "clean")
CORPORA = ("coraa-ser", "gender-tables/mls-split-pt")

# Every configuration of Tables 2 to 4, by its printed name.
TABLES = {
    "Table 2": (
        "(1) Seq. wav2vec - SMOTE + CG",
        "(2) Seq. all prosodic + SMOTE - CG",
        "(3) Seq. all prosodic + SMOTE + CG",
        "(4) Seq. all prosodic and wav2vec + SMOTE - CG",
        "(5) Seq. wav2vec + SMOTE - CG",
        "(6) Seq. wav2vec + SMOTE + CG",
        "(7) Seq. all prosodic and wav2vec + SMOTE + CG",
    ),
    "Table 3": (
        "(1) Multi-task wav2vec - SMOTE + CG",
        "(2) Multi-task all prosodic + SMOTE + CG",
        "(3) Multi-task all prosodic + SMOTE - CG",
        "(4) Multi-task wav2vec + SMOTE - CG",
        "(5) Multi-task wav2vec + SMOTE + CG",
        "(6) Multi-task all prosodic and wav2vec + SMOTE + CG",
        "(7) Multi-task all prosodic and wav2vec + SMOTE - CG",
    ),
    "Table 4": (
        "(1) Seq. 8 prosodic - SMOTE + CG",
        "(2) Seq. 8 prosodic + SMOTE + CG",
        "(3) Seq. 19 prosodic + SMOTE - CG",
        "(4) Seq. 8 prosodic + SMOTE - CG",
        "(5) Seq. 19 prosodic + SMOTE + CG",
        "(6) Multi-task 8 prosodic - SMOTE + CG",
        "(7) Multi-task 8 prosodic + SMOTE - CG",
        "(8) Multi-task 19 prosodic + SMOTE - CG",
        "(9) Multi-task 8 prosodic + SMOTE + CG",
        "(10) Multi-task 19 prosodic + SMOTE + CG",
        "(11) Multi-task 10 prosodic + SMOTE + CG",
        "(12) Multi-task 29 prosodic + SMOTE + CG",
    ),
}
ROWS = tuple(row for rows in TABLES.values() for row in rows)

# What the demo trains: the best and the worst of either network, the submitted small one, and the row with mis-joined labels.
DEMO = (
    "(3) Seq. all prosodic + SMOTE + CG",
    "(3) Multi-task all prosodic + SMOTE - CG",
    "(1) Seq. 8 prosodic - SMOTE + CG",
    "(7) Multi-task 8 prosodic + SMOTE - CG",
    "(9) Multi-task 8 prosodic + SMOTE + CG",
    "(12) Multi-task 29 prosodic + SMOTE + CG",
)
CONTROLLED = "(3) Multi-task all prosodic + SMOTE - CG"
CONTROLS = ("labels shuffled", "always neutral")
CLASSES = THREE


class Parameters(BaseModel):
    """Parameters of the chapter, checked before a kernel starts."""

    model_config = ConfigDict(extra="forbid")

    edition: Literal["demo", "open", "paper"] = Field("demo", description="which data a run uses")
    seeds: int = Field(1, ge=1, le=100, description="the number of repetitions")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="where networks are trained")
    only: str = Field("", description="the one row to run, by its printed name; empty for all")
    seed: int = Field(-1, ge=-1, le=99, description="the one seed to run; -1 for all")
    scheduler: str = Field("none", description="the address of a Dask scheduler, or none")

    @field_validator("only")
    @classmethod
    def _a_row_on_prosodic_features(cls, row: str) -> str:
        there = [each for each in ROWS if _prosodic(each)]
        if row and row not in there:
            near = difflib.get_close_matches(row, there, 1, cutoff=0)[0]
            raise ValueError(f'"{row}" is no row that can be run, the nearest is "{near}"')
        return row


def rows(edition: str) -> tuple[str, ...]:
    """Rows that an edition trains: six in the demo, else all that need no embedding."""
    return DEMO if edition == "demo" else tuple(row for row in ROWS if _prosodic(row))


def grid(parameters: Parameters) -> list[Trial]:
    """Trials of a chapter: rows x variants x protocols x seeds x folds, then the controls."""
    chosen = (parameters.only,) if parameters.only else rows(parameters.edition)
    seeds = range(parameters.seeds) if parameters.seed < 0 else (parameters.seed,)
    trials = [_trials(row, variant, parameters.edition, seeds) for row in chosen for variant in VARIANTS]
    if CONTROLLED in chosen:
        trials += [_trials(CONTROLLED, "as-run", parameters.edition, seeds, control) for control in CONTROLS]
    return [trial for each in trials for trial in each]


def load(parameters: Parameters) -> Data:
    """Data of the edition.

    Raises:
        CorpusError: a corpus that is not there; for "paper" the sentence lists every one.
    """
    if parameters.edition == "paper":
        refuse_paper()
    return ser2022_data.load(parameters.edition)


def refuse_paper() -> None:
    """Say what the paper's edition lacks: it takes exactly the paper's corpora and embeddings.

    Raises:
        CorpusError: always, until CETUC can be read.
    """
    root = corpora.home()
    there = root is not None and (root / "coraa-ser").is_dir()
    lacking = ([] if there else ["CORAA SER (folder coraa-ser)"]) + ["CETUC (folder cetuc)", "wav2vec 2.0 base embeddings"]
    raise corpora.CorpusError(
        f"edition=paper: missing {', '.join(lacking)}; the paper's own data are needed. Use edition=open or demo."
    )


def outcomes(parameters: Parameters, data: Data) -> tuple[list[Trial], list[dict]]:
    """Run what is not yet run of the chapter's grid; trials and their outcomes."""
    trials = grid(parameters)
    return trials, sweep(run, trials, data, scheduler=parameters.scheduler, device=parameters.device)


def shared_layer(parameters: Parameters, data: Data) -> list[tuple[str, np.ndarray, list[str]]]:
    """t-SNE of a multi-task network's shared layer on its test rows: title, places and labels, for class and for origin."""
    row = "(2) Multi-task all prosodic + SMOTE + CG"
    seed = max(parameters.seed, 0)
    fitted = fit(Trial(row=row, variant="as-run", protocol="as-published", fold=0, seed=seed, edition=parameters.edition), data)
    places = neighbours(fitted.network.hidden(fitted.test.values), seed=seed)
    origin = np.where(fitted.test.originals >= 0, "gender-changed copy", "recording")
    origin = np.where(fitted.test.recordings == SYNTHETIC, "SMOTE", origin)
    return [("class", places, [CLASSES[label] for label in fitted.test.labels]), ("origin of the row", places, origin.tolist())]


def example(data: Data, label: int) -> list[tuple[str, str]]:
    """Title and file of the first clip of a class that has a gender-changed copy, and of the copy."""
    copy = next(row for row in np.flatnonzero(data.originals >= 0) if data.labels[data.originals[row]] == label)
    return [
        (f"{kind}, {CLASSES[data.labels[row]]}:", str(data.paths[row]))
        for kind, row in (("Original", data.originals[copy]), ("Copy", copy))
    ]


def measure(parameters: Parameters, data: Data) -> dict[str, float]:
    """Counts and durations of the corpus, by "row / column" of the printed number that they stand beside."""
    return ser2022_data.measure(parameters.edition, data)


def manifest(parameters: Parameters) -> list:
    """Plain values that name the data of an edition, for the chapter's key."""
    if parameters.edition == "paper":
        refuse_paper()
    if parameters.edition == "demo":
        return extractors()
    table = ser2022_data.clips("open")
    hashes = [
        [name, store.content(path), label]
        for name, path, label in zip(table["name"], table["path"], table["label"].tolist(), strict=True)
    ]
    return [*hashes, store.content(corpora.home() / AUXILIARY), *extractors()]


def _prosodic(row: str) -> bool:
    found = ROW.fullmatch(row)
    return bool(found) and found["features"] in SUBSET_OF


def _trials(row: str, variant: str, edition: str, seeds, control: str = "none") -> list[Trial]:
    return [
        Trial(row=row, variant=variant, protocol=protocol, fold=fold, seed=seed, edition=edition, control=control)
        for protocol in PROTOCOLS
        for seed in seeds
        for fold in range(FOLDS)
    ]


__all__ = [
    "CLASSES",
    "Parameters",
    "example",
    "extractors",
    "fit",
    "grid",
    "load",
    "manifest",
    "measure",
    "outcomes",
    "rows",
    "run",
    "shared_layer",
]
