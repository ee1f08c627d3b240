"""The contract of a paper: what the ledger, the recorder, the pages and the command ask of each.

A paper's folder in ``sercore.papers`` holds ``paper.py`` with ``PAPER``, an instance of a subclass
of ``Paper``. What each printed number is, and where it stands among our trials, is said by the
columns of ``book/ledger/published/NN-name.csv``.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pandas as pd
from pydantic import BaseModel

from sercore.card import Card
from sercore.evaluation.estimates import GROUPS, SEEDS, Estimate
from sercore.ledger import recorded
from sercore.store import PROJECT
from sercore.sweep import Task, finished

PUBLISHED = PROJECT / "book" / "ledger" / "published"

# Row and column of a printed number, and its metric where these are not enough.
Where = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Printed:
    """One printed number.

    Args:
        table: "Table 3", or "Text" for a number in the running text.
        row: printed row name.
        column: printed column name.
        metric: what the number is, whatever the column is called.
        value: as printed; a text where the paper prints a word, such as an optimiser's name.
        unit: "fraction", "%", "Hz" and so on.
        kind: "result" of a training, "setting", "count" of something built or measured, or
            "statement", which no run decides.
        ours: row of our trials that a result stands beside; empty where it has the printed name.
        measure: our metric of a result; empty where it has the printed one's name.
        fold: fold that a result is printed for; empty for the mean over folds.
        on: set of corpora that a result is scored on, by its name in ``Paper.scored``; empty for
            all.
        fault: fault of the authors' code that a result rests on; empty for none.
        reason: why the number has no run, where that is known beforehand.
    """

    table: str
    row: str
    column: str
    metric: str
    value: float | str
    unit: str
    kind: str = "result"
    ours: str = ""
    measure: str = ""
    fold: str = ""
    on: str = ""
    fault: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Place:
    """Where a printed result stands among our trials.

    Args:
        row: row of the trials.
        metric: one of ``scores.MEASURES``.
        value: printed value, in the metric's unit.
        fold: fold that it is printed for; None for the mean over folds.
        corpora: corpora that it is scored on; empty for all that a trial scores.
    """

    row: str
    metric: str
    value: float
    fold: int | None = None
    corpora: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Plain:
    """Our side of a number that no training decides.

    Args:
        verdict: "setting" or "measured".
        value: our value; None where ours has no such thing, or is a word.
        reason: how it compares, in words.
    """

    verdict: str
    value: float | None
    reason: str


def read_printed(paper: str, *, folder: Path = PUBLISHED) -> list[Printed]:
    """Read the printed numbers of a paper, in the paper's order.

    Raises:
        FileNotFoundError: no such paper.
    """
    path = folder / f"{paper}.csv"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such file; expected the paper's printed numbers. Check the paper's name."
        )
    return list(_read(path))


@cache
def _read(path: Path) -> tuple[Printed, ...]:
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows = table.to_dict("records")
    return tuple(Printed(**row | {"value": _number(row["value"])}) for row in rows)


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def stored_outputs(paper: str) -> dict[tuple[str, str], float]:
    """Read the five-fold means that the authors' notebooks display, by (notebook, column).

    It is empty where no such file is at hand.
    """
    return {
        (notebook, column): value
        for notebook, row, column, value in stored_rows(paper)
        if row == "mean" and column != "classification report"
    }


def stored_rows(paper: str) -> list[tuple[str, str, str, float]]:
    """Read what the authors' public code displays: notebook, row, column and value."""
    path = PUBLISHED / f"{paper}-stored-outputs.csv"
    if not path.is_file():
        return []
    table = pd.read_csv(path)
    notebooks = table["table"].str.partition("/")[2]
    columns = (notebooks, table["row"], table["column"], table["value"])
    return list(zip(*columns, strict=True))


def hand_labels(paper: str) -> list[Printed]:
    """Read numbers of the authors' notebooks on test files labelled by ear; empty without any."""
    path = PUBLISHED / f"{paper}-hand-labels.csv"
    return list(_read(path)) if path.is_file() else []


# What a study module gives its paper, by the paper's name for it; then functions of one name.
FROM_STUDY = {"name": "NAME", "methods": "METHODS", "Parameters": "Parameters"}
BY_STUDY = (
    "load", "tasks", "manifest", "code_path", "verified_with", "measure", "measured_on"
)  # fmt: skip


