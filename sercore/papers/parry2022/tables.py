"""Tables of chapter 2: data and networks, scores beside the printed ones, trainings and what they keep.

In all of them ``ledger`` is the paper's ledger, ``run`` this page's own trials, and ``edition`` the edition of these: a demo's
values are named synthetic.
"""

import inspect
from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd
import torch
from IPython.display import HTML
from torch import nn

from sercore.card import RARELY
from sercore.corpora import cremad, labels
from sercore.evaluation.metrics import recalls
from sercore.ledger import gaps, recorded
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import level
from sercore.ledger.gaps import Gap
from sercore.ledger.scores import Trials
from sercore.models import attribute_network, counts
from sercore.models.attribute_network import Discriminator
from sercore.papers.parry2022 import evidence
from sercore.papers.parry2022 import rows as parry_rows
from sercore.papers.parry2022 import study as parry
from sercore.papers.parry2022.attributes import ATTRIBUTES, GENDERS
from sercore.papers.parry2022.clips import Data
from sercore.papers.parry2022.data import ORIGINS, POOLED
from sercore.papers.parry2022.grid import APPROACHES, LABELS, READINGS, RECIPES
from sercore.papers.parry2022.numbers import (
    MEASURED,
    PROTOCOL,
    QUOTED,
    SCORED,
    SIDES,
    UA,
    VARIANT,
    trained_as,
)
from sercore.report import networks
from sercore.report.tables import (
    DASH,
    NONE,
    RECORDED,
    Column,
    html,
    number,
    plural,
    span,
    table,
    this_run,
)

# Tag of what is spoken in each corpus, as its loader tells it.
LANGUAGES = {
    "emovo": "it-IT", "emodb": "de-DE", "iemocap": "en-US", "epst": "en-US", "ravdess": "en-US", "savee": "en-GB",
    "tess": "en-CA", "crema-d": "en-US",
}  # fmt: skip
FRAMES = 300  # frames of the clip whose layers are listed: 3 s
SINGLES = (
    "baseline",
    *(f"{approach} {name}" for approach in APPROACHES for name in evidence.SINGLE),
)
WITHOUT = "tess without surprise"
UNJUDGED = "differences are shown, not judged: a sign needs finished trainings, five seeds and six speakers"


