"""Tables of chapter 1, and recalls by listening note, which the paper leaves open."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from IPython.display import HTML

from sercore.corpora.coraa_ser import NOTES
from sercore.evaluation.estimates import Estimate, difference, level
from sercore.evaluation.scores import BALANCED_F1, F1, Trials
from sercore.features import names
from sercore.ledger.entries import Ledger
from sercore.ledger.paper import hand_labels
from sercore.ledger.recorded import Recorded, measurements
from sercore.papers.alves2022 import numbers
from sercore.papers.alves2022.gender import CLASSIFIERS, NETWORK
from sercore.papers.alves2022.network import STAGE_ONE
from sercore.papers.alves2022.numbers import RECALLS, official_tests
from sercore.papers.alves2022.study import CONTROLLED, NAME, ORDERS, RECORDINGS, TRANSFERRED
from sercore.papers.alves2022.trial import ACTORS, RANDOM_SEX, ROWS, SELECTED
from sercore.report import tables
from sercore.report.tables import BRACKETS, PROTOCOLS, Column, shown, table
from sercore.training.loop import Recipe

# The steps towards the clean protocol in words.
STEPS = {
    "real clips": "no made-up row is scored",
    "SMOTE inside": "fitted on training folds",
    "copies kept": "a copy stays with its original",
    "scaler inside": "fitted on training folds",
    "recordings apart": "a recording is in one fold",
}
CONSTANT = "always the more frequent sex"
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
    caption = (
        "Prosodic features by group: intensity, F0 and spectrum are the paper's Table 1, in bold "
        "its set of eight"
    )
    return table(columns, names.GROUPS, caption=caption, folded=True)


def gender_task(ledger: Ledger) -> HTML:
    """Show the gender classifiers: printed, kept by a co-author, and ours, beside a constant answer.

    The constant answer is the sex of more clips.
    """
    printed: dict[str, dict[str, str]] = {"gradient boosting": {}}
    for number in ledger.printed if ledger.is_recorded else ():
        if number.row == numbers.BOOSTING and number.kind == "result":
            printed["gradient boosting"][number.column] = f"{number.value:g}"
    kept = numbers.kept_by_a_coauthor() if ledger.is_recorded else {}
    row = "gender classifier ({})"
    places = {"held-out speakers of MLS": row, "Common Voice": f"{row}, Common Voice"}
    metrics = {"accuracy": "accuracy_cv5_mean", "mean recall": "unweighted_accuracy"}

    def theirs(table: Mapping[str, Mapping[str, str]], corpus: str) -> Callable[[str], str]:
        return lambda name: table.get(name, {}).get(corpus, "–")

    def ours(row: str, metric: str) -> Callable[[str], object]:
        def fill(name: str) -> object:
            if name == CONSTANT:
                trials = ledger.trials(row.format(next(iter(CLASSIFIERS))))
                return "–" if trials is None else f"{numbers.constant(trials, metric):.1f}"
            return shown(ledger.cell(row.format(name), metric), 1)

        return fill

    columns = [
        Column("classifier", str),
        Column(("printed", "CETUC"), theirs(printed, "CETUC")),
        Column(("printed", "noisy MLS"), theirs(printed, "MLS with noise")),
        Column(("kept by a co-author", "CETUC"), theirs(kept, "CETUC")),
        Column(("kept by a co-author", "clean MLS"), theirs(kept, "clean MLS")),
    ]
    for place, row in places.items():
        for head, metric in metrics.items():
            columns.append(Column((f"ours, {place}", head), ours(row, metric)))
    note = (
        "in per cent; ours are trained on MLS in place of CETUC, brackets are 95 % intervals of the "
        "mean over other speakers and seeds; of Common Voice's speakers nothing is known"
    )
    caption = f"Gender classifiers on 44 features, {ledger.source}"
    return table(columns, [*CLASSIFIERS, CONSTANT], caption=caption, note=note)


def stage_one(ledger: Ledger) -> HTML:
    """Show the sequential network's first stage: clips split at random, and speakers kept apart."""
    splits = {"clips at random": "as-published", "speakers apart": "clean"}
    metrics = {"squared error": ("mse_cv5_mean", 4), "accuracy, %": ("accuracy_cv5_mean", 1)}

    def score(metric: str, digits: int) -> Callable[[str], object]:
        return lambda split: shown(ledger.cell(NETWORK, metric, protocol=splits[split]), digits)

    columns = [Column("split", str)]
    columns += [Column(head, score(*metric)) for head, metric in metrics.items()]
    caption = f"Stage 1 of the sequential network, {ledger.source}: gender from 44 features"
    note = "brackets are 95 % intervals of the mean over other speakers and seeds"
    return table(columns, splits, caption=caption, note=note, folded=True)


