"""Numbers that the words of chapter 2 quote."""

import itertools
from collections.abc import Mapping

import numpy as np
import pandas as pd

from sercore.card import RARELY
from sercore.evaluation.estimates import Estimate, difference, level, shared
from sercore.evaluation.metrics import recalls
from sercore.evaluation.reference import CLASSIFIERS, PERCENTILES
from sercore.evaluation.scores import Trials
from sercore.ledger import claims as judging
from sercore.ledger import recorded
from sercore.ledger.claims import Gap
from sercore.ledger.entries import Ledger
from sercore.papers.parry2022 import evidence, numbers
from sercore.papers.parry2022.adversarial import Plan
from sercore.papers.parry2022.data import CLASSES, FILTERBANK, ORIGINS, POOLED
from sercore.papers.parry2022.figures import learning_data, swing_data
from sercore.papers.parry2022.numbers import (
    CREMA,
    HOME,
    MEASURED,
    PROTOCOL,
    SCORED,
    TESS,
    UA,
    VARIANT,
)
from sercore.papers.parry2022.study import APPROACHES, BASELINE, CONTRASTED, GRID, LABELS, RECIPES
from sercore.papers.parry2022.trial import NOWHERE
from sercore.report.prose import span
from sercore.report.tables import listed

MODELS = tuple(row.name for row in GRID if row != BASELINE)
SINGLE = tuple(evidence.rows(APPROACHES, evidence.SINGLE))
SEVERAL = tuple(evidence.rows(APPROACHES, evidence.SEVERAL))
SHORT = dict(zip(CLASSIFIERS, ("plain", "logistic", "svm"), strict=True))
POSITIVE = CLASSES.index("positive")


def quoted(ledger: Ledger) -> Mapping[str, object]:
    """Give scores and counts by the names under which the words of the pages know them.

    Scores are UA in %, differences of scores are in points, both on TESS unless a name says
    otherwise. Without recorded trainings there are the printed and the measured numbers alone.
    """
    named = _printed(ledger) | _measured(ledger) | _references(ledger)
    if (TESS, "baseline") not in evidence.trained(ledger).scores:
        return named
    parts = (_trainings, _recipes, _baseline, _models, _changed, _discriminators, _views)
    for part in (*parts, _network_unseen):
        named |= part(ledger)
    return named


def _printed(ledger: Ledger) -> dict[str, object]:
    """Give the printed baselines, and the printed differences of other models from them."""
    printed = evidence.printed(ledger)
    differences = _differences(ledger)
    return {
        "models": len(MODELS),
        "printed_baseline": printed.scores[TESS, "baseline"],
        "printed_baseline_crema": printed.scores[CREMA, "baseline"],
        "printed_baseline_home": printed.scores[HOME, "baseline"],
        "printed_differences": len(differences),
        "printed_lowest": min(differences),
        "printed_highest": max(differences),
    }


def _differences(ledger: Ledger) -> list[float]:
    printed = evidence.printed(ledger)
    differences = [printed.above(TESS, row) for row in MODELS]
    return [value for value in differences if value is not None]


def _measured(ledger: Ledger) -> dict[str, object]:
    """Give the size of the training side, and what the labels of its clips tell of each other."""
    measured, names = recorded.measurements(numbers.NAME), [*numbers.ATTRIBUTES.values()]
    title, _ = MEASURED["data", "training", "duration"]
    (hours,) = (
        number.value
        for number in ledger.printed
        if (number.row, number.column, number.metric) == ("data", "training", "duration")
    )
    named: dict[str, object] = {"printed_training_hours": hours}
    if title in measured:
        named["training_hours"] = measured[title]
        named["training_speakers"] = int(measured["training / speakers / count"])
    bits = [measured.get(f"{name} / emotion / bits") for name in names]
    if None not in bits:
        named["emotion_told"] = max(bits)
        named["emotion_bits"] = measured["emotion / emotion / bits"]
    return named