def classes_map() -> HTML:
    """Every label of the corpora, its class, and whether the paper prints it, we infer it, or a switch can change it.

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
    return html(
        heads,
        rows,
        caption="From labels to three classes; of a printed class the other corpora's spellings are ours",
    )


def corpora(ledger: Ledger) -> HTML:
    """Corpora and sides of the split: speakers, clips of each class and hours as measured, beside what is printed."""
    values, at_hand = (
        recorded.measurements(ledger.paper.name),
        recorded.measured_on(ledger.paper.name),
    )
    cells = {(cell.row, cell.column, cell.metric): cell.value for cell in ledger.printed}
    numbers = {name: cells[where] for where, (name, _) in MEASURED.items() if where in cells}
    absent = "not at hand" if at_hand else "not measured yet"
    places = {title: name for name, title in ORIGINS.items()} | dict.fromkeys(SIDES)

    def role(title: str) -> str:
        if title in SIDES:
            return "side of the pool"
        return "pooled" if places[title] in POOLED else "unseen"

    def here(title: str) -> str:
        return "" if title in SIDES or places[title] in at_hand else absent

    def measured(name: str, form: str = "{:,.0f}") -> Callable[[str], str]:
        return lambda title: number(values.get(f"{title} / {name}"), form)

    def printed(name: str, form: str = "{:,.0f}") -> Callable[[str], str]:
        return lambda title: number(numbers.get(f"{title} / {name}"), form)

    columns = [
        Column("", str),
        Column("role", role),
        Column("language", lambda title: LANGUAGES.get(places[title], "")),
        Column("here", here),
        Column(("speakers", "printed"), printed("speakers / count")),
        Column(("speakers", "measured"), measured("speakers / count")),
    ]
    for gender, head in zip(GENDERS, ("women", "men"), strict=True):
        columns.append(Column(("speakers", head), measured(f"{gender} / speakers")))
    columns += [
        Column(("clips measured", name), measured(f"{name} / clips")) for name in parry.CLASSES
    ]
    columns.append(Column(("hours", "printed"), printed("duration / hours", "{:.2f}")))
    columns.append(Column(("hours", "measured"), measured("duration / hours", "{:.2f}")))
    caption = "Corpora, and the sides into which the pool is split by speaker; a side pools what is at hand"
    return table(columns, places, caption=caption)


def layers() -> HTML:
    """Layers that all models share, in their published size, of a clip of 3 s."""
    with torch.device("meta"):
        network, frames = (
            attribute_network.SharedLayers(),
            torch.empty(1, FRAMES, attribute_network.SIZES.bands),
        )
    title = f"Shared layers, a clip of {FRAMES} frames; the mean over time stands before the last, and dropout"
    return networks.layers(title, network, frames, torch.tensor([FRAMES]))


def parts(ledger: Ledger) -> HTML:
    """Parameters of shared layers, heads and discriminators, with as many labels as the measured training clips have."""
    bands, width, classes = (
        attribute_network.SIZES.bands,
        attribute_network.SIZES.width,
        len(parry.CLASSES),
    )
    kinds = {
        "head": (nn.Linear, width),
        "discriminator": (Discriminator, classes),
        "discriminator, on the representation": (Discriminator, width),
    }
    with torch.device("meta"):
        rows = [
            (
                "shared layers",
                bands,
                width,
                f"{counts.parameters(attribute_network.SharedLayers()):,}",
            ),
            ("emotion head", width, classes, f"{counts.parameters(nn.Linear(width, classes)):,}"),
        ]
        for kind, (layer, reads) in kinds.items():
            for letter, gives in outputs(ledger).items():
                size = counts.parameters(layer(reads, gives)) if gives else None
                rows.append(
                    (f"{ATTRIBUTES[letter]} {kind}", reads, gives or DASH, number(size, "{:,}"))
                )
    caption = (
        "Parameters of the parts; attributes have the labels of the training clips measured here"
    )
    return html(("part", "reads", "gives", "parameters"), rows, caption=caption)


def outputs(ledger: Ledger) -> dict[str, int]:
    """Labels of each attribute in the measured training clips, by letter; 0 where nothing was measured."""
    pool = [name for name in POOLED if name in recorded.measured_on(ledger.paper.name)]
    speakers = int(recorded.measurements(ledger.paper.name).get("training / speakers / count", 0))
    spoken = {LANGUAGES[name].split("-")[0] for name in pool}
    return {"C": len(pool), "S": speakers, "G": len(GENDERS) if pool else 0, "L": len(spoken)}


def information(ledger: Ledger) -> HTML:
    """What one attribute tells of another and of the emotion over the training clips, in bits."""
    measured, names = recorded.measurements(ledger.paper.name), (*ATTRIBUTES.values(), "emotion")
    bits = {
        (one, other): measured.get(f"{one} / {other} / bits") for one in names for other in names
    }
    rows = [
        (one, *(number(bits[one, other], "{:.3f}") for other in names))
        for one in names
        if any(bits[one, other] is not None for other in names)
    ]
    caption = (
        "Mutual information over the training clips, bits; on the diagonal each one's own entropy"
    )
    return html(("", *names), rows or NONE, caption=caption)


def left_out(data: Data) -> HTML:
    """What this page's trainings leave out: clips with something wrong, attributes without two classes, sets that have a twin.

    Args:
        data: clips that the page's models are trained on.
    """
    rows = [("clips", problem) for problem in data.problems]
    rows += [("an attribute", why) for why in parry.lacking(data).values()]
    rows += [
        (name, f"has the labels of {twin}, which stands for it")
        for name, twin in parry.stands_for(data).items()
    ]
    return html(
        ("left out", "because"),
        rows or [("nothing", "")],
        caption="What this page's data cannot train",
    )


def recipes(ledger: Ledger) -> HTML:
    """Candidates for initial weights, rate and batch: the baseline's validation, on which one was chosen for all models."""
    names = list(parry_rows.Recipe.__dataclass_fields__)

    def chosen(trial: dict) -> str:
        recipe = parry_rows.Recipe(**{name: trial[name] for name in names})
        return "chosen" if recipe == RECIPES["published"] else ""

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
    caption = "Recipes tried on the baseline; epoch and recipe chosen by UA of the validation speakers, nothing by an unseen corpus"
    return table(columns, rows, caption=caption)