def submissions(ledger: Ledger) -> HTML:
    """Show the submitted networks: official test, our scores, files labelled by ear."""
    by_ear = {(number.row, number.column): number.value for number in hand_labels(NAME)}
    printed = {number.row: number.value for number in ledger.printed if number.metric == F1}
    displayed = {row: f"{numbers.displays(row, 'F1-Macro'):.4f}" for row in SELECTED}

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
        Column(("cross-validation", "notebook displays"), lambda row: displayed[row[1]]),
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


def steps(ledger: Ledger) -> HTML:
    """Show how much each step moves the mean score of the headline's rows, in both orders."""
    orders = {"first to last": "forwards", "last to first": "backwards"}
    measures = {"macro F1": F1, "classes weighted equally": BALANCED_F1}
    moved = {
        (title, name): dict(
            zip(ORDERS[order], numbers.changes(ledger, order, measure=measure), strict=True)
        )
        for title, order in orders.items()
        for name, measure in measures.items()
    }
    columns = [Column("step", lambda step: (step, STEPS[step]))]
    for head, by_step in moved.items():
        columns.append(Column(head, lambda step, by=by_step: shown(by[step], 3, signed=True)))
    rows = len(numbers.headline(ledger))
    caption = f"What each step moves, mean over the {rows} rows of the headline, {ledger.source}"
    note = "steps are taken one after the other, " + tables.MEAN
    return table(columns, STEPS, caption=caption, note=note, folded=True)


def all_steps(ledger: Ledger) -> HTML:
    """Show the score of each row of Tables 2 to 4 as published and behind each step."""
    heads = ("as published", *(f"+ {step}" for step in STEPS))
    rows = []
    for row in ROWS:
        (behind,) = numbers.behind_steps(ledger, [row], "forwards")
        if None not in behind:
            values = [f"{level(trials, F1).value:.3f}" for trials in behind]
            rows.append((row, *values))
    caption = f"Macro F1 behind each step, first to last, {ledger.source}"
    note = "as run; a step that changes nothing in a row repeats the score before it"
    return tables.html(("row", *heads), rows, caption=caption, note=note, folded=True)


def transfer(ledger: Ledger) -> HTML:
    """Show what speakers to learn gender from are worth, as described and clean."""
    sources = {
        "no gender task": "no gender branch",
        "MLS, 10 speakers": "none",
        "acted corpora, 36 actors": ACTORS,
        "MLS, sexes shuffled": RANDOM_SEX,
    }
    trials = ledger.recorded.kind("transfer")

    def accuracy(row: str) -> Callable[[str], str]:
        def fill(source: str) -> str:
            is_meant = (trials["row"] == row) & (trials["control"] == sources[source])
            values = trials[is_meant]["gender_accuracy"].dropna()
            return f"{100 * values.mean():.1f}" if len(values) else "–"

        return fill

    def scored(row: str) -> Callable[[str], object]:
        about = {"variant": "as-described", "protocol": "clean"}
        return lambda source: shown(ledger.cell(row, F1, control=sources[source], **about), 3)

    def gained(row: str) -> Callable[[str], object]:
        gains = dict(zip(sources, numbers.transferred(ledger, row, sources.values()), strict=True))
        return lambda source: shown(gains[source], 3, signed=True)

    columns = [Column("gender is learned from", str)]
    for row, network in zip(TRANSFERRED, ("multi-task", "sequential"), strict=True):
        columns.append(Column((network, "gender right, %"), accuracy(row)))
        columns.append(Column((network, "macro F1"), scored(row)))
        columns.append(Column((network, "difference from no gender task"), gained(row)))
    note = "gender right: of speakers held out of the gender task; " + tables.MEAN
    caption = "Emotion with gender learned from others: 56 features, SMOTE, as described, clean"
    return table(columns, sources, caption=caption, note=note, folded=False)


