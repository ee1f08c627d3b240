"""Tables of chapter 4: data and networks, Table 3 and folds, the grid and its main effects, what is asked beside it.

In all of them ``ledger`` is the paper's ledger, or a page's own, ``run`` this page's own trials, and ``edition`` the edition of
these: a demo's values are named synthetic.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from IPython.display import HTML
from torch import nn

from sercore.evaluation.effects import DIFFERENCES, FACTORS
from sercore.evaluation.metrics import recalls
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import level
from sercore.ledger.published import Printed
from sercore.ledger.scores import Trials
from sercore.models import resnet
from sercore.models.counts import parameters
from sercore.models.resnet import ResNet34
from sercore.papers.padi2021 import data as padi_data
from sercore.papers.padi2021 import numbers as padi_numbers
from sercore.papers.padi2021 import study
from sercore.papers.padi2021.data import ORIGINS, Data
from sercore.papers.padi2021.numbers import (
    APART,
    CLIPS,
    IEMOCAP,
    NAMES,
    UA,
    WA,
    WIDTHS,
    Systems,
    alike,
    experiment,
    policy,
    proposed,
    system,
    systems,
)
from sercore.papers.padi2021.study import EIGHT, GROUPS
from sercore.papers.padi2021.trial import SIZES
from sercore.report import networks
from sercore.report.tables import DASH, NONE, Column, html, number, shown, table, this_run
from sercore.training.chunks import LENGTHS

FULL = study.FULL.name
METRICS = {"UA": UA, "WA": WA}
PROTOCOLS = {APART: "speakers left out", CLIPS: "clips split at random"}
INTERVALS = "in brackets 95 %, where the mean would lie with other speakers and seeds"
JUDGED = "a difference is judged on five seeds of finished trainings, on fewer shown alone"


class Line(NamedTuple):
    """What a row of a table is about: one of some systems that were trained alike, and how clips were split."""

    systems: Systems
    name: str
    split: str
    more: Any = None  # what else the row is about

    @property
    def trials(self) -> Trials:
        """Trials of this system."""
        return self.systems.trials[self.name]


SCORED = Column("scored", lambda line: line.systems.title)
ROW = Column("row", lambda line: line.name)
SPLIT = Column("split", lambda line: line.split)
TRAINING = Column("training", lambda line: line.systems.about)


def policies(ledger: Ledger) -> HTML:
    """Table 1: each policy as printed and as ours, and the widest mask in time that its cap leaves of a chunk."""
    printed: dict[str, dict[str, Printed]] = {}
    for cell in (cell for cell in ledger.printed if cell.table == "Table 1"):
        printed.setdefault(cell.row, {})[cell.column] = cell

    def value(name: str, read: Callable[[Printed], float]) -> Callable[[str], str]:
        return lambda row: f"{read(printed[row][name]):g}" if name in printed[row] else DASH

    def widest(row: str, length: int) -> str:
        share = policy(printed[row]["p"]) if "p" in printed[row] else 0
        return f"{min(policy(printed[row]['W']), share * length):g}"

    columns = [Column("policy", str)]
    for name in dict.fromkeys(name for row in printed.values() for name in row):
        columns.append(Column((name, "printed"), value(name, lambda cell: cell.value)))
        columns.append(Column((name, "ours"), value(name, policy)))
    group = "widest mask in time, of a chunk of"
    columns += [
        Column((group, f"{length} frames"), partial(widest, length=length)) for length in LENGTHS
    ]
    caption = "Table 1: masks; F in mel bands, W in frames, p of the chunk, N masks of each kind"
    return table(columns, printed, caption=caption)


def classes(ledger: Ledger) -> HTML:
    """Table 2: printed segments, those measured on IEMOCAP, and the clips of the corpus that stands in, which judge nothing."""
    measured, at_hand = (
        recorded.measurements(ledger.paper.name),
        recorded.measured_on(ledger.paper.name),
    )
    stand_ins = (
        []
        if IEMOCAP in at_hand
        else [ORIGINS[name] for name in at_hand if name in ORIGINS and name != "voxceleb"]
    )

    def ours(cell: Printed) -> str:
        name = NAMES.get(cell.column, cell.column.lower())
        return number(measured.get(f"{experiment(cell)} / {name} / clips"), "{:,.0f}")

    def analogue(cell: Printed) -> str:
        return ours(cell) if stand_ins and experiment(cell) == EXPERIMENTS[0] else DASH

    columns = [
        Column("experiment", lambda cell: cell.row),
        Column("class", lambda cell: cell.column),
        Column(("IEMOCAP", "printed"), lambda cell: f"{cell.value:,.0f}"),
        Column(
            ("IEMOCAP", "measured"),
            lambda cell: (ours(cell) if IEMOCAP in at_hand else DASH, ledger.verdict(cell)[1]),
        ),
        Column(("analogue of Exp 1", ", ".join(stand_ins) or DASH), analogue),
    ]
    rows = [cell for cell in ledger.printed if cell.table == "Table 2"]
    return table(columns, rows, caption="Table 2: segments of each class")


def layers(*, classes: int = 4, frames: int = LENGTHS[-1]) -> HTML:
    """The network for some emotions or speakers, in its published size: output of a chunk of frames, and parameters, by part."""
    with torch.device("meta"):
        network, chunk = ResNet34(classes).eval(), torch.empty(1, frames, resnet.SIZES.bands)
    stem, head = network.backbone.stem, network.head
    blocks = zip(network.sizes.blocks, network.sizes.channels, network.backbone.stages, strict=True)
    parts: list[tuple[str, str, nn.Module | None, Sequence[nn.Module]]] = [
        ("stem", "convolution 3 × 3, batch norm, PReLU", stem, [stem]),
        *(
            (f"stage {at}", f"{count} basic blocks, {channels} channels", stage[-1], [stage])
            for at, (count, channels, stage) in enumerate(blocks, 1)
        ),
        ("pooling", "mean and standard deviation over time", None, []),
        ("FC 1", "linear, batch norm, PReLU", head.full, [head.full, head.norm, head.act]),
        ("FC 2", "linear", head.output, [head.output]),
    ]
    shapes = dict(
        networks.outputs(network, [last for _, _, last, _ in parts if last is not None], chunk)
    )
    with torch.inference_mode():
        shapes[None] = networks.shape(network.pooled(chunk))
    rows = [
        (name, what, shapes[last], f"{parameters(*modules):,}")
        for name, what, last, modules in parts
    ]
    rows.append(("all", type(network).__name__, "", f"{parameters(network):,}"))
    return html(
        ("part", "what", f"output of {frames} frames", "parameters"),
        rows,
        caption=f"The network for {classes} classes",
    )


def readings() -> HTML:
    """Parameters of the network in its widths and with each pooling, for the four classes."""
    rows = []
    for width in ("published", "narrow"):
        with torch.device("meta"):
            built = [
                ResNet34(4, replace(SIZES[width], pooling=name))
                for name in ("statistics", "mean", "flatten")
            ]
        rows.append((WIDTHS[width], *(f"{parameters(network):,}" for network in built)))
    heads = ("", "statistics pooling", "mean alone", "no pooling, fixed length")
    return html(heads, rows, caption="Parameters by width and pooling")


def speakers(ledger: Ledger, run: Ledger, *, edition: str = "demo") -> HTML:
    """Speaker recognisers: what they learnt, how well, and equal error rates on speakers never met, beside no training."""
    rows = []
    for source, book in (("real speech", ledger), (this_run(edition), run)):
        trials = sorted(
            book.recorded.kind("speakers").to_dict("records"), key=lambda trial: trial["seed"]
        )
        rows += [
            trial | {"source": source, "corpora": book.recorded.runs[trial["run"]]["corpora"]}
            for trial in trials
        ]

    def field(name: str, form: str, factor: int = 1) -> Callable[[dict], str]:
        return lambda trial: form.format(factor * trial[name])

    def corpora(trial: dict) -> str:
        return ", ".join(ORIGINS.get(name, name.upper()) for name in trial["corpora"]) or DASH

    error = "equal error rate, other speakers, %"
    columns = [
        Column("clips of", lambda trial: trial["source"]),
        Column("corpora", corpora),
        Column("masks, pooling", lambda trial: f"{trial['augmentation']}, {trial['pooling']}"),
        Column("network", lambda trial: WIDTHS[trial["size"]]),
        Column("seed", field("seed", "{:.0f}")),
        Column(("learnt", "speakers"), field("taught_speakers", "{:,.0f}")),
        Column(("learnt", "clips"), field("training_clips", "{:,.0f}")),
        Column(("learnt", "epochs"), field("epochs", "{:.0f}")),
        Column(("learnt", "updates"), field("steps", "{:,.0f}")),
        Column("accuracy in training, %", field("accuracy", "{:.1f}", 100)),
        Column((error, "trained"), field("equal_error_rate", "{:.2f}", 100)),
        Column((error, "untrained"), field("equal_error_rate_untrained", "{:.2f}", 100)),
        Column((error, "pairs"), field("pairs", "{:,.0f}")),
    ]
    return table(
        columns, rows, caption="Speaker recognisers; verified by cosine on what FC 1 gives"
    )


def absent(data: Data) -> HTML:
    """What is missing or odd in a page's own data, and experiments that they cannot run, with the reason."""
    rows = [("clips", problem) for problem in data.problems]
    rows += [
        (name, f"not run on this page: {why}") for name, why in padi_data.missing(data).items()
    ]
    return html(
        ("of this page's data", ""), rows or [("nothing", "")], caption="What these data lack"
    )