def _references(ledger: Ledger) -> dict[str, object]:
    """Give what the reference models score, by the names in ``SHORT``.

    ``…_tess`` and ``…_home`` are on the networks' split, all others on drawn speakers: on a corpus
    unseen, pooled and what lies between (``cost``; ``fewer`` in the paper's layout, with fewer
    clips), and what scaling adds on an unseen corpus. Spreads are of single trainings on TESS.
    """
    named: dict[str, object] = {"statistics": FILTERBANK.mel.bands * (len(PERCENTILES) + 1)}
    if evidence.reference(ledger, CLASSIFIERS[0], unseen=NOWHERE) is None:
        return named
    spreads, falls, gains, unseen = [], [], [], []
    for model, short in SHORT.items():
        split = evidence.reference(ledger, model, is_drawn=False)
        for name, on in (("tess", TESS), ("home", HOME)):
            named[f"{short}_{name}"] = numbers.scored(split, SCORED[on]).by_seed(UA).mean()
        for corpus in evidence.LEFT_OUT:
            pair = [
                choose(ledger, model, corpus)
                for choose in (evidence.where_pooled, evidence.where_unseen)
            ]
            for name, trials in zip(("pooled", "unseen"), pair, strict=True):
                named |= _bounds(f"{short}_{corpus}_{name}", level(trials, UA))
            unseen.append(named[f"{short}_{corpus}_unseen"])
            falls.append(evidence.cost(ledger, model, corpus))
            named |= _bounds(f"{short}_{corpus}_cost", falls[-1])
        spreads.append(pair[1].scored(UA)[0].std(ddof=1))  # TESS is the last
        fewer = numbers.scored(evidence.reference(ledger, model), ("ravdess",))
        apart = evidence.where_unseen(ledger, model, "ravdess")
        named |= _bounds(f"{short}_ravdess_fewer", difference(fewer, apart, UA))
        pooled = evidence.where_pooled(ledger, model, "ravdess")
        for name, trials in (("fewer", fewer), ("unseen", apart), ("pooled", pooled)):
            named[f"clips_{name}"] = trials.table["training_clips"].mean()
    shuffled = [
        evidence.where_unseen(ledger, model, corpus, labels="shuffled")
        for model in CONTRASTED
        for corpus in evidence.LEFT_OUT
    ]
    for model, scaling in itertools.product(CONTRASTED, ("corpus", "speaker")):
        for corpus in evidence.LEFT_OUT:
            gains.append(evidence.rescaled(ledger, model, scaling, corpus))
            named |= _bounds(f"{SHORT[model]}_{corpus}_by_{scaling}", gains[-1])
    named |= span("reference_unseen", unseen) | span("reference_spread", spreads)
    for name in ("ravdess_cost", "ravdess_fewer", "emovo_cost"):
        named |= span(name, [named[f"{short}_{name}"] for short in SHORT.values()])
    printed = [value for value in _differences(ledger) if value > 0]
    named["printed_gains"] = len(printed)
    named["gains_below_cost"] = sum(value < named["ravdess_cost_low"] for value in printed)
    named |= span("shuffled_unseen", [level(trials, UA).value for trials in shuffled])
    named["below_reference"] = sum(abs(value) < min(spreads) for value in _differences(ledger))
    on_tess = [trials.scored(UA)[0].std(ddof=1) for trials in shuffled[3::4]]
    named |= span("shuffled_spread", on_tess)
    for name, gaps in (("fall", falls), ("rescaled", gains)):
        marks = judging.marks(gaps)
        named[f"{name}_judged"] = sum(not gap.doubt for gap in gaps)
        named |= {f"{name}_{mark}": marks.count(mark) for mark in ("holds", "fails")}
        named[f"{name}_signs"] = named[f"{name}_holds"] + named[f"{name}_fails"]
    named["classifiers"] = len(CLASSIFIERS)
    named["fall_ravdess"] = judging.marks(falls)[::4].count("holds")
    named["rescaled_svm_by_speaker"] = judging.marks(gains)[-4:].count("holds")
    return named


