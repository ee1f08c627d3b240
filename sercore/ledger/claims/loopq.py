"""Claims of paper 03 (Biagini 2022), B1 to B16: those about trained networks here, those about data in ``loopq_facts``."""

import itertools

import numpy as np

from sercore.ledger.claims import Judgement, all_of, claim, sign, told
from sercore.ledger.claims.loopq_facts import (
    balanced,
    clips,
    durations,
    either,
    fixed_length,
    loudness,
    parameters,
    sampling_rates,
)
from sercore.ledger.claims.loopq_numbers import PAIR, READINGS, table_1
from sercore.ledger.entries import Ledger
from sercore.ledger.scores import Trials
from sercore.studies.loopq_data import ORIGINS
from sercore.studies.loopq_rows import GROUPS, RECIPES

ACCURACY, F1, RECALL = "accuracy_validation", "macro_f1_validation", "uar_validation"
SEEDS = 3  # the fewest that a claim of order is judged on
PRETRAINED = ("HUBERTFT", "MMFUSION")
MASKED = "the masks fall on MFCC here, where section 3.6 has them on the mel spectrogram"


def _trials(ledger: Ledger, model: str, protocol: str) -> Trials | None:
    return ledger.trials(model, variant=READINGS[model], protocol=protocol)


def _pairs(ledger: Ledger, pairs: list[tuple[str, str]], *, printed: bool) -> Judgement:
    """The first of each pair is more accurate, under either protocol."""
    marks, words = {}, []
    for protocol in PAIR:
        judged = []
        for first, second in pairs:
            one, other = (_trials(ledger, model, protocol) for model in (first, second))
            if one is None or other is None:
                judged.append((f"{first} over {second}", "not run", float("nan")))
                continue
            gap = one.difference(other, ACCURACY)
            judged.append((f"{first} over {second}", sign(gap, seeds=SEEDS), gap.value))
        marks[protocol] = all_of([mark for _, mark, _ in judged])
        words.append(f"{protocol}: {'; '.join(f'{name} {told(mark, gap)}' for name, mark, gap in judged)}")
    seeds = [len(each.seeds) for model in READINGS if (each := _trials(ledger, model, "by-origin")) is not None]
    few = f". An order is judged on {SEEDS} seeds or more, and there are {min(seeds)}" if seeds and min(seeds) < SEEDS else ""
    return Judgement(
        published=marks["by-origin"], clean=marks["speaker-independent"], reason=". ".join(words) + few, printed=printed
    )


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
        gaps = {model: each.cell(ACCURACY).value - each.cell(F1).value for model, each in found.items() if each is not None}
        if not gaps:
            marks.append("not run")
            continue
        widest = max(gaps, key=lambda model: abs(gaps[model]))
        marks.append("holds" if abs(gaps[widest]) < 0.01 else "fails")
        words.append(f"{protocol}: widest for {widest}, {gaps[widest]:+.3f}")
    values = [_printed(ledger, metric) for metric in (ACCURACY, F1)]
    printed = max(abs(values[0][name] - values[1][name]) for name in values[0]) < 0.01
    return Judgement(published=marks[0], clean=marks[1], reason="; ".join(words) or "no model is recorded", printed=printed)


@claim("B9", "HUBERTFT overfits more than MMFUSION, for a small gain", source="section 4.1")
def overfitting(ledger: Ledger) -> Judgement:
    """Training less validation accuracy at the best epoch; both must have been tuned."""
    return either("not run", "needs both models tuned, and so pretrained weights and a GPU; MMFUSION is not trained on real speech")


@claim("B10", "Time stretching, time masking and frequency masking bring no gain", source="section 3.6")
def augmentation(ledger: Ledger) -> Judgement:
    """FCMFCC with each, less without: holds where no interval over speakers lies above zero.

    Nothing is judged on few seeds, nor where the trainings stop before the schedule of the author's code ends.
    """
    epochs = RECIPES["FCMFCC"].code.epochs
    plain = ledger.trials("FCMFCC", protocol="by-origin")
    marks, words, doubts = [], [], {}
    for row in GROUPS["switches"]:
        if row.augmentation == "none":
            continue
        changed = ledger.trials("FCMFCC", protocol="by-origin", control=row.augmentation)
        if plain is None or changed is None:
            marks.append("not run")
            words.append(f"{row.augmentation} not run")
            continue
        gap = changed.difference(plain, ACCURACY, resampled=True)
        stop = int(min(each.table["epochs"].max() for each in (changed, plain)))
        few, short = gap.seeds < SEEDS, stop < epochs
        marks.append("inconclusive" if few or short else "fails" if gap.low > 0 else "holds")
        doubts[f"{gap.seeds} seed{'s' * (gap.seeds > 1)}, and {SEEDS} are needed"] = few
        doubts[
            f"the trainings stop at {stop} of the code's {epochs} epochs, so that their rate may be cut in one and not in the other"
        ] = short
        words.append(f"{row.augmentation} {gap.value:+.3f}")
    reason = "; ".join(
        [f"by origin, accuracy with less without: {', '.join(words)}", *(why for why, met in doubts.items() if met), MASKED]
    )
    return Judgement(published=all_of(marks), clean="not run", reason=reason)


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
    means = rows.groupby("class")[["low", "middle", "high"]].mean()
    most, least = means["high"].idxmax(), means["high"].idxmin()
    wide = rows.pivot_table(index="group", columns="class", values="high")
    gaps = (wide[most] - wide[least]).dropna().to_numpy()
    draws = np.random.default_rng(0).integers(len(gaps), size=(2000, len(gaps)))
    low, high = np.quantile(gaps[draws].mean(1), [0.025, 0.975])
    reason = (
        f"share of the highest third: {most} {means['high'][most]:.3f}, {least} {means['high'][least]:.3f}; by speaker "
        f"{gaps.mean():+.3f} [{low:+.3f}, {high:+.3f}], {len(gaps)} speakers"
    )
    return either("holds" if low > 0 else "inconclusive", reason)


@claim(
    "B16", "On data unlike the training's, models with pretrained parts outperform those trained from scratch", source="section 4.2"
)
def across(ledger: Ledger) -> Judgement:
    """Trained on RAVDESS alone: recall on corpora never seen, pooled over them; told, and not judged."""
    words, share = [], ""
    for model in READINGS:
        variant = "fixed" if model == "CNNLSTM" else READINGS[model]
        trials = ledger.trials(model, variant=variant, protocol="across-corpora")
        if trials is None:
            continue
        words.append(f"{model} {trials.cell(RECALL).value:.3f}")
        clips = trials.counts.groupby(trials.counts["group"].astype(str).str.partition("/")[0])["count"].sum()
        share = f"{clips.max() / clips.sum():.0%} of the tested clips are {ORIGINS.get(clips.idxmax(), clips.idxmax())}'s"
    if not words:
        return either("not run", "no training on one corpus alone is recorded")
    chance = len(dict.fromkeys(row for row, _ in table_1()))
    reason = (
        f"not judged: mean recall is pooled over the corpora never seen, and {share}, where each corpus should count alike;"
        f" pretrained is a frozen encoder alone. Pooled, chance is 1/{chance}: {'; '.join(words)}"
    )
    return Judgement(published="not run", clean="inconclusive", reason=reason)


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