def single(ledger: Ledger, run: Ledger, *, on: str = "TESS", edition: str = "demo") -> HTML:
    """Table 2: models of one attribute, scored on "TESS" (default), "CREMA-D" or "in-domain test"."""
    return _printed("Table 2", evidence.SINGLE, ledger, run, on, edition)


def several(ledger: Ledger, run: Ledger, *, on: str = "TESS", edition: str = "demo") -> HTML:
    """Table 3: models of several attributes, all eleven sets, a dash where the paper prints none; scored on the same."""
    return _printed("Table 3", evidence.SEVERAL, ledger, run, on, edition)


def here(run: Ledger, *, edition: str) -> HTML:
    """UA of every model of this page, on each corpus that training never saw and in domain."""
    trials = run.recorded.trials
    names = (
        run.paper.arranged(trials)[["row", "control"]].drop_duplicates() if len(trials) else trials
    )
    rows = [
        {"row": row, "variant": variant, "control": control, "trials": systems}
        for row, control in names.itertuples(index=False)
        for (variant, *_), systems in run.runs(row, control).items()
    ]
    columns = [
        Column("model", lambda row: row["row"]),
        Column("reading", lambda row: row["variant"]),
        Column("changed", lambda row: "" if row["control"] == "none" else row["control"]),
    ]
    for title, names in places(run).items():
        columns.append(Column(title, lambda row, names=names: _accuracy(row["trials"], names)))
    return table(columns, rows, caption=f"UA in %, {this_run(edition)}")


def places(run: Ledger) -> dict[str, tuple[str, ...]]:
    """Corpora that a run scored, by what they are called: each that training never saw, then those of the pool together."""
    tested = {group.split("/")[0] for group in run.recorded.counts["group"]}
    unseen = {group.split("/")[0] for group in run.recorded.parts["answers"]["group"]}
    pool = {
        name for name in tested - unseen if name.removesuffix(" without surprise") not in unseen
    }
    return {name: (name,) for name in sorted(unseen)} | (
        {evidence.HOME: tuple(sorted(pool))} if pool else {}
    )


def per_class(ledger: Ledger) -> HTML:
    """Recall of each class: the baseline and the models of one attribute, on each unseen corpus and in domain."""
    rows = [row for row in SINGLES if evidence.recorded(ledger, row) is not None]
    columns = [
        Column("model", named),
        Column("seeds", lambda row: len(evidence.recorded(ledger, row).seeds)),
    ]
    tested = [on for on in SCORED if _is_scored(evidence.recorded(ledger, "baseline"), SCORED[on])]
    for on in tested:
        for at, name in enumerate(parry.CLASSES):
            columns.append(
                Column(
                    (on, name),
                    lambda row, on=on, at=at: _recall(
                        evidence.recorded(ledger, row), SCORED[on], at
                    ),
                )
            )
    caption = f"Recall of each class in %, the answers of all seeds together; collapsed: under {RARELY:.0%}"
    return table(columns, rows if tested else [], caption=caption)