def _bounds(name: str, estimate: Estimate | Gap) -> dict[str, float]:
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def _trainings(ledger: Ledger) -> dict[str, object]:
    """Count the trainings in the paper's layout and how they ended, and name what taught them."""
    trainings = numbers.arranged(ledger.recorded.trials)
    trainings = trainings[trainings["protocol"] == PROTOCOL]
    unfinished = [ledger.paper.unfinished(trial) for trial in trainings.to_dict("records")]
    pool = numbers.corpora()
    return {
        "corpora": listed([ORIGINS[name] for name in pool if name in POOLED]),
        "missing": listed(numbers.missing(pool) or ["none"]),
        "trainings": len(trainings),
        "unfinished": sum(map(bool, unfinished)),
        "cap": int(trainings["epochs"].max()),
        "last_selected": int((trainings["best_epoch"] == trainings["epochs_run"]).sum()),
    }


def _network_unseen(ledger: Ledger) -> dict[str, object]:
    """Give the network without attributes on RAVDESS unseen, and its lead over the classifiers."""
    corpus = evidence.LEFT_OUT[0]
    network = evidence.network_unseen(ledger, corpus)
    if network is None:
        return {}
    name, epochs = f"network_{corpus}", network.table["epochs_run"]
    named = _bounds(name, level(network, UA)) | span(f"{name}_epochs", epochs.astype(int))
    named[f"{name}_seeds"] = len(network.seeds)
    named[f"{name}_finished"] = int((epochs < network.table["epochs"]).sum())
    leads = [evidence.above_reference(ledger, model, corpus) for model in SHORT]
    for short, lead, mark in zip(SHORT.values(), leads, judging.marks(leads), strict=True):
        named |= _bounds(f"{name}_over_{short}", lead) | {f"{name}_over_{short}_mark": mark}
        named[f"{name}_beside_{short}"] = named[name] - lead.value
    named |= _attributes_unseen(ledger, corpus)
    return named | {mark: mark for mark in ("holds", "fails", "inconclusive")}


def _attributes_unseen(ledger: Ledger, corpus: str) -> dict[str, object]:
    """Give what each recorded set of attributes adds on an unseen corpus, judged together.

    ``gain_mtl_c`` is of "MTL C"; ``gains_…`` are of those that can be judged.
    """
    gaps, named = evidence.gains_unseen(ledger, corpus), {}
    marks = judging.marks(list(gaps.values()))
    for (row, gap), mark in zip(gaps.items(), marks, strict=True):
        name = f"gain_{row.casefold().replace(' ', '_').replace('+', '_')}"
        trainings = evidence.network_unseen(ledger, corpus, row).table
        is_finished = trainings["epochs_run"] < trainings["epochs"]
        named |= _bounds(name, gap) | {f"{name}_mark": mark, f"{name}_seeds": len(gap.by_seed)}
        named[f"{name}_finished"] = int(is_finished.sum())
    judged = [mark for gap, mark in zip(gaps.values(), marks, strict=True) if not gap.doubt]
    named["gains_judged"] = len(judged)
    return named | {f"gains_{mark}": judged.count(mark) for mark in ("holds", "fails")}


def _recipes(ledger: Ledger) -> dict[str, object]:
    """Give the baseline's UA on the validation speakers by the chosen rate and the printed one."""
    named, chosen = {}, RECIPES["published"]
    candidates = ledger.recorded.kind("recipe")
    for name, rate in (("chosen", chosen.rate), ("printed", Plan(approach="baseline").rate)):
        is_one = candidates["rate"] == rate
        is_one &= candidates["batch"] == chosen.batch
        is_one &= candidates["initialisation"] == chosen.initialisation
        if is_one.any():
            named[f"validation_{name}_rate"] = 100 * candidates[is_one]["validation_ua"].mean()
    return named


