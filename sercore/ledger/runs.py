"""What stands beside a printed number: recorded runs, and what the steps between two protocols do."""

from dataclasses import dataclass

from sercore.evaluation.estimates import GROUPS, SEEDS, Estimate


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
