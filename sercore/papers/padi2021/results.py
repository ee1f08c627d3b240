"""Tables of chapter 4's results: Table 3, folds, recalls, the grid and its main effects, what is asked beside it."""

from collections.abc import Sequence

import numpy as np
from IPython.display import HTML

from sercore.evaluation.effects import DIFFERENCES, FACTORS
from sercore.evaluation.metrics import recalls
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import Estimate, level
from sercore.ledger.scores import Trials
from sercore.papers.padi2021 import evidence
from sercore.papers.padi2021 import study as padi
from sercore.papers.padi2021.evidence import Systems, alike, systems
from sercore.papers.padi2021.grid import GRID, GROUPS
from sercore.papers.padi2021.numbers import APART, CLIPS, IEMOCAP, UA, WA, experiment, proposed
from sercore.tables.common import NONE, html, shown, this_run

DASH = "–"
FULL = padi.FULL.name
EIGHT = tuple(row.name for row in GRID)
METRICS = {"UA": UA, "WA": WA}
PROTOCOLS = {APART: "speakers left out", CLIPS: "clips split at random"}
INTERVALS = "in brackets 95 %, where the mean would lie with other speakers and seeds"
SHOWN = "a difference is judged on five seeds of finished trainings, on fewer shown alone"


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
    for (title, system), found in printed.items():
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
        rows.append((title, system, *values, *recorded, reason, *beside))
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
    caption = f"{group.capitalize()}, speakers left out; {INTERVALS}; {SHOWN}"
    return html(heads, rows or NONE, caption=caption)


def encoder(ledger: Ledger) -> HTML:
    """The pretrained speaker encoder's rows, of the recorded run that holds them: no level of transfer, a source of its own."""
    chosen = ledger.recorded.kind("campplus")
    there = ledger.numbers.arranged(chosen) if len(chosen) else chosen
    names = there.loc[there["control"] == "none", "row"].drop_duplicates() if len(there) else ()
    rows = []
    for name, _, system in (row.partition(" ") for row in names):
        for protocol in PROTOCOLS:
            found = systems(ledger, (system,), experiment=name, protocol=protocol)
            if found is not None:
                own = [_told(found.trials[system], metric) for metric in (WA, UA)]
                rows.append((found.title, system, PROTOCOLS[protocol], *own, found.about))
    heads = ("scored", "row", "split", "WA, %", "UA, %", "training")
    return html(heads, rows or NONE, caption=f"A pretrained speaker encoder with our pooling and layers; {INTERVALS}")


def controls(ledger: Ledger) -> HTML:
    """Systems trained on shuffled labels, beside the same on true ones."""
    rows = []
    for row, _, control in dict.fromkeys((row, "", control) for row, _, control in ledger.controls()):
        name, _, system = row.partition(" ")
        for protocol, told in PROTOCOLS.items():
            pair = [systems(ledger, (system,), experiment=name, protocol=protocol, control=each) for each in (control, "none")]
            if pair[0] is not None:
                own = [_told(each.trials[system], UA) if each else DASH for each in pair]
                rows.append((pair[0].title, system, control, told, *own, pair[0].about))
    heads = ("scored", "row", "control", "split", "UA, %", "UA without it, %", "training")
    return html(heads, rows or NONE, caption="Controls; guessing has a UA of 25 %")


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
