"""The ledger of a paper: every printed number beside every recorded run of it, and its verdict."""

import itertools
import math
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from sercore.evaluation.estimates import SEEDS, Estimate, difference, level
from sercore.evaluation.scores import MEASURES, Lines, Trials
from sercore.ledger import recorded
from sercore.ledger.paper import PUBLISHED, Paper, Place, Printed, Run, Step, read_printed

# Verdicts that runs decide, in the order in which the book counts them; then the others.
DECIDED = ("reproduced", "explained", "not reproduced", "inconclusive", "substituted")
VERDICTS = (*DECIDED, "not run", "measured", "setting")
COUNTED = ("counts", "errors")
KEYS = ["row", "control", "variant", "protocol", "run", "encoder"]  # of trials that stand together


class Ledger:
    """Printed numbers and recorded runs of one paper.

    Args:
        paper: paper whose numbers these are.
        published_folder: folder of the printed numbers.
        runs: recorded runs (default: those under ``book/ledger/recorded``).
    """

    def __init__(
        self,
        paper: Paper,
        *,
        published_folder: Path = PUBLISHED,
        runs: recorded.Recorded | None = None,
    ):
        self.paper = paper
        self.printed: list[Printed] = []
        if paper.is_paper:
            self.printed = read_printed(paper.name, folder=published_folder)
        self.recorded = recorded.read(paper.name) if runs is None else runs
        self._counted: dict[tuple, Trials] = {}

    @property
    def is_recorded(self) -> bool:
        """Whether its trials are recorded ones, and not those that a page has just run."""
        return not any(name.startswith(recorded.THIS_RUN) for name in self.recorded.runs)

    @property
    def source(self) -> str:
        """Say where its trials come from; those of the demo are named synthetic."""
        if self.is_recorded:
            return "recorded on real speech"
        return f"this page's own run{', synthetic speech' * self.is_synthetic}"

    @property
    def is_synthetic(self) -> bool:
        """Whether its trials are of the demo edition."""
        return any(run["edition"] == "demo" for run in self.recorded.runs.values())

    @cached_property
    def stale(self) -> dict[str, str]:
        """What changed since each run, by its name."""
        methods = self.paper.methods
        return {
            name: recorded.stale(name, run, methods) for name, run in self.recorded.runs.items()
        }

    @cached_property
    def _groups(self) -> dict[tuple, pd.DataFrame]:
        """Settings of the recorded trials by ``KEYS``."""
        if not len(self.recorded.trials):
            return {}
        rows = self.paper.arranged(self.recorded.trials)
        unfinished = [self.paper.unfinished(trial) for trial in rows.to_dict("records")]
        is_one = rows.groupby(KEYS)["fold"].transform("nunique") == 1
        folds = self.paper.folds
        is_of_several = rows["protocol"].map(lambda protocol: folds.get(protocol, 1) > 1)
        rows = rows.assign(unfinished=unfinished, one_fold=is_one & is_of_several)
        return dict(iter(rows.groupby(KEYS, sort=False)))

    def _of(self, where: tuple) -> Trials:
        """Return the trials at one place of ``KEYS``, counted."""
        if where not in self._counted:
            table = self._groups[where]
            counts, errors = (self._lines[part].of(table["trial"]) for part in COUNTED)
            largest = counts[["true", "predicted"]].to_numpy().max(initial=0)
            classes = max(len(self.paper.classes), int(largest) + 1)
            self._counted[where] = Trials(table, counts, errors, classes)
        return self._counted[where]

    @cached_property
    def _lines(self) -> dict[str, Lines]:
        return {part: Lines(self.recorded.parts[part]) for part in COUNTED}

    def runs(self, row: str, control: str = "none") -> dict[tuple[str, str, str, str], Trials]:
        """Return the recorded trials of a row by (variant, protocol, run, encoder).

        Those that stand beside printed numbers come first.
        """
        return {where[2:]: self._of(where) for where in self._places(row, control)}

    def _places(self, row: str, control: str) -> list[tuple]:
        """Return the places of a row's trials, those that stand beside printed numbers first."""
        return self._by_row.get((row, control), [])

    @cached_property
    def _by_row(self) -> dict[tuple[str, str], list[tuple]]:
        """The places of trials by row and control, as ``_places`` returns them."""
        places: dict[tuple[str, str], list[tuple]] = {}
        for where in sorted(self._groups, key=lambda where: self._is_aside(where[4])):
            places.setdefault(where[:2], []).append(where)
        return places

    def _is_aside(self, run: str) -> bool:
        return recorded.kind_of(run) in self.paper.asides

    def beside_print(self, row: str, control: str = "none") -> dict[tuple[str, ...], Trials]:
        """Return those of ``runs`` that stand beside printed numbers."""
        places = self._places(row, control)
        return {where[2:]: self._of(where) for where in places if not self._is_aside(where[4])}

    def trials(
        self,
        row: str,
        *,
        variant: str = "as-run",
        protocol: str = "as-published",
        control: str = "none",
    ) -> Trials | None:
        """Return the recorded trials of a row under one reading, or None."""
        for where in self._places(row, control):
            if where[2:4] == (variant, protocol):
                return self._of(where)
        return None

    def cell(
        self,
        row: str,
        metric: str,
        *,
        variant: str = "as-run",
        protocol: str = "as-published",
        control: str = "none",
    ) -> Estimate | None:
        """Return the value of a row under one reading; None where it has none."""
        trials = self.trials(row, variant=variant, protocol=protocol, control=control)
        if trials is None or not self.paper.has(metric, row, variant):
            return None
        return level(trials, metric)

    def controls(self) -> list[tuple[str, str, str]]:
        """Return row, variant and name of every control that was run."""
        controls = {}
        for row, control, variant, _, run, _ in self._groups:
            if control != "none" and not self._is_aside(run):
                controls[row, variant, control] = None
        return list(controls)

    def above(
        self, row: str, metric: str, *, variant: str, control: str, protocol: str = "clean"
    ) -> Estimate | None:
        """Return a row's score less that of its control, on the same seeds; None without both."""
        pair = [
            self.trials(row, variant=variant, protocol=protocol, control=name)
            for name in ("none", control)
        ]
        return None if None in pair else difference(*pair, metric)

    def inputs(self, row: str) -> str:
        """Name the speech encoder that a row's embedding comes from, and its width; or nothing."""
        for *_, run, encoder in self.runs(row):
            if encoder != "none":
                return f"{encoder}, {self.recorded.runs[run]['encoders'][encoder]} values"
        return ""

    def verdict(self, number: Printed) -> tuple[str, str]:
        """Return the verdict of a printed number, and the reason with the paper's note."""
        word, reason = self.judged(number)
        note = self.paper.note(number) if word in DECIDED else ""
        return word, f"{reason}; {note}" if note else reason

    def judged(self, number: Printed) -> tuple[str, str]:
        """Return the verdict of a printed number, and the reason."""
        plain = self.paper.plain(number)
        if plain is not None:
            return plain.verdict, plain.reason
        if number.kind != "result":
            return "not run", self.paper.why_not(number)
        place = self.paper.place(number)
        runs = []
        for (variant, protocol, _, encoder), trials in self.beside_print(place.row).items():
            placed = self.placed(place, trials)
            if not len(placed.counts) or not self.paper.has(place.metric, place.row, variant):
                continue
            role = self.paper.role(protocol)
            substitute = self.paper.substitute(place.row, variant, encoder)
            estimate = level(placed, place.metric)
            runs.append(
                Run(variant=variant, protocol=role, estimate=estimate, substitute=substitute)
            )
        if not runs:
            return "not run", self.paper.why_not(number)
        return decide(place.value, runs, fault=number.fault, steps=self._steps(place))

    def _steps(self, place: Place) -> list[list[Step]]:
        """Return the steps between the two protocols, in each order in which they were recorded."""
        orders = []
        for variant, protocols in self.paper.steps(place.row):
            taken = []
            for name, protocol in protocols:
                trials = self.trials(place.row, variant=variant, protocol=protocol)
                if trials is None or not trials.has(place.metric):
                    break
                taken.append(Step(name, variant, level(self.placed(place, trials), place.metric)))
            else:
                orders.append(taken)
        return orders

    def placed(self, place: Place, trials: Trials) -> Trials:
        """Reduce trials to those beside a printed number: on its corpora, of its fold.

        A fold counts under the paper's protocol alone. There are no counts where none of its
        corpora was scored.
        """
        trials = trials.of(*place.corpora) if place.corpora else trials
        roles = {self.paper.role(protocol) for protocol in trials.table["protocol"]}
        is_of_fold = place.fold is not None and roles == {"as-published"}
        return trials.fold(place.fold) if is_of_fold else trials

    def beside(
        self, number: Printed, *, variant: str = "as-run", protocol: str = "as-published"
    ) -> Estimate | None:
        """Return our value beside a printed number, in its place's unit; None where it has none."""
        place = self.paper.place(number)
        trials = self.trials(place.row, variant=variant, protocol=protocol)
        is_measured = place.metric in MEASURES and self.paper.has(place.metric, place.row, variant)
        if trials is None or not is_measured:
            return None
        placed = self.placed(place, trials)
        return level(placed, place.metric) if len(placed.counts) else None

    def entries(self) -> list[dict]:
        """List a row for each printed number and run of it, and for each cell that only we fill."""
        rows = []
        for number in self.printed:
            verdict, reason = self.verdict(number)
            plain = self.paper.plain(number)
            empty = {"value": None if plain is None else plain.value}
            for cell in list(self._cells(self.paper.place(number))) or [empty]:
                rows.append(self._entry(number, number.value, verdict, reason) | cell)
        for number, place, control in self._unprinted():
            for cell in self._cells(place, control):
                rows.append(
                    self._entry(number, None, "", "the paper does not print this cell") | cell
                )
        return rows

    def _unprinted(self) -> Iterable[tuple[Printed, Place, str]]:
        """Name the cells that only we fill, and their controls."""
        printed = {(number.row, number.metric, ()) for number in self.printed}
        for place in map(self.paper.place, self.printed):
            if place.corpora:
                printed.add((place.row, place.metric, place.corpora))
        columns: dict[tuple[str, str], dict] = {}
        for row, control, _, protocol, run, _ in self._groups:
            if not self._is_aside(run):
                columns.setdefault((row, control), {}).update(self.paper.columns(protocol))
        for (row, control), scored in columns.items():
            for metric, (on, corpora) in itertools.product(self.paper.metrics, scored.items()):
                is_printed = (row, metric, corpora) in printed
                if control == "none" and (is_printed or not self.paper.ours(row, metric)):
                    continue
                number = Printed(
                    table=self.paper.table_of(row),
                    row=row if control == "none" else f"Control: {row}, {control}",
                    column=on or metric,
                    metric=metric,
                    value=math.nan,
                    unit="",
                )
                yield number, Place(row, metric, math.nan, corpora=corpora), control

    def _cells(self, place: Place, control: str = "none") -> Iterable[dict]:
        """Describe what each run of a row gives at a place."""
        runs = self.beside_print(place.row, control)
        for (variant, protocol, run, encoder), trials in runs.items():
            placed = self.placed(place, trials)
            columns = ((), *self.paper.columns(protocol).values())
            if (
                place.corpora not in columns
                or place.metric not in MEASURES
                or not len(placed.counts)
            ):
                continue
            cell = {
                "variant": variant,
                "protocol": protocol,
                "edition": self.recorded.runs[run]["edition"],
                "stale": self.stale[run],
                "corpora": self.recorded.runs[run]["corpora"],
                "encoder": encoder,
                "seeds": len(trials.seeds),
            }
            if not self.paper.has(place.metric, place.row, variant):
                yield cell | {"reason": self.paper.meaningless(place.metric)}
                continue
            estimate = level(placed, place.metric)
            cell |= {"value": estimate.value, "seeds": estimate.seeds}
            for name in ("low", "high", "run_low", "run_high"):
                bound = getattr(estimate, name)
                cell[name] = bound if math.isfinite(bound) else None
            cell["unfinished"] = estimate.unfinished
            if len(placed.corpora) > 1:
                pooled = placed.pooled(place.metric)
                cell["note"] = (
                    f"the mean over {len(placed.corpora)} corpora; over all clips alike {pooled:.6g}"
                )
            yield cell

    def _entry(self, number: Printed, value: float | str | None, verdict: str, reason: str) -> dict:
        return {
            "paper": self.paper.name,
            "table": number.table,
            "row": number.row,
            "column": number.column,
            "metric": number.metric,
            "published": value,
            **dict.fromkeys(("value", "low", "high", "run_low", "run_high")),
            "seeds": 0,
            **dict.fromkeys(("unfinished", "note", "variant", "protocol", "edition"), ""),
            "encoder": "none",
            "corpora": [],
            "stale": "",
            "verdict": verdict,
            "reason": reason,
        }


