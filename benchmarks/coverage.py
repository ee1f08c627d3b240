"""How often the 95 % intervals of the book hold the true value, on simulated speakers, seeds and folds.

Usage: ``python -m benchmarks.coverage [REPEATS]`` (default 400). Each repeat draws speakers, trainings and answers anew, and asks
for the level of a system and for its difference from another one that is tested on the same speakers; the true values are known.
Speakers' accuracies differ by 10 points (standard deviation), those of trainings by 3, those of a training on a speaker by 5;
a speaker has 40 clips. With few speakers an interval over speakers is too narrow: no sign is judged on fewer than six.
"""

import sys

import numpy as np
import pandas as pd

from sercore.evaluation import estimates
from sercore.evaluation.scores import Trials

ACCURACY, CLIPS, LEVEL = "accuracy_validation", 40, (0.7, 0.65)
SPEAKER, TRAINING, BOTH = 0.10, 0.03, 0.05


def simulate(
    speakers: int, seeds: int, generator: np.random.Generator, *, folds: int = 1
) -> tuple[Trials, Trials]:
    """Trials of two systems on the same speakers, whose true accuracies are ``LEVEL`` but for what is drawn.

    Args:
        speakers: number of speakers, dealt to the folds in turn.
        seeds: number of seeds of each system.
        generator: of all that is drawn.
        folds: number of folds, each with trainings of its own (default 1).
    """
    ability = generator.normal(0, SPEAKER, speakers)
    fold = np.arange(speakers) % folds
    systems = []
    for level in LEVEL:
        training = generator.normal(0, TRAINING, (folds, seeds))
        chance = (
            level + ability[:, None] + training[fold] + generator.normal(0, BOTH, (speakers, seeds))
        )
        systems.append(_trials(generator.binomial(CLIPS, np.clip(chance, 0, 1)), fold))
    return systems[0], systems[1]


def _trials(right: np.ndarray, fold: np.ndarray) -> Trials:
    """Trials of one system from its right answers ``(speakers, seeds)`` and each speaker's fold."""
    folds, seeds = int(fold.max()) + 1, right.shape[1]
    table = pd.DataFrame(
        [(seed * folds + at, seed, at, "clean") for seed in range(seeds) for at in range(folds)],
        columns=["trial", "seed", "fold", "protocol"],
    )
    rows = [
        (seed * folds + fold[speaker], f"s{speaker:02d}", 0, answer, count)
        for (speaker, seed), good in np.ndenumerate(right)
        for answer, count in ((0, good), (1, CLIPS - good))
    ]
    counts = pd.DataFrame(rows, columns=["trial", "group", "true", "predicted", "count"])
    errors = pd.DataFrame(columns=["trial", "group", "clips", "head", "second"])
    return Trials(table, counts, errors, 2)


def coverage(
    speakers: int,
    seeds: int,
    *,
    folds: int = 1,
    repeats: int = 400,
    draws: int = 2000,
    seed: int = 0,
) -> dict[str, float]:
    """Share of repeats in which each interval holds what it is said to hold.

    Returns:
        "level" and "difference" of the true values by the mean interval, "one run" of one more training's score by the other.
    """
    held = {"level": 0, "difference": 0, "one run": 0}
    for repeat in range(repeats):
        generator = np.random.default_rng([seed, speakers, seeds, folds, repeat])
        one, other = simulate(speakers, seeds + 1, generator, folds=folds)
        more = one.sown([seeds]).by_seed(ACCURACY)[0]
        one, other = (each.sown(range(seeds)) for each in (one, other))
        level = estimates.level(one, ACCURACY, draws=draws)
        gap = estimates.difference(one, other, ACCURACY, draws=draws)
        held["level"] += level.low <= LEVEL[0] <= level.high
        held["difference"] += gap.low <= LEVEL[0] - LEVEL[1] <= gap.high
        held["one run"] += level.run_low <= more <= level.run_high
    return {name: count / repeats for name, count in held.items()}


def main(repeats: int) -> None:
    for speakers, folds in ((24, 1), (24, 6), (10, 1), (10, 5), (6, 1)):
        shares = coverage(speakers, 5, folds=folds, repeats=repeats)
        words = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
        print(
            f"{speakers} speakers in {folds} fold{'s' * (folds > 1)}, 5 seeds: {words} ({repeats} repeats)",
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