def each_speaker(ledger: Ledger) -> HTML:
    """UA on each TESS speaker with an interval over words, and on both speakers without their clips of surprise."""
    scores, answers = {}, ledger.recorded.parts["answers"]
    for row in SINGLES:
        trials = evidence.recorded(ledger, row)
        seeds = (
            {}
            if trials is None
            else dict(
                zip(trials.table["trial"].tolist(), trials.table["seed"].tolist(), strict=True)
            )
        )
        chosen = answers[answers["trial"].isin(seeds)]
        if chosen["group"].astype("string").str.startswith("tess/").any():
            scores[row] = evidence.by_speaker(chosen, seeds, "tess")

    def accuracy(row: str, speaker: str) -> object:
        score = scores[row].get(speaker)
        return (
            DASH
            if score is None
            else (f"{score.value:.2f}", f"[{score.low:.2f}, {score.high:.2f}]")
        )

    def both(corpus: str) -> Callable[[str], object]:
        return lambda row: _accuracy(evidence.recorded(ledger, row), (corpus,))

    columns = [Column("model", named), Column(("TESS", "both speakers"), both("tess"))]
    for speaker in dict.fromkeys(name for speakers in scores.values() for name in speakers):
        columns.append(
            Column(("for these two speakers", speaker), partial(accuracy, speaker=speaker))
        )
    columns.append(Column(("TESS", "both, without surprise"), both(WITHOUT)))
    caption = "UA in %; in brackets of a speaker 95 %, words and seeds resampled: for other words of these two, not for others"
    return table(columns, scores, caption=caption)


def switches(ledger: Ledger) -> HTML:
    """The baseline and GR with corpus, surprise and calm counted as another class or left out."""
    rows = []
    for name in dict.fromkeys(row.name.partition(", ")[0] for row in LABELS):
        usual = evidence.recorded(ledger, name)
        controls = [
            row.name.partition(", ")[2] for row in LABELS if row.name.startswith(f"{name}, ")
        ]
        for control in ("none", *controls) if usual is not None else ():
            trials = ledger.trials(name, variant=VARIANT, protocol=PROTOCOL, control=control)
            if trials is not None:
                moved = (
                    ""
                    if control == "none"
                    else _gap(evidence.moved(name, trials, usual, *SCORED["TESS"]))
                )
                rows.append({"model": name, "control": control, "trials": trials, "moved": moved})
    columns = [
        Column("model", lambda row: row["model"]),
        Column(
            "classes",
            lambda row: "as in the tables" if row["control"] == "none" else row["control"],
        ),
        Column("TESS", lambda row: _accuracy(row["trials"], SCORED["TESS"])),
        Column("TESS without surprise", lambda row: _accuracy(row["trials"], (WITHOUT,))),
        Column(evidence.HOME, lambda row: _accuracy(row["trials"], SCORED[evidence.HOME])),
        Column("on TESS, less as in the tables", lambda row: row["moved"]),
    ]
    return table(columns, rows, caption=f"UA in %; {UNJUDGED}")


def readings(ledger: Ledger) -> HTML:
    """Discriminators of corpus in three readings, with their loss in the last epoch beside the entropy of the labels."""
    trials = {
        variant: ledger.trials("AD C", variant=variant, protocol=PROTOCOL)
        for variant in (VARIANT, *(row.variant for row in READINGS))
    }

    def last_loss(variant: str) -> str:
        epochs = ledger.recorded.parts["epochs"]
        losses = epochs[
            epochs["trial"].isin(trials[variant].table["trial"]) & (epochs["what"] == "C loss")
        ]
        last = losses.sort_values("epoch").drop_duplicates("trial", keep="last")
        return number(last["value"].mean(), "{:.3f}")

    def entropy(variant: str) -> str:
        values = trials[variant].table.get("entropy_C")
        return DASH if values is None else number(values.mean(), "{:.3f}")

    columns = [
        Column("model", lambda variant: "AD C"),
        Column("reading", str),
        Column(("UA, %", "TESS"), lambda variant: _accuracy(trials[variant], SCORED["TESS"])),
        Column(
            ("UA, %", evidence.HOME),
            lambda variant: _accuracy(trials[variant], SCORED[evidence.HOME]),
        ),
        Column(("discriminator, nats", "loss, last epoch"), last_loss),
        Column(("discriminator, nats", "entropy of the labels"), entropy),
    ]
    rows = [variant for variant in trials if trials[variant] is not None]
    caption = "AD with corpus, read three ways; a loss at the labels' entropy has learnt nothing"
    return table(columns, rows, caption=caption)


