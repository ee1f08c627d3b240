"""Accuracy of each speaker of an unseen corpus, with an interval over the words that they say and over seeds.

A corpus of two speakers has no interval over speakers: what is given holds for these two, and for other words of theirs.
"""

from collections import Counter
from collections.abc import Mapping

import pandas as pd

from sercore.ledger.estimates import Estimate, level
from sercore.ledger.scores import Trials
from sercore.papers.parry2022.scores import SIGNS


def by_speaker(answers: pd.DataFrame, seeds: Mapping[int, int], corpus: str) -> dict[str, Estimate]:
    """Unweighted accuracy in % on each speaker of a corpus, by the speaker's name; the order of the rows decides nothing.

    Words are drawn with return, all clips of a word together, and so are seeds. A class that no drawn word has is left out of
    that draw's mean. The groups of the estimates are words.

    Args:
        answers: recorded answers: ``trial``, ``group`` (corpus/speaker), ``text``, ``true`` and ``predicted``, these two with one
            sign a clip.
        seeds: of each trial of one row, by its number; other trials are left out.
        corpus: whose speakers.

    Raises:
        ValueError: the trials have no answer in this corpus, or a row whose two texts differ in length.
    """
    chosen = answers[answers["trial"].isin(list(seeds)) & answers["group"].str.startswith(f"{corpus}/")]
    if not len(chosen):
        raise ValueError(f"{corpus}: no answer among {len(answers)} rows; expected some of trials {sorted(seeds)}. Record them.")
    return {
        group.split("/", 1)[1]: level(_by_word(rows, seeds), "unweighted_accuracy")
        for group, rows in chosen.groupby("group", sort=True)
    }


def _by_word(rows: pd.DataFrame, seeds: Mapping[int, int]) -> Trials:
    """The clips of one speaker, counted by word."""
    counts: Counter = Counter()
    for row in rows.fillna({"text": ""}).itertuples(index=False):
        if len(row.true) != len(row.predicted):
            raise ValueError(
                f"{row.group}, {row.text}: {len(row.true)} clips and {len(row.predicted)} answers; expected as many. Record again."
            )
        for true, predicted in zip(row.true, row.predicted, strict=True):
            counts[row.trial, row.text.replace("/", " "), SIGNS.index(true), SIGNS.index(predicted)] += 1
    columns = ["trial", "group", "true", "predicted", "count"]
    table = pd.DataFrame([(*where, count) for where, count in sorted(counts.items())], columns=columns)
    trials = sorted(set(table["trial"]))
    settings = pd.DataFrame({"trial": trials, "seed": [seeds[trial] for trial in trials], "fold": 0})
    errors = pd.DataFrame(columns=["trial", "group", "clips", "head", "second"])
    return Trials(settings, table, errors, 1 + int(table[["true", "predicted"]].to_numpy().max()))
