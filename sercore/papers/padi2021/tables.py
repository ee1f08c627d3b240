"""Tables of chapter 4: data and networks, Table 3 and folds, the grid and what stands beside it.

In all of them ``ledger`` is the paper's, with recorded trials or with those that a page has just run.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from IPython.display import HTML

from sercore.evaluation.estimates import level
from sercore.evaluation.metrics import DIFFERENCES, FACTORS, recalls
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.models.counts import parameters
from sercore.models.resnet import ResNet34
from sercore.papers.padi2021 import campplus, numbers, study
from sercore.papers.padi2021 import data as padi_data
from sercore.papers.padi2021.data import CLASSES, EXPERIMENTS, ORIGINS, VOXCELEB, Data
from sercore.papers.padi2021.numbers import APART, IEMOCAP, UA, WA, Systems, experiment, systems
from sercore.papers.padi2021.page import EFFECTS
from sercore.papers.padi2021.study import EIGHT
from sercore.papers.padi2021.trial import SIZES
from sercore.report.tables import DASH, NONE, html, number, shown, span
from sercore.training.chunks import LENGTHS

FULL = study.FULL.name
METRICS = {"WA": WA, "UA": UA}
ONCE = ("scored", "training", "split", "scored, and how trained", "sign")  # below, if all alike
LAYERS = {"frames_last": "last", "frames_middle": "middle", "embedding": DASH}  # of CAM++


def policies(ledger: Ledger) -> HTML:
    """Table 1: policies as printed and ours, and the widest mask that the cap leaves of a chunk."""
    printed = numbers.printed_by_row(ledger, "Table 1")
    names = list(dict.fromkeys(name for cells in printed.values() for name in cells))
    rows = []
    for policy, cells in printed.items():
        row = [policy]
        for name in names:
            values = [DASH, DASH]
            if name in cells:
                values = [f"{cells[name].value:g}", f"{numbers.policy(cells[name]):g}"]
            row += values
        share = numbers.policy(cells["p"]) if "p" in cells else 0
        widest = numbers.policy(cells["W"])
        rows.append([*row, *(f"{min(widest, share * length):g}" for length in LENGTHS)])
    heads = ["policy"]
    for name in names:
        heads += [(name, "printed"), (name, "ours")]
    heads += [("widest mask in time, of a chunk of", f"{length} frames") for length in LENGTHS]
    return html(heads, rows, caption="Table 1: masking policies", folded=True)


def classes(ledger: Ledger) -> HTML:
    """Table 2: printed segments, ours on IEMOCAP, and those of a corpus that stands in for it."""
    measured = recorded.measurements(ledger.paper.name)
    corpora = recorded.measured_on(ledger.paper.name)
    stand_ins = []
    if IEMOCAP not in corpora:
        stand_ins = [ORIGINS[name] for name in corpora if name in ORIGINS and name != VOXCELEB]
    rows = []
    for cell in (cell for cell in ledger.printed if cell.table == "Table 2"):
        on_iemocap = number(numbers.counted(cell)[0], "{:,.0f}")
        ours = number(measured.get(numbers.clips_of(cell)), "{:,.0f}")
        analogue = ours if stand_ins and experiment(cell) == EXPERIMENTS[0] else DASH
        beside = (on_iemocap, ledger.verdict(cell)[1])
        rows.append((cell.row, cell.column, f"{cell.value:,.0f}", beside, analogue))
    heads = ["experiment", "class", ("IEMOCAP", "printed"), ("IEMOCAP", "measured")]
    heads.append(("analogue of Exp 1", ", ".join(stand_ins) or DASH))
    return html(heads, rows or NONE, caption="Table 2: segments of each class")


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
    return html(heads, rows, caption="Parameters by width and pooling", folded=True)


def speakers(ledger: Ledger, *, folded: bool | None = None) -> HTML:
    """Show what speaker recognisers learnt, and their equal error rates beside no training."""
    trials = ledger.recorded.kind("speakers").to_dict("records")
    rows = []
    for trial in sorted(trials, key=lambda trial: trial["seed"]):
        corpora = ledger.recorded.runs[trial["run"]]["corpora"]
        learnt = ("taught_speakers", "training_clips", "epochs", "steps")
        names = ", ".join(ORIGINS.get(name, name.upper()) for name in corpora) or DASH
        row = [names, f"{trial['augmentation']}, {trial['pooling']}"]
        row += [numbers.WIDTHS[trial["size"]], f"{trial['seed']:.0f}"]
        row += [f"{trial[name]:,.0f}" for name in learnt]
        row.append(f"{100 * trial['accuracy']:.1f}")
        errors = [trial["equal_error_rate"], trial["equal_error_rate_untrained"]]
        rows.append([*row, *(f"{100 * error:.2f}" for error in errors), f"{trial['pairs']:,.0f}"])
    heads = ["corpora", "masks, pooling", "network", "seed"]
    heads += [("learnt", name) for name in ("speakers", "clips", "epochs", "updates")]
    heads.append("accuracy in training, %")
    error = "equal error rate, other speakers, %"
    heads += [(error, name) for name in ("trained", "untrained", "pairs")]
    return html(heads, rows or NONE, caption=f"Speaker recognisers, {ledger.source}", folded=folded)


def absent(data: Data) -> HTML:
    """Show what is missing or odd in a page's own data, and experiments that they cannot run."""
    rows = [("clips", problem) for problem in data.problems]
    for name, reason in padi_data.missing(data).items():
        rows.append((name, f"not run on this page: {reason}"))
    heads = ("what", "problem")
    caption = "What the data of this page lack"
    return html(heads, rows, caption=caption, folded=True) if rows else HTML("")