def silhouettes(ledger: Ledger, run: Ledger, *, edition: str = "demo") -> HTML:
    """How far pooled frames lie together by emotion and by speaker, before and after the second stage: -1 to 1."""
    rows = []
    for source, book in (("real speech", ledger), (this_run(edition), run)):
        scores = book.recorded.parts["silhouettes"]
        views = [
            {"source": source, "system": system(view)} | view
            for view in book.recorded.kind("views").to_dict("records")
        ]
        for view in sorted(views, key=lambda view: (view["system"], view["seed"])):
            for stage, group in scores[scores["trial"] == view["trial"]].groupby(
                "stage", sort=False
            ):
                rows.append(
                    view
                    | {"stage": stage}
                    | dict(zip(group["of"], group["silhouette"], strict=True))
                )
    columns = [
        Column("clips of", lambda row: row["source"]),
        Column("system", lambda row: row["system"]),
        Column("network", lambda row: WIDTHS[row["size"]]),
        Column("seed", lambda row: f"{row['seed']:.0f}"),
        Column("when", lambda row: f"{row['stage']} training"),
        Column("by emotion", lambda row: number(row.get("emotion"), "{:+.3f}")),
        Column("by speaker", lambda row: number(row.get("speaker"), "{:+.3f}")),
        Column("test clips", lambda row: f"{row['clips']:,.0f}"),
    ]
    return table(
        columns, rows, caption="Silhouettes of pooled frames; of one speaker there is none"
    )


