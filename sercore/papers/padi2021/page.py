"""Numbers that the words of chapter 4 quote."""

from collections.abc import Mapping

import numpy as np

from sercore.evaluation.estimates import Estimate, contrast, difference, level, signs
from sercore.evaluation.metrics import FACTORS, recalls
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.papers.padi2021 import numbers, study
from sercore.papers.padi2021.data import CLASSES, EXPERIMENTS, ORIGINS
from sercore.papers.padi2021.figures import lengths_data
from sercore.papers.padi2021.numbers import UA, WA, Systems
from sercore.papers.padi2021.study import EIGHT, GROUPS, ROWS
from sercore.report.prose import span
from sercore.training.sgd import Plan

FULL, FIRST = study.FULL.name, EXPERIMENTS[0]
EFFECTS = dict(zip(FACTORS, ("transfer", "masks", "pooling"), strict=True))
# Systems on CAM++ by their name in the words, and what their differences are called by their mark.
LEVELS = {
    "statistics_last": "CAM++ 01",
    "statistics_middle": "CAM++ 01, middle",
    "flatten_last": "CAM++ 00",
    "flatten_middle": "CAM++ 00, middle",
    "regression_last": "CAM++ regression",
    "regression_middle": "CAM++ regression, middle",
    "regression_embedding": "CAM++ embedding",
}
SPARED = ("300", "100")  # frames, between which a loss is compared
SIGNS = {"holds": "above", "fails": "below", "inconclusive": "open"}
# Systems with a changed input, by the name of the difference in WA.
CHANGES = {
    "conversation": GROUPS["inputs"][0].name,
    "quiet": GROUPS["inputs"][1].name,
    "truncated": GROUPS["inputs"][2].name,
}


def quoted(ledger: Ledger) -> Mapping[str, object]:
    """Give scores and counts by the names under which the words of the pages know them.

    Scores are in %, differences in points, on speakers left out. ``…_low`` and ``…_high`` are the
    ends of a 95 % interval, or the lowest and highest of several values. What is not recorded has
    no name.
    """
    return {
        **_printed(ledger),
        **_whole_system(ledger),
        **_grid(ledger),
        **_changes(ledger),
        **_recognisers(ledger),
        **_pooled_frames(ledger),
        **_encoder(ledger),
        **_lengths(ledger),
    }


def _printed(ledger: Ledger) -> dict[str, object]:
    """Return the printed scores of the paper's system, and its lead over the best one before."""
    scores: dict[str, list[float]] = {"UA": [], "WA": []}
    leads = []
    by_cell: dict[tuple[str, str], list[float]] = {}
    proposed = [number for number in ledger.printed if numbers.proposed(number)]
    for number in ledger.printed:
        if number.table == "Table 3" and not numbers.proposed(number):
            cell = numbers.experiment(number), number.column
            by_cell.setdefault(cell, []).append(float(number.value))
    for number in proposed:
        scores[number.column].append(float(number.value))
        leads.append(number.value - max(by_cell[numbers.experiment(number), number.column]))
    spans = [span(f"printed_{name.lower()}", values) for name, values in scores.items()]
    return spans[0] | spans[1] | span("printed_lead", leads)


def _whole_system(ledger: Ledger) -> dict[str, object]:
    """Return what scores the whole system, its scores, and its recall of each class."""
    whole = numbers.systems(ledger, (FULL,), experiment=FIRST)
    if whole is None:
        return {}
    trials, measured = whole.trials[FULL], recorded.measurements(ledger.paper.name)
    matrix, names = trials.confusion(), CLASSES[FIRST]
    named: dict[str, object] = {
        "corpus": ORIGINS.get(whole.corpus, whole.corpus),
        "folds": whole.folds,
        "seeds": whole.seeds,
        "test_speakers": trials.counts["group"].nunique(),
        "epochs": int(trials.table["epochs"].iloc[0]),
        "planned_epochs": Plan.epochs,
        **_interval("ours_ua", level(trials, UA)),
        **_interval("ours_wa", level(trials, WA)),
    }
    counts = {"clips": f"{FIRST} / total / clips", "speakers": "speakers / all / count"}
    named |= {name: int(measured[what]) for name, what in counts.items() if what in measured}
    for name in ("min", "median", "max"):
        for whose, where in (("seconds", ""), ("iemocap_seconds", numbers.LISTED)):
            if (value := measured.get(f"{where}duration / all / {name}")) is not None:
                named[f"{whose}_{name}"] = value
    if (short := measured.get(f"{numbers.LISTED}duration / under 3 s / share")) is not None:
        named["iemocap_under_3_seconds"] = short
    unfinished = numbers.epochs_before_decay(ledger.recorded.trials)
    if unfinished:  # else the words that quote it are no longer true
        named["unfinished_epochs"] = unfinished
    for at, recall in enumerate(recalls(matrix)):
        others = [number for number in range(len(names)) if number != at]
        wrong = max(others, key=lambda number, at=at: matrix[at, number])
        named[f"{names[at]}_recall"] = recall
        named[f"{names[at]}_taken_for"] = names[wrong]
        named[f"{names[at]}_share"] = matrix[at, wrong] / matrix[at].sum()
    return named


