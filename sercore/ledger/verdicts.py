"""The verdict rule: one verdict for each printed number, whatever the number of our runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from sercore.ledger.estimates import GROUPS, SEEDS, Estimate

# The verdicts in the order in which the book counts them; the last three stand outside the count of results.
PUBLISHED_ONLY = "reached only as published"  # begins the reason of a number that clean excludes, no step alone being run
VERDICTS = (
    "reproduced",
    "explained",
    "not reproduced",
    "inconclusive",
    "substituted",
    "not run",
    "measured",
    "setting",
)


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
        return (
            f"{self.estimate.value:.4g} [{self.estimate.run_low:.4g}, {self.estimate.run_high:.4g}]"
        )

    def reaches(self, number: float) -> bool:
        """Whether one more run could print a number: it lies in the one-run interval."""
        return self.estimate.run_low <= number <= self.estimate.run_high


def decide(printed: float, runs: Sequence[Run], *, fault: str = "") -> tuple[str, str]:
    """Verdict of a printed result, and its reason in one sentence.

    Every interval here is the one-run interval: where one more run under the same protocol would fall. In this order:

    1. *not run*: there is no run.
    2. *substituted*: every run under the paper's protocol stands on other corpora or weights.
    3. *inconclusive*: no such run is finished, on all folds of its grid and on five seeds.
    4. *not reproduced*: the printed value lies in no variant's interval; the distance is given.
    5. *explained*: it does, but through a named fault alone: the variant without the fault was run and excludes it.
    6. *reproduced*: it does in a variant whose clean run, where there is one, does not exclude it.
    7. *inconclusive*: it does, and clean excludes it; the step between the two protocols that moves the score was not run alone.
       So is a clean run that cannot be judged, and an interval wider than the distance from the printed to the clean value.

    Args:
        printed: the paper's value.
        runs: ours.
        fault: named fault of ``as-run`` that the row rests on, empty where there is none.
    """
    if not runs:
        return "not run", "no run of this row is recorded"
    published = [run for run in runs if run.protocol == "as-published"]
    same = [run for run in published if not run.substitute]
    if not same:
        return (
            "substituted",
            f"run on {runs[0].substitute or 'the clean protocol only'}; only order and sign are judged",
        )
    finished = [run for run in same if not _partial(run)]
    if not finished:
        return "inconclusive", f"not judged: {_partial(same[0])}"
    judged = [run for run in finished if run.estimate.seeds >= SEEDS]
    if not judged:
        most = max(run.estimate.seeds for run in finished)
        return "inconclusive", f"{most} seed{'s' * (most > 1)}; a one-run interval needs {SEEDS}"
    reached = [run for run in judged if run.reaches(printed)]
    if not reached:
        nearest = min(judged, key=lambda run: abs(run.estimate.value - printed))
        return (
            "not reproduced",
            f"nearest is {nearest.variant}, off by {nearest.estimate.value - printed:+.4g}",
        )
    if fault and all(run.variant == "as-run" for run in reached):
        faultless = [run for run in judged if run.variant != "as-run"]
        if not faultless:
            return (
                "inconclusive",
                f"reached with a fault, and not run on the same corpora without it: {fault}",
            )
        return "explained", f"only by a fault: {fault}; without it, {faultless[0].summary}"
    clean = {run.variant: run for run in runs if run.protocol == "clean"}
    pairs = [(run, clean.get(run.variant)) for run in reached]
    for run, other in pairs:
        if other is None or (_sound(other) and other.reaches(printed)):
            return (
                "reproduced",
                f"the printed value lies in the interval of one more run, {run.variant}",
            )
    run, other = pairs[0]
    if not _sound(other):
        return (
            "inconclusive",
            f"the clean run has {other.estimate.seeds} seeds and {other.estimate.groups} speakers or recordings",
        )
    width, distance = (
        run.estimate.run_high - run.estimate.run_low,
        abs(printed - other.estimate.value),
    )
    if width > distance:
        return (
            "inconclusive",
            f"the interval, {width:.2g} wide, is wider than the distance to clean, {distance:.2g}: {other.summary}",
        )
    return (
        "inconclusive",
        f"{PUBLISHED_ONLY}; clean: {other.summary}. Which step between the two moves it was not run alone",
    )


def measured(printed: float, value: float, *, places: int) -> tuple[str, str]:
    """Verdict of a count, duration or parameter count that we measured: agrees or differs, within the printed rounding."""
    agrees = abs(value - printed) <= 0.5 * 10**-places
    return "measured", "agrees" if agrees else f"differs: measured {value:.6g}"


def _sound(run: Run) -> bool:
    """Whether a clean run can be judged: finished, with seeds and speakers enough."""
    return not _partial(run) and run.estimate.seeds >= SEEDS and run.estimate.groups >= GROUPS


def _partial(run: Run) -> str:
    """What is missing of a run: the end of its schedule, or the other folds; empty where nothing is."""
    return run.estimate.unfinished or (
        "one fold of several was run" if run.estimate.one_fold else ""
    )
