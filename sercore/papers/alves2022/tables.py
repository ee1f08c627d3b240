"""Tables that only chapter 1 shows."""

from collections.abc import Callable

import numpy as np
from IPython.display import HTML

from sercore.features import names
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import signs
from sercore.ledger.published import hand_labels
from sercore.ledger.scores import F1
from sercore.papers.alves2022.gender import CLASSIFIERS
from sercore.papers.alves2022.gender import NETWORK as STAGE_ONE
from sercore.papers.alves2022.rows import SELECTED
from sercore.report.tables import (
    BRACKETS,
    INTERVALS,
    PROTOCOLS,
    Column,
    html,
    shown,
    table,
    this_run,
)


def feature_groups() -> HTML:
    """The 56 prosodic features by group, the set of eight in bold.

    Source: Alves et al. 2022, Table 1.
    """

    def marked(group: str) -> HTML:
        members = names.GROUPS[group]
        return HTML(
            ", ".join(
                f"<strong>{name}</strong>" if name in names.SUBSETS["8"] else name
                for name in members
            )
        )

    columns = [
        Column("group", str),
        Column("features", lambda group: len(names.GROUPS[group])),
        Column("names", marked),
    ]
    return table(
        columns,
        names.GROUPS,
        caption="Table 1: prosodic features by group; in bold the set of eight",
    )


def gender_task(ledger: Ledger, run: Ledger, *, edition: str) -> HTML:
    """Models of the auxiliary task on held-out speakers and on Common Voice: accuracy, and the mean of both sexes' recalls."""
    metrics = {"accuracy, %": "accuracy_cv5_mean", "mean recall, %": "unweighted_accuracy"}
    row = "gender classifier ({})"
    places = {
        "held-out speakers of MLS": (ledger, row),
        "Common Voice": (ledger, f"{row}, Common Voice"),
        this_run(edition): (run, row),
    }

    def score(book: Ledger, row: str, metric: str) -> Callable[[str], object]:
        return lambda classifier: shown(book.cell(row.format(classifier), metric), 1)

    columns = [Column("classifier", str)]
    for place, (book, row) in places.items():
        columns += [
            Column((place, head), score(book, row, metric)) for head, metric in metrics.items()
        ]
    caption = (
        "Gender classifiers on 44 features; trained on MLS in place of CETUC; in brackets 95 %, where the mean would lie with"
        " other speakers and seeds; of Common Voice's speakers nothing is known"
    )
    return table(columns, CLASSIFIERS, caption=caption)


def stage_one(ledger: Ledger, run: Ledger, *, edition: str) -> HTML:
    """The sequential network's first stage: clips split at random, as in the notebooks, and speakers kept apart."""
    splits = {"clips at random": "as-published", "speakers apart": "clean"}
    metrics = {"squared error": ("mse_cv5_mean", 4), "accuracy, %": ("accuracy_cv5_mean", 1)}

    def score(book: Ledger, metric: str, digits: int) -> Callable[[str], object]:
        return lambda split: shown(book.cell(STAGE_ONE, metric, protocol=splits[split]), digits)

    columns = [Column("split", str)]
    for place, book in (("recorded, MLS", ledger), (this_run(edition), run)):
        columns += [Column((place, head), score(book, *metric)) for head, metric in metrics.items()]
    caption = "Stage 1 of the sequential network: gender from 44 features; in brackets 95 % of the mean, over speakers and seeds"
    return table(columns, splits, caption=caption)


