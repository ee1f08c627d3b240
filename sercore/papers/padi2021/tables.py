"""Tables of chapter 4: data and networks, Table 3 and folds, the grid and its main effects, what is asked beside it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from IPython.display import HTML
from torch import nn

from sercore.evaluation.effects import DIFFERENCES, FACTORS
from sercore.evaluation.metrics import recalls
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import Estimate, level
from sercore.ledger.scores import Trials
from sercore.models import resnet
from sercore.models.resnet import ResNet34
from sercore.papers.padi2021 import data as padi_data
from sercore.papers.padi2021 import evidence
from sercore.papers.padi2021 import rows as padi_rows
from sercore.papers.padi2021 import study as padi
from sercore.papers.padi2021.clips import Data
from sercore.papers.padi2021.data import ORIGINS
from sercore.papers.padi2021.evidence import Systems, alike, systems
from sercore.papers.padi2021.grid import GRID, GROUPS
from sercore.papers.padi2021.hours import Cost
from sercore.papers.padi2021.numbers import APART, CLIPS, IEMOCAP, NAMES, UA, WA, WIDTHS, experiment, policy, proposed, system
from sercore.report.tables import NONE, html, number, shown, this_run
from sercore.training.chunks import LENGTHS

DASH = "–"
FULL = padi.FULL.name
EIGHT = tuple(row.name for row in GRID)
METRICS = {"UA": UA, "WA": WA}
PROTOCOLS = {APART: "speakers left out", CLIPS: "clips split at random"}
INTERVALS = "in brackets 95 %, where the mean would lie with other speakers and seeds"
JUDGED = "a difference is judged on five seeds of finished trainings, on fewer shown alone"


def policies(ledger: Ledger) -> HTML:
    """Table 1: each policy as printed and as ours, and the widest mask in time that its cap leaves of a chunk."""
    cells: dict[str, dict[str, tuple[float, float]]] = {}
    for each in (one for one in ledger.printed if one.table == "Table 1"):
        cells.setdefault(each.row, {})[each.column] = (float(each.value), policy(each))
    columns = list(dict.fromkeys(name for found in cells.values() for name in found))
    rows = []
    for name, found in cells.items():
        pairs = [f"{value:g}" for column in columns for value in found[column]] if len(found) == len(columns) else None
        pairs = pairs or [f"{value:g}" for column in found for value in found[column]] + [DASH] * 2 * (len(columns) - len(found))
        width, share = found["W"][1], found["p"][1] if "p" in found else 0
        rows.append((name, *pairs, *(f"{min(width, share * length):g}" for length in LENGTHS)))
    heads = [("", "policy"), *((column, source) for column in columns for source in ("printed", "ours"))]
    heads += [("widest mask in time, of a chunk of", f"{length} frames") for length in LENGTHS]
    return html(heads, rows, caption="Table 1: masks; F in mel bands, W in frames, p of the chunk, N masks of each kind")


def classes(ledger: Ledger) -> HTML:
    """Table 2: printed segments, those measured on IEMOCAP, and the clips of the corpus that stands in, which judge nothing."""
    measured, on = recorded.measurements(ledger.paper.name), recorded.measured_on(ledger.paper.name)
    there = IEMOCAP in on
    stands = [ORIGINS[name] for name in on if name in ORIGINS and name not in (IEMOCAP, "voxceleb")] if not there else []
    rows = []
    for each in (one for one in ledger.printed if one.table == "Table 2"):
        reason = ledger.verdict(each)[1]
        ours = measured.get(f"{experiment(each)} / {NAMES.get(each.column, each.column.lower())} / clips")
        analogue = ours if stands and experiment(each) == padi.EXPERIMENTS[0] else None
        own = number(ours if there else None, "{:,.0f}")
        rows.append((each.row, each.column, f"{each.value:,.0f}", (own, reason), number(analogue, "{:,.0f}")))
    heads = [("", "experiment"), ("", "class"), ("IEMOCAP", "printed"), ("IEMOCAP", "measured")]
    heads.append(("analogue of Exp 1", ", ".join(stands) or DASH))
    return html(heads, rows, caption="Table 2: segments of each class")


def layers(*, classes: int = 4, frames: int = LENGTHS[-1]) -> HTML:
    """The network by part, in its published size: output for a chunk, and parameters as built.

    Args:
        classes: emotions, or speakers (default 4).
        frames: of the chunk (default 300).
    """
    with torch.device("meta"):
        network, chunk = ResNet34(classes).eval(), torch.empty(1, frames, resnet.SIZES.bands)
    head, sizes = network.head, network.sizes
    shapes: dict[str, str] = {}

    def note(name: str) -> Callable:
        def hook(part: nn.Module, given: object, output: torch.Tensor) -> None:
            shapes[name] = " × ".join(map(str, output.shape[1:]))

        return hook

    blocks = [f"{many} basic blocks, {wide} channels" for many, wide in zip(sizes.blocks, sizes.channels, strict=True)]
    parts: list[tuple[str, str, nn.Module, Sequence[nn.Module]]] = [
        ("stem", "convolution 3 × 3, batch norm, PReLU", network.backbone.stem, [network.backbone.stem]),
        *(
            (f"stage {at}", told, stage[-1], [stage])
            for at, (told, stage) in enumerate(zip(blocks, network.backbone.stages, strict=True), 1)
        ),
        ("FC 1", "linear, batch norm, PReLU", head.full, [head.full, head.norm, head.act]),
        ("FC 2", "linear", head.output, [head.output]),
    ]
    hooks = [watched.register_forward_hook(note(name)) for name, _, watched, _ in parts]
    with torch.inference_mode():
        pooled = network.pooled(chunk)
        network(chunk)
    for hook in hooks:
        hook.remove()
    rows = [(name, told, shapes[name], f"{_weights(*modules):,}") for name, told, _, modules in parts]
    rows.insert(len(rows) - 2, ("pooling", "mean and standard deviation over time", " × ".join(map(str, pooled.shape[1:])), "0"))
    rows.append(("all", type(network).__name__, "", f"{_weights(network):,}"))
    return html(("part", "what", f"output of {frames} frames", "parameters"), rows, caption=f"The network for {classes} classes")


def readings() -> HTML:
    """Parameters of the network in its widths and with each pooling, for the four classes."""
    rows = []
    for width in ("published", "narrow"):
        cells = []
        for pooling in ("statistics", "mean", "flatten"):
            with torch.device("meta"):
                network = ResNet34(4, replace(padi_rows.SIZES[width], pooling=pooling))
            cells.append(f"{_weights(network):,}")
        rows.append((WIDTHS[width], *cells))
    heads = ("", "statistics pooling", "mean alone", "no pooling, fixed length")
    return html(heads, rows, caption="Parameters by width and pooling")


def speakers(ledger: Ledger, run: Ledger, *, edition: str = "demo") -> HTML:
    """Speaker recognisers: what they learnt, how well, and equal error rates on speakers never met, beside no training.

    Args:
        ledger: of paper 04.
        run: this page's own trials.
        edition: of this page's own run (default "demo"); a demo's values are named synthetic.
    """
    rows = []
    for source, each in (("real speech", ledger), (this_run(edition), run)):
        for found in sorted(each.recorded.kind("speakers").to_dict("records"), key=lambda trial: trial["seed"]):
            corpora = ", ".join(ORIGINS.get(name, name.upper()) for name in each.recorded.runs[found["run"]]["corpora"])
            rows.append(
                (
                    source,
                    corpora or DASH,
                    f"{found['augmentation']}, {found['pooling']}",
                    WIDTHS[found["size"]],
                    f"{found['seed']:.0f}",
                    f"{found['taught_speakers']:,.0f}",
                    f"{found['training_clips']:,.0f}",
                    f"{found['epochs']:.0f}",
                    f"{found['steps']:,.0f}",
                    f"{100 * found['accuracy']:.1f}",
                    f"{100 * found['equal_error_rate']:.2f}",
                    f"{100 * found['equal_error_rate_untrained']:.2f}",
                    f"{found['pairs']:,.0f}",
                )
            )
    heads = [("", "clips of"), ("", "corpora"), ("", "masks, pooling"), ("", "network"), ("", "seed")]
    heads += [*(("learnt", name) for name in ("speakers", "clips", "epochs", "updates")), ("", "accuracy in training, %")]
    heads += [("equal error rate, other speakers, %", name) for name in ("trained", "untrained", "pairs")]
    return html(heads, rows or NONE, caption="Speaker recognisers; verified by cosine on what FC 1 gives")


def absent(data: Data) -> HTML:
    """What is missing or odd in a page's own data, and experiments that they cannot run, with the reason.

    Args:
        data: that its trainings read.
    """
    rows = [("clips", problem) for problem in data.problems]
    rows += [(name, f"not run on this page: {why}") for name, why in padi_data.missing(data).items()]
    return html(("of this page's data", ""), rows or [("nothing", "")], caption="What these data lack")


def silhouettes(ledger: Ledger, run: Ledger, *, edition: str = "demo") -> HTML:
    """How far pooled frames lie together by emotion and by speaker, before and after the second stage: -1 to 1.

    Args:
        ledger: of paper 04.
        run: this page's own trials.
        edition: of this page's own run (default "demo"); a demo's values are named synthetic.
    """
    rows = []
    for source, book in (("real speech", ledger), (this_run(edition), run)):
        found = book.recorded.parts["silhouettes"]
        views = [(system(each), each) for each in book.recorded.kind("views").to_dict("records")]
        for name, each in sorted(views, key=lambda view: (view[0], view[1]["seed"])):
            for stage, own in found[found["trial"] == each["trial"]].groupby("stage", sort=False):
                values = dict(zip(own["of"], own["silhouette"], strict=True))
                told = (number(values.get(what), "{:+.3f}") for what in ("emotion", "speaker"))
                about = (source, name, WIDTHS[each["size"]], f"{each['seed']:.0f}", f"{stage} training")
                rows.append((*about, *told, f"{each['clips']:,.0f}"))
    heads = ("clips of", "system", "network", "seed", "when", "by emotion", "by speaker", "test clips")
    return html(heads, rows or NONE, caption="Silhouettes of pooled frames; of one speaker there is none")


def hours(ledger: Ledger) -> HTML:
    """Hours that the paper's edition takes by single steps that were timed, part by part, and what reading a clip takes.

    Args:
        ledger: of paper 04.
    """
    costs = ledger.recorded.parts["costs"]
    rows = []
    for each in ledger.recorded.kind("hours").to_dict("records"):
        device = ledger.recorded.runs[each["run"]]["device"]
        found = [Cost(*values) for values in costs.loc[costs["trial"] == each["trial"], ["what", "steps", "seconds"]].to_numpy()]
        for cost in (*found, Cost("in all", sum(one.steps for one in found), float("nan"))):
            total = sum(one.hours for one in found) if cost.what == "in all" else cost.hours
            rows.append((device, cost.what, f"{cost.steps:,.0f}", number(_finite(cost.seconds), "{:.3f}"), f"{total:,.1f}"))
        reading = (each["reading"] + each["spectrogram"]) / each["duration"]
        rows.append((device, "reading and spectrogram, of a second of audio on one core", "", f"{reading:.4f}", ""))
    heads = ("device", "what", "steps", "seconds a step", "hours")
    caption = (
        "The paper's edition: 1.2 million clips of VoxCeleb, the grid in three experiments, five folds, three seeds, 20 epochs each"
    )
    return html(heads, rows or NONE, caption=caption)


def results(ledger: Ledger, run: Ledger, *, edition: str = "demo") -> HTML:
    """Table 3: every printed row, ours on IEMOCAP, the recorded analogue of Exp 1 and this page's own run, these two unjudged.

    Args:
        ledger: of paper 04.
        run: this page's own trials.
        edition: of this page's own run (default "demo"); a demo's values are named synthetic.
    """
    printed: dict[tuple[str, str], dict[str, object]] = {}
    for each in (one for one in ledger.printed if one.table == "Table 3"):
        printed.setdefault(tuple(each.row.split(" | ")), {})[each.column] = each
    sources = {name: _full(book, name) for name, book in (("analogue", ledger), ("run", run))}
    rows = []
    for (title, printed_system), found in printed.items():
        first = next(iter(found.values()))
        own = proposed(first)
        recorded = [_iemocap(ledger, experiment(first), name) if own else DASH for name in METRICS]
        verdicts = [ledger.verdict(found[name]) for name in METRICS if name in found]
        reason = tuple("; ".join(dict.fromkeys(each)) for each in zip(*verdicts, strict=True))
        beside = [
            _interval(sources[kind], name) if own and experiment(first) == padi.EXPERIMENTS[0] else DASH
            for kind in sources
            for name in METRICS
        ]
        values = [f"{found[name].value:.2f}" if name in found else DASH for name in METRICS]
        rows.append((title, printed_system, *values, *recorded, reason, *beside))
    heads = [("", "experiment"), ("", "system"), *(("printed", name) for name in METRICS)]
    heads += [*(("ours, IEMOCAP", name) for name in METRICS), ("ours, IEMOCAP", "verdict")]
    titles = {"analogue": _titled(sources["analogue"], "an analogue of exp1"), "run": _titled(sources["run"], this_run(edition))}
    titles["run"] = titles["run"] if titles["run"].startswith("this run") else f"{this_run(edition)}: {titles['run']}"
    heads += [(titles[kind], name) for kind in sources for name in METRICS]
    return html(heads, rows, caption=f"Table 3, %; {INTERVALS}; an analogue stands beside and judges nothing")


def folds(ledger: Ledger, *, row: str = FULL) -> HTML:
    """UA and WA of each fold, the mean over seeds, with mean and standard deviation over folds.

    Args:
        ledger: of paper 04, or a page's own run.
        row: of which system (default the whole one).
    """
    rows = []
    for protocol, told in PROTOCOLS.items():
        for found in _alike(ledger, (row,), protocol):
            for name, metric in METRICS.items():
                values = evidence.by_fold(found.trials[row], metric)
                spread = _spread([*values.values()])
                by_fold = [_number(values.get(fold)) for fold in range(5)]
                rows.append((found.title, told, found.about, name, *by_fold, _number(np.mean([*values.values()])), spread))
    heads = [("", "scored"), ("", "split"), ("", "training"), ("", "score, %")]
    heads += [*(("fold", str(fold + 1)) for fold in range(5)), ("over folds", "mean"), ("over folds", "standard deviation")]
    return html(heads, rows or NONE, caption=f"{row} by fold")


def per_class(ledger: Ledger) -> HTML:
    """Recall of each class by system, the answers of all folds and seeds together, with the class it is most taken for."""
    rows = []
    for name in padi.EXPERIMENTS:
        for found in alike(ledger, EIGHT, experiment=name):
            for row, trials in found.trials.items():
                matrix, names = trials.confusion(), padi.CLASSES[name]
                rows.append((found.title, row, found.about, *(_recall(matrix, at, names) for at in range(len(names)))))
    heads = ("scored", "system", "training", "angry", "happy or excited", "neutral", "sad")
    return html(heads, rows or NONE, caption="Recall in %, speakers left out; in brackets the most frequent wrong answer")


def grid(ledger: Ledger, run: Ledger | None = None, *, protocol: str = APART, edition: str = "demo") -> HTML:
    """Figure 4's systems: WA and UA with intervals over speakers, standard deviation over trainings, updates; all trained alike.

    Args:
        ledger: of paper 04.
        run: this page's own trials (default: none).
        protocol: "speakers-apart" (default) or "clips".
        edition: of this page's own run (default "demo"); a demo's values are named synthetic.
    """
    rows = []
    for source, book in (("real speech", ledger), (this_run(edition), run)):
        for name in padi.EXPERIMENTS if book is not None else ():
            for found in alike(book, EIGHT, experiment=name, protocol=protocol):
                rows += [(source, *_row(found, row)) for row in found.trials]
    heads = [("", "clips of"), ("", "scored, and how trained"), ("", "TL, Aug, SP"), ("%", "WA"), ("%", "UA")]
    heads += [("%", "WA, sd over folds and seeds"), ("", "folds"), ("", "seeds"), ("", "speakers"), ("", "updates")]
    caption = f"The grid, {PROTOCOLS[protocol]}; {INTERVALS}"
    told = "; the paper does not say that its ablation is split so" if protocol == CLIPS else ""
    return html(heads, rows or NONE, caption=f"{caption}{told}")


def effects(ledger: Ledger) -> HTML:
    """Main effects of the grid in WA and UA, and the differences that the paper's order takes; of all ways of training it."""
    rows = []
    names = (*FACTORS, *(f"{one} - {other}" for one, other in DIFFERENCES))
    for protocol, told in PROTOCOLS.items():
        for found in (each for each in _alike(ledger, EIGHT, protocol) if len(each.trials) == len(EIGHT)):
            for score, metric in (("WA", WA), ("UA", UA)):
                effect = evidence.effects(found, metric)
                doubt = effect[names[0]].doubt
                points = [_signed(effect[name]) for name in names]
                rows.append(((found.title, found.about), told, score, *points, f"not judged: {doubt}" if doubt else ""))
    heads = [("", "scored, and how trained"), ("", "split"), ("", "points of")]
    heads += [*(("main effect", name) for name in FACTORS), *(("difference", name) for name in names[len(FACTORS) :]), ("", "")]
    return html(heads, rows or NONE, caption=f"With less without, over both states of the others; {INTERVALS}")