def tally(ledger: Ledger) -> dict[str, int]:
    """Count the printed numbers of a paper by verdict."""
    words = [ledger.verdict(number)[0] for number in ledger.printed]
    return {verdict: words.count(verdict) for verdict in VERDICTS}


def decide(
    printed: float, runs: Sequence[Run], *, fault: str = "", steps: Sequence[Sequence[Step]] = ()
) -> tuple[str, str]:
    """Return the verdict of a printed result, and its reason in one sentence.

    Every interval here is the one-run interval: where one more run under the same protocol would
    fall. In this order:

    1. *not run*: there is no run.
    2. *substituted*: every run under the paper's protocol stands on other corpora or weights.
    3. *inconclusive*: no such run is finished, on all folds of its grid and on five seeds.
    4. *not reproduced*: the printed value lies in no variant's interval; the distance is given.
    5. *explained*: it does, but through a named fault alone: the variant without the fault was run
       and excludes it.
    6. *reproduced*: it does in a variant whose clean run, where there is one, does not exclude it.
    7. *explained* too: clean excludes it, and the steps between the two protocols were run one by
       one; the one that moves the score most is named, if it excludes the value.
    8. *inconclusive*: clean excludes it, and no step was run alone. So is a value that only a
       variant with the fault reaches while none without it was run, a clean run that cannot be
       judged, and an interval wider than the distance from the printed to the clean value.

    Args:
        printed: the paper's value.
        runs: our runs.
        fault: named fault of ``as-run`` that the row rests on, empty where there is none.
        steps: steps from the published to the clean protocol, in each order that was run.
    """
    if not runs:
        return "not run", "no run of this row is recorded"
    same = [run for run in runs if run.protocol == "as-published" and not run.substitute]
    if not same:
        other = runs[0].substitute or "the clean protocol only"
        return "substituted", f"run on {other}; only order and sign are judged"
    finished = [run for run in same if not run.partial]
    if not finished:
        return "inconclusive", f"not judged: {same[0].partial}"
    judged = [run for run in finished if run.estimate.seeds >= SEEDS]
    if not judged:
        most = max(run.estimate.seeds for run in finished)
        return "inconclusive", f"{most} seed{'s' * (most > 1)}; a one-run interval needs {SEEDS}"
    reached = [run for run in judged if run.reaches(printed)]
    if not reached:
        nearest = min(judged, key=lambda run: abs(run.estimate.value - printed))
        distance = nearest.estimate.value - printed
        return "not reproduced", f"nearest is {nearest.variant}, off by {distance:+.4g}"
    if fault and all(run.variant == "as-run" for run in reached):
        faultless = [run for run in judged if run.variant != "as-run"]
        if faultless:
            return "explained", f"only by a fault: {fault}; without it, {faultless[0].summary}"
        reason = f"reached with a fault, and not run on the same corpora without it: {fault}"
        return "inconclusive", reason
    clean = {run.variant: run for run in runs if run.protocol == "clean"}
    for run in reached:
        other = clean.get(run.variant)
        if other is None or (other.is_sound and other.reaches(printed)):
            reason = "the printed value lies in the interval of one more run"
            return "reproduced", f"{reason}, {run.variant}"
    run = reached[0].estimate
    other = clean[reached[0].variant]
    width, distance = run.run_high - run.run_low, abs(printed - other.estimate.value)
    if not other.is_sound:
        about = other.estimate
        reason = f"the clean run has {about.seeds} seeds and {about.groups} speakers or recordings"
    elif width > distance:
        reason = "the interval of one more run is wider than the distance to the clean value"
    else:
        reason = "reached only as published, and the clean interval excludes it"
        if names := _moving(printed, reached[0], steps):
            moving = " or, in another order, ".join(names)
            return "explained", f"{reason}; the step that moves it most is {moving}"
        reason += "; which step between the two protocols moves it is not recorded"
    return "inconclusive", reason


def _moving(printed: float, published: Run, steps: Sequence[Sequence[Step]]) -> list[str]:
    """Name the step of each order that moves the score most, if it then excludes a number.

    There is none where a step has too few seeds, or where one more run behind it could still print
    the number.
    """
    names: list[str] = []
    for order in steps:
        of_variant = [step for step in order if step.variant == published.variant]
        if not of_variant or any(step.estimate.seeds < SEEDS for step in of_variant):
            continue
        values = [published.estimate.value, *(step.estimate.value for step in of_variant)]
        largest = of_variant[int(np.argmax(np.abs(np.diff(values))))]
        if not largest.estimate.run_low <= printed <= largest.estimate.run_high:
            names.append(largest.name)
    return list(dict.fromkeys(names))