def named(row: str) -> str:
    """Name of a row, and of the set of attributes whose training stands for it: "GR L = C"."""
    other = trained_as(row)
    return row if other == row else f"{row} = {other.partition(' ')[2]}"


def trainings(ledger: Ledger) -> HTML:
    """What each recorded training was: epochs, the selected one and its alpha, why it ended, clips a second, minutes."""

    def reading(group: pd.DataFrame) -> str:
        variant, control = group[["variant", "control"]].iloc[0]
        return variant if control == "none" else f"{variant}, {control}"

    columns = [
        Column("model", lambda group: group["row"].iloc[0]),
        Column("reading", reading),
        Column(
            ("epochs", "run, of a cap of"),
            lambda group: f"{span(group['epochs_run'])} of {span(group['epochs'])}",
        ),
        Column(("epochs", "selected"), lambda group: span(group["best_epoch"])),
        Column(("epochs", "its alpha"), lambda group: span(group["alpha_selected"], "{:.2f}")),
        Column("ended by", lambda group: "; ".join(group["ending"].unique())),
        Column(
            ("selected epoch", "validation UA, %"),
            lambda group: f"{100 * group['validation_ua'].mean():.2f}",
        ),
        Column(
            ("selected epoch", "training loss"),
            lambda group: f"{group['training_loss'].mean():.3f}",
        ),
        Column("label entropy", lambda group: f"{group['entropy_emotion'].mean():.3f}"),
        Column("clips a second", lambda group: f"{group['clips_per_second'].median():.0f}"),
        Column("minutes", lambda group: f"{group['seconds'].sum() / 60:.0f}"),
        Column("seeds", lambda group: group["seed"].nunique()),
    ]
    trials, groups = ledger.recorded.trials, []
    if len(trials):
        groups = [
            group
            for _, group in ledger.paper.arranged(trials).groupby(
                ["row", "variant", "control"], sort=False
            )
        ]
    caption = "Recorded trainings: one cap of epochs for all; selected by validation UA alone"
    return table(columns, groups, caption=caption)


def probes(ledger: Ledger, run: Ledger) -> HTML:
    """Accuracy of a linear probe on the shared output, that of one with shuffled labels, silhouette; by model and attribute."""
    rows = []
    for source, book in (("real speech", ledger), ("this run", run)):
        scores = book.recorded.parts["probes"]
        if len(scores):
            viewed = book.recorded.kind("views").merge(scores, on="trial")
            groups = viewed.groupby(["approach", "attributes", "attribute"], sort=False)
            rows += [(source, *about, group) for about, group in groups]

    def mean(name: str, form: str = "{:.3f}") -> Callable[[tuple], str]:
        return lambda row: form.format(row[4][name].mean())

    columns = [
        Column("clips of", lambda row: row[0]),
        Column("model", lambda row: row[1] if row[2] == "none" else f"{row[1]} {row[2]}"),
        Column("attribute", lambda row: ATTRIBUTES[row[3]]),
        Column("linear probe", mean("probe")),
        Column("labels shuffled", mean("control")),
        Column("silhouette", mean("silhouette", "{:+.3f}")),
        Column("seeds", lambda row: row[4]["seed"].nunique()),
    ]
    caption = "What the shared output tells of attributes: probes of training clips, scored on test speakers; classes weigh alike"
    return table(columns, rows, caption=caption)