def recordings(ledger: Ledger) -> HTML:
    """Show the clean score of a network and of logistic regression by recordings learned from."""
    models = {"multi-task network": "", "logistic regression": ", logistic regression"}

    def scored(many: int) -> Callable[[str], object]:
        def fill(model: str) -> object:
            control = f"{many} recordings{models[model]}"
            return shown(ledger.cell(CONTROLLED, F1, protocol="clean", control=control), 3)

        return fill

    def of_all(model: str) -> object:
        control = models[model].removeprefix(", ") or "none"
        return shown(ledger.cell(CONTROLLED, F1, protocol="clean", control=control), 3)

    columns = [Column("model", str)]
    columns += [Column(("recordings", str(many)), scored(many)) for many in RECORDINGS]
    columns.append(Column(("recordings", "all"), of_all))
    caption = f"Clean macro F1 by recordings learned from: {CONTROLLED}"
    return table(columns, models, caption=caption, note=tables.MEAN, folded=True)


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


def recipes() -> HTML:
    """Show how the networks are trained."""
    rows = []
    for name, recipe in (("networks of the tables", Recipe()), ("gender stage", STAGE_ONE)):
        rows.append((name, recipe.batch, recipe.epochs, "Adam", f"{recipe.rate:g}"))
    caption = "Training recipes; the gender stage is the first of the sequential network's two"
    heads = ("trained", "batch", "epochs", "optimiser", "rate")
    return tables.html(heads, rows, caption=caption, folded=True)


@dataclass(frozen=True, kw_only=True)
class NotedRecall:
    """Recall of one class among the clips that have a listener's note, or that lack it."""

    note: str  # as the listeners' list calls it
    is_noted: bool
    label: str
    estimate: Estimate | None  # over recordings; None where there is no such clip
    clips: int
    trials: Trials | None = None  # of these clips alone, a seed each


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
                trials, count = _of_clips(of_class)
                results.append(
                    NotedRecall(
                        note=note.replace("_", " "),
                        is_noted=is_noted,
                        label=label,
                        estimate=None if trials is None else level(trials, measure),
                        trials=trials,
                        clips=count,
                    )
                )
    return results


def note_gaps(results: Sequence[NotedRecall]) -> dict[tuple[str, str], Estimate]:
    """Return recall with a note less recall without it, by note and class, where both are known."""
    known = {(each.note, each.label, each.is_noted): each.trials for each in results}
    gaps = {}
    for note, label, is_noted in known:
        pair = [known[note, label, noted] for noted in (True, False)]
        if is_noted and None not in pair:
            measure = RECALLS[CLASSES.index(label)]
            gaps[note, label] = difference(*pair, measure)
    return gaps


def _of_clips(clips: pd.DataFrame) -> tuple[Trials | None, int]:
    """Return the trials of some clips alone, one a seed, and the number of clips."""
    if not len(clips):
        return None, 0
    seeds = sorted(clips["seed"].unique())  # each scores every clip once, over its folds
    settings = pd.DataFrame({"trial": seeds, "seed": seeds, "fold": 0})
    columns = ["trial", "group", "true", "predicted"]
    counts = clips.assign(trial=clips["seed"]).groupby(columns, as_index=False)["count"].sum()
    errors = pd.DataFrame(columns=["trial", "group", "clips", "head", "second"])
    return Trials(settings, counts, errors), round(clips["count"].sum() / len(seeds))