def _grid(ledger: Ledger) -> dict[str, object]:
    """Return scores of the eight systems in WA, their spread over trainings, and main effects."""
    grid = numbers.systems(ledger, EIGHT, experiment=FIRST)
    if grid is None:
        return {}
    scores = {name: level(trials, WA).value for name, trials in grid.trials.items()}
    spreads = [numbers.deviation(numbers.by_run(trials)) for trials in grid.trials.values()]
    named: dict[str, object] = span("trainings_sd", spreads)
    for name, digit in (("random_wa", "0"), ("transfer_wa", "1")):
        named |= span(name, [value for row, value in scores.items() if row[0] == digit])
    effects = grid.effects()
    for factor, name in EFFECTS.items():
        named |= _interval(name, effects[factor])
    return named


def _changes(ledger: Ledger) -> dict[str, object]:
    """Return the difference in WA that each recorded change of one system makes."""
    named: dict[str, object] = {}
    for name, row in CHANGES.items():
        base = ROWS[row].cell
        pair = numbers.systems(ledger, (row, base), experiment=FIRST)
        if pair is not None:
            named |= _interval(name, pair.less(row, base))
            named[f"{name}_epochs"] = int(pair.trials[row].table["epochs"].iloc[0])
    return named


def _recognisers(ledger: Ledger) -> dict[str, object]:
    """Return what recognisers at full width learnt, and their equal error rates in %."""
    trials = ledger.recorded.kind("speakers")
    if len(trials):
        trials = trials[trials["size"] == "published"]
    if not len(trials):
        return {}
    first = trials.iloc[0]
    return {
        "taught_speakers": int(first["taught_speakers"]),
        **span("equal_error", 100 * trials["equal_error_rate"]),
        **span("equal_error_untrained", 100 * trials["equal_error_rate_untrained"]),
    }


def _pooled_frames(ledger: Ledger) -> dict[str, object]:
    """Return silhouettes of the frozen recogniser's pooled frames at full width, over seeds."""
    views = ledger.recorded.kind("views")
    if not len(views):
        return {}
    chosen = views[(views["transfer"] == "frozen") & (views["size"] == "published")]
    values = ledger.recorded.parts["silhouettes"]
    values = values[values["trial"].isin(chosen["trial"])]
    if not len(values):
        return {}
    named: dict[str, object] = {}
    for what in ("emotion", "speaker"):
        named |= span(f"silhouette_{what}", values.loc[values["of"] == what, "silhouette"])
    return named


def _encoder(ledger: Ledger) -> dict[str, object]:
    """Return scores of the pretrained speaker encoder's rows, and of these on shuffled labels.

    A difference is named "…_above" or "…_below" where it is judged, else "…_open", and where its
    trainings are cut short "…_short": words that say its sign name it by that.
    """
    trials = ledger.recorded.kind("campplus")
    if not len(trials):
        return {}
    named: dict[str, object] = {}
    shuffled = []
    for row in ledger.paper.arranged(trials)["row"].unique():
        for way in numbers.recorded_as(ledger, row, "labels shuffled"):
            shuffled.append(_only(way, UA))
    if shuffled:
        named |= span("shuffled_ua", shuffled)
    for name, row in LEVELS.items():
        for training, way in numbers.by_training(ledger, f"{FIRST} {row}").items():
            end = "_short" if training == numbers.SHORT else ""
            named |= _interval(f"{name}{end}", level(way.trials[row], WA))
    for gap in numbers.on_encoder_compared(ledger):
        end = "short" if gap.training == numbers.SHORT else SIGNS[gap.mark]
        named |= _interval(f"{gap.name}_{end}", gap.estimate)
    errors = 100 * trials["equal_error_rate"].dropna() if "equal_error_rate" in trials else ()
    return named | ({"encoder_equal_error": errors.iloc[0]} if len(errors) else {})


def _lengths(ledger: Ledger) -> dict[str, object]:
    """Return scores on CAM++ by the frames that are read of a test clip, and what more of them add.

    ``ravdess_statistics_100`` is of one second. What the whole clip adds to 3 s (``whole``), 3 s to
    one (``three``), and by how much more a flattened chunk loses than statistics pooling when one
    second of three is left (``spared``), is named as in ``_encoder``; all are judged together.
    """
    named: dict[str, object] = {}
    gains = {}
    for corpus, panel in lengths_data(ledger).items():
        for series, by_frames in panel.items():
            name = f"{corpus}_{series.replace(' ', '_')}"
            for frames, trials in by_frames.items():
                named |= _interval(f"{name}_{frames}", level(trials, WA))
            for word, more, less in (("whole", "1000", "300"), ("three", "300", "100")):
                if more in by_frames and less in by_frames:
                    gains[f"{name}_{word}"] = difference(by_frames[more], by_frames[less], WA)
            beside = [by_frames, panel.get("statistics", {})]
            four = [trials.get(frames) for trials in beside for frames in SPARED]
            if series.startswith("flatten") and None not in four:
                gains[f"{name}_spared"] = contrast(four, WA, _spared)
    for (name, gain), mark in zip(gains.items(), signs(list(gains.values())), strict=True):
        named |= _interval(f"{name}_{SIGNS[mark]}", gain)
    return named


def _spared(scores: np.ndarray) -> np.ndarray:
    flat, flat_short, pooled, pooled_short = scores
    return (flat - flat_short) - (pooled - pooled_short)


def _only(way: Systems, metric: str) -> float:
    """Return the score of the only system."""
    (trials,) = way.trials.values()
    return level(trials, metric).value


def _interval(name: str, estimate: Estimate) -> dict[str, object]:
    """Name a value and both ends of its interval."""
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
