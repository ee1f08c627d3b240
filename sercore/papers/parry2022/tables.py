"""Tables of chapter 2: data and networks, scores beside the printed ones, trainings and what they keep."""

import inspect
from collections.abc import Callable, Sequence

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
from sercore.models import cnn_lstm
from sercore.models.attributes import Discriminator
from sercore.papers.parry2022 import evidence
from sercore.papers.parry2022 import rows as parry_rows
from sercore.papers.parry2022 import study as parry
from sercore.papers.parry2022.attributes import ATTRIBUTES, GENDERS
from sercore.papers.parry2022.clips import Data
from sercore.papers.parry2022.data import ORIGINS, POOLED
from sercore.papers.parry2022.grid import APPROACHES, LABELS, READINGS, RECIPES
from sercore.papers.parry2022.numbers import MEASURED, PROTOCOL, QUOTED, SCORED, SIDES, UA, VARIANT, trained_as
from sercore.report import networks
from sercore.report.tables import NONE, html, number, this_run

# Tag of what is spoken in each corpus, as its loader tells it.
LANGUAGES = {
    "emovo": "it-IT", "emodb": "de-DE", "iemocap": "en-US", "epst": "en-US", "ravdess": "en-US", "savee": "en-GB",
    "tess": "en-CA", "crema-d": "en-US",
}  # fmt: skip
FRAMES = 300  # frames of the clip whose layers are listed: 3 s
DASH = "–"
SINGLES = ("baseline", *(f"{approach} {name}" for approach in APPROACHES for name in evidence.SINGLE))
RECORDED = "recorded on real corpora"
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
        found = classes[spellings[0]]
        inferred = "ours, a switch" if word in switches else "ours"
        source = "printed for CREMA-D" if printed & set(spellings) else inferred
        rows.append((word, ", ".join(spellings), found or "left out", source))
    heads = ("emotion", "labels in the corpora", "class", "from")
    return html(heads, rows, caption="From labels to three classes; of a printed class the other corpora's spellings are ours")


def corpora(ledger: Ledger) -> HTML:
    """Corpora and sides of the split: speakers, clips of each class and hours as measured, beside what is printed."""
    measured, there = recorded.measurements(ledger.paper.name), recorded.measured_on(ledger.paper.name)
    absent = "not at hand" if there else "not measured yet"
    about = {title: (_role(name), LANGUAGES[name], "" if name in there else absent) for name, title in ORIGINS.items()}
    about |= dict.fromkeys(SIDES, ("side of the pool", "", ""))
    given = {(number.row, number.column, number.metric): number.value for number in ledger.printed}
    printed = {name: given[where] for where, (name, _) in MEASURED.items() if where in given}
    rows = []
    for title, told in about.items():
        names = [f"{title} / speakers / count", *(f"{title} / {each} / speakers" for each in GENDERS)]
        counts = [measured.get(name) for name in (*names, *(f"{title} / {each} / clips" for each in parry.CLASSES))]
        hours = f"{title} / duration / hours"
        rows.append(
            (
                title,
                *told,
                number(printed.get(names[0]), "{:,.0f}"),
                *(number(value, "{:,.0f}") for value in counts),
                number(printed.get(hours), "{:.2f}"),
                number(measured.get(hours), "{:.2f}"),
            )
        )
    heads = [("", ""), ("", "role"), ("", "language"), ("", "here"), ("speakers", "printed"), ("speakers", "measured")]
    heads += [*(("speakers", {"female": "women", "male": "men"}[each]) for each in GENDERS)]
    heads += [*(("clips measured", each) for each in parry.CLASSES), ("hours", "printed"), ("hours", "measured")]
    return html(heads, rows, caption="Corpora, and the sides into which the pool is split by speaker; a side pools what is at hand")


def layers() -> HTML:
    """Layers that all models share, in their published size, of a clip of 3 s."""
    with torch.device("meta"):
        network, frames = cnn_lstm.CnnLstm(), torch.empty(1, FRAMES, cnn_lstm.SIZES.bands)
    title = f"Shared layers, a clip of {FRAMES} frames; the mean over time stands before the last, and dropout"
    return networks.layers(title, network, frames, torch.tensor([FRAMES]))