def beside(ledger: Ledger, group: str) -> HTML:
    """What is asked beside the grid: each row, and its difference to the system that it changes one thing of.

    Args:
        ledger: of paper 04, or a page's own run.
        group: "finetune", "pooling", "policies", "inputs" or "parts".
    """
    rows = []
    for row in GROUPS[group]:
        for found in _each(ledger, (row.name, row.cell), APART):
            own = [_told(found.trials[name], metric) for name in (row.name, row.cell) for metric in (WA, UA)]
            gaps = [_signed(found.less(row.name, row.cell, metric)) for metric in (WA, UA)]
            rows.append((found.title, row.name, *own[:2], row.cell, *own[2:], *gaps, found.about))
    heads = [("", "scored"), ("", "row"), ("%", "WA"), ("%", "UA"), ("", "beside"), ("its %", "WA"), ("its %", "UA")]
    heads += [("less it, points", "WA"), ("less it, points", "UA"), ("", "training")]
    caption = f"{group.capitalize()}, speakers left out; {INTERVALS}; {JUDGED}"
    return html(heads, rows or NONE, caption=caption)


def encoder(ledger: Ledger) -> HTML:
    """The pretrained speaker encoder's rows, of the recorded run that holds them: no level of transfer, a source of its own."""
    chosen = ledger.recorded.kind("campplus")
    there = ledger.paper.arranged(chosen) if len(chosen) else chosen
    names = there.loc[there["control"] == "none", "row"].drop_duplicates() if len(there) else ()
    rows = []
    for name, _, encoded in (row.partition(" ") for row in names):
        for protocol in PROTOCOLS:
            found = systems(ledger, (encoded,), experiment=name, protocol=protocol)
            if found is not None:
                own = [_told(found.trials[encoded], metric) for metric in (WA, UA)]
                rows.append((found.title, encoded, PROTOCOLS[protocol], *own, found.about))
    heads = ("scored", "row", "split", "WA, %", "UA, %", "training")
    return html(heads, rows or NONE, caption=f"A pretrained speaker encoder with our pooling and layers; {INTERVALS}")


