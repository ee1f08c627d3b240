"""Claims of paper 03 (Biagini 2022), B1 to B16: those about trained networks here, those about data in ``loopq_facts``."""

import itertools
from collections.abc import Sequence

from sercore.ledger import estimates
from sercore.ledger.claims import Judgement
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import Estimate, all_of, difference, holm, level, mean_over_groups
from sercore.ledger.pairs import claim, together, told
from sercore.ledger.scores import Trials
from sercore.papers.biagini2022.facts import (
    balanced,
    clips,
    durations,
    either,
    fixed_length,
    loudness,
    parameters,
    sampling_rates,
)
from sercore.papers.biagini2022.numbers import PAIR, READINGS, table_1
from sercore.papers.biagini2022.rows import GROUPS

ACCURACY, F1, RECALL = "accuracy_validation", "macro_f1_validation", "uar_validation"
PRETRAINED = ("HUBERTFT", "MMFUSION")
MASKED = "the masks fall on MFCC here, where section 3.6 has them on the mel spectrogram"


def _trials(ledger: Ledger, model: str, protocol: str) -> Trials | None:
    return ledger.trials(model, variant=READINGS[model], protocol=protocol)


def _pairs(ledger: Ledger, pairs: list[tuple[str, str]], *, printed: bool) -> Judgement:
    """The first of each pair is more accurate, under either protocol."""
    marks, words = {}, []
    for protocol in PAIR:
        rows = [[_trials(ledger, model, protocol) for model in pair] for pair in pairs]
        judged = together([None if None in row else difference(*row, ACCURACY) for row in rows])
        marks[protocol] = all_of([mark for mark, _ in judged])
        parts = [f"{' over '.join(pair)} {told(mark, gap)}" for pair, (mark, gap) in zip(pairs, judged, strict=True)]
        words.append(f"{protocol}: {'; '.join(parts)}{_doubt([gap for _, gap in judged])}")
    return Judgement(published=marks["by-origin"], clean=marks["speaker-independent"], reason=". ".join(words), printed=printed)


def _doubt(gaps: Sequence[Estimate | None]) -> str:
    """What keeps the first of several differences that cannot be judged from being so, as the end of a reason."""
    doubts = [gap.doubt for gap in gaps if gap is not None and gap.doubt]
    return f"; shown, not judged: {doubts[0]}" if doubts else ""


def _printed(ledger: Ledger, metric: str) -> dict[str, float]:
    return {each.row: each.value for each in ledger.printed if each.metric == metric}


@claim("B5", "By accuracy HUBERTFT > MMFUSION > FCMFCC > CNNATT > CNNLSTM", source="section 3.7, Table 4")
def order(ledger: Ledger) -> Judgement:
    """The four neighbouring pairs."""
    names = list(READINGS)
    values = [_printed(ledger, ACCURACY)[name] for name in names]
    return _pairs(ledger, list(itertools.pairwise(names)), printed=values == sorted(values, reverse=True))


@claim("B6", "Models with pretrained parts beat those trained from scratch, by 6 to 11 points", source="section 5, Table 4")
def pretrained(ledger: Ledger) -> Judgement:
    """Both against the three others."""
    pairs = [(one, other) for one in PRETRAINED for other in READINGS if other not in PRETRAINED]
    values = _printed(ledger, ACCURACY)
    gaps = [100 * (values[one] - values[other]) for one, other in pairs]
    return _pairs(ledger, pairs, printed=round(min(gaps)) == 6 and round(max(gaps)) == 11)


@claim("B7", "Accuracy and macro F1 are close: less than a point apart", source="section 3.7, Table 4")
def close(ledger: Ledger) -> Judgement:
    """The largest distance over the models that were run."""
    marks, words = [], []
    for protocol in PAIR:
        found = {model: _trials(ledger, model, protocol) for model in READINGS}
        gaps = {model: level(each, ACCURACY).value - level(each, F1).value for model, each in found.items() if each is not None}
        if not gaps:
            marks.append("not run")
            continue
        widest = max(gaps, key=lambda model: abs(gaps[model]))
        doubt = _doubt([level(each, ACCURACY) for each in found.values() if each is not None])
        marks.append("inconclusive" if doubt else "holds" if abs(gaps[widest]) < 0.01 else "fails")
        words.append(f"{protocol}: widest for {widest}, {gaps[widest]:+.3f}{doubt}")
    values = [_printed(ledger, metric) for metric in (ACCURACY, F1)]
    printed = max(abs(values[0][name] - values[1][name]) for name in values[0]) < 0.01
    return Judgement(published=marks[0], clean=marks[1], reason="; ".join(words) or "no model is recorded", printed=printed)


@claim("B9", "HUBERTFT overfits more than MMFUSION, for a small gain", source="section 4.1")
def overfitting(ledger: Ledger) -> Judgement:
    """Training less validation accuracy at the best epoch; both must have been tuned."""
    return either("not run", "needs both models tuned, and so pretrained weights and a GPU; MMFUSION is not trained on real speech")


@claim("B10", "Time stretching, time masking and frequency masking bring no gain", source="section 3.6")
def augmentation(ledger: Ledger) -> Judgement:
    """FCMFCC with each, less without: fails where one of them is above zero; that none gains anything cannot be shown."""
    plain = ledger.trials("FCMFCC", protocol="by-origin")
    names = [row.augmentation for row in GROUPS["switches"] if row.augmentation != "none"]
    rows = [ledger.trials("FCMFCC", protocol="by-origin", control=name) for name in names]
    judged = together([None if plain is None or row is None else difference(row, plain, ACCURACY) for row in rows])
    marks = [mark for mark, _ in judged]
    mark = "not run" if "not run" in marks else "fails" if "holds" in marks else "inconclusive"
    words = [f"{name} {told(mark, gap)}" for name, (mark, gap) in zip(names, judged, strict=True)]
    reason = f"by origin, accuracy with less without: {'; '.join(words)}{_doubt([gap for _, gap in judged])}; {MASKED}"
    return Judgement(published=mark, clean="not run", reason=reason)


