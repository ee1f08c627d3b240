"""Tables of chapter 2: data and networks, scores beside the printed ones, trainings, probes.

``ledger`` is the paper's ledger, ``run`` this page's own trials, and ``edition`` their edition.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

import pandas as pd
import torch
from IPython.display import HTML
from torch import nn

from sercore.card import RARELY
from sercore.corpora import cremad, labels
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.models import attribute_network, counts
from sercore.models.attribute_network import Discriminator
from sercore.papers.parry2022 import data, evidence, numbers, study
from sercore.papers.parry2022.evidence import (
    accuracy_cell,
    gain_cell,
    gap_cell,
    recall_cell,
    row_cell,
)
from sercore.papers.parry2022.numbers import HOME, MEASURED, PROTOCOL, SCORED, TESS, VARIANT
from sercore.papers.parry2022.study import APPROACHES, LABELS, NAME, READINGS, RECIPES
from sercore.report import networks
from sercore.report.tables import DASH, NONE, RECORDED, Column, html, number, span, table, this_run

FRAMES = 300  # frames of the clip whose layers are listed: 3 s
SINGLES = (
    "baseline",
    *(f"{approach} {name}" for approach in APPROACHES for name in evidence.SINGLE),
)
WITHOUT = "tess without surprise"
UNJUDGED = (
    "differences are shown, not judged: a sign needs finished trainings, five seeds and six"
    " speakers"
)


def classes_map() -> HTML:
    """Show every label of the corpora, its class, and whether that is printed, ours or a switch.

    Source: Parry et al. 2022, section 4.1, which prints the classes of CREMA-D's labels.
    """
    classes, switches = labels.valences(), inspect.signature(labels.valences).parameters
    printed = {label.casefold() for label in cremad.EMOTIONS}
    rows = []
    for word, spellings in labels.SPELLINGS.items():
        source = "ours, a switch" if word in switches else "ours"
        if printed & set(spellings):
            source = "printed for CREMA-D"
        rows.append((word, ", ".join(spellings), classes[spellings[0]] or "left out", source))
    heads = ("emotion", "labels in the corpora", "class", "from")
    caption = (
        "From labels to three classes; of a printed class the other corpora's spellings are ours"
    )
    return html(heads, rows, caption=caption)


def corpora(ledger: Ledger) -> HTML:
    """Show corpora and sides of the split: speakers, clips and hours, measured and printed."""
    measured, at_hand = recorded.measurements(NAME), recorded.measured_on(NAME)
    cells = {(cell.row, cell.column, cell.metric): cell.value for cell in ledger.printed}
    printed = {name: cells[where] for where, (name, _) in MEASURED.items() if where in cells}
    absent = "not at hand" if at_hand else "not measured yet"
    names = {title: name for name, title in data.ORIGINS.items()} | dict.fromkeys(data.SIDES)

    def role(title: str) -> str:
        if title in data.SIDES:
            return "side of the pool"
        return "pooled" if names[title] in data.POOLED else "unseen"

    def here(title: str) -> str:
        return "" if title in data.SIDES or names[title] in at_hand else absent

    def filled(source: Mapping, what: str, form: str = "{:,.0f}") -> Callable[[str], str]:
        return lambda title: number(source.get(f"{title} / {what}"), form)

    columns = [
        Column("", str),
        Column("role", role),
        Column("language", lambda title: data.LANGUAGES.get(names[title], "")),
        Column("here", here),
        Column(("speakers", "printed"), filled(printed, "speakers / count")),
        Column(("speakers", "measured"), filled(measured, "speakers / count")),
    ]
    for gender, head in zip(data.GENDERS, ("women", "men"), strict=True):
        columns.append(Column(("speakers", head), filled(measured, f"{gender} / speakers")))
    for label in data.CLASSES:
        columns.append(Column(("clips measured", label), filled(measured, f"{label} / clips")))
    columns.append(Column(("hours", "printed"), filled(printed, "duration / hours", "{:.2f}")))
    columns.append(Column(("hours", "measured"), filled(measured, "duration / hours", "{:.2f}")))
    caption = (
        "Corpora, and the sides into which the pool is split by speaker;"
        " a side pools what is at hand"
    )
    return table(columns, names, caption=caption)


def layers() -> HTML:
    """Show the layers that all models share, in their published size, for a clip of 3 s."""
    with torch.device("meta"):
        network = attribute_network.SharedLayers()
        frames = torch.empty(1, FRAMES, attribute_network.SIZES.bands)
    title = (
        f"Shared layers, a clip of {FRAMES} frames; the mean over time stands before the last,"
        " and dropout"
    )
    return networks.layers(title, network, frames, torch.tensor([FRAMES]))


def parts() -> HTML:
    """Show the parameters of shared layers, heads and discriminators."""
    sizes, classes = attribute_network.SIZES, len(data.CLASSES)
    kinds = (
        ("head", nn.Linear, sizes.width),
        ("discriminator", Discriminator, classes),
        ("discriminator, on the representation", Discriminator, sizes.width),
    )
    rows = []
    with torch.device("meta"):
        shared = counts.parameters(attribute_network.SharedLayers())
        emotion = counts.parameters(nn.Linear(sizes.width, classes))
        rows.append(("shared layers", sizes.bands, sizes.width, f"{shared:,}"))
        rows.append(("emotion head", sizes.width, classes, f"{emotion:,}"))
        for kind, layer, reads in kinds:
            for letter, gives in numbers.outputs().items():
                size = counts.parameters(layer(reads, gives)) if gives else None
                name = f"{data.ATTRIBUTES[letter]} {kind}"
                rows.append((name, reads, gives or DASH, number(size, "{:,}")))
    caption = (
        "Parameters of the parts; attributes have the labels of the training clips measured here"
    )
    return html(("part", "reads", "gives", "parameters"), rows, caption=caption)


def information() -> HTML:
    """Show what one attribute tells of another and of the emotion, in bits."""
    measured, names = recorded.measurements(NAME), (*data.ATTRIBUTES.values(), "emotion")
    rows = []
    for one in names:
        bits = [measured.get(f"{one} / {other} / bits") for other in names]
        if any(value is not None for value in bits):
            rows.append((one, *(number(value, "{:.3f}") for value in bits)))
    caption = (
        "Mutual information over the training clips, bits; on the diagonal each one's own entropy"
    )
    return html(("", *names), rows or NONE, caption=caption)


def left_out(clips: data.Data) -> HTML:
    """Show what a page's data cannot train: damaged clips, attributes, sets that have a twin."""
    rows = [("clips", problem) for problem in clips.problems]
    rows += [("an attribute", why) for why in study.lacking(clips).values()]
    for name, twin in study.stands_for(clips).items():
        rows.append((name, f"has the labels of {twin}, which stands for it"))
    caption = "What this page's data cannot train"
    return html(("left out", "because"), rows or [("nothing", "")], caption=caption)


