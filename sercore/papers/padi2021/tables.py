"""Tables of chapter 4: data and networks, Table 3 and folds, the grid and what stands beside it.

In all of them ``ledger`` is the paper's ledger, ``run`` this page's own trials, and ``edition`` the
edition of these: a demo's values are named synthetic.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from IPython.display import HTML

from sercore.evaluation.metrics import DIFFERENCES, FACTORS, recalls
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import level
from sercore.ledger.paper import Printed
from sercore.models import resnet
from sercore.models.counts import parameters
from sercore.models.resnet import ResNet34
from sercore.papers.padi2021 import data as padi_data
from sercore.papers.padi2021 import numbers, study
from sercore.papers.padi2021.data import CLASSES, EXPERIMENTS, ORIGINS, VOXCELEB, Data
from sercore.papers.padi2021.numbers import APART, IEMOCAP, UA, WA, Line, experiment, systems
from sercore.papers.padi2021.study import EIGHT
from sercore.papers.padi2021.trial import SIZES
from sercore.report import networks
from sercore.report.tables import DASH, Column, html, number, shown, table, this_run
from sercore.training.chunks import LENGTHS

FULL = study.FULL.name
METRICS = {"UA": UA, "WA": WA}
INTERVALS = "in brackets 95 %, where the mean would lie with other speakers and seeds"
JUDGED = "a difference is judged on five seeds of finished trainings, on fewer shown alone"
SCORED = Column("scored", lambda line: line.systems.title)
ROW = Column("row", lambda line: line.name)
SPLIT = Column("split", lambda line: line.split)
TRAINING = Column("training", lambda line: line.systems.about)
SCORES = [
    Column(("%", name), lambda line, name=name: _score(line, METRICS[name]))
    for name in ("WA", "UA")
]


def policies(ledger: Ledger) -> HTML:
    """Table 1: policies as printed and ours, and the widest mask that the cap leaves of a chunk."""
    printed = numbers.printed_by_row(ledger, "Table 1")

    def value(row: str, *, name: str, read: Callable[[Printed], float]) -> str:
        return f"{read(printed[row][name]):g}" if name in printed[row] else DASH

    def widest(row: str, *, length: int) -> str:
        share = numbers.policy(printed[row]["p"]) if "p" in printed[row] else 0
        return f"{min(numbers.policy(printed[row]['W']), share * length):g}"

    columns = [Column("policy", str)]
    for name in dict.fromkeys(name for row in printed.values() for name in row):
        read_printed = partial(value, name=name, read=lambda cell: cell.value)
        columns.append(Column((name, "printed"), read_printed))
        columns.append(Column((name, "ours"), partial(value, name=name, read=numbers.policy)))
    group = "widest mask in time, of a chunk of"
    for length in LENGTHS:
        columns.append(Column((group, f"{length} frames"), partial(widest, length=length)))
    caption = "Table 1: masks; F in mel bands, W in frames, p of the chunk, N masks of each kind"
    return table(columns, printed, caption=caption)


def classes(ledger: Ledger) -> HTML:
    """Table 2: printed segments, ours on IEMOCAP, and those of a corpus that stands in for it."""
    measured = recorded.measurements(ledger.paper.name)
    corpora = recorded.measured_on(ledger.paper.name)
    stand_ins = []
    if IEMOCAP not in corpora:
        stand_ins = [ORIGINS[name] for name in corpora if name in ORIGINS and name != VOXCELEB]

    def ours(cell: Printed) -> str:
        name = numbers.NAMES.get(cell.column, cell.column.lower())
        return number(measured.get(f"{experiment(cell)} / {name} / clips"), "{:,.0f}")

    def on_iemocap(cell: Printed) -> tuple[str, str]:
        return ours(cell) if IEMOCAP in corpora else DASH, ledger.verdict(cell)[1]

    def analogue(cell: Printed) -> str:
        return ours(cell) if stand_ins and experiment(cell) == EXPERIMENTS[0] else DASH

    columns = [
        Column("experiment", lambda cell: cell.row),
        Column("class", lambda cell: cell.column),
        Column(("IEMOCAP", "printed"), lambda cell: f"{cell.value:,.0f}"),
        Column(("IEMOCAP", "measured"), on_iemocap),
        Column(("analogue of Exp 1", ", ".join(stand_ins) or DASH), analogue),
    ]
    rows = [cell for cell in ledger.printed if cell.table == "Table 2"]
    return table(columns, rows, caption="Table 2: segments of each class")


def layers(*, classes: int = 4, frames: int = LENGTHS[-1]) -> HTML:
    """Show the published network by part: its output of a chunk of frames, and its parameters."""
    with torch.device("meta"):
        network, chunk = ResNet34(classes).eval(), torch.empty(1, frames, resnet.SIZES.bands)
    backbone, head = network.backbone, network.head
    parts = [("stem", "convolution 3 × 3, batch norm, PReLU", backbone.stem, [backbone.stem])]
    sizes = zip(network.sizes.blocks, network.sizes.channels, backbone.stages, strict=True)
    for at, (blocks, channels, stage) in enumerate(sizes, 1):
        what = f"{blocks} basic blocks, {channels} channels"
        parts.append((f"stage {at}", what, stage[-1], [stage]))
    full = [head.full, head.norm, head.act]
    parts += [
        ("pooling", "mean and standard deviation over time", None, []),
        ("FC 1", "linear, batch norm, PReLU", head.full, full),
        ("FC 2", "linear", head.output, [head.output]),
    ]
    modules = [last for _, _, last, _ in parts if last is not None]
    shapes = dict(networks.outputs(network, modules, chunk))
    with torch.inference_mode():
        shapes[None] = networks.shape(network.pooled(chunk))
    rows = [
        (name, what, shapes[last], f"{parameters(*modules):,}")
        for name, what, last, modules in parts
    ]
    rows.append(("all", type(network).__name__, "", f"{parameters(network):,}"))
    heads = ("part", "what", f"output of {frames} frames", "parameters")
    return html(heads, rows, caption=f"The network for {classes} classes")


def readings() -> HTML:
    """Count the network's parameters in its widths and with each pooling, for the four classes."""
    rows = []
    for width in ("published", "narrow"):
        counts = []
        for pooling in ("statistics", "mean", "flatten"):
            with torch.device("meta"):
                network = ResNet34(4, replace(SIZES[width], pooling=pooling))
            counts.append(f"{parameters(network):,}")
        rows.append((numbers.WIDTHS[width], *counts))
    heads = ("", "statistics pooling", "mean alone", "no pooling, fixed length")
    return html(heads, rows, caption="Parameters by width and pooling")


