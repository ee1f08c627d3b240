"""Scores of Table 4 under both splits, and the numbers that the words of chapter 3 quote."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from sercore.evaluation.estimates import Estimate, contrast, difference, level, shared, signs
from sercore.evaluation.scores import Trials
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.papers.biagini2022 import difficulty, study
from sercore.papers.biagini2022.data import ELSEWHERE, ORIGINS, SAME_SIZE, TAKES_APART
from sercore.papers.biagini2022.inputs import SHAPES
from sercore.papers.biagini2022.models import ACROSS, GROUPS
from sercore.protocols import speakers
from sercore.report.prose import span
from sercore.report.tables import listed

OURS = ("accuracy_validation", "macro_f1_validation", "uar_validation")
ACCURACY, _, RECALL = OURS
SPLITS = {"as-published": "by-origin", "clean": "speaker-independent"}
PAIR = tuple(SPLITS.values())
WORDS = ("shared", "apart")  # of each split of PAIR: are its speakers shared with training?
# Each model of Table 4 in its readings.
TABLE_4 = [(row.model, row.variant) for row in (*GROUPS["scratch"], *GROUPS["pretrained"])]
DRAWN = (("FCMFCC", "as-run"), ("CNNLSTM", "fixed"), ("CNNATT", "fixed"))  # confusion matrices
# What changes from one protocol of ``difficulty`` to another: "sharing" is takes and voice together.
STEPS = {
    "size": ("by-origin", SAME_SIZE),
    "sharing": (SAME_SIZE, "speaker-independent"),
    "takes": (SAME_SIZE, TAKES_APART),
    "voice": (TAKES_APART, "speaker-independent"),
    "corpus": ("speaker-independent", "across-corpora"),
}
WHERE = {
    "by-origin": "shared",
    SAME_SIZE: "same_size",
    TAKES_APART: "other_takes",
    "speaker-independent": "new_speakers",
    "across-corpora": "new_corpus",
}
ENOUGH = ("ravdess", "emovo")  # corpora at hand with the six speakers that a sign takes
LARGEST = ENOUGH[0]  # of those that the networks train on
# What section 2.4 says is larger of an emotion: the share of its saliency in low and middle bands, or
# in high ones, or how far saliency goes with the change from band to band.
SALIENT: Mapping[str, Callable[[pd.DataFrame], pd.Series]] = {
    "sadness": lambda rows: rows["low"] + rows["middle"],
    "happy": lambda rows: rows["high"],
    "surprise": lambda rows: rows["correlation"],
}
HAPPY, SURPRISE = (study.CLASSES.index(name) for name in ("happy", "surprise"))

Pair = tuple[Trials, Trials]


def quoted(ledger: Ledger) -> Mapping[str, object]:
    """Give scores and counts by the names under which the words of the pages know them.

    ``…_shared_…`` are of the split by origin, where training hears the tested speakers too, and
    ``…_apart_…`` of speakers held out; ``…_low`` and ``…_high`` are the lowest and the highest over
    the readings that are recorded under both. Accuracies are means over the corpora, or those of
    the corpus that is named.
    """
    accuracies = printed(ledger).values()
    epochs = [number.value for number in ledger.printed if number.column == "Max epochs"]
    named: dict[str, object] = {
        "networks": len(accuracies),
        "chance": 1 / len(study.CLASSES),
        "above_zero": "holds",  # marks, for the words that rest on them
        "below_zero": "fails",
        "not_sure": "inconclusive",
        "printed_epochs": max(epochs),
        **span("printed", accuracies),
        **_measured(ledger),
    }
    pairs = _pairs(ledger)
    if pairs:
        named |= _circumstances(pairs) | _scores(ledger, pairs)
    named |= _difficulty(ledger) | _networks(ledger)
    return named | _switches(ledger) | _across(ledger) | _saliency(ledger)


def by_difficulty(ledger: Ledger, task: str = "difficulty") -> dict[str, dict[str, Trials]]:
    """Trials of each small classifier of a task that has all protocols, the easiest first.

    The folds of a seed are joined, so that protocols with other folds can be compared seed by seed.
    """
    rows: dict[str, dict[str, Trials]] = {}
    for (row, protocol), trials in _classifiers(ledger, task).items():
        joined = replace(trials, table=trials.table.assign(fold=0))
        rows.setdefault(row, {})[protocol] = joined
    complete = len(difficulty.PROTOCOLS)
    return {name: protocols for name, protocols in rows.items() if len(protocols) == complete}


def _classifiers(ledger: Ledger, task: str) -> dict[tuple[str, str], Trials]:
    """Trials of the small classifiers of a task, by classifier and protocol."""
    rows = {}
    for row in difficulty.TASKS[task][0]:
        runs = ledger.runs(row.model)
        for protocol in difficulty.PROTOCOLS:
            for (variant, other, run, _), trials in runs.items():
                if (variant, other, recorded.kind_of(run)) == (row.variant, protocol, task):
                    rows[f"{row.model} {row.variant}", protocol] = trials
    return rows


def beside_networks(
    ledger: Ledger, corpus: str
) -> dict[tuple[str, str], tuple[Pair, Estimate, str]]:
    """Trials of each network and small classifier on new speakers of a corpus, by their names.

    With them stand the network's accuracy less the classifier's and its mark; all marks are judged
    together. Both have the same seeds and folds. A network of which no difference can be judged is
    left out.
    """
    pairs, gaps, split = {}, [], SPLITS["clean"]
    smaller = _classifiers(ledger, "references")
    for model, variant in TABLE_4:
        network = ledger.trials(model, variant=variant, protocol=split)
        for (row, protocol), trials in smaller.items():
            if network is None or protocol != split:
                continue
            first, second = shared((network.of(corpus), trials.of(corpus)))
            gap = difference(first, second, ACCURACY)
            if not gap.doubt:
                pairs[f"{model} {variant}", row] = (first, second)
                gaps.append(gap)
    judged = zip(pairs.values(), gaps, signs(gaps), strict=True)
    return dict(zip(pairs, judged, strict=True))


def steps(protocols: Mapping[str, Trials], corpus: str) -> dict[str, tuple[Estimate, str]]:
    """Loss of accuracy at each step of one classifier on one corpus, and its mark.

    All marks are judged together.
    """
    losses = []
    for easier, harder in STEPS.values():
        losses.append(
            difference(protocols[easier].of(corpus), protocols[harder].of(corpus), ACCURACY)
        )
    return dict(zip(STEPS, zip(losses, signs(losses), strict=True), strict=True))


def leads(ledger: Ledger, model: str, corpus: str) -> dict[str, tuple[Estimate, str]]:
    """Accuracy on a frozen encoder's frames less that on MFCC, and its mark, by protocol.

    The marks of a classifier on a corpus are judged together. It is empty where either is missing.
    """
    rows = by_difficulty(ledger, "pretraining")
    pair = [rows.get(f"{model} {variant}") for variant in ("frames", "mfcc")]
    if None in pair:
        return {}
    gaps = []
    for protocol in difficulty.PROTOCOLS:
        gaps.append(difference(*(one[protocol].of(corpus) for one in pair), ACCURACY))
    return dict(zip(difficulty.PROTOCOLS, zip(gaps, signs(gaps), strict=True), strict=True))


def _difficulty(ledger: Ledger) -> dict[str, object]:
    """Give levels and losses of the small classifiers, as ``svm_mfcc_new_speakers_ravdess``.

    Those on MFCC are of all corpora, those on an encoder's frames of the two that it was run on.
    """
    named: dict[str, object] = {"summary_values": 2 * SHAPES["published"].coefficients}
    rows = by_difficulty(ledger, "pretraining") | by_difficulty(ledger)
    for row, protocols in rows.items():
        name = _plain(row)
        for protocol, trials in protocols.items():
            place = f"{name}_{WHERE[protocol]}"
            named[place] = _mean(trials, ACCURACY)
            named[f"{place}_pooled"] = trials.pooled(ACCURACY)
            named[f"{place}_clips"] = trials.table["training_clips"].mean()
            named["difficulty_seeds"] = len(trials.seeds)
            for corpus in trials.corpora:
                named[f"{place}_{corpus}"] = _mean(trials.of(corpus), ACCURACY)
        for corpus in ENOUGH:
            for step, (loss, mark) in steps(protocols, corpus).items():
                named |= _judged(f"{name}_{step}_{corpus}", loss, mark)
    for model, corpus in itertools.product(difficulty.MODELS, ENOUGH):
        for protocol, (lead, mark) in leads(ledger, model, corpus).items():
            named |= _judged(f"{model.lower()}_lead_{WHERE[protocol]}_{corpus}", lead, mark)
    return named


def _networks(ledger: Ledger) -> dict[str, object]:
    """Give what networks reach on RAVDESS's new speakers, beside the small classifiers there.

    As ``cnnlstm_fixed_apart``, ``cnnlstm_fixed_beside_svm_mfcc`` and, for the difference,
    ``cnnlstm_fixed_over_svm_mfcc``.
    """
    named: dict[str, object] = {}
    for names, (pair, gap, mark) in beside_networks(ledger, LARGEST).items():
        network, classifier = map(_plain, names)
        reached, other = (level(trials, ACCURACY) for trials in pair)
        bounds = {f"{network}_apart_low": reached.low, f"{network}_apart_high": reached.high}
        named |= {f"{network}_apart": reached.value, **bounds}
        named[f"{network}_beside_{classifier}"] = other.value
        epochs = pair[0].table["epochs_run"]
        named |= span(f"{network}_epochs", [int(number) for number in epochs])
        named |= {f"{network}_speakers": reached.groups, f"{network}_folds": reached.folds}
        named |= _judged(f"{network}_over_{classifier}", gap, mark)
    return named


def _plain(row: str) -> str:
    return row.lower().replace(" ", "_").replace("-", "_")


def _judged(name: str, estimate: Estimate, mark: str) -> dict[str, object]:
    bounds = {f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return {name: estimate.value, f"{name}_mark": mark, **bounds}


def printed(ledger: Ledger) -> dict[str, float]:
    """Printed accuracy of each model of Table 4."""
    return {number.row: number.value for number in ledger.printed if number.metric == ACCURACY}


def scores(ledger: Ledger) -> list[tuple[str, float, tuple[Estimate, Estimate]]]:
    """Reading, printed accuracy and our pair of each model that is recorded under both splits."""
    rows = []
    for (model, variant), pair in _pairs(ledger).items():
        estimates = tuple(
            ledger.cell(model, ACCURACY, variant=variant, protocol=split) for split in PAIR
        )
        name = f"{model} {variant}"
        if _has_frozen_encoder(pair):
            name = f"{name}, frozen encoder"
        rows.append((name, printed(ledger)[model], estimates))
    return rows


def _pairs(ledger: Ledger) -> dict[tuple[str, str], Pair]:
    """Trials under either split of each reading that is recorded under both."""
    pairs = {}
    for model, variant in TABLE_4:
        pair = tuple(ledger.trials(model, variant=variant, protocol=split) for split in PAIR)
        if None not in pair:
            pairs[model, variant] = pair
    return pairs


def _has_frozen_encoder(pair: Pair) -> bool:
    return not pair[0].table["encoder"].iloc[0].startswith(("none", "tuned"))


def _measured(ledger: Ledger) -> dict[str, float]:
    """Counts of SAVEE, loudness and durations, printed and of the corpora at hand."""
    places = {
        "savee_angry": "angry / SAVEE / records",
        "savee_sadness": "sadness / SAVEE / records",
        "loudness_neutral": "Max / neutral / mean_of_clip_max_amplitude",
        "loudness_sadness": "Max / sadness / mean_of_clip_max_amplitude",
        "p95": "duration / all / p95 (stated)",
        "p99": "duration / all / p99",
    }
    measured = recorded.measurements(ledger.paper.name)
    named = {name: measured[place] for name, place in places.items() if place in measured}
    for number in ledger.printed:
        is_of_savee = number.table == "Table 1" and number.column == "SAVEE"
        if is_of_savee and number.row in ("angry", "sadness"):
            named[f"savee_{number.row}_printed"] = number.value
    return named


def _circumstances(pairs: Mapping[tuple[str, str], Pair]) -> dict[str, object]:
    """Say on what the readings were trained and tested, how often, and for how long."""
    trials = [one for pair in pairs.values() for one in pair]
    by_origin, apart = next(iter(pairs.values()))
    clips = apart.counts.groupby("group", observed=True)["count"].sum()
    named: dict[str, object] = {
        "versions": len(pairs),
        "trained": len({model for model, _ in pairs}),
        "corpora": listed([ORIGINS[name] for name in ORIGINS if name in by_origin.corpora]),
        "epochs": max(one.table["epochs_run"].max() for one in trials),
        "lowest_cap": min(one.table["epochs"].min() for one in trials),
        "seeds": min(len(one.seeds) for one in trials),
        "folds": min(apart.table["fold"].nunique() for _, apart in pairs.values()),
        "all_folds": speakers.FOLDS,
        "one_speaker": clips.max() / clips.sum(),
        "tested_shared": int(by_origin.table["clips"].mean()),
        "tested_apart": int(apart.table["clips"].mean()),
        "training_shared": int(by_origin.table["training_clips"].mean()),
        "training_apart": int(apart.table["training_clips"].mean()),
    }
    for corpus in by_origin.corpora:
        named[f"{corpus}_share"] = by_origin.of(corpus).confusion().sum() / _clips(by_origin)
    for pair in pairs.values():
        if _has_frozen_encoder(pair):
            named["encoder"] = pair[0].table["encoder"].iloc[0]
            named["encoder_weights"] = int(pair[0].table["parameters"].iloc[0])
            break
    return named


def _clips(trials: Trials) -> float:
    return trials.confusion().sum()


def _scores(ledger: Ledger, pairs: Mapping[tuple[str, str], Pair]) -> dict[str, float]:
    """Give accuracies, over the corpora and on each, and what else the tables of results show."""
    named: dict[str, float] = {}
    reliability = ledger.recorded.parts["reliability"]
    for at, word in enumerate(WORDS):
        trials = {reading: pair[at] for reading, pair in pairs.items()}
        named |= span(word, [_mean(one, ACCURACY) for one in trials.values()])
        named |= span(f"pooled_{word}", [one.pooled(ACCURACY) for one in trials.values()])
        for corpus in next(iter(trials.values())).corpora:
            values = [_mean(one.of(corpus), ACCURACY) for one in trials.values()]
            named |= span(f"{corpus}_{word}", values)
        for name, column in (
            ("fitted", "training_accuracy"),
            ("top_2", "top_2"),
            ("calibration", "calibration_error"),
        ):
            values = [one.table[column].mean() for one in trials.values()]
            named |= span(f"{name}_{word}", values)
        viewed = trials.get(tuple(study.VIEWED.split()))
        if viewed is not None:
            bins = reliability[reliability["trial"].isin(viewed.table["trial"])]
            named[f"confidence_{word}"] = bins["confidence"].sum() / bins["clips"].sum()
            named[f"right_{word}"] = bins["right"].sum() / bins["clips"].sum()
        happy = [trials[reading].confusion()[HAPPY] for reading in DRAWN if reading in trials]
        if happy:
            shares = [row / row.sum() for row in happy]
            named |= span(f"happy_right_{word}", [share[HAPPY] for share in shares])
            named |= span(f"happy_as_surprise_{word}", [share[SURPRISE] for share in shares])
    return named


def _switches(ledger: Ledger) -> dict[str, float]:
    """Give the change of accuracy by each switch of FCMFCC, and the rates at which it ended."""
    named: dict[str, float] = {}
    for row in GROUPS["switches"]:
        control = row.name.split(", ", 1)[1]
        pair = [
            ledger.trials(row.model, variant=row.variant, protocol=PAIR[0], control=name)
            for name in (control, "none")
        ]
        if None in pair:
            continue
        changed, plain = shared(pair)
        name = control.replace("'", "").replace(" ", "_")
        named[name] = _mean(changed, ACCURACY) - _mean(plain, ACCURACY)
        named[f"{name}_last_rate"] = changed.table["rate_last"].min()
        named["plain_last_rate"] = plain.table["rate_last"].min()
    return named


def _across(ledger: Ledger) -> dict[str, float]:
    """Give mean recalls on corpora that training never had, over them and on each."""
    named: dict[str, float] = {}
    trials = []
    for model, variant in (name.split() for name in ACROSS):
        one = ledger.trials(model, variant=variant, protocol="across-corpora")
        if one is not None:
            trials.append(one)
    if trials:
        named |= span("across", [_mean(one, RECALL) for one in trials])
        for corpus in (*ORIGINS, *ELSEWHERE):
            if corpus in trials[0].corpora:
                recalls = [_mean(one.of(corpus), RECALL) for one in trials]
                named |= span(f"{corpus}_across", recalls)
    return named


def salient(ledger: Ledger) -> dict[str, tuple[Estimate, Estimate]]:
    """Return what section 2.4 reads off saliency maps, of new speakers of RAVDESS, by emotion.

    It is the number of ``SALIENT`` less the mean of the other emotions', of trained networks; and
    how much larger that is than of untrained ones. Empty where none is recorded.
    """
    views, rows = ledger.recorded.kind("saliency"), ledger.recorded.parts["saliency"]
    rows = rows[rows["trial"].isin(views["trial"]) & rows["group"].str.startswith(f"{LARGEST}/")]
    model, variant = study.VIEWED.split()
    trainings = ledger.trials(model, variant=variant, protocol=SPLITS["clean"])
    if trainings is None or not len(rows):
        return {}
    about = {"unfinished": trainings.unfinished, "one_fold": views["fold"].nunique() == 1}
    table, places = views.assign(**about), rows[["trial", "group"]].drop_duplicates()
    results = {}
    for emotion, number in SALIENT.items():
        summed = rows.assign(head=number(rows) * rows["clips"]).dropna(subset="head")
        ordered = [emotion, *(name for name in study.CLASSES if name != emotion)]
        systems = []
        for network, name in itertools.product(("trained", "untrained"), ordered):
            is_one = (summed["network"] == network) & (summed["class"] == name)
            sums = summed[is_one][["trial", "group", "clips", "head"]]
            sums = places.merge(sums, how="left", on=["trial", "group"]).fillna(0.0)
            counts = sums.assign(true=0, predicted=0, count=sums["clips"])
            systems.append(Trials(table, counts, sums.assign(second=0.0), classes=1))
        trained = contrast(systems[: len(ordered)], _per_clip, _over_others)
        results[emotion] = (trained, contrast(systems, _per_clip, _over_others_and_untrained))
    return results


def _per_clip(
    counts: np.ndarray, clips: np.ndarray, first: np.ndarray, _: np.ndarray
) -> np.ndarray:
    return first / np.maximum(clips, 1)


def _over_others(scores: np.ndarray) -> np.ndarray:
    """Return the first class' score less the mean of the others', of ``(classes, draws)``."""
    return scores[0] - scores[1:].mean(0)


def _over_others_and_untrained(scores: np.ndarray) -> np.ndarray:
    """Return the same of the first half of the systems less that of the second."""
    trained, untrained = np.split(scores, 2)
    return _over_others(trained) - _over_others(untrained)


def _saliency(ledger: Ledger) -> dict[str, object]:
    """Give what saliency maps show of an emotion, and the size of the sample.

    As ``saliency_sadness``, and ``saliency_sadness_over_untrained`` for what training adds.
    """
    named: dict[str, object] = {}
    results = salient(ledger)
    pairs = [estimate for pair in results.values() for estimate in pair]
    marks = iter(signs(pairs))
    for emotion, pair in results.items():
        for name, estimate in zip((emotion, f"{emotion}_over_untrained"), pair, strict=True):
            named |= _judged(f"saliency_{name}", estimate, next(marks))
            named |= {"saliency_seeds": estimate.seeds, "saliency_speakers": estimate.groups}
    rows = ledger.recorded.parts["saliency"]
    rows = rows[rows["group"].str.startswith(f"{LARGEST}/")]
    for network, group in rows.assign(low=rows["low"] * rows["clips"]).groupby("network"):
        sums = group.groupby("class")[["low", "clips"]].sum()
        named |= span(f"saliency_low_{network}", sums["low"] / sums["clips"])
    return named


def _mean(trials: Trials, measure: str) -> float:
    """Mean over seeds, without intervals."""
    return float(trials.by_seed(measure).mean())