def recipes(ledger: Ledger) -> HTML:
    """Show the candidates for initial weights, rate and batch, by the baseline's validation."""

    def chosen(trial: dict) -> str:
        return "chosen" if asdict(RECIPES["published"]).items() <= trial.items() else ""

    columns = [
        Column("initial weights", lambda trial: trial["initialisation"]),
        Column("rate", lambda trial: f"{trial['rate']:g}"),
        Column("batch", lambda trial: trial["batch"]),
        Column("seed", lambda trial: trial["seed"]),
        Column("epochs", lambda trial: f"{trial['epochs_run']:.0f} of {trial['epochs']:.0f}"),
        Column("best epoch", lambda trial: f"{trial['best_epoch']:.0f}"),
        Column("training loss", lambda trial: f"{trial['training_loss']:.3f}"),
        Column("label entropy", lambda trial: f"{trial['entropy_emotion']:.3f}"),
        Column("validation UA, %", lambda trial: f"{100 * trial['validation_ua']:.2f}"),
        Column("", chosen),
    ]
    rows = ledger.recorded.kind("recipe").to_dict("records")
    caption = (
        "Recipes tried on the baseline; epoch and recipe chosen by UA of the validation speakers,"
        " nothing by an unseen corpus"
    )
    return table(columns, rows, caption=caption)