def _baseline(ledger: Ledger) -> dict[str, object]:
    """Give the recorded baseline, and how far its score on TESS moves from epoch to epoch."""
    trials = numbers.row_trials(ledger, "baseline")
    named: dict[str, object] = {"baseline_seeds": len(trials.seeds)}
    named["baseline_last"] = int((trials.table["best_epoch"] == trials.table["epochs_run"]).sum())
    for name, on in (("baseline", TESS), ("baseline_home", HOME)):
        scored = numbers.scored(trials, SCORED[on])
        if scored is not None:
            scores = scored.by_seed(UA)
            named[name] = scores.mean()
            named[f"{name}_spread"] = scores.std(ddof=1) if len(scores) > 1 else 0.0
            if on == TESS:
                named["baseline_first"] = scores[0]
    curves, _ = swing_data(ledger, on=TESS)
    steps = [step for scores in curves.values() for step in np.abs(np.diff(scores))]
    if steps:
        named["step"] = float(np.median(steps))
        named["below_step"] = sum(abs(value) < named["step"] for value in _differences(ledger))
    if spread := named.get("baseline_spread"):
        named["below_spread"] = sum(abs(value) < spread for value in _differences(ledger))
    return named


def _models(ledger: Ledger) -> dict[str, object]:
    """Count recorded models above and below the baseline, and trainings that miss a class."""
    systems = {
        row: trials for (on, row), trials in evidence.trained(ledger).trials.items() if on == TESS
    }
    named: dict[str, object] = {}
    baseline = systems["baseline"]
    single, several = (
        [systems[row] for row in rows if row in systems] for rows in (SINGLE, SEVERAL)
    )
    for name, chosen in (("single", single), ("several", several)):
        named[name] = len(chosen)
        named[f"{name}_seeds"] = max((len(trials.seeds) for trials in chosen), default=0)
    gains = [_gains(trials, baseline) for trials in single]
    named["single_below"] = sum(gain.sum() < 0 for gain in gains)
    named["single_within"] = sum(
        abs(gain.mean()) < gain.std(ddof=1) for gain in gains if len(gain) > 1
    )
    average = baseline.by_seed(UA).mean()
    named["several_above"] = sum(_gains(trials, baseline).sum() > 0 for trials in several)
    named["several_above_mean"] = sum(trials.by_seed(UA).mean() > average for trials in several)
    trainings = [matrix for trials in systems.values() for matrix in trials.arrays[0].sum(0)]
    named["of_tables"] = len(trainings)
    named["collapsed"] = sum(bool((recalls(matrix) < RARELY).any()) for matrix in trainings)
    shown = {row: systems[row] for row in ("baseline", *SINGLE) if row in systems}
    positive = {row: recalls(trials.confusion())[POSITIVE] for row, trials in shown.items()}
    named["positive_baseline"] = positive["baseline"]
    named["positive_ad"] = max(
        (recall for row, recall in positive.items() if row.startswith("AD")), default=0.0
    )
    ahead = [_by_speaker(trials) for trials in shown.values()]
    named["speaker_models"] = len(ahead)
    named["younger_ahead"] = sum(scores["tess/YAF"] > scores["tess/OAF"] for scores in ahead)
    return named


def _gains(trials: Trials, baseline: Trials) -> np.ndarray:
    """Return the points above the baseline ``(seeds,)``, on the seeds that both have."""
    if not trials.runs & baseline.runs:
        return np.empty(0)
    ours, usual = (system.by_seed(UA) for system in shared([trials, baseline]))
    return ours - usual


def _by_speaker(trials: Trials) -> dict[str, float]:
    """Return the mean over trainings of the mean recall, by speaker."""
    counts = trials.arrays[0]  # (speakers, trainings, classes, classes)
    return {
        name: float(np.mean([recalls(matrix).mean() for matrix in matrices]))
        for name, matrices in zip(trials.groups, counts, strict=True)
    }