def parts(ledger: Ledger) -> HTML:
    """Parameters of shared layers, heads and discriminators, with as many labels as the measured training clips have."""
    width, classes = cnn_lstm.SIZES.width, len(parry.CLASSES)
    rows = [("shared layers", cnn_lstm.SIZES.bands, width, f"{_weights(cnn_lstm.CnnLstm):,}")]
    rows.append(("emotion head", width, classes, f"{_weights(lambda: nn.Linear(width, classes)):,}"))
    for kind, reads in (("head", width), ("discriminator", classes), ("discriminator, on the representation", width)):
        for letter, count in outputs(ledger).items():
            made = _weights(lambda kind=kind, reads=reads, count=count: _part(kind, reads, count)) if count else None
            rows.append((f"{ATTRIBUTES[letter]} {kind}", reads, count or "–", number(made, "{:,}")))
    caption = "Parameters of the parts; attributes have the labels of the training clips measured here"
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
    rows = []
    for one in names:
        cells = [measured.get(f"{one} / {other} / bits") for other in names]
        if any(cell is not None for cell in cells):
            rows.append((one, *(number(cell, "{:.3f}") for cell in cells)))
    caption = "Mutual information over the training clips, bits; on the diagonal each one's own entropy"
    return html(("", *names), rows or NONE, caption=caption)


def left_out(data: Data) -> HTML:
    """What this page's trainings leave out: clips with something wrong, attributes without two classes, sets that have a twin.

    Args:
        data: that they read.
    """
    rows = [("clips", problem) for problem in data.problems]
    rows += [("an attribute", why) for why in parry.lacking(data).values()]
    rows += [(name, f"has the labels of {twin}, which stands for it") for name, twin in parry.stands_for(data).items()]
    return html(("left out", "because"), rows or [("nothing", "")], caption="What this page's data cannot train")


def recipes(ledger: Ledger) -> HTML:
    """Candidates for initial weights, rate and batch: the baseline's validation, on which one was chosen for all models."""
    names = list(parry_rows.Recipe.__dataclass_fields__)
    rows = []
    for each in ledger.recorded.kind("recipe").to_dict("records"):
        chosen = parry_rows.Recipe(**{name: each[name] for name in names}) == RECIPES["published"]
        rows.append(
            (
                each["initialisation"],
                f"{each['rate']:g}",
                each["batch"],
                each["seed"],
                f"{each['epochs_run']:.0f} of {each['epochs']:.0f}",
                f"{each['best_epoch']:.0f}",
                f"{each['training_loss']:.3f}",
                f"{each['entropy_emotion']:.3f}",
                f"{100 * each['validation_ua']:.2f}",
                "chosen" if chosen else "",
            )
        )
    heads = ("initial weights", "rate", "batch", "seed", "epochs", "best epoch", "training loss", "label entropy")
    caption = "Recipes tried on the baseline; epoch and recipe chosen by UA of the validation speakers, nothing by an unseen corpus"
    return html((*heads, "validation UA, %", ""), rows or NONE, caption=caption)


def single(ledger: Ledger, run: Ledger, *, on: str = "TESS", edition: str = "demo") -> HTML:
    """Table 2: models of one attribute.

    Args:
        ledger: of paper 02.
        run: this page's own trials.
        on: what is scored: "TESS" (default), "CREMA-D" or "in-domain test".
        edition: of this page's own run (default "demo"); a demo's values are named synthetic.
    """
    return _table("Table 2", evidence.SINGLE, ledger, run, on, edition)


def several(ledger: Ledger, run: Ledger, *, on: str = "TESS", edition: str = "demo") -> HTML:
    """Table 3: models of several attributes, all eleven sets; a dash where the paper prints none.

    Args:
        ledger: of paper 02.
        run: this page's own trials.
        on: what is scored: "TESS" (default), "CREMA-D" or "in-domain test".
        edition: of this page's own run (default "demo"); a demo's values are named synthetic.
    """
    return _table("Table 3", evidence.SEVERAL, ledger, run, on, edition)


def here(run: Ledger, *, edition: str) -> HTML:
    """UA of every model of this page, on each corpus that training never saw and in domain."""
    scored, trials = places(run), run.recorded.trials
    names = run.paper.arranged(trials)[["row", "control"]].drop_duplicates() if len(trials) else trials
    rows = [
        (row, variant, "" if control == "none" else control, *(_told(found, corpora) for corpora in scored.values()))
        for row, control in names.itertuples(index=False)
        for (variant, *_), found in run.runs(row, control).items()
    ]
    return html(("model", "reading", "changed", *scored), rows or NONE, caption=f"UA in %, {this_run(edition)}")