def single(ledger: Ledger, run: Ledger, *, on: str = TESS, edition: str = "demo") -> HTML:
    """Show Table 2: models of one attribute, scored on one of ``SCORED``."""
    return _printed("Table 2", evidence.SINGLE, ledger, run, on, edition)


def several(ledger: Ledger, run: Ledger, *, on: str = TESS, edition: str = "demo") -> HTML:
    """Show Table 3: models of all eleven sets of several attributes, printed or not."""
    return _printed("Table 3", evidence.SEVERAL, ledger, run, on, edition)


def _printed(
    title: str, sets: Sequence[str], ledger: Ledger, run: Ledger, on: str, edition: str
) -> HTML:
    printed, ours = evidence.printed(ledger).scores, _counterpart(run, on)

    def recorded_score(row: str) -> object:
        return accuracy_cell(numbers.row_trials(ledger, row), SCORED[on])

    columns = [
        Column("model", row_cell),
        Column(("paper", "printed"), lambda row: number(printed.get((on, row)), "{:.2f}")),
        Column((RECORDED, "UA ± sd"), recorded_score),
        Column((RECORDED, "less the baseline, by seed"), lambda row: gain_cell(ledger, row, on)),
    ]
    if ours:
        head = (this_run(edition), on if on == HOME else ours[0])
        columns.append(Column(head, lambda row: accuracy_cell(numbers.row_trials(run, row), ours)))
    words = [
        f"{title} on {on}, UA in %, each corpus counting once;"
        " ± is the standard deviation over seeds",
        UNJUDGED,
        f"collapsed: a class's recall is under {RARELY:.0%}",
    ]
    if on == TESS:
        words.append(numbers.QUOTED)
    rows = ["baseline", *(f"{approach} {name}" for approach in APPROACHES for name in sets)]
    return table(columns, rows, caption="; ".join(words))


def _counterpart(run: Ledger, on: str) -> tuple[str, ...]:
    """Choose what of this page's run stands in a table's place: the same, or another corpus."""
    scored = places(run)
    if on == HOME:
        return scored.get(HOME, ())
    if SCORED[on] in scored.values():
        return SCORED[on]
    known = [names for name, names in SCORED.items() if name != HOME]
    others = [names for name, names in scored.items() if name != HOME and names not in known]
    at = known.index(SCORED[on])
    return others[at] if at < len(others) else ()


def here(run: Ledger, *, edition: str) -> HTML:
    """Show the UA of every model of this page, on each unseen corpus and in domain."""
    rows = []
    if len(run.recorded.trials):
        arranged = numbers.arranged(run.recorded.trials)[["row", "control"]].drop_duplicates()
        for row, control in arranged.itertuples(index=False):
            for (variant, *_), trials in run.runs(row, control).items():
                rows.append((row, variant, control, trials))
    columns = [
        Column("model", lambda row: row[0]),
        Column("reading", lambda row: row[1]),
        Column("changed", lambda row: "" if row[2] == "none" else row[2]),
    ]
    for title, names in places(run).items():
        columns.append(Column(title, lambda row, names=names: accuracy_cell(row[3], names)))
    return table(columns, rows, caption=f"UA in %, {this_run(edition)}")


def places(run: Ledger) -> dict[str, tuple[str, ...]]:
    """Name the corpora that a run scored: each unseen one, then those of the pool together."""
    tested = {group.split("/")[0] for group in run.recorded.counts["group"]}
    unseen = {group.split("/")[0] for group in run.recorded.parts["answers"]["group"]}
    pool = {name for name in tested if name.removesuffix(" without surprise") not in unseen}
    scored = {name: (name,) for name in sorted(unseen)}
    return scored | ({HOME: tuple(sorted(pool))} if pool else {})


