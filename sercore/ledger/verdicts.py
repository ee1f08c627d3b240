"""The verdict rule: one verdict for each printed number, whatever the number of our runs."""

from collections.abc import Sequence
from dataclasses import dataclass

SEEDS = 5  # the fewest that give a prediction interval
GROUPS = 5  # the fewest speakers or recordings that can be resampled

# The verdicts in the order in which the book counts them; the last three stand outside the count of results.
VERDICTS = ("reproduced", "explained", "not reproduced", "inconclusive", "substituted", "not run", "measured", "setting")


@dataclass(frozen=True, kw_only=True)
class Run:
    """One recorded cell that stands beside a printed number.

    Args:
        variant: reading of the method.
        protocol: "as-published" or "clean".
        value: ours.
        low: lower bound of its interval.
        high: upper bound.
        seeds: how many.
        groups: recordings or speakers that were scored.
        substitute: what stands in for the paper's corpora or weights, empty where nothing does.
    """

    variant: str
    protocol: str
    value: float
    low: float
    high: float
    seeds: int
    groups: int
    substitute: str = ""

    def holds(self, number: float) -> bool:
        """Whether a number lies in the interval."""
        return self.low <= number <= self.high


def decide(printed: float, runs: Sequence[Run], *, fault: str = "", difference: float | None = None) -> tuple[str, str]:
    """Verdict of a printed result, and its reason in one sentence.

    In this order:

    1. *not run*: there is no run.
    2. *substituted*: every run under the paper's protocol stands on other corpora or weights.
    3. *inconclusive*: no such run has five seeds, or its interval is wider than ``difference``.
    4. *not reproduced*: the printed value lies in no prediction interval of a run on the same corpora; the distance is given.
    5. *inconclusive*: it does, and fewer than five groups can be resampled under the clean protocol.
    6. *explained*: it does, but the clean interval of the same variant excludes it, or only a named fault reaches it.
    7. *reproduced*: it does, and the clean protocol does not exclude it or was not run.

    Args:
        printed: the paper's value.
        runs: ours.
        fault: named fault of ``as-run`` that the row rests on, empty where there is none.
        difference: what a claim rests on, where one does.
    """
    if not runs:
        return "not run", "no run of this row is recorded"
    published = [run for run in runs if run.protocol == "as-published"]
    same = [run for run in published if not run.substitute]
    if not same:
        return "substituted", f"run on {runs[0].substitute or 'the clean protocol only'}; only order and sign are judged"
    judged = [run for run in same if run.seeds >= SEEDS]
    if not judged:
        return "inconclusive", f"{max(run.seeds for run in same)} seeds; a prediction interval needs {SEEDS}"
    if difference is not None and all(run.high - run.low > difference for run in judged):
        return "inconclusive", f"the interval is wider than {difference:g}, the difference that the claim rests on"
    reached = [run for run in judged if run.holds(printed)]
    if not reached:
        nearest = min(judged, key=lambda run: abs(run.value - printed))
        return "not reproduced", f"nearest is {nearest.variant}, off by {nearest.value - printed:+.4g}"
    clean = {run.variant: run for run in runs if run.protocol == "clean"}
    beside = [clean[run.variant] for run in reached if run.variant in clean]
    if any(run.groups < GROUPS for run in beside):
        return "inconclusive", f"fewer than {GROUPS} recordings or speakers to resample"
    excluded = [run for run in beside if not run.holds(printed)]
    if fault and all(run.variant == "as-run" for run in reached):
        return "explained", f"only by a fault: {fault}"
    if excluded and len(excluded) == len(beside):
        run = excluded[0]
        return "explained", f"only under the published protocol; clean: {run.value:.4g} [{run.low:.4g}, {run.high:.4g}]"
    return "reproduced", "the printed value lies in the prediction interval of one run"


def measured(printed: float, value: float, *, places: int) -> tuple[str, str]:
    """Verdict of a count, duration or parameter count that we measured: agrees or differs, within the printed rounding."""
    agrees = abs(value - printed) <= 0.5 * 10**-places
    return "measured", "agrees" if agrees else f"differs: measured {value:.6g}"