class Paper(ABC):
    """A replicated paper.

    A subclass names its study, ``class Parry2022(Paper, study=study)``: functions of that module
    become the methods of the same name, unless the subclass writes them itself.

    Attributes:
        is_paper: False for a chapter across the papers, which has recorded trials like the others, and
            no printed number, no claim and no place in a list of papers.
        name: name of its chapter, its notebook and its files in the ledger, "02-mtl-adversarial".
        folder: name of its folder, "parry2022", by which recorded runs name it.
        title: authors and year, "Parry et al. (2022)".
        subject: subject in a few words, for a heading.
        methods: method number of each kind of trial; it is raised when the kind's numbers move.
        classes: names of the classes, by position.
        metrics: metrics that are filled for every row, printed or not.
        protocols: our protocol by its part in the verdict rule, "as-published" and "clean".
        others: other protocols that were recorded, by the part they have.
        asides: kinds of trial that stand beside no printed number; the chapter alone shows them.
        folds: number of folds by protocol, where it has more than one.
        caps: settings of a trial that only end its training, which has a stopping rule: what is
            recorded under one value takes the place of the same trial under another.
        scored: corpora that a trial is scored on apart, by the name of the set.
        settings: value of each setting of ours, taken from the object that uses it.
        built: number counted on a built object, and to how many places the paper prints it.
        Parameters: parameters of the chapter.
        card: saved models of the paper; None where none can be kept.
        alone: task of a kind of trial that needs none of the chapter's data, by the kind.
    """

    is_paper: ClassVar[bool] = True
    name: ClassVar[str]
    folder: ClassVar[str]
    title: ClassVar[str]
    subject: ClassVar[str]
    methods: ClassVar[Mapping[str, int]]
    classes: ClassVar[Sequence[str]]
    metrics: ClassVar[Sequence[str]]
    protocols: ClassVar[Mapping[str, str]]
    Parameters: ClassVar[type[BaseModel]]
    others: ClassVar[Mapping[str, str]] = {}
    asides: ClassVar[Collection[str]] = ()
    folds: ClassVar[Mapping[str, int]] = {}
    caps: ClassVar[Collection[str]] = ()
    scored: ClassVar[Mapping[str, tuple[str, ...]]] = {"": ()}
    settings: ClassVar[Mapping[Where, Callable[[], float | str]]] = {}
    built: ClassVar[Mapping[Where, tuple[Callable[[], float | str], int]]] = {}
    card: ClassVar[Card | None] = None
    alone: ClassVar[Mapping[str, Callable[[Any], Task]]] = {}

    def __init_subclass__(cls, *, study: ModuleType | None = None) -> None:
        super().__init_subclass__()
        for name, theirs in FROM_STUDY.items():
            if name not in vars(cls) and hasattr(study, theirs):
                setattr(cls, name, getattr(study, theirs))
        for name in BY_STUDY:
            if name not in vars(cls) and hasattr(study, name):
                setattr(cls, name, staticmethod(getattr(study, name)))

    @property
    def numbered(self) -> str:
        """Title behind the number of its chapter, "2. Parry et al. (2022)"."""
        return f"{int(self.name.partition('-')[0])}. {self.title}"

    # The study: what a run trains, and on what.

    @abstractmethod
    def load(self, parameters: Any) -> Any:
        """Load the data of an edition."""

    @abstractmethod
    def tasks(self, parameters: Any, data: Any) -> list[Task]:
        """List what a run trains, one task for each kind of trial."""

    @abstractmethod
    def manifest(self, parameters: Any) -> list:
        """Name the data of an edition by plain values, for the chapter's key."""

    @abstractmethod
    def code_path(self, kind: str, settings: Mapping[str, Any]) -> tuple:
        """Tell apart the code that a recorded trial runs through, by its settings."""

    def verified_with(self, kind: str, settings: Mapping[str, Any]) -> dict[str, str]:
        """Give the parameters under which the task of a recorded trial is made."""
        return {}

    def measure(self, parameters: Any, data: Any) -> dict[str, float]:
        """Count and measure the corpora, by "row / column / metric" of the printed number."""
        return {}

    def measured_on(self, data: Any) -> tuple[str, ...]:
        """Name the corpora that ``measure`` measures."""
        return ()

    def outcomes(self, parameters: Any, data: Any) -> tuple[list[Task], list[list[dict]]]:
        """Run what is not yet run; return the tasks and the outcomes of their trials."""
        tasks = self.tasks(parameters, data)
        return tasks, finished(tasks, scheduler=parameters.scheduler, device=parameters.device)

    # The pages: what is said and drawn of the paper beside the other ones.

    def quoted(self, ledger: Any) -> Mapping[str, Any]:
        """Give the numbers that the words of the pages quote, by name; see ``report.prose``."""
        return {}

    def figures(self, ledger: Any) -> Mapping[str, Any]:
        """Draw the figures that the book's pages show, by file name."""
        return {}

    # The ledger: what a printed number is, and where it stands.

    def columns(self, protocol: str) -> Mapping[str, tuple[str, ...]]:
        """Name the sets of corpora that trials under a protocol are scored on apart."""
        return self.scored

    def plain(self, number: Printed) -> Plain | None:
        """Compare a setting or a count; None for a result, and for what was not measured."""
        if number.kind == "setting":
            return self.setting(number)
        return self.counted(number) if number.kind == "count" else None

    def setting(self, number: Printed) -> Plain | None:
        """Compare a setting with ours."""
        make = _entry(self.settings, number)
        return None if make is None else as_setting(number, make())

    def counted(self, number: Printed) -> Plain | None:
        """Compare a count with that of the built object, or with one measured on the corpora."""
        make, places = _entry(self.built, number) or (None, 0)
        if make is None:
            name = " / ".join((number.row, number.column, number.metric))
            value = recorded.measurements(self.name).get(name)
        else:
            value = make()
        if value is None:
            return None
        word, reason = as_measured(float(number.value), value, places=places)
        return Plain(verdict=word, value=value, reason=reason)

    def place(self, number: Printed) -> Place:
        """Find where a printed result stands among our trials; another number stands nowhere."""
        row, metric = number.ours or number.row, number.measure or number.metric
        if number.kind != "result":
            return Place(row, metric, math.nan)
        fold = int(number.fold) if number.fold else None
        corpora = self.scored[number.on] if number.on else ()
        return Place(row, metric, float(number.value), fold, corpora)

    def role(self, protocol: str) -> str:
        """Tell what a protocol is to the verdict rule: "as-published", "clean", or itself."""
        roles = {name: part for part, name in self.protocols.items()} | dict(self.others)
        return roles.get(protocol, protocol)

    def steps(self, row: str) -> Sequence[tuple[str, Sequence[tuple[str, str]]]]:
        """Name the steps from the published to the clean protocol of a row, in each order run.

        Each order is a variant, and pairs of a step's name and the protocol behind it, the last of
        them clean.
        """
        return ()

    def why_not(self, number: Printed) -> str:
        """Say why a number has no run."""
        return number.reason or "not recorded yet"

    def note(self, number: Printed) -> str:
        """Say what else is to be said of a printed result."""
        return ""

    def arranged(self, trials: pd.DataFrame) -> pd.DataFrame:
        """Add the ``row`` and ``control`` that trials stand for; leave out the others."""
        return trials

    def unfinished(self, trial: Mapping[str, Any]) -> str:
        """Say why a training is not finished; empty where it is."""
        return ""

    def substitute(self, row: str, variant: str, encoder: str) -> str:
        """Say what stands in for the paper's data or weights; empty where nothing does."""
        return ""

    def reading(self, row: str) -> str:
        """Choose the variant that a row's printed numbers stand beside in a list of all."""
        return "as-run"

    def has(self, metric: str, row: str, variant: str) -> bool:
        """Tell whether a metric means the same in our variant as in print."""
        return True

    def ours(self, row: str, metric: str) -> bool:
        """Tell whether a cell that the paper does not print is filled for a row."""
        return True

    def meaningless(self, metric: str) -> str:
        """Say why a metric is empty in a variant that lacks it."""
        raise KeyError(metric)

    def table_of(self, row: str) -> str:
        """Name the table in which a row is printed, or would stand."""
        return ""