def _printed(
    title: str, sets: Sequence[str], ledger: Ledger, run: Ledger, on: str, edition: str
) -> HTML:
    printed, ours = evidence.printed(ledger).scores, _counterpart(run, on)
    columns = [
        Column("model", named),
        Column(("paper", "printed"), lambda row: number(printed.get((on, row)), "{:.2f}")),
        Column(
            (RECORDED, "UA ± sd"), lambda row: _accuracy(evidence.recorded(ledger, row), SCORED[on])
        ),
        Column((RECORDED, "less the baseline, by seed"), lambda row: _gain(ledger, row, on)),
    ]
    if ours:
        head = (this_run(edition), on if on == evidence.HOME else ours[0])
        columns.append(Column(head, lambda row: _accuracy(evidence.recorded(run, row), ours)))
    words = [
        f"{title} on {on}, UA in %, each corpus counting once; ± is the standard deviation over seeds",
        UNJUDGED,
        f"collapsed: a class's recall is under {RARELY:.0%}",
    ]
    if on == "TESS":
        words.append(QUOTED)
    rows = ["baseline", *(f"{approach} {name}" for approach in APPROACHES for name in sets)]
    return table(columns, rows, caption="; ".join(words))


def _counterpart(run: Ledger, on: str) -> tuple[str, ...]:
    """Corpora of this page's run that stand in a table's place: the same, or another unseen one; none where it has none."""
    scored, known = (
        places(run),
        [corpora for name, corpora in SCORED.items() if name != evidence.HOME],
    )
    if on == evidence.HOME or SCORED[on] in scored.values():
        return scored.get(evidence.HOME, ()) if on == evidence.HOME else SCORED[on]
    others = [
        corpora
        for name, corpora in scored.items()
        if name != evidence.HOME and corpora not in known
    ]
    at = known.index(SCORED[on])
    return others[at] if at < len(others) else ()


def _is_scored(trials: Trials | None, corpora: Sequence[str]) -> bool:
    return trials is not None and len(trials.of(*corpora).counts) > 0


def _accuracy(trials: Trials | None, corpora: Sequence[str]) -> object:
    """Mean over seeds and their standard deviation; how many seeds, and how many of them are collapsed."""
    if not _is_scored(trials, corpora):
        return DASH
    gap = gaps.estimated(UA, level(trials.of(*corpora), UA))
    collapsed = sum(bool(evidence.collapsed(trials.sown([seed]), corpora)) for seed in trials.seeds)
    words = ", collapsed" if collapsed else ""
    if 0 < collapsed < len(gap.by_seed):
        words += f" in {collapsed}"
    return _gap(gap, "{:.2f}", words)


def _gain(ledger: Ledger, row: str, on: str) -> object:
    """A row's UA less the baseline's; nothing above a baseline that is collapsed."""
    baseline = evidence.recorded(ledger, "baseline")
    if row == "baseline" or not _is_scored(baseline, SCORED[on]):
        return DASH
    if evidence.collapsed(baseline, SCORED[on]):
        return (DASH, "[baseline collapsed]")
    return _gap(evidence.gain(ledger, row, *SCORED[on]))


def _gap(gap: Gap, form: str = "{:+.2f}", words: str = "") -> object:
    if not gap.by_seed:
        return DASH
    spread = f" ± {gap.spread:.2f}" if len(gap.by_seed) > 1 else ""
    return form.format(gap.value) + spread, f"[{plural(len(gap.by_seed), 'seed')}{words}]"


def _recall(trials: Trials, corpora: Sequence[str], at: int) -> object:
    if not _is_scored(trials, corpora):
        return DASH
    share = f"{100 * recalls(trials.of(*corpora).confusion())[at]:.1f}"
    return (
        (share, "[collapsed]")
        if parry.CLASSES[at] in evidence.collapsed(trials, corpora)
        else share
    )