def silhouettes(ledger: Ledger, *, folded: bool | None = None) -> HTML:
    """Show how far pooled frames lie together by emotion and by speaker in each stage."""
    views = ledger.recorded.kind("views").to_dict("records")
    silhouettes = ledger.recorded.parts["silhouettes"]
    rows = []
    for view in sorted(views, key=lambda view: (numbers.system(view), view["seed"])):
        scores = silhouettes[silhouettes["trial"] == view["trial"]]
        network = (numbers.system(view), numbers.WIDTHS[view["size"]], f"{view['seed']:.0f}")
        for stage, group in scores.groupby("stage", sort=False):
            values = dict(zip(group["of"], group["silhouette"], strict=True))
            texts = [number(values.get(name), "{:+.3f}") for name in ("emotion", "speaker")]
            clips = f"{view['clips']:,.0f}"
            rows.append((*network, f"{stage} training", *texts, clips))
    heads = ("system", "network", "seed", "when", "by emotion", "by speaker", "test clips")
    return html(
        heads, rows or NONE, caption=f"Silhouettes of pooled frames, {ledger.source}", folded=folded
    )


def results(ledger: Ledger) -> HTML:
    """Table 3: printed rows, ours on IEMOCAP with the verdict, and another corpus, not judged."""
    first, corpus = EXPERIMENTS[0], ""
    rows = []
    for name, cells in numbers.printed_by_row(ledger, "Table 3").items():
        title, system = name.split(" | ")
        cell = next(iter(cells.values()))
        scores = {IEMOCAP: [DASH, DASH], "": [DASH, DASH]}
        ours = systems(ledger, (FULL,), experiment=experiment(cell))
        if ours is not None and numbers.proposed(cell):
            place = IEMOCAP if ours.corpus == IEMOCAP else ""
            if place or experiment(cell) == first:
                scores[place] = _scores(ours, FULL)
                corpus = corpus or ours.title
        printed = [f"{cells[name].value:.2f}" if name in cells else DASH for name in METRICS]
        verdicts = [ledger.judged(cells[name]) for name in METRICS if name in cells]
        verdict = tuple("; ".join(dict.fromkeys(words)) for words in zip(*verdicts, strict=True))
        rows.append((title, system, *printed, *scores[IEMOCAP], *scores[""], verdict))
    heads = ["experiment", "system"]
    for place in ("printed", "ours, IEMOCAP", f"ours, {corpus}"):
        heads += [(place, name) for name in METRICS]
    caption = f"Table 3 in %, printed and {ledger.source}"
    return html([*heads, "verdict"], rows, caption=caption)


def folds(ledger: Ledger, *, row: str = FULL) -> HTML:
    """Show UA and WA of each fold, the mean over seeds, and their mean and deviation."""
    rows = []
    for way in numbers.ways(ledger, (row,)):
        for name, metric in METRICS.items():
            scores = numbers.by_fold(way.trials[row], metric)
            by_place = [number(scores.get(fold), "{:.2f}") for fold in range(5)]
            values = [*scores.values()]
            mean, deviation = number(np.mean(values), "{:.2f}"), _deviation(values)
            rows.append((way.title, way.split, way.about, name, *by_place, mean, deviation))
    heads = ["scored", "split", "training", "score, %"]
    heads += [("fold", str(fold)) for fold in range(1, 6)]
    heads += [("over folds", "mean"), ("over folds", "standard deviation")]
    return html(heads, rows or NONE, caption=f"System {row} by fold", folded=True, once=ONCE)


