"""Every printed number beside every recorded run of it: the ledger as one list of plain rows."""

import itertools
import math
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import pandas as pd

from sercore.ledger import published, recorded, verdicts
from sercore.ledger.estimates import Estimate, difference, level
from sercore.ledger.paper import Paper, Place
from sercore.ledger.published import Printed
from sercore.ledger.scores import MEASURES, Trials


class Ledger:
    """Printed numbers and recorded runs of one paper.

    Args:
        paper: paper whose numbers these are.
        published_folder: where the printed numbers are.
        runs: recorded runs (default: those under ``book/ledger/recorded``).
    """

    def __init__(
        self,
        paper: Paper,
        *,
        published_folder: Path = published.FOLDER,
        runs: recorded.Recorded | None = None,
    ):
        self.paper = paper
        self.published_folder = published_folder
        self.recorded = recorded.read(paper.name) if runs is None else runs

    @cached_property
    def printed(self) -> list[Printed]:
        """The paper's numbers."""
        return published.read(self.paper.name, folder=self.published_folder)

    @cached_property
    def stale(self) -> dict[str, str]:
        """What changed since each run, by its name."""
        methods = self.paper.methods
        return {
            name: recorded.stale(name, run, methods) for name, run in self.recorded.runs.items()
        }

    @cached_property
    def _groups(self) -> dict[tuple, Trials]:
        if not len(self.recorded.trials):
            return {}
        rows = self._described(self.paper.arranged(self.recorded.trials))
        counts = dict(tuple(self.recorded.counts.groupby("trial")))
        errors = dict(tuple(self.recorded.errors.groupby("trial")))
        found = {}
        for where, table in rows.groupby(
            ["row", "control", "variant", "protocol", "run", "encoder"], sort=False
        ):
            join = [_concat(each, table["trial"]) for each in (counts, errors)]
            met = join[0][["true", "predicted"]].to_numpy()
            found[where] = Trials(
                table, *join, max(len(self.paper.classes), int(met.max(initial=0)) + 1)
            )
        return found

    def _described(self, trials: pd.DataFrame) -> pd.DataFrame:
        """Trials with the reason why a training is not finished, and whether one fold of several was run."""
        settings = trials.to_dict("records")
        keys = ["row", "control", "variant", "protocol", "run", "encoder"]
        folds = trials.groupby(keys)["fold"].transform("nunique")
        grid = trials["protocol"].map(lambda protocol: self.paper.folds.get(protocol, 1))
        return trials.assign(
            unfinished=[self.paper.unfinished(each) for each in settings],
            one_fold=(folds == 1) & (grid > 1),
        )

    def runs(self, row: str, control: str = "none") -> dict[tuple[str, str, str, str], Trials]:
        """Recorded trials of a row by (variant, protocol, run, encoder)."""
        return {
            where[2:]: trials
            for where, trials in self._groups.items()
            if where[:2] == (row, control)
        }

    def trials(
        self,
        row: str,
        *,
        variant: str = "as-run",
        protocol: str = "as-published",
        control: str = "none",
    ) -> Trials | None:
        """Recorded trials of a row under one reading, or None."""
        return next(
            (
                each
                for where, each in self.runs(row, control).items()
                if where[:2] == (variant, protocol)
            ),
            None,
        )

    def cell(
        self,
        row: str,
        metric: str,
        *,
        variant: str = "as-run",
        protocol: str = "as-published",
        control: str = "none",
    ) -> Estimate | None:
        """Value and intervals of a row under one reading, or None where it was not run or the metric has no meaning in it."""
        trials = self.trials(row, variant=variant, protocol=protocol, control=control)
        if trials is None or not self.paper.has(metric, row, variant):
            return None
        return level(trials, metric)

    def controls(self) -> list[tuple[str, str, str]]:
        """Row, variant and name of every control that was run."""
        return list(
            dict.fromkeys(
                (row, variant, control)
                for row, control, variant, *_ in self._groups
                if control != "none"
            )
        )

    def above(
        self, row: str, metric: str, *, variant: str, control: str, protocol: str = "clean"
    ) -> Estimate | None:
        """A row's score less the same row's under a control, on the same seeds; None where one of them was not run."""
        pair = [
            self.trials(row, variant=variant, protocol=protocol, control=name)
            for name in ("none", control)
        ]
        return None if None in pair else difference(*pair, metric)

    def inputs(self, row: str) -> str:
        """Which speech encoder a row's embedding comes from, and how wide it is; empty where it reads none."""
        for *_, run, encoder in self.runs(row):
            if encoder != "none":
                return f"{encoder}, {self.recorded.runs[run]['encoders'][encoder]} values"
        return ""

    def verdict(self, number: Printed) -> tuple[str, str]:
        """Verdict of a printed number, and the reason."""
        plain = self.paper.plain(number)
        if plain is not None:
            return plain.verdict, plain.reason
        if number.kind != "result":
            return "not run", self.paper.why_not(number)
        place = self.paper.place(number)
        runs = []
        for (variant, protocol, _, encoder), trials in self.runs(place.row).items():
            if not self.paper.has(place.metric, place.row, variant):
                continue
            placed = self.placed(place, trials)
            if not len(placed.counts):
                continue
            substitute = self.paper.substitute(place.row, variant, encoder)
            estimate = level(placed, place.metric)
            runs.append(
                verdicts.Run(
                    variant=variant,
                    protocol=self.paper.role(protocol),
                    estimate=estimate,
                    substitute=substitute,
                )
            )
        if not runs:
            return "not run", self.paper.why_not(number)
        word, reason = verdicts.decide(place.value, runs, fault=number.fault)
        note = self.paper.note(number)
        return word, f"{reason}; {note}" if note else reason

    def placed(self, place: Place, trials: Trials) -> Trials:
        """Trials that a printed number stands beside: on its corpora, of one fold where it is printed for one.

        A fold counts under the paper's protocol alone. There are no counts where none of its corpora was scored.
        """
        trials = trials.of(*place.corpora) if place.corpora else trials
        published = {self.paper.role(each) for each in trials.table["protocol"]} == {"as-published"}
        return trials.fold(place.fold) if place.fold is not None and published else trials

    def beside(
        self, number: Printed, *, variant: str = "as-run", protocol: str = "as-published"
    ) -> Estimate | None:
        """Our value and intervals beside a printed number, in its place's unit; None where there is none."""
        place = self.paper.place(number)
        trials = self.trials(place.row, variant=variant, protocol=protocol)
        if (
            trials is None
            or place.metric not in MEASURES
            or not self.paper.has(place.metric, place.row, variant)
        ):
            return None
        placed = self.placed(place, trials)
        return level(placed, place.metric) if len(placed.counts) else None

    def entries(self) -> list[dict]:
        """One row for each printed number and recorded run of it, and for each cell that only we fill."""
        return [entry for number in self.printed for entry in self._of(number)] + list(self._ours())

    def _of(self, number: Printed) -> Iterable[dict]:
        verdict, reason = self.verdict(number)
        plain = self.paper.plain(number)
        filled = list(self._cells(number, "none"))
        if not filled:
            yield self._entry(number, number.value, verdict, reason) | {
                "value": None if plain is None else plain.value
            }
        for cell in filled:
            yield self._entry(number, number.value, verdict, reason) | cell

    def _ours(self) -> Iterable[dict]:
        """Cells that the paper does not print: the true accuracy of multi-task rows, the recalls, the controls."""
        scored = self.paper.scored
        there = {(number.row, number.metric, ()) for number in self.printed}
        there |= {
            (each.row, each.metric, each.corpora)
            for each in map(self.paper.place, self.printed)
            if each.corpora
        }
        for row, control in dict.fromkeys(where[:2] for where in self._groups):
            for metric, (on, corpora) in itertools.product(self.paper.metrics, scored.items()):
                if control == "none" and (
                    (row, metric, corpora) in there or not self.paper.ours(row, metric)
                ):
                    continue
                name = row if control == "none" else f"Control: {row}, {control}"
                about = {
                    "table": self.paper.table_of(row),
                    "row": name,
                    "column": on or metric,
                    "metric": metric,
                }
                number = Printed(**about, value=math.nan, unit="")
                for cell in self._cells(
                    number, control, Place(row, metric, math.nan, corpora=corpora)
                ):
                    yield self._entry(number, None, "", "the paper does not print this cell") | cell

    def _cells(self, number: Printed, control: str, place: Place | None = None) -> Iterable[dict]:
        place = place or self.paper.place(number)
        for (variant, protocol, run, encoder), trials in self.runs(place.row, control).items():
            placed = self.placed(place, trials)
            if place.metric not in MEASURES or not len(placed.counts):
                continue
            about = {
                "variant": variant,
                "protocol": protocol,
                "edition": self.recorded.runs[run]["edition"],
            }
            about |= {
                "stale": self.stale[run],
                "corpora": self.recorded.runs[run]["corpora"],
                "encoder": encoder,
            }
            if not self.paper.has(place.metric, place.row, variant):
                yield about | {
                    "seeds": len(trials.seeds),
                    "reason": self.paper.meaningless(place.metric),
                }
                continue
            cell = level(placed, place.metric)
            bounds = {
                name: _finite(getattr(cell, name))
                for name in ("low", "high", "run_low", "run_high")
            }
            about |= {
                "value": cell.value,
                **bounds,
                "seeds": cell.seeds,
                "unfinished": cell.unfinished,
            }
            if len(placed.corpora) > 1:
                about["note"] = (
                    f"the mean over {len(placed.corpora)} corpora; over all clips alike {placed.pooled(place.metric):.6g}"
                )
            yield about

    def _entry(self, number: Printed, value: float | None, verdict: str, reason: str) -> dict:
        return {
            "paper": self.paper.name,
            "table": number.table,
            "row": number.row,
            "column": number.column,
            "metric": number.metric,
            "published": value,
            "value": None,
            "low": None,
            "high": None,
            "run_low": None,
            "run_high": None,
            "seeds": 0,
            "unfinished": "",
            "note": "",
            "variant": "",
            "protocol": "",
            "edition": "",
            "encoder": "none",
            "corpora": [],
            "stale": "",
            "verdict": verdict,
            "reason": reason,
        }


def tally(ledger: Ledger) -> dict[str, int]:
    """How many printed numbers of a paper have each verdict."""
    found = [ledger.verdict(number)[0] for number in ledger.printed]
    return {verdict: found.count(verdict) for verdict in verdicts.VERDICTS}


def _concat(parts: dict, trials: pd.Series) -> pd.DataFrame:
    return pd.concat([parts[trial] for trial in trials if trial in parts], ignore_index=True)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
