"""Tables of chapter 1, and recalls by listening note, which the paper leaves open."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from IPython.display import HTML

from sercore.corpora.coraa_ser import NOTES
from sercore.features import names
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import Estimate, level
from sercore.ledger.paper import hand_labels
from sercore.ledger.recorded import Recorded, measurements
from sercore.ledger.scores import F1, Trials
from sercore.papers.alves2022.gender import CLASSIFIERS, NETWORK
from sercore.papers.alves2022.network import STAGE_ONE
from sercore.papers.alves2022.numbers import RECALLS, official_tests
from sercore.papers.alves2022.study import NAME
from sercore.papers.alves2022.trial import SELECTED, Data
from sercore.report import tables
from sercore.report.tables import BRACKETS, PROTOCOLS, Column, shown, table
from sercore.training.loop import Recipe

CLASSES = ("neutral", "non-neutral female", "non-neutral male")  # in the order of RECALLS


def feature_groups() -> HTML:
    """List the 56 prosodic features by group, the set of eight in bold.

    Source: Alves et al. 2022, Table 1.
    """

    def marked(group: str) -> HTML:
        words = []
        for name in names.GROUPS[group]:
            words.append(f"<strong>{name}</strong>" if name in names.SUBSETS["8"] else name)
        return HTML(", ".join(words))

    columns = [
        Column("group", str),
        Column("features", lambda group: len(names.GROUPS[group])),
        Column("names", marked),
    ]
    caption = "Table 1: prosodic features by group; in bold the set of eight"
    return table(columns, names.GROUPS, caption=caption, folded=True)


def gender_task(ledger: Ledger) -> HTML:
    """Show accuracy and mean recall of the gender classifiers, on MLS and on Common Voice."""
    metrics = {"accuracy, %": "accuracy_cv5_mean", "mean recall, %": "unweighted_accuracy"}
    row = "gender classifier ({})"
    places = {"held-out speakers of MLS": row, "Common Voice": f"{row}, Common Voice"}

    def score(row: str, metric: str) -> Callable[[str], object]:
        return lambda classifier: shown(ledger.cell(row.format(classifier), metric), 1)

    columns = [Column("classifier", str)]
    for place, row in places.items():
        for head, metric in metrics.items():
            columns.append(Column((place, head), score(row, metric)))
    note = (
        "trained on MLS in place of CETUC; in brackets 95 %: where the mean would lie with other "
        "speakers and seeds; of Common Voice's speakers nothing is known"
    )
    caption = f"Gender classifiers on 44 features, {ledger.source}"
    return table(columns, CLASSIFIERS, caption=caption, note=note)


def stage_one(ledger: Ledger) -> HTML:
    """Show the sequential network's first stage: clips split at random, and speakers kept apart."""
    splits = {"clips at random": "as-published", "speakers apart": "clean"}
    metrics = {"squared error": ("mse_cv5_mean", 4), "accuracy, %": ("accuracy_cv5_mean", 1)}

    def score(metric: str, digits: int) -> Callable[[str], object]:
        return lambda split: shown(ledger.cell(NETWORK, metric, protocol=splits[split]), digits)

    columns = [Column("split", str)]
    columns += [Column(head, score(*metric)) for head, metric in metrics.items()]
    caption = f"Stage 1 of the sequential network, {ledger.source}: gender from 44 features"
    note = "in brackets 95 %: where the mean would lie with other speakers and seeds"
    return table(columns, splits, caption=caption, note=note, folded=True)


def submissions(ledger: Ledger) -> HTML:
    """Show the submitted networks: official test, our scores, files labelled by ear."""
    by_ear = {(number.row, number.column): number.value for number in hand_labels(NAME)}
    printed = {number.row: number.value for number in ledger.printed if number.metric == F1}

    def ours(protocol: str) -> Callable[[tuple], object]:
        interval = BRACKETS[protocol]
        return lambda row: shown(ledger.cell(row[1], F1, protocol=protocol), 3, interval=interval)

    def labelled(title: str, form: str = "{}") -> str:
        return " / ".join(f"{by_ear[title, form.format(letter)]:g}" for letter in "NFM")

    def scores_by_ear(row: tuple) -> tuple[str, str]:
        return f"{by_ear[row[0], 'macro F1']:g}", f"accuracy {by_ear[row[0], 'accuracy']:g}"

    columns = [
        Column("", lambda row: row[:2]),
        Column(("cross-validation", "printed"), lambda row: f"{printed[row[1]]:.4f}"),
        *(Column(("cross-validation", f"ours, {name}"), ours(name)) for name in PROTOCOLS),
        Column(("test", "printed, official"), lambda row: f"{row[2].value:g}"),
        Column(("test", "files labelled by ear"), scores_by_ear),
        Column(("test", "predicted N / F / M"), lambda row: labelled(row[0], "predicted {}")),
        Column("our test row", lambda row: ledger.verdict(row[2])),
    ]
    titles = ("1st submission", "2nd submission", "3rd submission")
    note = (
        f"by ear the authors labelled {labelled('labelled by ear')} test files N / F / M; the "
        f"scores on these are their own networks'; {tables.INTERVALS}"
    )
    rows = zip(titles, SELECTED, official_tests(ledger), strict=True)
    return table(columns, list(rows), caption="Submissions", note=note, folded=True)