def per_class(ledger: Ledger) -> HTML:
    """Show the recall of each class by system, with the class that it is most taken for."""
    rows = []
    for way in numbers.ways(ledger, EIGHT, [APART]):
        names = CLASSES[way.experiment]
        for system, trials in way.trials.items():
            matrix = trials.confusion()
            row = [way.title, system, way.about]
            for at, recall in enumerate(recalls(matrix)):
                cell = number(100 * recall, "{:.1f}")
                wrong = np.where(np.arange(len(names)) == at, 0, matrix[at])
                if wrong.any():
                    share = wrong.max() / matrix[at].sum()
                    cell = (cell, f"[{names[wrong.argmax()]} {share:.0%}]")
                row.append(cell)
            rows.append(row)
    heads = ("scored", "system", "training", "angry", "happy or excited", "neutral", "sad")
    caption = "Recall of each class in %, and the most frequent wrong answer"
    return html(heads, rows or NONE, caption=caption, once=ONCE)


def grid(ledger: Ledger, *, folded: bool | None = None) -> HTML:
    """Show Figure 4's systems by split: WA and UA, deviation over trainings, updates."""
    rows: list[tuple] = []
    for protocol, split in numbers.SPLIT_TITLES.items():
        for way in numbers.ways(ledger, EIGHT, [protocol]):
            for name, trials in way.trials.items():
                scores = (*_scores(way, name), _deviation(numbers.by_run(trials)))
                speakers = trials.counts["group"].nunique()
                updates = f"{trials.table['steps'].mean():,.0f}"
                counts = (way.folds, way.seeds, speakers, updates)
                rows.append(((way.title, way.base), split, name, *scores, *counts))
    heads = ["scored, and how trained", "split", "transfer, masks, pooling", "WA, %", "UA, %"]
    heads += ["standard deviation of WA", "folds", "seeds", "speakers", "updates"]
    return html(
        heads,
        rows or NONE,
        caption=f"The systems of Figure 4, {ledger.source}",
        once=ONCE,
        folded=folded,
    )


def effects(ledger: Ledger) -> HTML:
    """Show the main effects of the grid and the differences that the paper's order takes."""
    differences = [" - ".join(pair) for pair in DIFFERENCES]
    rows = []
    for way in numbers.ways(ledger, EIGHT):
        if len(way.trials) < len(EIGHT):
            continue
        for name in ("WA", "UA"):
            effects = way.effects(METRICS[name])
            points = [shown(effects[what], 2, signed=True) for what in (*FACTORS, *differences)]
            doubt = effects[FACTORS[0]].doubt
            reason = f"not judged: {doubt}" if doubt else ""
            rows.append(((way.title, way.about), way.split, name, *points, reason))
    heads = ["scored, and how trained", "split", "points of"]
    heads += [("main effect", EFFECTS[name]) for name in FACTORS]
    heads += [("difference", " minus ".join(map(EFFECTS.get, pair))) for pair in DIFFERENCES]
    caption = "Main effects and their differences"
    return html([*heads, "sign"], rows or NONE, caption=caption, folded=True, once=ONCE)


def variants(
    ledger: Ledger, groups: Sequence[str] = ("finetune", "pooling", "policies", "inputs", "parts")
) -> HTML:
    """Show systems that change one of the grid, beside that baseline, and the change in points."""
    rows = [(group, *row) for group in groups for row in _variant_rows(ledger, group)]
    heads = ["group", "variant", ("variant, %", "WA"), ("variant, %", "UA"), "baseline"]
    heads += [(what, name) for what in ("baseline, %", "change, points") for name in ("WA", "UA")]
    heads.append("scored, and how trained")
    caption = (
        "Variants, with speakers left out; a change is judged on five seeds of finished trainings"
    )
    return html(heads, rows or NONE, caption=caption, once=ONCE)


def _variant_rows(ledger: Ledger, group: str) -> list[tuple]:
    rows = []
    for row in study.GROUPS[group]:
        for name in EXPERIMENTS:
            pair = systems(ledger, (row.name, row.cell), experiment=name)
            if pair is None:
                continue
            changes = [
                shown(pair.less(row.name, row.cell, metric), 2, signed=True) for metric in (WA, UA)
            ]
            scores = (*_scores(pair, row.name), row.cell, *_scores(pair, row.cell))
            rows.append((row.name, *scores, *changes, (pair.title, pair.about)))
    return rows


