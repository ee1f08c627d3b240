"""Accuracy of each speaker of an unseen corpus, with an interval over the words that they say and over seeds.

A corpus of two speakers has no interval over speakers: what is given holds for these two, and for other words of theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sercore.evaluation.intervals import LEVEL
from sercore.ledger.scores import mean_recall
from sercore.studies.parry_scores import SIGNS


@dataclass(frozen=True)
class Heard:
    """Unweighted accuracy on one speaker's clips, in %.

    Args:
        value: mean over seeds.
        low: lower bound of the 95 % interval over words, and over seeds where there are several.
        high: upper bound.
        words: texts that the speaker says.
        seeds: how many.
    """

    value: float
    low: float
    high: float
    words: int
    seeds: int


def by_speaker(
    answers: pd.DataFrame, seeds: Mapping[int, int], corpus: str, *, draws: int = 2000, seed: int = 0
) -> dict[str, Heard]:
    """Unweighted accuracy on each speaker of a corpus, by the speaker's name; the order of the rows decides nothing.

    Words are drawn with return, all clips of a word together, and so are seeds. A class that no drawn word has is left out of
    that draw's mean.

    Args:
        answers: recorded answers: ``trial``, ``group`` (corpus/speaker), ``text``, ``true`` and ``predicted``, these two with one
            sign a clip.
        seeds: of each trial of one row, by its number; other trials are left out.
        corpus: whose speakers.
        draws: bootstrap samples, 1 or more (default 2000).
        seed: of the draws (default 0).

    Raises:
        ValueError: the trials have no answer in this corpus, or a row whose two texts differ in length.

    Source: Efron's percentile bootstrap, by word and by seed.
    """
    own = answers[answers["trial"].isin(list(seeds)) & answers["group"].str.startswith(f"{corpus}/")]
    if not len(own):
        raise ValueError(f"{corpus}: no answer among {len(answers)} rows; expected some of trials {sorted(seeds)}. Record them.")
    found = {}
    for group, rows in own.groupby("group", sort=True):
        counts = _counts(rows, seeds)
        found[group.split("/", 1)[1]] = _heard(counts, draws, np.random.default_rng(seed))
    return found


def _counts(rows: pd.DataFrame, seeds: Mapping[int, int]) -> np.ndarray:
    """Clips of one speaker by word, seed, class and answer: ``(words, seeds, classes, classes)``."""
    there = sorted(set(rows["trial"].map(seeds)))
    words = {text: at for at, text in enumerate(sorted(set(rows["text"].fillna(""))))}
    classes = 1 + max(SIGNS.index(sign) for sign in set("".join(rows["true"]) + "".join(rows["predicted"])))
    counts = np.zeros((len(words), len(there), classes, classes))
    for row in rows.fillna({"text": ""}).itertuples(index=False):
        if len(row.true) != len(row.predicted):
            raise ValueError(
                f"{row.group}, {row.text}: {len(row.true)} clips and {len(row.predicted)} answers; expected as many. Record again."
            )
        for true, predicted in zip(row.true, row.predicted, strict=True):
            counts[words[row.text], there.index(seeds[row.trial]), SIGNS.index(true), SIGNS.index(predicted)] += 1
    return counts


def _heard(counts: np.ndarray, draws: int, generator: np.random.Generator) -> Heard:
    words, seeds = counts.shape[:2]
    drawn, sown = (generator.multinomial(many, np.full(many, 1 / many), size=draws) for many in (words, seeds))
    scores = 100 * mean_recall(np.tensordot(drawn.astype(float), counts, axes=1))  # (draws, seeds)
    low, high = np.nanquantile((scores * sown).sum(1) / seeds, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Heard(float(100 * mean_recall(counts.sum(0)).mean()), float(low), float(high), words, seeds)