def per_class(ledger: Ledger) -> HTML:
    """Show the recall of each class, by the baseline and the models of one attribute."""
    trials = {row: numbers.row_trials(ledger, row) for row in SINGLES}
    rows = [row for row in SINGLES if trials[row] is not None]
    columns = [Column("model", row_cell), Column("seeds", lambda row: len(trials[row].seeds))]
    tested = [on for on in SCORED if numbers.scored(trials["baseline"], SCORED[on]) is not None]
    for on in tested:
        for at, name in enumerate(data.CLASSES):
            columns.append(
                Column(
                    (on, name), lambda row, on=on, at=at: recall_cell(trials[row], SCORED[on], at)
                )
            )
    caption = (
        "Recall of each class in %, the answers of all seeds together;"
        f" collapsed: under {RARELY:.0%}"
    )
    return table(columns, rows if tested else [], caption=caption)


def each_speaker(ledger: Ledger) -> HTML:
    """Show the UA on each TESS speaker with an interval over words, and without surprise."""
    answers = ledger.recorded.parts["answers"]
    trials = {row: numbers.row_trials(ledger, row) for row in SINGLES}
    scores = {}
    for row in SINGLES:
        if trials[row] is None:
            continue
        seeds = trials[row].table.set_index("trial")["seed"].to_dict()
        chosen = answers[answers["trial"].isin(seeds)]
        if chosen["group"].astype("string").str.startswith("tess/").any():
            scores[row] = numbers.by_speaker(chosen, seeds, "tess")

    def accuracy(row: str, speaker: str) -> object:
        score = scores[row].get(speaker)
        if score is None:
            return DASH
        return f"{score.value:.2f}", f"[{score.low:.2f}, {score.high:.2f}]"

    columns = [
        Column("model", row_cell),
        Column(("TESS", "both speakers"), lambda row: accuracy_cell(trials[row], SCORED[TESS])),
    ]
    for speaker in dict.fromkeys(name for speakers in scores.values() for name in speakers):
        head = ("for these two speakers", speaker)
        columns.append(Column(head, lambda row, speaker=speaker: accuracy(row, speaker)))
    head = ("TESS", "both, without surprise")
    columns.append(Column(head, lambda row: accuracy_cell(trials[row], (WITHOUT,))))
    caption = (
        "UA in %; in brackets of a speaker 95 %, words and seeds resampled: for other words of"
        " these two, not for others"
    )
    return table(columns, scores, caption=caption)


def switches(ledger: Ledger) -> HTML:
    """Show the baseline and GR with corpus under other classes of surprise and calm."""
    rows = []
    for name in dict.fromkeys(row.name.partition(", ")[0] for row in LABELS):
        usual = numbers.row_trials(ledger, name)
        if usual is None:
            continue
        rows.append((name, "as in the tables", usual, ""))
        for row in LABELS:
            model, _, control = row.name.partition(", ")
            if model != name:
                continue
            trials = ledger.trials(name, variant=VARIANT, protocol=PROTOCOL, control=control)
            if trials is not None:
                moved = gap_cell(numbers.moved(name, trials, usual, *SCORED[TESS]))
                rows.append((name, control, trials, moved))
    columns = [
        Column("model", lambda row: row[0]),
        Column("classes", lambda row: row[1]),
        Column("TESS", lambda row: accuracy_cell(row[2], SCORED[TESS])),
        Column("TESS without surprise", lambda row: accuracy_cell(row[2], (WITHOUT,))),
        Column(HOME, lambda row: accuracy_cell(row[2], SCORED[HOME])),
        Column("on TESS, less as in the tables", lambda row: row[3]),
    ]
    return table(columns, rows, caption=f"UA in %; {UNJUDGED}")