def _changed(ledger: Ledger) -> dict[str, object]:
    """Give how far other classes of surprise and calm move the baseline, and other machines.

    ``machine_gap`` is the largest distance, in one epoch, of the baseline's UA on the validation
    speakers from that of GR with alpha at 0 of the same seed: on one machine it is 0.
    """
    baseline, moved, named = evidence.trained(ledger).trials[TESS, "baseline"], [], {}
    for row in LABELS:
        name, _, control = row.name.partition(", ")
        trials = ledger.trials(name, variant=VARIANT, protocol=PROTOCOL, control=control)
        if name == "baseline" and trials is not None:
            moved += _gains(numbers.scored(trials, SCORED[TESS]), baseline).tolist()
    if moved:
        named["classes_lowest"], named["classes_highest"] = min(moved), max(moved)
    without = ledger.trials("GR C", variant=VARIANT, protocol=PROTOCOL, control="alpha 0")
    if without is not None:
        usual = numbers.row_trials(ledger, "baseline")
        for name, on in (("tess", TESS), ("home", HOME)):
            gap = numbers.moved("", without, usual, *SCORED[on])
            named[f"machine_{name}"] = abs(gap.value)
        apart = (_validated(ledger, without) - _validated(ledger, usual)).abs()
        if apart.notna().any():
            named["machine_gap"] = 100 * apart.max()
    return named


def _validated(ledger: Ledger, trials: Trials) -> pd.Series:
    """Return the UA on the validation speakers by seed and epoch."""
    epochs = ledger.recorded.parts["epochs"]
    scores = epochs[epochs["what"] == "validation ua"].merge(trials.table[["trial", "seed"]])
    return scores.set_index(["seed", "epoch"])["value"].astype(float)


def _discriminators(ledger: Ledger) -> dict[str, object]:
    """Give the last losses for the corpus beside the entropy of its labels, in nats.

    ``discriminator`` is of AD with corpus and ``reversed_head`` of GR with it, over the seeds; ``corpus_loss_…`` are of the models with
    all attributes at the first seed, as the learning curves show them.
    """
    named: dict[str, object] = {}
    losses = ledger.recorded.parts["epochs"]
    losses = losses[losses["what"] == "C loss"].sort_values("epoch")
    losses = losses.drop_duplicates("trial", keep="last")
    for name, row in (("discriminator", "AD C"), ("reversed_head", "GR C")):
        trials = numbers.row_trials(ledger, row)
        if trials is not None and "entropy_C" in trials.table:
            named[name] = losses[losses["trial"].isin(trials.table["trial"])]["value"].mean()
            named["corpus_entropy"] = trials.table["entropy_C"].mean()
    curves, _ = learning_data(ledger)
    for row, losses in curves.items():
        if "C" in losses:
            named[f"corpus_loss_{row.partition(' ')[0].lower()}"] = losses["C"][-1]
    return named


def _views(ledger: Ledger) -> dict[str, object]:
    """Give what a linear probe and the silhouette tell of the corpus, by network of Figure 2."""
    named, controls, probes = {}, [], evidence.corpus_probes(ledger)
    named["mtl_highest"] = sum(
        all(
            probes["MTL C"][seed][2] > by_seed[seed][2]
            for by_seed in (probes["baseline"], probes["GR C"])
        )
        for seed in set.intersection(*(set(by_seed) for by_seed in probes.values()))
    )
    for row, by_seed in probes.items():
        if by_seed:
            name = row.partition(" ")[0].lower()
            probe, shuffled, silhouette = np.mean([*by_seed.values()], axis=0)
            controls.append(shuffled)
            named |= {f"probe_{name}": probe, f"silhouette_{name}": silhouette}
            named |= {"shuffled_highest": max(controls), "views_seeds": len(by_seed)}
    return named
