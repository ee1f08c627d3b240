"""Main effects of paper 04's grid, with and without each of three components, and what other speakers would give."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from sercore.evaluation.intervals import resampled_interval
from sercore.evaluation.metrics import accuracy

FACTORS = ("TL", "Aug", "SP")  # transfer learning, spectrogram augmentation, statistics pooling
CELLS = tuple(product((False, True), repeat=3))
# Order of the effects that the paper claims, SP > TL > Aug, as differences between neighbours.
DIFFERENCES = (("SP", "TL"), ("TL", "Aug"))

Cell = tuple[bool, bool, bool]  # with transfer learning, with augmentation, with statistics pooling


@dataclass(frozen=True)
class Effect:
    """An effect, or a difference between two, in the score's own unit.

    Args:
        value: of all speakers.
        low, high: 95 % interval over speakers; for these runs, not for others.
    """

    value: float
    low: float
    high: float


def resampled_effects(
    counts: Mapping[Cell, np.ndarray], *, measure: Callable[[np.ndarray], np.ndarray] = accuracy, draws: int = 2000, seed: int = 0
) -> dict[str, Effect]:
    """Main effects and their differences, with intervals over speakers: a draw is one for all eight cells.

    A component's effect is the mean score with it less the mean score without, over both states of the other two.

    A run's score is that of all its clips; a cell's is the mean of its runs'. Give the five folds of a seed as one run, and it is
    pooled over folds; give them as five, and it is the mean over folds, less those none of whose speakers is drawn.

    Args:
        counts: of each cell, by (TL, Aug, SP): ``(speakers, runs, classes, classes)``, rows true, columns predicted; speakers
            and runs in one order in all cells, each of which has tested the same clips.
        measure: of counts ``(..., classes, classes)``: ``(...)``; the default is accuracy, the paper's WA; mean recall is its UA.
        draws: of speakers, with return (default 2000).
        seed: of the draws (default 0).

    Returns:
        Effects of ``FACTORS``, then "SP - TL" and "TL - Aug".

    Raises:
        ValueError: a cell that is missing, has other clips than another, or no clip of a speaker or in a run.

    Source: Padi et al. 2021, section 5, for the order; main effects, and Efron's percentile bootstrap by speaker, are ours.
    """
    _complete(counts)
    stacked = _paired([np.asarray(counts[cell], float) for cell in CELLS])  # (speakers, cells, runs, classes, classes)

    def grid(weights: np.ndarray) -> np.ndarray:
        weighted = np.tensordot(weights, stacked, axes=1)  # (draws, cells, runs, classes, classes)
        scores = np.where(weighted.sum((-2, -1)) > 0, measure(weighted), np.nan)
        return np.nanmean(scores, axis=2)  # (draws, cells)

    everyone = np.ones((1, len(stacked)))
    found = {}
    for name, contrast in _contrasts().items():
        interval = resampled_interval(
            lambda weights, contrast=contrast: grid(weights) @ contrast, len(stacked), draws=draws, seed=seed
        )
        found[name] = Effect(float(grid(everyone)[0] @ contrast), *interval)
    return found


def _contrasts() -> dict[str, np.ndarray]:
    """Weights ``(cells,)`` that make an effect, or a difference of two, of the cells' scores."""
    effects = dict(zip(FACTORS, np.where(np.array(CELLS).T, 0.25, -0.25), strict=True))
    return effects | {f"{one} - {other}": effects[one] - effects[other] for one, other in DIFFERENCES}


def _complete(cells: Mapping[Cell, object]) -> None:
    if set(cells) != set(CELLS):
        absent = [_named(cell) for cell in CELLS if cell not in cells]
        odd = [str(cell) for cell in cells if cell not in CELLS]
        told = f"cells {', '.join(absent)} are missing" if absent else f"{', '.join(odd)} is no cell"
        raise ValueError(f"{told}; expected all 8 of (TL, Aug, SP), each with or without: run what is missing, drop the rest")


def _named(cell: Cell) -> str:
    return "".join(f"{part:d}" for part in cell)


def _paired(cells: list[np.ndarray]) -> np.ndarray:
    first = cells[0]
    if first.ndim != 4 or first.shape[-1] != first.shape[-2]:
        raise ValueError(f"counts {first.shape}; expected (speakers, runs, classes, classes): add the axis of the runs")
    for cell, array in zip(CELLS, cells, strict=True):
        if array.shape != first.shape or not np.array_equal(array.sum(-1), first.sum(-1)):
            raise ValueError(
                f"cell {_named(cell)} {array.shape} tested other clips than cell 000 {first.shape}; expected the same speakers,"
                " runs and clips in each cell: compare cells on the same folds and seeds"
            )
    clips = first.sum((-2, -1))
    if not clips.any(1).all() or not clips.any(0).all():
        raise ValueError(
            f"{int((~clips.any(1)).sum())} speakers and {int((~clips.any(0)).sum())} runs have no clip; expected at least 1:"
            " leave them out"
        )
    return np.stack(cells, axis=1)