def as_setting(number: Printed, value: float) -> Plain:
    """Compare a setting of ours with the printed one."""
    is_same = math.isclose(value, number.value, abs_tol=1e-12)
    reason = "as printed" if is_same else f"ours is {value:g}"
    return Plain(verdict="setting", value=value, reason=reason)


def as_measured(printed: float, value: float, *, places: int) -> tuple[str, str]:
    """Say whether a count, duration or parameter count agrees within the printed rounding."""
    agrees = abs(value - printed) <= 0.5 * 10**-places
    return "measured", "agrees" if agrees else f"differs: measured {value:.6g}"


def _entry(table: Mapping[Where, Any], number: Printed) -> Any:
    """Look up a printed number by row, column and metric, else by row and column."""
    where = (number.row, number.column, number.metric)
    return table.get(where, table.get(where[:2]))


@dataclass(frozen=True, kw_only=True)
class Run:
    """One recorded cell that stands beside a printed number.

    Args:
        variant: reading of the method.
        protocol: "as-published" or "clean".
        estimate: our value with its intervals.
        substitute: what stands in for the paper's corpora or weights, empty where nothing does.
    """

    variant: str
    protocol: str
    estimate: Estimate
    substitute: str = ""

    @property
    def summary(self) -> str:
        """Value and one-run interval, as a reason gives them."""
        about = self.estimate
        return f"{about.value:.4g} [{about.run_low:.4g}, {about.run_high:.4g}]"

    @property
    def partial(self) -> str:
        """What is missing: the end of its schedule, or the other folds; empty where nothing is."""
        one_fold = "one fold of several was run" if self.estimate.one_fold else ""
        return self.estimate.unfinished or one_fold

    @property
    def is_sound(self) -> bool:
        """Whether a clean run can be judged: finished, with seeds and speakers enough."""
        about = self.estimate
        return not self.partial and about.seeds >= SEEDS and about.groups >= GROUPS

    def reaches(self, number: float) -> bool:
        """Tell whether one more run could print a number: it lies in the one-run interval."""
        return self.estimate.run_low <= number <= self.estimate.run_high


@dataclass(frozen=True)
class Step:
    """What a row scores once a step from the published to the clean protocol is taken.

    Args:
        name: name of the step.
        variant: reading of the method.
        estimate: score behind it and the steps before it.
    """

    name: str
    variant: str
    estimate: Estimate
