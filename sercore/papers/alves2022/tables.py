"""Tables that only chapter 1 shows."""

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
from sercore.report.tables import BRACKETS, INTERVALS, PROTOCOLS, html, shown, this_run


def feature_groups() -> HTML:
    """The 56 prosodic features by group, the set of eight in bold.

    Source: Alves et al. 2022, Table 1.
    """
    rows = []
    for group, members in names.GROUPS.items():
        told = (f"<strong>{name}</strong>" if name in names.SUBSETS["8"] else name for name in members)
        rows.append((group, len(members), HTML(", ".join(told))))
    return html(("group", "features", "names"), rows, caption="Table 1: prosodic features by group; in bold the set of eight")


def gender_task(ledger: Ledger, run: Ledger, *, edition: str) -> HTML:
    """Models of the auxiliary task on held-out speakers and on Common Voice: accuracy, and the mean of both sexes' recalls."""
    this = this_run(edition)
    metrics = {"accuracy, %": "accuracy_cv5_mean", "mean recall, %": "unweighted_accuracy"}
    rows = []
    for name in CLASSIFIERS:
        row = f"gender classifier ({name})"
        places = ((ledger, row), (ledger, f"{row}, Common Voice"), (run, row))
        rows.append((name, *(shown(each.cell(where, metric), 1) for each, where in places for metric in metrics.values())))
    heads = [
        ("", "classifier"),
        *((place, metric) for place in ("held-out speakers of MLS", "Common Voice", this) for metric in metrics),
    ]
    caption = (
        "Gender classifiers on 44 features; trained on MLS in place of CETUC; in brackets 95 %, where the mean would lie with"
        " other speakers and seeds; of Common Voice's speakers nothing is known"
    )
    return html(heads, rows, caption=caption)


def stage_one(ledger: Ledger, run: Ledger, *, edition: str) -> HTML:
    """The sequential network's first stage: clips split at random, as in the notebooks, and speakers kept apart."""
    this = this_run(edition)
    readings, metrics = {"clips at random": "as-published", "speakers apart": "clean"}, {"mse_cv5_mean": 4, "accuracy_cv5_mean": 1}
    rows = []
    for title, protocol in readings.items():
        cells = (
            shown(each.cell(STAGE_ONE, metric, protocol=protocol), digits)
            for each in (ledger, run)
            for metric, digits in metrics.items()
        )
        rows.append((title, *cells))
    heads = [("", "split"), *((place, column) for place in ("recorded, MLS", this) for column in ("squared error", "accuracy, %"))]
    caption = "Stage 1 of the sequential network: gender from 44 features; in brackets 95 % of the mean, over speakers and seeds"
    return html(heads, rows, caption=caption)


def submissions(ledger: Ledger) -> HTML:
    """The three submitted networks: official test, our cross-validation, and the test files that the authors labelled by ear."""
    heard = {(number.row, number.column): number.value for number in hand_labels(ledger.paper.name)}
    official = [each for each in ledger.printed if each.metric == "macro_f1_official_test" and each.table != "Text"]
    rows = []
    for place, (number, row) in enumerate(zip(official, SELECTED, strict=True)):
        printed = next(each.value for each in ledger.printed if each.row == row and each.metric == F1)
        ours = [shown(ledger.cell(row, F1, protocol=name), 3, interval=BRACKETS[name]) for name in PROTOCOLS]
        name = ("1st", "2nd", "3rd")[place] + " submission"
        counts = " / ".join(f"{heard[name, f'predicted {letter}']:g}" for letter in "NFM")
        by_ear = (f"{heard[name, 'macro F1']:g}", f"accuracy {heard[name, 'accuracy']:g}")
        rows.append(((name, row), f"{printed:.4f}", *ours, f"{number.value:g}", by_ear, counts, ledger.verdict(number)))
    labelled = " / ".join(f"{heard['labelled by ear', letter]:g}" for letter in "NFM")
    heads = [("", ""), ("cross-validation", "printed"), *(("cross-validation", f"ours, {protocol}") for protocol in PROTOCOLS)]
    heads += [("test", name) for name in ("printed, official", "files labelled by ear", "predicted N / F / M")] + [
        ("", "our test row")
    ]
    caption = (
        f"Submissions. The authors labelled {labelled} test files N / F / M by ear; the scores on them are their networks';"
        f" {INTERVALS}"
    )
    return html(heads, rows, caption=caption)


def identity(ledger: Ledger) -> list[tuple[str, float, int, float]]:
    """Printed loss less a hundredth of the printed accuracy of each multi-task row, the number k of dead folds, and what is left.

    The second head's best constant answer to a one-hot target of three classes is 1/3, with error 2/9; a head whose ReLU is
    dead answers 0, with error 1/3. Over five folds the mean is 2/9 + k/45.
    """
    values = {(number.row, number.column): number.value for number in ledger.printed}
    found = []
    for (row, column), loss in values.items():
        if column == "Loss" and "Multi-task" in row:
            gap = loss - values[row, "Accuracy"] / 100
            dead = round((gap - 2 / 9) * 45)
            found.append((row, gap, dead, gap - 2 / 9 - dead / 45))
    return found


def second_head(ledger: Ledger) -> HTML:
    """Recorded multi-task folds as run: how far the second head's error is from 2/9, or from 1/3 where the head is dead."""
    trials = ledger.recorded.trials
    if not len(trials):
        return html(("folds",), [], caption="No trial is recorded yet")
    chosen = trials[(trials["variant"] == "as-run") & (trials["control"] == "none") & trials["second_mse"].notna()]
    rows = []
    for protocol, table in chosen.groupby("protocol"):
        dead = table["second_zero"] == 1
        gaps = (table["second_mse"] - np.where(dead, 1 / 3, 2 / 9)).abs()
        rows.append((protocol, len(table), int(dead.sum()), f"{gaps.mean():.4f}", f"{gaps.max():.4f}"))
    heads = ("protocol", "folds", "dead heads", "mean distance", "largest distance")
    return html(heads, rows, caption="Second head's error: distance to 2/9, or to 1/3 where it is dead")


def second_branch(ledger: Ledger) -> str:
    """How often taking the gender branch away moves clean macro F1, as run and as described, in a sentence."""
    found = [each for each in ledger.controls() if each[2] == "no gender branch"]
    if not found:
        return "The controls are not recorded."
    words = []
    for variant in ("as-run", "as-described"):
        cells = [(row, ledger.above(row, F1, variant=variant, control=name)) for row, kind, name in found if kind == variant]
        marks = signs([cell for _, cell in cells])
        clear = [f"{row} by {cell.value:+.3f}" for (row, cell), mark in zip(cells, marks, strict=True) if mark != "inconclusive"]
        words.append(f"{variant}, in {len(clear)} of {len(cells)} rows" + (f" ({'; '.join(clear)})" if clear else ""))
    return f"Recorded, the gender branch moves the clean score, judged together over the rows: {', '.join(words)}."