def hours(ledger: Ledger) -> HTML:
    """Show the hours of the whole paper by steps that were timed, and what reading a clip takes."""
    costs = ledger.recorded.parts["costs"]
    rows = []
    for timing in ledger.recorded.kind("hours").to_dict("records"):
        device = ledger.recorded.runs[timing["run"]]["device"]
        parts = costs[costs["trial"] == timing["trial"]]
        total = 0.0
        for what, steps, seconds in parts[["what", "steps", "seconds"]].to_numpy():
            hours = steps * seconds / 3600
            total += hours
            rows.append((device, what, f"{steps:,.0f}", f"{seconds:.3f}", f"{hours:,.1f}"))
        rows.append((device, "in all", f"{parts['steps'].sum():,.0f}", DASH, f"{total:,.1f}"))
        reading = (timing["reading"] + timing["spectrogram"]) / timing["duration"]
        what = "reading and spectrogram, of a second of audio on one core"
        rows.append((device, what, "", f"{reading:.4f}", ""))
    caption = (
        "The paper's edition: 1.2 million clips of VoxCeleb, the grid in three experiments, five"
        " folds, three seeds, 20 epochs each"
    )
    heads = ("device", "what", "steps", "seconds a step", "hours")
    return html(heads, rows or NONE, caption=caption)