def controls(ledger: Ledger) -> HTML:
    """Systems trained on shuffled labels, beside the same on true ones."""
    rows = []
    for row, _, control in dict.fromkeys((row, "", control) for row, _, control in ledger.controls()):
        name, _, shuffled = row.partition(" ")
        for protocol, told in PROTOCOLS.items():
            pair = [systems(ledger, (shuffled,), experiment=name, protocol=protocol, control=each) for each in (control, "none")]
            if pair[0] is not None:
                own = [_told(each.trials[shuffled], UA) if each else DASH for each in pair]
                rows.append((pair[0].title, shuffled, control, told, *own, pair[0].about))
    heads = ("scored", "row", "control", "split", "UA, %", "UA without it, %", "training")
    return html(heads, rows or NONE, caption="Controls; guessing has a UA of 25 %")


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _weights(*modules: nn.Module) -> int:
    return sum(weight.numel() for module in modules for weight in module.parameters())


def _row(found: Systems, name: str) -> tuple:
    trials = found.trials[name]
    runs = [value for seed in trials.seeds for value in evidence.by_fold(trials.sown([seed])).values()]
    own = [_told(trials, metric) for metric in (WA, UA)]
    updates = f"{trials.table['steps'].mean():,.0f}"
    return ((found.title, found.base), name, *own, _spread(runs), found.folds, found.seeds, found.speakers, updates)