def places(run: Ledger) -> dict[str, tuple[str, ...]]:
    """Corpora that a run scored, by what they are called: each that training never saw, then those of the pool together."""
    there = {group.split("/")[0] for group in run.recorded.counts["group"]}
    unseen = {group.split("/")[0] for group in run.recorded.parts["answers"]["group"]}
    pool = {name for name in there - unseen if name.removesuffix(" without surprise") not in unseen}
    return {name: (name,) for name in sorted(unseen)} | ({evidence.HOME: tuple(sorted(pool))} if pool else {})


def per_class(ledger: Ledger) -> HTML:
    """Recall of each class: the baseline and the models of one attribute, on each unseen corpus and in domain."""
    there = [on for on in SCORED if _there(evidence.recorded(ledger, "baseline"), SCORED[on])]
    rows = []
    for row in SINGLES if there else ():
        trials = evidence.recorded(ledger, row)
        if trials is not None:
            cells = [cell for on in there for cell in _recalls(trials, SCORED[on])]
            rows.append((named(row), len(trials.seeds), *cells))
    heads = [("", "model"), ("", "seeds"), *((on, name) for on in there for name in parry.CLASSES)]
    caption = f"Recall of each class in %, the answers of all seeds together; collapsed: under {RARELY:.0%}"
    return html(heads, rows or NONE, caption=caption)


def each_speaker(ledger: Ledger) -> HTML:
    """UA on each TESS speaker with an interval over words, and on both speakers without their clips of surprise."""
    found, answers = {}, ledger.recorded.parts["answers"]
    for row in SINGLES:
        trials = evidence.recorded(ledger, row)
        seeds = {} if trials is None else dict(zip(trials.table["trial"].tolist(), trials.table["seed"].tolist(), strict=True))
        own = answers[answers["trial"].isin(seeds)]
        if own["group"].astype("string").str.startswith("tess/").any():
            found[row] = trials, evidence.by_speaker(own, seeds, "tess")
    speakers = list(dict.fromkeys(name for _, heard in found.values() for name in heard))
    rows = []
    for row, (trials, heard) in found.items():
        cells = [heard.get(name) for name in speakers]
        told = [DASH if each is None else (f"{each.value:.2f}", f"[{each.low:.2f}, {each.high:.2f}]") for each in cells]
        rows.append((named(row), _told(trials, SCORED["TESS"]), *told, _told(trials, (WITHOUT,))))
    heads = [("", "model"), ("TESS", "both speakers"), *(("for these two speakers", name) for name in speakers)]
    caption = "UA in %; in brackets of a speaker 95 %, words and seeds resampled: for other words of these two, not for others"
    return html([*heads, ("TESS", "both, without surprise")], rows or NONE, caption=caption)


def switches(ledger: Ledger) -> HTML:
    """The baseline and GR with corpus, surprise and calm counted as another class or left out."""
    rows = []
    for name in dict.fromkeys(each.name.partition(", ")[0] for each in LABELS):
        usual = evidence.recorded(ledger, name)
        others = [each.name.partition(", ")[2] for each in LABELS if each.name.startswith(f"{name}, ")]
        for control in ("none", *others) if usual is not None else ():
            trials = ledger.trials(name, variant=VARIANT, protocol=PROTOCOL, control=control)
            if trials is not None:
                cells = [_told(trials, corpora) for corpora in (SCORED["TESS"], (WITHOUT,), SCORED[evidence.HOME])]
                moved = _signed(evidence.moved(name, trials, usual, *SCORED["TESS"])) if control != "none" else ""
                rows.append((name, "as in the tables" if control == "none" else control, *cells, moved))
    heads = ("model", "classes", "TESS", "TESS without surprise", evidence.HOME, "on TESS, less as in the tables")
    return html(heads, rows or NONE, caption=f"UA in %; {UNJUDGED}")