@claim("B11", "Sadness rests on low and middle, happiness on higher frequencies; surprise on rapid change", source="section 2.4")
def saliency(ledger: Ledger) -> Judgement:
    """CNNLSTM fixed: each emotion's share against the mean of the others, beside the same untrained; told, and not judged.

    The report's change is over frequency, and what is recorded is change over time.
    """
    rows = ledger.recorded.parts["saliency"]
    views = ledger.recorded.kind("views")
    words = []
    for protocol in PAIR:
        chosen = views[views.get("protocol") == protocol]["trial"]
        table = rows[rows["trial"].isin(chosen)].groupby(["network", "class"])[["low", "middle", "high"]].mean()
        if not len(table):
            continue
        gaps = {}
        for network in ("trained", "untrained"):
            of = table.loc[network]
            lower = of["low"] + of["middle"]
            gaps[network] = [_against(lower, "sadness"), _against(of["high"], "happy")]
        for name, one, control in zip(("sadness, low and middle", "happy, high"), *gaps.values(), strict=True):
            words.append(f"{protocol}, {name}: {one:+.3f}, untrained {control:+.3f}")
    if not words:
        return either("not run", "no saliency is recorded")
    fewest = int(rows["clips"].min())
    return either(
        "not run",
        "section 2.4 says that surprise rests on bands that change quickly over frequency, and what is recorded is change over"
        " time; its maps are MMFUSION's, which is not trained here. Beside it, CNNLSTM, each share against the mean of the other"
        " emotions: "
        f"{'; '.join(words)}; of one emotion there are {fewest} clips, too few to judge",
    )


def _against(values, name: str) -> float:
    return float(values[name] - values.drop(name).mean())


@claim("B13", "No test labels: nothing is claimed of the test but an expectation", source="sections 2.1 and 4.1")
def no_test(ledger: Ledger) -> Judgement:
    """There is no number to judge."""
    return either(
        "not run", "no test score is printed; the validation clips chose rate and epoch, so that the scores are optimistic"
    )


@claim("B15", "Emotions differ in where their energy lies", source="section 2.4, Figure 2")
def energy(ledger: Ledger) -> Judgement:
    """Share of energy in the highest third of the mel bands: the emotion with most against that with least, by speaker."""
    rows = ledger.recorded.parts["energy"]
    if not len(rows):
        return either("not run", "the energy of the clips is not recorded")
    rows = rows[rows["trial"] == rows["trial"].iloc[0]]
    wide = rows.pivot_table(index="group", columns="class", values="high")
    pairs = list(itertools.combinations(wide.columns, 2))
    gaps = [mean_over_groups((wide[one] - wide[other]).dropna().to_numpy()) for one, other in pairs]
    adjusted = holm([gap.p if gap.groups >= estimates.GROUPS else 1.0 for gap in gaps])
    clear = [pair for pair, p in zip(pairs, adjusted, strict=True) if p < 1 - estimates.LEVEL]
    (one, other), gap = max(zip(pairs, gaps, strict=True), key=lambda each: abs(each[1].value))
    reason = (
        f"share of the highest third, by speaker: {len(clear)} of {len(pairs)} pairs of emotions differ, judged together; most"
        f" {one} less {other}, {gap.value:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}], {gap.groups} speakers"
    )
    return either("holds" if clear else "inconclusive", reason)


@claim(
    "B16", "On data unlike the training's, models with pretrained parts outperform those trained from scratch", source="section 4.2"
)
def across(ledger: Ledger) -> Judgement:
    """Trained on RAVDESS alone, on corpora never seen: recall of each pretrained model less that of each from scratch."""
    trials = {
        model: ledger.trials(model, variant="fixed" if model == "CNNLSTM" else variant, protocol="across-corpora")
        for model, variant in READINGS.items()
    }
    run = {model: each for model, each in trials.items() if each is not None}
    if not run:
        return either("not run", "no training on one corpus alone is recorded")
    pairs = [(one, other) for one in PRETRAINED for other in READINGS if other not in PRETRAINED]
    judged = together([difference(run[a], run[b], RECALL) if a in run and b in run else None for a, b in pairs])
    levels = ", ".join(f"{model} {level(each, RECALL).value:.3f}" for model, each in run.items())
    words = [f"{a} over {b} {told(mark, gap)}" for (a, b), (mark, gap) in zip(pairs, judged, strict=True)]
    chance = len(dict.fromkeys(row for row, _ in table_1()))
    reason = (
        f"mean recall on corpora never seen, each counting once, chance is 1/{chance}: {levels}; {'; '.join(words)}; the only"
        f" pretrained part here is a frozen encoder{_doubt([gap for _, gap in judged])}"
    )
    return Judgement(published="not run", clean=all_of([mark for mark, gap in judged if gap is not None]), reason=reason)


CLAIMS = (
    clips,
    sampling_rates,
    loudness,
    durations,
    order,
    pretrained,
    close,
    parameters,
    overfitting,
    augmentation,
    saliency,
    fixed_length,
    no_test,
    balanced,
    energy,
    across,
)
# About data and built objects: agree or differ, whatever is trained.
SETTINGS = tuple(each.name for each in (clips, sampling_rates, loudness, durations, parameters, fixed_length, balanced))