def readings(ledger: Ledger) -> HTML:
    """Show discriminators of corpus in three readings, with their last loss beside the entropy."""
    trials = {
        variant: ledger.trials("AD C", variant=variant, protocol=PROTOCOL)
        for variant in (VARIANT, *(row.variant for row in READINGS))
    }
    epochs = ledger.recorded.parts["epochs"]

    def last_loss(variant: str) -> str:
        of_variant = epochs["trial"].isin(trials[variant].table["trial"])
        losses = epochs[of_variant & (epochs["what"] == "C loss")].sort_values("epoch")
        last = losses.drop_duplicates("trial", keep="last")
        return number(last["value"].mean(), "{:.3f}")

    def entropy(variant: str) -> str:
        values = trials[variant].table.get("entropy_C")
        return DASH if values is None else number(values.mean(), "{:.3f}")

    columns = [
        Column("model", lambda variant: "AD C"),
        Column("reading", str),
        Column(("UA, %", TESS), lambda variant: accuracy_cell(trials[variant], SCORED[TESS])),
        Column(("UA, %", HOME), lambda variant: accuracy_cell(trials[variant], SCORED[HOME])),
        Column(("discriminator, nats", "loss, last epoch"), last_loss),
        Column(("discriminator, nats", "entropy of the labels"), entropy),
    ]
    rows = [variant for variant in trials if trials[variant] is not None]
    caption = "AD with corpus, read three ways; a loss at the labels' entropy has learnt nothing"
    return table(columns, rows, caption=caption)


def trainings(ledger: Ledger) -> HTML:
    """Show the recorded trainings: epochs, the selected one and its alpha, endings, time."""

    def reading(group: pd.DataFrame) -> str:
        variant, control = group[["variant", "control"]].iloc[0]
        return variant if control == "none" else f"{variant}, {control}"

    def epochs(group: pd.DataFrame) -> str:
        return f"{span(group['epochs_run'])} of {span(group['epochs'])}"

    def mean(name: str, form: str = "{:.3f}", scale: int = 1) -> Callable[[pd.DataFrame], str]:
        return lambda group: form.format(scale * group[name].mean())

    columns = [
        Column("model", lambda group: group["row"].iloc[0]),
        Column("reading", reading),
        Column(("epochs", "run, of a cap of"), epochs),
        Column(("epochs", "selected"), lambda group: span(group["best_epoch"])),
        Column(("epochs", "its alpha"), lambda group: span(group["alpha_selected"], "{:.2f}")),
        Column("ended by", lambda group: "; ".join(group["ending"].unique())),
        Column(("selected epoch", "validation UA, %"), mean("validation_ua", "{:.2f}", 100)),
        Column(("selected epoch", "training loss"), mean("training_loss")),
        Column("label entropy", mean("entropy_emotion")),
        Column("clips a second", lambda group: f"{group['clips_per_second'].median():.0f}"),
        Column("minutes", lambda group: f"{group['seconds'].sum() / 60:.0f}"),
        Column("seeds", lambda group: group["seed"].nunique()),
    ]
    groups = []
    if len(ledger.recorded.trials):
        arranged = numbers.arranged(ledger.recorded.trials)
        by_model = arranged.groupby(["row", "variant", "control"], sort=False)
        groups = [group for _, group in by_model]
    caption = "Recorded trainings: one cap of epochs for all; selected by validation UA alone"
    return table(columns, groups, caption=caption)


def probes(ledger: Ledger, run: Ledger) -> HTML:
    """Show what the shared output tells of each attribute, by linear probe and silhouette."""
    rows = []
    for source, book in (("real speech", ledger), ("this run", run)):
        scores = book.recorded.parts["probes"]
        if len(scores):
            viewed = book.recorded.kind("views").merge(scores, on="trial")
            groups = viewed.groupby(["approach", "attributes", "attribute"], sort=False)
            rows += [(source, *names, group) for names, group in groups]

    def mean(name: str, form: str = "{:.3f}") -> Callable[[tuple], str]:
        return lambda row: form.format(row[4][name].mean())

    columns = [
        Column("clips of", lambda row: row[0]),
        Column("model", lambda row: row[1] if row[2] == "none" else f"{row[1]} {row[2]}"),
        Column("attribute", lambda row: data.ATTRIBUTES[row[3]]),
        Column("linear probe", mean("probe")),
        Column("labels shuffled", mean("control")),
        Column("silhouette", mean("silhouette", "{:+.3f}")),
        Column("seeds", lambda row: row[4]["seed"].nunique()),
    ]
    caption = (
        "What the shared output tells of attributes: probes of training clips, scored on test"
        " speakers; classes weigh alike"
    )
    return table(columns, rows, caption=caption)