def speakers(ledger: Ledger, run: Ledger, *, edition: str = "demo") -> HTML:
    """Show what speaker recognisers learnt, and their equal error rates beside no training."""

    def field(name: str, form: str, factor: int = 1) -> Callable[[dict], str]:
        return lambda trial: form.format(factor * trial[name])

    def corpora(trial: dict) -> str:
        names = trial["book"].recorded.runs[trial["run"]]["corpora"]
        return ", ".join(ORIGINS.get(name, name.upper()) for name in names) or DASH

    error = "equal error rate, other speakers, %"
    columns = [
        Column("clips of", lambda trial: trial["source"]),
        Column("corpora", corpora),
        Column("masks, pooling", lambda trial: f"{trial['augmentation']}, {trial['pooling']}"),
        Column("network", lambda trial: numbers.WIDTHS[trial["size"]]),
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
    rows = _of_kind("speakers", ledger, run, edition, by=lambda trial: trial["seed"])
    caption = "Speaker recognisers; verified by cosine on what FC 1 gives"
    return table(columns, rows, caption=caption)


def absent(data: Data) -> HTML:
    """Show what is missing or odd in a page's own data, and experiments that they cannot run."""
    rows = [("clips", problem) for problem in data.problems]
    for name, reason in padi_data.missing(data).items():
        rows.append((name, f"not run on this page: {reason}"))
    heads = ("of this page's data", "")
    return html(heads, rows or [("nothing", "")], caption="What these data lack")


def silhouettes(ledger: Ledger, run: Ledger, *, edition: str = "demo") -> HTML:
    """Show how far pooled frames lie together by emotion and by speaker in each stage."""
    rows = []
    by_system = partial(_of_kind, by=lambda view: (numbers.system(view), view["seed"]))
    for view in by_system("views", ledger, run, edition):
        scores = view["book"].recorded.parts["silhouettes"]
        scores = scores[scores["trial"] == view["trial"]]
        for stage, group in scores.groupby("stage", sort=False):
            values = dict(zip(group["of"], group["silhouette"], strict=True))
            rows.append(view | {"stage": stage} | values)
    columns = [
        Column("clips of", lambda row: row["source"]),
        Column("system", numbers.system),
        Column("network", lambda row: numbers.WIDTHS[row["size"]]),
        Column("seed", lambda row: f"{row['seed']:.0f}"),
        Column("when", lambda row: f"{row['stage']} training"),
        Column("by emotion", lambda row: number(row.get("emotion"), "{:+.3f}")),
        Column("by speaker", lambda row: number(row.get("speaker"), "{:+.3f}")),
        Column("test clips", lambda row: f"{row['clips']:,.0f}"),
    ]
    caption = "Silhouettes of pooled frames; of one speaker there is none"
    return table(columns, rows, caption=caption)


def results(ledger: Ledger, run: Ledger, *, edition: str = "demo") -> HTML:
    """Table 3: printed rows, ours on IEMOCAP, and two unjudged: an analogue and this page's run."""
    first = EXPERIMENTS[0]
    recorded_first, this = (systems(book, (FULL,), experiment=first) for book in (ledger, run))
    analogue = recorded_first
    if analogue is not None and analogue.corpus == IEMOCAP:
        analogue = None

    def scores(chosen: numbers.Systems | None, cell: Printed) -> list[object]:
        if chosen is None or not numbers.proposed(cell):
            return [DASH, DASH]
        return [shown(level(chosen.trials[FULL], metric), 2) for metric in METRICS.values()]

    rows = []
    for name, cells in numbers.printed_by_row(ledger, "Table 3").items():
        title, system = name.split(" | ")
        cell = next(iter(cells.values()))
        ours = systems(ledger, (FULL,), experiment=experiment(cell))
        if ours is not None and ours.corpus != IEMOCAP:
            ours = None
        printed = [f"{cells[name].value:.2f}" if name in cells else DASH for name in METRICS]
        verdicts = [ledger.verdict(cells[name]) for name in METRICS if name in cells]
        verdict = tuple("; ".join(dict.fromkeys(words)) for words in zip(*verdicts, strict=True))
        row = [title, system, *printed, *scores(ours, cell), verdict]
        for chosen in (analogue, this):
            row += scores(chosen if experiment(cell) == first else None, cell)
        rows.append(tuple(row))
    titles = ["an analogue of exp1", this_run(edition)]
    if analogue is not None:
        titles[0] = f"{analogue.title}: {analogue.about}"
    if this is not None:
        titles[1] = f"{titles[1]}: {this.title}: {this.about}"
    heads = [("", "experiment"), ("", "system"), *(("printed", name) for name in METRICS)]
    heads += [*(("ours, IEMOCAP", name) for name in METRICS), ("ours, IEMOCAP", "verdict")]
    heads += [(title, name) for title in titles for name in METRICS]
    caption = f"Table 3, %; {INTERVALS}; an analogue stands beside and judges nothing"
    return html(heads, rows, caption=caption)


def folds(ledger: Ledger, *, row: str = FULL) -> HTML:
    """Show UA and WA of each fold, the mean over seeds, and their mean and deviation."""
    rows = [
        line._replace(more=score) for line in numbers.lines(ledger, (row,)) for score in METRICS
    ]

    def by_fold(line: Line) -> dict[int, float]:
        return numbers.by_fold(line.trials, METRICS[line.more])

    def fold(line: Line, *, at: int) -> str:
        return number(by_fold(line).get(at), "{:.2f}")

    def mean(line: Line) -> str:
        return number(np.mean([*by_fold(line).values()]), "{:.2f}")

    columns = [SCORED, SPLIT, TRAINING, Column("score, %", lambda line: line.more)]
    columns += [Column(("fold", str(at + 1)), partial(fold, at=at)) for at in range(5)]
    columns.append(Column(("over folds", "mean"), mean))
    title = ("over folds", "standard deviation")
    columns.append(Column(title, lambda line: _deviation([*by_fold(line).values()])))
    return table(columns, rows, caption=f"{row} by fold")


def per_class(ledger: Ledger) -> HTML:
    """Show the recall of each class by system, with the class that it is most taken for."""

    def recall(line: Line, *, at: int) -> object:
        names, matrix = CLASSES[line.systems.experiment], line.trials.confusion()
        share = number(100 * recalls(matrix)[at], "{:.1f}")
        wrong = np.where(np.arange(len(names)) == at, 0, matrix[at])
        if share == DASH or not wrong.any():
            return share
        return share, f"[{names[wrong.argmax()]} {wrong.max() / matrix[at].sum():.0%}]"

    names = ("angry", "happy or excited", "neutral", "sad")
    columns = [SCORED, Column("system", lambda line: line.name), TRAINING]
    columns += [Column(name, partial(recall, at=at)) for at, name in enumerate(names)]
    caption = "Recall in %, speakers left out; in brackets the most frequent wrong answer"
    return table(columns, numbers.lines(ledger, EIGHT, [APART]), caption=caption)


def grid(
    ledger: Ledger, run: Ledger | None = None, *, protocol: str = APART, edition: str = "demo"
) -> HTML:
    """Show Figure 4's systems under a protocol: WA and UA, deviation over trainings, updates."""
    rows = [line._replace(more="real speech") for line in numbers.lines(ledger, EIGHT, [protocol])]
    if run is not None:
        rows += [
            line._replace(more=this_run(edition)) for line in numbers.lines(run, EIGHT, [protocol])
        ]
    columns = [
        Column("clips of", lambda line: line.more),
        Column("scored, and how trained", lambda line: (line.systems.title, line.systems.base)),
        Column("TL, Aug, SP", lambda line: line.name),
        *SCORES,
        Column(
            ("%", "WA, sd over folds and seeds"),
            lambda line: _deviation(numbers.by_run(line.trials)),
        ),
        Column("folds", lambda line: line.systems.folds),
        Column("seeds", lambda line: line.systems.seeds),
        Column("speakers", lambda line: line.systems.speakers),
        Column("updates", lambda line: f"{line.trials.table['steps'].mean():,.0f}"),
    ]
    caption = f"The grid, {numbers.SPLIT_TITLES[protocol]}; {INTERVALS}"
    if protocol == numbers.CLIPS:
        caption += "; the paper does not say that its ablation is split so"
    return table(columns, rows, caption=caption)


def effects(ledger: Ledger) -> HTML:
    """Show the main effects of the grid and the differences that the paper's order takes."""
    rows = []
    for line in numbers.lines(ledger, EIGHT):
        if line.name == EIGHT[0] and len(line.systems.trials) == len(EIGHT):
            for score in ("WA", "UA"):
                effects = line.systems.effects(METRICS[score])
                rows.append(line._replace(name=score, more=effects))

    def points(line: Line, *, name: str) -> object:
        return shown(line.more[name], 2, signed=True)

    def doubt(line: Line) -> str:
        reason = line.more[FACTORS[0]].doubt
        return f"not judged: {reason}" if reason else ""

    columns = [
        Column("scored, and how trained", lambda line: (line.systems.title, line.systems.about)),
        SPLIT,
        Column("points of", lambda line: line.name),
    ]
    groups = {"main effect": FACTORS, "difference": [" - ".join(pair) for pair in DIFFERENCES]}
    for group, names in groups.items():
        columns += [Column((group, name), partial(points, name=name)) for name in names]
    columns.append(Column("", doubt))
    caption = f"With less without, over both states of the others; {INTERVALS}"
    return table(columns, rows, caption=caption)


def beside(ledger: Ledger, group: str) -> HTML:
    """Show the rows of a group beside the grid, and each less the system that it changes."""
    rows = []
    for row in study.GROUPS[group]:
        for name in EXPERIMENTS:
            pair = systems(ledger, (row.name, row.cell), experiment=name)
            if pair is not None:
                rows.append(Line(pair, row.name, numbers.SPLIT_TITLES[APART], row.cell))

    def other(line: Line, *, metric: str) -> object:
        return _score(line, metric, line.more)

    def less(line: Line, *, metric: str) -> object:
        return shown(line.systems.less(line.name, line.more, metric), 2, signed=True)

    columns = [SCORED, ROW, *SCORES, Column("beside", lambda line: line.more)]
    for title, value in (("its %", other), ("less it, points", less)):
        for name in ("WA", "UA"):
            columns.append(Column((title, name), partial(value, metric=METRICS[name])))
    caption = f"{group.capitalize()}, speakers left out; {INTERVALS}; {JUDGED}"
    return table([*columns, TRAINING], rows, caption=caption)


def encoder(ledger: Ledger) -> HTML:
    """Show the pretrained speaker encoder's rows: no level of transfer, a source of its own."""
    trials = ledger.recorded.kind("campplus")
    names = []
    if len(trials):
        arranged = ledger.paper.arranged(trials)
        names = arranged.loc[arranged["control"] == "none", "row"].drop_duplicates()
    rows = [line for name in names for line in numbers.recorded_as(ledger, name)]
    columns = [SCORED, ROW, SPLIT]
    for name in ("WA", "UA"):
        columns.append(Column(f"{name}, %", partial(_score, metric=METRICS[name])))
    caption = f"A pretrained speaker encoder with our pooling and layers; {INTERVALS}"
    return table([*columns, TRAINING], rows, caption=caption)


def controls(ledger: Ledger) -> HTML:
    """Show systems trained on shuffled labels, beside the same on true ones."""
    rows = []
    for name, control in dict.fromkeys((row, control) for row, _, control in ledger.controls()):
        plain = {line.split: line for line in numbers.recorded_as(ledger, name)}
        for line in numbers.recorded_as(ledger, name, control):
            rows.append(line._replace(more=(control, plain.get(line.split))))

    def without(line: Line) -> object:
        plain = line.more[1]
        return DASH if plain is None else _score(plain, UA)

    columns = [
        SCORED,
        ROW,
        Column("control", lambda line: line.more[0]),
        SPLIT,
        Column("UA, %", lambda line: _score(line, UA)),
        Column("UA without it, %", without),
        TRAINING,
    ]
    return table(columns, rows, caption="Controls; guessing has a UA of 25 %")


def _of_kind(
    kind: str, ledger: Ledger, run: Ledger, edition: str, *, by: Callable[[dict], Any]
) -> list[dict]:
    """Return the trials of a kind that are recorded, then this page's own, each of them sorted."""
    trials = []
    for source, book in (("real speech", ledger), (this_run(edition), run)):
        for trial in sorted(book.recorded.kind(kind).to_dict("records"), key=by):
            trials.append(trial | {"source": source, "book": book})
    return trials


def _score(line: Line, metric: str, name: str = "") -> object:
    """Show the score of a line's system, or of another of the same training."""
    return shown(level(line.systems.trials[name or line.name], metric), 2)


def _deviation(values: Sequence[float]) -> str:
    return number(float(np.std(values, ddof=1)) if len(values) > 1 else None, "{:.2f}")