def readings(ledger: Ledger) -> HTML:
    """Discriminators of corpus in three readings, with their loss in the last epoch beside the entropy of the labels."""
    rows, epochs = [], ledger.recorded.parts["epochs"]
    for variant in (VARIANT, *(each.variant for each in READINGS)):
        trials = ledger.trials("AD C", variant=variant, protocol=PROTOCOL)
        if trials is None:
            continue
        losses = epochs[epochs["trial"].isin(trials.table["trial"]) & (epochs["what"] == "C loss")]
        last = losses.sort_values("epoch").drop_duplicates("trial", keep="last")["value"]
        entropy = trials.table.get("entropy_C")
        numbers = [DASH if each is None or not each.notna().any() else f"{each.mean():.3f}" for each in (last, entropy)]
        rows.append(("AD C", variant, *(_told(trials, SCORED[on]) for on in ("TESS", evidence.HOME)), *numbers))
    heads = [("", "model"), ("", "reading"), ("UA, %", "TESS"), ("UA, %", evidence.HOME)]
    heads += [("discriminator, nats", "loss, last epoch"), ("discriminator, nats", "entropy of the labels")]
    return html(heads, rows or NONE, caption="AD with corpus, read three ways; a loss at the labels' entropy has learnt nothing")


def named(row: str) -> str:
    """Name of a row, and of the set of attributes whose training stands for it: "GR L = C"."""
    other = trained_as(row)
    return row if other == row else f"{row} = {other.partition(' ')[2]}"


def trainings(ledger: Ledger) -> HTML:
    """What each recorded training was: epochs, the selected one and its alpha, why it ended, clips a second, minutes."""
    trials, rows = ledger.recorded.trials, []
    table = ledger.paper.arranged(trials) if len(trials) else pd.DataFrame(columns=["row", "variant", "control"])
    for (row, variant, control), found in table.groupby(["row", "variant", "control"], sort=False):
        rows.append(
            (
                row,
                ", ".join([variant] + [control] * (control != "none")),
                f"{_span(found['epochs_run'])} of {_span(found['epochs'])}",
                _span(found["best_epoch"]),
                _span(found["alpha_selected"], "{:.2f}"),
                "; ".join(found["ending"].unique()),
                f"{100 * found['validation_ua'].mean():.2f}",
                f"{found['training_loss'].mean():.3f}",
                f"{found['entropy_emotion'].mean():.3f}",
                f"{found['clips_per_second'].median():.0f}",
                f"{found['seconds'].sum() / 60:.0f}",
                found["seed"].nunique(),
            )
        )
    heads = [("", "model"), ("", "reading"), ("epochs", "run, of a cap of"), ("epochs", "selected"), ("epochs", "its alpha")]
    heads += [("", "ended by"), ("selected epoch", "validation UA, %"), ("selected epoch", "training loss")]
    heads += [("", "label entropy"), ("", "clips a second"), ("", "minutes"), ("", "seeds")]
    return html(heads, rows or NONE, caption="Recorded trainings: one cap of epochs for all; selected by validation UA alone")


def probes(ledger: Ledger, run: Ledger) -> HTML:
    """Accuracy of a linear probe on the shared output, that of one with shuffled labels, silhouette; by model and attribute."""
    rows = []
    for source, each in (("real speech", ledger), ("this run", run)):
        found = each.recorded.parts["probes"]
        if not len(found):
            continue
        table = each.recorded.kind("views").merge(found, on="trial")
        for (approach, attributes, letter), own in table.groupby(["approach", "attributes", "attribute"], sort=False):
            model = approach if attributes == "none" else f"{approach} {attributes}"
            numbers = [f"{own['probe'].mean():.3f}", f"{own['control'].mean():.3f}", f"{own['silhouette'].mean():+.3f}"]
            rows.append((source, model, ATTRIBUTES[letter], *numbers, own["seed"].nunique()))
    heads = ("clips of", "model", "attribute", "linear probe", "labels shuffled", "silhouette", "seeds")
    caption = "What the shared output tells of attributes: probes of training clips, scored on test speakers; classes weigh alike"
    return html(heads, rows or NONE, caption=caption)


def _role(name: str) -> str:
    return "pooled" if name in POOLED else "unseen"


def _part(kind: str, reads: int, count: int) -> nn.Module:
    return nn.Linear(reads, count) if kind == "head" else Discriminator(reads, count)


