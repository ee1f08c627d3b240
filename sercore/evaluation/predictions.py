"""Estimates for anybody's predictions: a score, or a difference, with its interval over speakers and seeds."""

import numpy as np
import pandas as pd

from sercore.evaluation.estimates import DRAWS, Estimate, contrast, shared
from sercore.evaluation.metrics import tally
from sercore.evaluation.scores import Trials

# Measure of each score, by the score's usual name; UAR is the unweighted average recall.
SCORES = {
    "macro_f1": "macro_f1_validation",
    "accuracy": "accuracy_validation",
    "uar": "uar_validation",
}
NEEDED = ("speaker", "truth", "prediction")
RUN = ("seed", "fold")
ONE_CORPUS = "all"  # corpus of predictions that name none


def estimate(
    predictions: pd.DataFrame,
    score: str = "macro_f1",
    *,
    against: pd.DataFrame | None = None,
    draws: int = DRAWS,
) -> Estimate:
    """Estimate the score of a system, or how much higher it is than another's, from predictions.

    A row is what one training answered about one clip. The score of a seed is the mean over its
    folds; over several corpora it is the mean of the corpora's. Speakers and seeds are resampled
    together, both systems' on the same speakers: see `sercore.evaluation.estimates`.

    Args:
        predictions: table with ``speaker``, ``truth`` and ``prediction`` and, where there are
            several, ``seed``, ``fold`` and ``corpus``.
        score: "macro_f1", "accuracy" or "uar".
        against: such a table of the other system, about the same clips.
        draws: bootstrap samples (default 10,000).

    Raises:
        ValueError: no such score; a column or a cell is missing; or the systems have no seed and
            fold in common, or were asked about other clips.
    """
    if score not in SCORES:
        raise ValueError(f"{score}: no such score; expected {', '.join(SCORES)}. Name one of them.")
    tables = [_complete(predictions, "predictions")]
    if against is not None:
        tables.append(_complete(against, "against"))
    labels = pd.concat([table[name] for table in tables for name in NEEDED[1:]])
    classes = {label: number for number, label in enumerate(sorted(labels.unique(), key=str))}
    systems = [_trials(table, classes) for table in tables]
    if against is None:
        return contrast(systems, SCORES[score], lambda scores: scores[0], least=0.0, draws=draws)
    _check_clips(*shared(systems))
    return contrast(systems, SCORES[score], lambda scores: scores[0] - scores[1], draws=draws)


def _complete(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the columns that count, or say what is missing."""
    if absent := [column for column in NEEDED if column not in table]:
        raise ValueError(
            f"{name}: columns {', '.join(map(str, table.columns)) or 'none'}; expected"
            f" {', '.join(NEEDED)} and, where there are several, {', '.join(RUN)}, corpus. Add"
            f" {absent[0]}."
        )
    chosen = [column for column in (*NEEDED, *RUN, "corpus") if column in table]
    cells = table[chosen].reset_index(drop=True)
    if cells.empty or cells.isna().any(axis=None):
        empty = next((column for column in chosen if cells[column].isna().any()), "row")
        raise ValueError(
            f"{name}: {len(cells)} rows, of which {int(cells.isna().any(axis=1).sum())} lack a cell;"
            f" expected one row or more, all filled. Look at {empty}."
        )
    defaults = {"seed": 0, "fold": 0, "corpus": ONE_CORPUS}
    return cells.assign(**{key: value for key, value in defaults.items() if key not in cells})


def _trials(table: pd.DataFrame, classes: dict[object, int]) -> Trials:
    """Count the predictions of each run by speaker."""
    runs = table[[*RUN]].drop_duplicates().sort_values([*RUN], ignore_index=True)
    runs = runs.assign(trial=runs.index)
    trial = table.merge(runs, on=[*RUN])["trial"].to_numpy()
    group = (table["corpus"].astype(str) + "/" + table["speaker"].astype(str)).to_numpy(str)
    numbers = [table[name].map(classes).to_numpy(int) for name in NEEDED[1:]]
    columns = ["trial", "group", "true", "predicted", "count"]
    counts = pd.DataFrame(tally(trial, group, *numbers), columns=columns)
    errors = pd.DataFrame(columns=["trial", "group", "clips", "head", "second"])
    return Trials(runs, counts, errors, classes=len(classes))


def _check_clips(one: Trials, other: Trials) -> None:
    """Refuse two systems that were asked about other clips, by speaker, run and true class."""
    asked = []
    for trials in (one, other):
        runs = trials.counts.merge(trials.table, on="trial")
        asked.append(runs.groupby([*RUN, "group", "true"])["count"].sum())
    counts = pd.concat(asked, axis=1).fillna(0).to_numpy()
    differing = counts[counts[:, 0] != counts[:, 1]]
    if len(differing):
        missing = int(np.abs(differing[:, 0] - differing[:, 1]).sum())
        raise ValueError(
            f"against: {missing} clips of a speaker and class are in one table alone; expected the"
            " same clips, with the same truth, in both. Leave out what one system was not asked."
        )