def identity(ledger: Ledger) -> list[tuple[str, float, int, float]]:
    """Take the printed losses of the multi-task rows apart.

    The second head's best constant answer to a one-hot target of three classes is 1/3, with error
    2/9; a head whose ReLU is dead answers 0, with error 1/3. Over five folds that is 2/9 + k/45.
    Beside each row stand its printed loss less a hundredth of the printed accuracy, the number k of
    dead folds, and what is left.
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
    """Show how far the second head's recorded error is from 2/9, or from 1/3 where it is dead."""
    trials = ledger.recorded.trials
    is_plain = (trials["variant"] == "as-run") & (trials["control"] == "none")
    chosen = trials[is_plain & trials["second_mse"].notna()]
    is_dead = chosen["second_zero"] == 1
    distance = (chosen["second_mse"] - np.where(is_dead, 1 / 3, 2 / 9)).abs()
    chosen = chosen.assign(dead=is_dead, distance=distance)
    columns = [
        Column("protocol", lambda row: row[0]),
        Column("folds", lambda row: len(row[1])),
        Column("dead heads", lambda row: int(row[1]["dead"].sum())),
        Column("mean distance", lambda row: f"{row[1]['distance'].mean():.4f}"),
        Column("largest distance", lambda row: f"{row[1]['distance'].max():.4f}"),
    ]
    caption = "Second head's error: distance to 2/9, or to 1/3 where it is dead"
    return table(columns, chosen.groupby("protocol"), caption=caption, folded=True)


def encoders(data: Data) -> HTML:
    """Show which speech encoder the rows on embeddings read on a page."""
    rows = [(name, values.shape[1]) for name, values in data.embeddings.items()]
    note = "`random` was never trained; without an encoder the rows are left out"
    caption = "Speech encoder of the rows on embeddings in this page's own run"
    heads = ("encoder", "values a clip")
    return tables.html(heads, rows or [("none", "")], caption=caption, note=note, folded=True)


def recipes() -> HTML:
    """Show how the networks are trained."""
    rows = []
    for name, recipe in (("networks of the tables", Recipe()), ("gender stage", STAGE_ONE)):
        rows.append((name, recipe.batch, recipe.epochs, "Adam", f"{recipe.rate:g}"))
    caption = "Training recipes; the gender stage is the first of the sequential network's two"
    heads = ("trained", "batch", "epochs", "optimiser", "rate")
    return tables.html(heads, rows, caption=caption, folded=True)


def unconverted(data: Data) -> HTML:
    """Show the clips that have no gender-changed copy, and why."""
    rows = [sentence.split(": ", 1) for sentence in data.unconverted]
    caption = "Non-neutral clips without a gender-changed copy"
    return tables.html(("clip", "why"), rows, caption=caption, folded=True) if rows else HTML("")


@dataclass(frozen=True, kw_only=True)
class NotedRecall:
    """Recall of one class among the clips that have a listener's note, or that lack it."""

    note: str  # as the listeners' list calls it
    is_noted: bool
    label: str
    estimate: Estimate | None  # over recordings; None where there is no such clip
    clips: int


def noted_clips() -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """Return clips by class and note, and clips by class, as measured on the listeners' list.

    Source: Alves et al. 2022, Figure 1.
    """
    counts: dict[str, dict[str, int]] = {}
    for place, count in measurements(NAME).items():
        if place.startswith("listening notes / "):
            _, label, note = place.split(" / ")
            counts.setdefault(label, {})[note.replace("_", " ")] = int(count)
    totals = {label: notes.pop("all") for label, notes in counts.items()}
    return counts, totals


def note_recalls(book: Recorded, row: str) -> list[NotedRecall]:
    """Return the clean recall of every class with and without every note, for a submitted row."""
    trials = book.trials
    if not len(trials):
        return []
    is_plain = (trials["variant"] == "as-run") & (trials["control"] == "none")
    chosen = trials[is_plain & (trials["row"] == row) & (trials["protocol"] == "clean")]
    clips = book.parts["notes"].merge(chosen[["trial", "seed"]], on="trial")
    if not len(clips):
        return []
    results = []
    for note, letter in NOTES.items():
        has_note = clips["note"].str.contains(letter)
        for is_noted in (True, False):
            noted = clips[has_note == is_noted]
            for label, measure in zip(CLASSES, RECALLS, strict=True):
                of_class = noted[noted["true"] == CLASSES.index(label)]
                estimate, count = _recall(of_class, measure)
                about = {"note": note.replace("_", " "), "is_noted": is_noted, "label": label}
                results.append(NotedRecall(estimate=estimate, clips=count, **about))
    return results


def _recall(clips: pd.DataFrame, measure: str) -> tuple[Estimate | None, int]:
    """Return the recall of clips of one class, and their number."""
    if not len(clips):
        return None, 0
    seeds = sorted(clips["seed"].unique())  # each scores every clip once, over its folds
    settings = pd.DataFrame({"trial": seeds, "seed": seeds, "fold": 0})
    columns = ["trial", "group", "true", "predicted"]
    counts = clips.assign(trial=clips["seed"]).groupby(columns, as_index=False)["count"].sum()
    errors = pd.DataFrame(columns=["trial", "group", "clips", "head", "second"])
    estimate = level(Trials(settings, counts, errors), measure)
    return estimate, round(clips["count"].sum() / len(seeds))