def submissions(ledger: Ledger) -> HTML:
    """The three submitted networks: official test, our cross-validation, and the test files that the authors labelled by ear."""
    by_ear = {
        (number.row, number.column): number.value for number in hand_labels(ledger.paper.name)
    }
    printed = {
        number.row: f"{number.value:.4f}" for number in ledger.printed if number.metric == F1
    }
    official = [
        number
        for number in ledger.printed
        if number.metric == "macro_f1_official_test" and number.table != "Text"
    ]
    titles = [f"{place} submission" for place in ("1st", "2nd", "3rd")]

    def ours(protocol: str) -> Callable[[tuple], object]:
        return lambda row: shown(
            ledger.cell(row[1], F1, protocol=protocol), 3, interval=BRACKETS[protocol]
        )

    def labelled(title: str, form: str = "{}") -> str:
        return " / ".join(f"{by_ear[title, form.format(letter)]:g}" for letter in "NFM")

    def scores_by_ear(row: tuple) -> tuple[str, str]:
        return f"{by_ear[row[0], 'macro F1']:g}", f"accuracy {by_ear[row[0], 'accuracy']:g}"

    columns = [
        Column("", lambda row: row[:2]),
        Column(("cross-validation", "printed"), lambda row: printed[row[1]]),
        *(
            Column(("cross-validation", f"ours, {protocol}"), ours(protocol))
            for protocol in PROTOCOLS
        ),
        Column(("test", "printed, official"), lambda row: f"{row[2].value:g}"),
        Column(("test", "files labelled by ear"), scores_by_ear),
        Column(("test", "predicted N / F / M"), lambda row: labelled(row[0], "predicted {}")),
        Column("our test row", lambda row: ledger.verdict(row[2])),
    ]
    caption = (
        f"Submissions. The authors labelled {labelled('labelled by ear')} test files N / F / M by ear; the scores on them are"
        f" their networks'; {INTERVALS}"
    )
    return table(columns, list(zip(titles, SELECTED, official, strict=True)), caption=caption)


def identity(ledger: Ledger) -> list[tuple[str, float, int, float]]:
    """Printed loss less a hundredth of the printed accuracy of each multi-task row, the number k of dead folds, and what is left.

    The second head's best constant answer to a one-hot target of three classes is 1/3, with error 2/9; a head whose ReLU is
    dead answers 0, with error 1/3. Over five folds the mean is 2/9 + k/45.
    """
    values = {(number.row, number.column): number.value for number in ledger.printed}
    identities = []
    for (row, column), loss in values.items():
        if column == "Loss" and "Multi-task" in row:
            gap = loss - values[row, "Accuracy"] / 100
            dead = round((gap - 2 / 9) * 45)
            identities.append((row, gap, dead, gap - 2 / 9 - dead / 45))
    return identities


def second_head(ledger: Ledger) -> HTML:
    """Recorded multi-task folds as run: how far the second head's error is from 2/9, or from 1/3 where the head is dead."""
    trials = ledger.recorded.trials
    if not len(trials):
        return html(("folds",), [], caption="No trial is recorded yet")
    chosen = trials[
        (trials["variant"] == "as-run")
        & (trials["control"] == "none")
        & trials["second_mse"].notna()
    ]
    is_dead = chosen["second_zero"] == 1
    chosen = chosen.assign(
        dead=is_dead, distance=(chosen["second_mse"] - np.where(is_dead, 1 / 3, 2 / 9)).abs()
    )
    columns = [
        Column("protocol", lambda row: row[0]),
        Column("folds", lambda row: len(row[1])),
        Column("dead heads", lambda row: int(row[1]["dead"].sum())),
        Column("mean distance", lambda row: f"{row[1]['distance'].mean():.4f}"),
        Column("largest distance", lambda row: f"{row[1]['distance'].max():.4f}"),
    ]
    caption = "Second head's error: distance to 2/9, or to 1/3 where it is dead"
    return table(columns, chosen.groupby("protocol"), caption=caption)


def second_branch(ledger: Ledger) -> str:
    """How often taking the gender branch away moves clean macro F1, as run and as described, in a sentence."""
    controls = [control for control in ledger.controls() if control[2] == "no gender branch"]
    if not controls:
        return "The controls are not recorded."
    words = []
    for variant in ("as-run", "as-described"):
        rows = [row for row, kind, _ in controls if kind == variant]
        cells = [ledger.above(row, F1, variant=variant, control="no gender branch") for row in rows]
        marks = zip(rows, cells, signs(cells), strict=True)
        clear = [
            f"{row} by {cell.value:+.3f}" for row, cell, mark in marks if mark != "inconclusive"
        ]
        words.append(
            f"{variant}, in {len(clear)} of {len(cells)} rows"
            + (f" ({'; '.join(clear)})" if clear else "")
        )
    return f"Recorded, the gender branch moves the clean score, judged together over the rows: {', '.join(words)}."