def results(ledger: Ledger, run: Ledger, *, edition: str = "demo") -> HTML:
    """Table 3: every printed row, ours on IEMOCAP, the recorded analogue of Exp 1 and this page's own run, these two unjudged."""
    printed: dict[tuple[str, str], dict[str, Printed]] = {}
    for cell in (cell for cell in ledger.printed if cell.table == "Table 3"):
        title, name = cell.row.split(" | ")
        printed.setdefault((title, name), {})[cell.column] = cell

    def score(found: Systems | None, cell: Printed, metric: str) -> object:
        return (
            shown(level(found.trials[FULL], metric), 2)
            if found is not None and proposed(cell)
            else DASH
        )

    at_hand, this = (systems(book, (FULL,), experiment=EXPERIMENTS[0]) for book in (ledger, run))
    analogue = None if at_hand is None or at_hand.corpus == IEMOCAP else at_hand
    rows = []
    for (title, name), numbers in printed.items():
        cell = next(iter(numbers.values()))
        ours = systems(ledger, (FULL,), experiment=experiment(cell))
        on_iemocap = ours if ours is not None and ours.corpus == IEMOCAP else None
        is_first = experiment(cell) == EXPERIMENTS[0]
        verdicts = [ledger.verdict(numbers[name]) for name in METRICS if name in numbers]
        rows.append(
            (
                title,
                name,
                *(f"{numbers[name].value:.2f}" if name in numbers else DASH for name in METRICS),
                *(score(on_iemocap, cell, metric) for metric in METRICS.values()),
                tuple("; ".join(dict.fromkeys(words)) for words in zip(*verdicts, strict=True)),
                *(
                    score(found if is_first else None, cell, metric)
                    for found in (analogue, this)
                    for metric in METRICS.values()
                ),
            )
        )
    titles = [
        "an analogue of exp1" if analogue is None else f"{analogue.title}: {analogue.about}",
        this_run(edition) if this is None else f"{this_run(edition)}: {this.title}: {this.about}",
    ]
    heads = [("", "experiment"), ("", "system"), *(("printed", name) for name in METRICS)]
    heads += [*(("ours, IEMOCAP", name) for name in METRICS), ("ours, IEMOCAP", "verdict")]
    heads += [(title, name) for title in titles for name in METRICS]
    return html(
        heads,
        rows,
        caption=f"Table 3, %; {INTERVALS}; an analogue stands beside and judges nothing",
    )


def folds(ledger: Ledger, *, row: str = FULL) -> HTML:
    """UA and WA of each fold of a system, by default the whole one: mean over seeds; mean and standard deviation over folds."""
    rows = [line._replace(more=score) for line in _lines(ledger, (row,)) for score in METRICS]

    def by_fold(line: Line) -> dict[int, float]:
        return padi_numbers.by_fold(line.trials, METRICS[line.more])

    def fold(at: int) -> Callable[[Line], str]:
        return lambda line: number(by_fold(line).get(at), "{:.2f}")

    columns = [
        SCORED,
        SPLIT,
        TRAINING,
        Column("score, %", lambda line: line.more),
        *(Column(("fold", str(at + 1)), fold(at)) for at in range(5)),
        Column(
            ("over folds", "mean"),
            lambda line: number(np.mean([*by_fold(line).values()]), "{:.2f}"),
        ),
        Column(
            ("over folds", "standard deviation"), lambda line: _deviation([*by_fold(line).values()])
        ),
    ]
    return table(columns, rows, caption=f"{row} by fold")


