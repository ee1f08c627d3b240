"""Numbers that the words of chapter 4 quote."""

from collections.abc import Iterable, Mapping

from sercore.evaluation.metrics import FACTORS, recalls
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import Estimate, level
from sercore.papers.padi2021 import numbers, study
from sercore.papers.padi2021.data import CLASSES, EXPERIMENTS, ORIGINS
from sercore.papers.padi2021.numbers import UA, WA, Systems
from sercore.papers.padi2021.study import EIGHT, GROUPS, ROWS
from sercore.training.sgd import Plan

FULL, FIRST = study.FULL.name, EXPERIMENTS[0]
EFFECTS = dict(zip(FACTORS, ("transfer", "masks", "pooling"), strict=True))
# Systems that change one thing of a system of the grid, by the name of the difference in WA.
CHANGES = {
    "finetune_plain": GROUPS["finetune"][0].name,
    "finetune_masked": GROUPS["finetune"][1].name,
    "mean_random": GROUPS["pooling"][0].name,
    "mean_transfer": GROUPS["pooling"][1].name,
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
    spans = {f"printed_{name.lower()}": values for name, values in scores.items()}
    return _spans(spans | {"printed_lead": leads})


def _whole_system(ledger: Ledger) -> dict[str, object]:
    """Return what scores the whole system, its scores, and its recall of each class."""
    found = numbers.systems(ledger, (FULL,), experiment=FIRST)
    if found is None:
        return {}
    trials, measured = found.trials[FULL], recorded.measurements(ledger.paper.name)
    matrix, names = trials.confusion(), CLASSES[FIRST]
    named: dict[str, object] = {
        "corpus": ORIGINS.get(found.corpus, found.corpus),
        "folds": found.folds,
        "seeds": found.seeds,
        "test_speakers": trials.counts["group"].nunique(),
        "epochs": int(trials.table["epochs"].iloc[0]),
        "planned_epochs": Plan.epochs,
        **_interval("ours_ua", level(trials, UA)),
        **_interval("ours_wa", level(trials, WA)),
    }
    counts = {"clips": f"{FIRST} / total / clips", "speakers": "speakers / all / count"}
    named |= {name: int(measured[what]) for name, what in counts.items() if what in measured}
    seconds = {"seconds_low": "duration / all / min", "seconds_high": "duration / all / max"}
    named |= {name: measured[what] for name, what in seconds.items() if what in measured}
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
    named = _spans(
        {
            "random_wa": [value for name, value in scores.items() if name[0] == "0"],
            "transfer_wa": [value for name, value in scores.items() if name[0] == "1"],
            "trainings_sd": spreads,
        }
    )
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
            named[f"{name}_folds"], named[f"{name}_seeds"] = pair.folds, pair.seeds
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
        "taught_clips": int(first["training_clips"]),
        "taught_epochs": int(first["epochs"]),
        **_spans(
            {
                "equal_error": 100 * trials["equal_error_rate"],
                "equal_error_untrained": 100 * trials["equal_error_rate_untrained"],
            }
        ),
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
    return _spans(
        {
            f"silhouette_{what}": values.loc[values["of"] == what, "silhouette"]
            for what in ("emotion", "speaker")
        }
    )


def _encoder(ledger: Ledger) -> dict[str, object]:
    """Return scores of the pretrained speaker encoder's rows, and of these on shuffled labels."""
    trials = ledger.recorded.kind("campplus")
    if not len(trials):
        return {}
    rows = ledger.paper.arranged(trials)["row"].unique()
    apart, gains, shuffled = [], [], []
    for row in rows:
        by_split = {way.split: _only(way, WA) for way in numbers.recorded_as(ledger, row)}
        both = [by_split.get(title) for title in numbers.SPLIT_TITLES.values()]
        if None not in both:
            apart.append(both[0])
            gains.append(both[1] - both[0])
        for way in numbers.recorded_as(ledger, row, "labels shuffled"):
            shuffled.append(_only(way, UA))
    spans = {"encoder_wa": apart, "encoder_clips_less_speakers": gains, "shuffled_ua": shuffled}
    epochs = trials.loc[trials["output"] != "embedding", "epochs"]
    named = {"encoder_rows": len(rows), "encoder_epochs": numbers.listed(epochs)}
    return named | _spans({name: values for name, values in spans.items() if values})


def _only(way: Systems, metric: str) -> float:
    """Return the score of the only system."""
    (trials,) = way.trials.values()
    return level(trials, metric).value


def _interval(name: str, estimate: Estimate) -> dict[str, object]:
    """Name a value and both ends of its interval."""
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def _spans(values: Mapping[str, Iterable[float]]) -> dict[str, object]:
    """Name the lowest and the highest of several values."""
    named: dict[str, object] = {}
    for name, several in values.items():
        several = [float(value) for value in several]
        named[f"{name}_low"], named[f"{name}_high"] = min(several), max(several)
    return named