def _each(ledger: Ledger, rows: tuple[str, ...], protocol: str) -> list[Systems]:
    found = [systems(ledger, rows, experiment=name, protocol=protocol) for name in padi.EXPERIMENTS]
    return [each for each in found if each is not None]


def _alike(ledger: Ledger, rows: tuple[str, ...], protocol: str) -> list[Systems]:
    return [each for name in padi.EXPERIMENTS for each in alike(ledger, rows, experiment=name, protocol=protocol)]


def _full(book: Ledger, kind: str) -> Systems | None:
    """The whole system under Exp 1; of the recorded ones no IEMOCAP, which has columns of its own."""
    found = systems(book, (FULL,), experiment=padi.EXPERIMENTS[0])
    return None if found is None or (kind == "analogue" and found.corpus == IEMOCAP) else found


def _iemocap(ledger: Ledger, name: str, metric: str) -> object:
    found = systems(ledger, (FULL,), experiment=name)
    return _interval(found, metric) if found is not None and found.corpus == IEMOCAP else DASH


def _interval(found: Systems | None, name: str) -> object:
    return DASH if found is None else _told(found.trials[FULL], METRICS[name])


def _titled(found: Systems | None, absent: str) -> str:
    return absent if found is None else f"{found.title}: {found.about}"


def _recall(matrix: np.ndarray, at: int, names: Sequence[str]) -> object:
    value = recalls(matrix)[at]
    if not np.isfinite(value):
        return DASH
    wrong = np.where(np.arange(len(names)) == at, 0, matrix[at])
    if not wrong.any():
        return f"{100 * value:.1f}"
    return (f"{100 * value:.1f}", f"[{names[wrong.argmax()]} {wrong.max() / matrix[at].sum():.0%}]")


def _told(trials: Trials, metric: str) -> object:
    return shown(level(trials, metric), 2)


def _signed(estimate: Estimate) -> object:
    return shown(estimate, 2, signed=True)


def _spread(values: Sequence[float]) -> str:
    return _number(float(np.std(values, ddof=1)) if len(values) > 1 else None)


def _number(value: float | None) -> str:
    return DASH if value is None or not np.isfinite(value) else f"{value:.2f}"
