"""Tables of chapter 4's data and networks: policies, classes, layers, speaker recognisers. Its results: ``padi_results``."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from IPython.display import HTML
from torch import nn

from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.models import resnet
from sercore.models.resnet import ResNet34
from sercore.papers.padi2021 import data as padi_data
from sercore.papers.padi2021 import rows as padi_rows
from sercore.papers.padi2021 import study as padi
from sercore.papers.padi2021.clips import Data
from sercore.papers.padi2021.data import ORIGINS
from sercore.papers.padi2021.hours import Cost
from sercore.papers.padi2021.numbers import IEMOCAP, NAMES, WIDTHS, experiment, policy, system
from sercore.report.tables import NONE, html, number, this_run
from sercore.training.chunks import LENGTHS

DASH = "–"


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
    measured, on = recorded.measurements(ledger.paper), recorded.measured_on(ledger.paper)
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


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _weights(*modules: nn.Module) -> int:
    return sum(weight.numel() for module in modules for weight in module.parameters())