def per_class(ledger: Ledger) -> HTML:
    """Recall of each class by system, the answers of all folds and seeds together, with the class it is most taken for."""
    names = ("angry", "happy or excited", "neutral", "sad")
    columns = [SCORED, Column("system", lambda line: line.name), TRAINING]
    columns += [Column(name, partial(_recall, at=at)) for at, name in enumerate(names)]
    caption = "Recall in %, speakers left out; in brackets the most frequent wrong answer"
    return table(columns, _lines(ledger, EIGHT, [APART]), caption=caption)


def grid(
    ledger: Ledger, run: Ledger | None = None, *, protocol: str = APART, edition: str = "demo"
) -> HTML:
    """Figure 4's systems on speakers-apart or clips: WA and UA with intervals over speakers, deviation over trainings, updates."""
    rows = [line._replace(more="real speech") for line in _lines(ledger, EIGHT, [protocol])]
    if run is not None:
        rows += [line._replace(more=this_run(edition)) for line in _lines(run, EIGHT, [protocol])]

    def deviation(line: Line) -> str:
        seeds = [padi_numbers.by_fold(line.trials.sown([seed])) for seed in line.trials.seeds]
        return _deviation([value for folds in seeds for value in folds.values()])

    columns = [
        Column("clips of", lambda line: line.more),
        Column("scored, and how trained", lambda line: (line.systems.title, line.systems.base)),
        Column("TL, Aug, SP", lambda line: line.name),
        Column(("%", "WA"), partial(_score, metric=WA)),
        Column(("%", "UA"), partial(_score, metric=UA)),
        Column(("%", "WA, sd over folds and seeds"), deviation),
        Column("folds", lambda line: line.systems.folds),
        Column("seeds", lambda line: line.systems.seeds),
        Column("speakers", lambda line: line.systems.speakers),
        Column("updates", lambda line: f"{line.trials.table['steps'].mean():,.0f}"),
    ]
    caption = f"The grid, {PROTOCOLS[protocol]}; {INTERVALS}"
    if protocol == CLIPS:
        caption += "; the paper does not say that its ablation is split so"
    return table(columns, rows, caption=caption)


def effects(ledger: Ledger) -> HTML:
    """Main effects of the grid in WA and UA, and the differences that the paper's order takes; of all ways of training it."""
    whole = [
        line
        for line in _lines(ledger, EIGHT)
        if line.name == EIGHT[0] and len(line.systems.trials) == len(EIGHT)
    ]
    rows = [
        line._replace(name=score, more=line.systems.effects(METRICS[score]))
        for line in whole
        for score in ("WA", "UA")
    ]

    def points(name: str) -> Callable[[Line], object]:
        return lambda line: shown(line.more[name], 2, signed=True)

    def doubt(line: Line) -> str:
        reason = line.more[FACTORS[0]].doubt
        return f"not judged: {reason}" if reason else ""

    columns = [
        Column("scored, and how trained", lambda line: (line.systems.title, line.systems.about)),
        SPLIT,
        Column("points of", lambda line: line.name),
        *(Column(("main effect", name), points(name)) for name in FACTORS),
        *(
            Column(("difference", name), points(name))
            for name in (f"{one} - {other}" for one, other in DIFFERENCES)
        ),
        Column("", doubt),
    ]
    return table(
        columns, rows, caption=f"With less without, over both states of the others; {INTERVALS}"
    )