def _weights(make: Callable[[], nn.Module]) -> int:
    with torch.device("meta"):
        return sum(weight.numel() for weight in make().parameters())


def _table(title: str, sets: Sequence[str], ledger: Ledger, run: Ledger, on: str, edition: str) -> HTML:
    printed, own = evidence.printed(ledger).scores, _own(run, on)
    rows = []
    for row in ("baseline", *(f"{approach} {name}" for approach in APPROACHES for name in sets)):
        value = printed.get((on, row))
        cells = [named(row), DASH if value is None else f"{value:.2f}", _told(evidence.recorded(ledger, row), SCORED[on])]
        cells.append(_gain(ledger, row, on))
        rows.append((*cells, _told(evidence.recorded(run, row), own)) if own else tuple(cells))
    heads = [("", "model"), ("paper", "printed"), (RECORDED, "UA ± sd"), (RECORDED, "less the baseline, by seed")]
    if own:
        heads.append((this_run(edition), on if on == evidence.HOME else own[0]))
    words = [f"{title} on {on}, UA in %, each corpus counting once; ± is the standard deviation over seeds", UNJUDGED]
    words += [f"collapsed: a class's recall is under {RARELY:.0%}", *([QUOTED] * (on == "TESS"))]
    return html(heads, rows, caption="; ".join(words))


def _own(run: Ledger, on: str) -> tuple[str, ...]:
    """Corpora of this page's run that stand in a table's place: the same, or another unseen one; none where it has none."""
    scored, known = places(run), [corpora for name, corpora in SCORED.items() if name != evidence.HOME]
    if on == evidence.HOME or SCORED[on] in scored.values():
        return scored.get(evidence.HOME, ()) if on == evidence.HOME else SCORED[on]
    others = [corpora for name, corpora in scored.items() if name != evidence.HOME and corpora not in known]
    return others[known.index(SCORED[on])] if known.index(SCORED[on]) < len(others) else ()


def _there(trials: Trials | None, corpora: Sequence[str]) -> bool:
    return trials is not None and len(trials.of(*corpora).counts) > 0


def _told(trials: Trials | None, corpora: Sequence[str]) -> object:
    """Mean over seeds and their standard deviation; how many seeds, and how many of them are collapsed."""
    if not _there(trials, corpora):
        return DASH
    cell = level(trials.of(*corpora), UA)
    down = sum(bool(evidence.collapsed(trials.sown([seed]), corpora)) for seed in trials.seeds)
    words = f"{cell.seeds} seed{'s' * (cell.seeds > 1)}" + (f", collapsed in {down}" if 0 < down < cell.seeds else "")
    words += ", collapsed" * (down == cell.seeds)
    spread = gaps.estimated(UA, cell).spread
    return (f"{cell.value:.2f}" + (f" ± {spread:.2f}" if cell.seeds > 1 else ""), f"[{words}]")


def _gain(ledger: Ledger, row: str, on: str) -> object:
    """A row's UA less the baseline's; nothing above a baseline that is collapsed."""
    baseline = evidence.recorded(ledger, "baseline")
    if row == "baseline" or not _there(baseline, SCORED[on]):
        return DASH
    if evidence.collapsed(baseline, SCORED[on]):
        return (DASH, "[baseline collapsed]")
    return _signed(evidence.gain(ledger, row, *SCORED[on]))


def _signed(gap: Gap) -> object:
    if not gap.by_seed:
        return DASH
    spread = f" ± {gap.spread:.2f}" if len(gap.by_seed) > 1 else ""
    return (f"{gap.value:+.2f}{spread}", f"[{len(gap.by_seed)} seed{'s' * (len(gap.by_seed) > 1)}]")


def _recalls(trials: Trials, corpora: Sequence[str]) -> list[object]:
    if not _there(trials, corpora):
        return [DASH] * len(parry.CLASSES)
    found, down = recalls(trials.of(*corpora).confusion()), evidence.collapsed(trials, corpora)
    shares = [f"{100 * value:.1f}" for value in found]
    return [(share, "[collapsed]") if name in down else share for name, share in zip(parry.CLASSES, shares, strict=True)]


def _span(values: pd.Series, form: str = "{:.0f}") -> str:
    """One number, or the least and the largest."""
    low, high = form.format(values.min()), form.format(values.max())
    return low if low == high else f"{low} to {high}"