def encoder(ledger: Ledger) -> HTML:
    """Show the pretrained speaker encoder's rows, trained to the end and cut short, by split."""
    rows = []
    for protocol, split in numbers.SPLIT_TITLES.items():
        for name in campplus.ROWS:
            ways = numbers.by_training(ledger, f"{EXPERIMENTS[0]} {name}", protocol)
            if ways:
                short = ways.pop(numbers.SHORT, None)
                whole = next(iter(ways.values()), None)
                cells = []
                for way in (whole, short):
                    cells += [*_scores(way, name), way.seeds] if way else [DASH] * 3
                about = whole.base if whole else DASH
                rows.append((split, name, LAYERS[campplus.ROWS[name].output], about, *cells))
    heads = ["split", "row", "layer", "training"]
    heads += [("trained to the end", name) for name in ("WA, %", "UA, %", "seeds")]
    heads += [(f"ended after {numbers.SHORT}", name) for name in ("WA, %", "UA, %", "seeds")]
    return html(
        heads, rows or NONE, caption="CAM++ with our pooling and layers, on RAVDESS", once=ONCE
    )


def compared(ledger: Ledger) -> HTML:
    """Show the differences on CAM++, with a sign where the rule of evidence gives one."""
    signs = {"holds": "above zero", "fails": "below zero", "inconclusive": "open"}
    rows = []
    for gap in numbers.on_encoder_compared(ledger):
        doubt = gap.estimate.doubt
        sign = f"not judged: {doubt}" if doubt else signs[gap.mark]
        value = shown(gap.estimate, 1, signed=True)
        rows.append((gap.group, gap.row, gap.training, gap.estimate.seeds, value, sign))
    heads = ("difference", "of", "training", "seeds", "points of WA", "sign")
    return html(heads, rows or NONE, caption="Differences on CAM++, on RAVDESS", folded=True)


def stages(ledger: Ledger) -> HTML:
    """Show how well networks verify speakers, beside emotions on their frozen output."""
    rows = []
    recognisers = ledger.recorded.kind("speakers")
    system = systems(ledger, ("101",), experiment=EXPERIMENTS[0])
    if len(recognisers) and system is not None:
        recognisers = recognisers[recognisers["size"] == system.first.table["size"].iloc[0]]
        taught = f"{recognisers['taught_speakers'].iloc[0]:.0f}"
        rows.append(("ours, ResNet34", taught, _errors(recognisers), "101", system))
    trials = ledger.recorded.kind("campplus")
    verified = trials[trials["equal_error_rate"].notna()] if len(trials) else trials
    for name in ("CAM++ 01", "CAM++ regression", "CAM++ embedding"):
        for way in numbers.by_training(ledger, f"{EXPERIMENTS[0]} {name}").values():
            rows.append(("CAM++", "not ours", _errors(verified), name, way))
    cells = [(*about, name, *_scores(way, name), way.about) for *about, name, way in rows]
    heads = ["network", "speakers that taught it", "equal error rate, %", "emotion: system"]
    heads += ["WA, %", "UA, %", "training"]
    caption = "Verification of RAVDESS's speakers, and emotions"
    return html(heads, cells or NONE, caption=caption, folded=True, once=ONCE)


def _errors(trials: pd.DataFrame) -> str:
    """Show the equal error rates of several trials, lowest and highest."""
    return span(100 * trials["equal_error_rate"], "{:.1f}") if len(trials) else DASH


def controls(ledger: Ledger) -> HTML:
    """Show controls, on shuffled labels or at a constant rate, beside the same trained without."""
    rows, protocols = [], {title: name for name, title in numbers.SPLIT_TITLES.items()}
    for row, control in dict.fromkeys((row, control) for row, _, control in ledger.controls()):
        for way in numbers.recorded_as(ledger, row, control):
            (name,) = way.trials
            plain = numbers.by_training(ledger, row, protocols[way.split]).get(way.base)
            without = DASH if plain is None else _score(plain, name, UA)
            score = _score(way, name, UA)
            rows.append((way.title, name, control, way.split, score, without, way.about))
    heads = ("scored", "row", "control", "split", "UA, %", "UA without it, %", "training")
    return html(heads, rows or NONE, caption="Controls", folded=True, once=ONCE)


def _score(way: Systems, name: str, metric: str) -> object:
    return shown(level(way.trials[name], metric), 2)


def _scores(way: Systems, name: str) -> list[object]:
    """Show WA and UA of a system."""
    return [_score(way, name, metric) for metric in (WA, UA)]


def _deviation(values: Sequence[float]) -> str:
    return number(numbers.deviation(values), "{:.2f}")