def beside(ledger: Ledger, group: str) -> HTML:
    """Rows of a group beside the grid (finetune, pooling, policies, inputs, parts), and each less the system that it changes."""
    rows = []
    for row in GROUPS[group]:
        for name in EXPERIMENTS:
            pair = systems(ledger, (row.name, row.cell), experiment=name)
            if pair is not None:
                rows.append(Line(pair, row.name, PROTOCOLS[APART], row.cell))

    def other(metric: str) -> Callable[[Line], object]:
        return lambda line: _score(line._replace(name=line.more), metric)

    def less(metric: str) -> Callable[[Line], object]:
        return lambda line: shown(line.systems.less(line.name, line.more, metric), 2, signed=True)

    columns = [
        SCORED,
        ROW,
        Column(("%", "WA"), partial(_score, metric=WA)),
        Column(("%", "UA"), partial(_score, metric=UA)),
        Column("beside", lambda line: line.more),
        Column(("its %", "WA"), other(WA)),
        Column(("its %", "UA"), other(UA)),
        Column(("less it, points", "WA"), less(WA)),
        Column(("less it, points", "UA"), less(UA)),
        TRAINING,
    ]
    return table(
        columns, rows, caption=f"{group.capitalize()}, speakers left out; {INTERVALS}; {JUDGED}"
    )


def encoder(ledger: Ledger) -> HTML:
    """The pretrained speaker encoder's rows, of the recorded run that holds them: no level of transfer, a source of its own."""
    trials = ledger.recorded.kind("campplus")
    arranged = ledger.paper.arranged(trials) if len(trials) else trials
    rows = []
    for row in (
        arranged.loc[arranged["control"] == "none", "row"].drop_duplicates() if len(trials) else ()
    ):
        name, _, system = row.partition(" ")
        for protocol, split in PROTOCOLS.items():
            found = systems(ledger, (system,), experiment=name, protocol=protocol)
            if found is not None:
                rows.append(Line(found, system, split))
    columns = [SCORED, ROW, SPLIT]
    columns += [
        Column(f"{score}, %", partial(_score, metric=METRICS[score])) for score in ("WA", "UA")
    ]
    caption = f"A pretrained speaker encoder with our pooling and layers; {INTERVALS}"
    return table([*columns, TRAINING], rows, caption=caption)


def controls(ledger: Ledger) -> HTML:
    """Systems trained on shuffled labels, beside the same on true ones."""
    rows = []
    for row, control in dict.fromkeys((row, control) for row, _, control in ledger.controls()):
        name, _, system = row.partition(" ")
        for protocol, split in PROTOCOLS.items():
            where = {"experiment": name, "protocol": protocol}
            changed = systems(ledger, (system,), control=control, **where)
            if changed is not None:
                rows.append(
                    Line(changed, system, split, (control, systems(ledger, (system,), **where)))
                )

    def without(line: Line) -> object:
        return DASH if line.more[1] is None else _score(line._replace(systems=line.more[1]), UA)

    columns = [
        SCORED,
        ROW,
        Column("control", lambda line: line.more[0]),
        SPLIT,
        Column("UA, %", partial(_score, metric=UA)),
        Column("UA without it, %", without),
        TRAINING,
    ]
    return table(columns, rows, caption="Controls; guessing has a UA of 25 %")


def _lines(
    ledger: Ledger, rows: tuple[str, ...], protocols: Sequence[str] = tuple(PROTOCOLS)
) -> list[Line]:
    """Each of these systems that is recorded, of every way of training them, by split and experiment."""
    return [
        Line(found, name, PROTOCOLS[protocol])
        for protocol in protocols
        for title in EXPERIMENTS
        for found in alike(ledger, rows, experiment=title, protocol=protocol)
        for name in found.trials
    ]


def _score(line: Line, metric: str) -> object:
    return shown(level(line.trials, metric), 2)


def _recall(line: Line, at: int) -> object:
    names, matrix = CLASSES[line.systems.experiment], line.trials.confusion()
    share = number(100 * recalls(matrix)[at], "{:.1f}")
    wrong = np.where(np.arange(len(names)) == at, 0, matrix[at])
    if share == DASH or not wrong.any():
        return share
    return share, f"[{names[wrong.argmax()]} {wrong.max() / matrix[at].sum():.0%}]"


def _deviation(values: Sequence[float]) -> str:
    return number(float(np.std(values, ddof=1)) if len(values) > 1 else None, "{:.2f}")
