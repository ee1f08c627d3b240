"""Claims of paper 03 (Biagini 2022), B1 to B16; B13, that no test score is known, is none."""

import itertools
import statistics
from collections.abc import Mapping

import pandas as pd

from sercore.evaluation import estimates
from sercore.evaluation.estimates import difference, level, mean_over_groups
from sercore.ledger import claims as judging
from sercore.ledger import recorded
from sercore.ledger.claims import (
    Claim,
    Counted,
    Judgement,
    Ordered,
    Reading,
    Untested,
    all_of,
    estimated,
    printed_values,
)
from sercore.ledger.entries import Ledger
from sercore.models import counts, mmfusion
from sercore.papers.biagini2022.data import ORIGINS
from sercore.papers.biagini2022.models import GROUPS
from sercore.papers.biagini2022.page import PAIR, salient
from sercore.papers.biagini2022.paper import NAME, READINGS, table_1

ACCURACY, F1, RECALL = "accuracy_validation", "macro_f1_validation", "uar_validation"
MODELS = tuple(READINGS)  # in the order of the printed accuracies
PRETRAINED = ("HUBERTFT", "MMFUSION")
OVER_SCRATCH = [(one, other) for one in PRETRAINED for other in MODELS if other not in PRETRAINED]
SPLITS = tuple(Reading(protocol, protocol, READINGS) for protocol in PAIR)  # as published, clean
ACROSS = Reading("across corpora", "across-corpora", READINGS | {"CNNLSTM": "fixed"})
SPREAD = ("angry", "happy", "disgust", "fear")  # over all frequencies, by section 2.4
BALANCED = 0.8  # of the smallest to the largest class
MASKED = "the masks fall on MFCC here, where section 3.6 has them on the mel spectrogram"
OTHER_MAPS = "The report's maps are of MMFUSION, which is not trained here"
SAID = {
    "sadness": "share of sadness in low and middle bands",
    "happy": "share of happiness in high bands",
    "surprise": "correlation with change over frequency in surprise",
}


def clips(ledger: Ledger) -> Judgement:
    """B1: check the arithmetic of Table 1; whether it is the data's, nobody can check."""
    table, measured = table_1(), _measured_cells()
    by_class, total = table.sum(axis=1), table.to_numpy().sum()
    others = by_class.drop("surprise")
    crema = table["CREMA"].sum() / total
    is_printed = total == 10_110 and crema > 0.5 and by_class["surprise"] < others.min()
    angry, sad = table.loc[["angry", "sadness"], "SAVEE"]
    in_savee = ""
    if "SAVEE" in measured:
        in_savee = ", {} and {} in the corpus".format(*measured.loc[["angry", "sadness"], "SAVEE"])
    reason = (
        "the competition's clips are not published; on the printed counts alone:"
        f" {total:,} clips, {crema:.1%} from CREMA-D; the largest class but"
        f" surprise has {others.max() / others.min():.2f} times the clips of the smallest, surprise"
        f" {by_class['surprise'] / others.min():.2f}. SAVEE has {angry} angry clips and {sad} of"
        f" sadness there{in_savee}"
    )
    return Judgement.alike("not run", reason, printed=bool(is_printed))


def loudness(ledger: Ledger) -> Judgement:
    """B3: compare the mean of clip maxima by emotion, printed and over the corpora at hand."""
    emotions, measured = table_1().index, recorded.measurements(NAME)
    in_table_2 = [number for number in ledger.printed if number.table == "Table 2"]
    printed = {number.column: number.value for number in in_table_2 if number.row == "Max"}
    is_printed = _is_loud({name: printed[name] for name in emotions})
    ours = {name: measured.get(f"Max / {name} / mean_of_clip_max_amplitude") for name in emotions}
    if None in ours.values():
        return Judgement.alike("not run", "the corpora were not measured", printed=is_printed)
    loudest_first = sorted(ours, key=ours.get, reverse=True)
    order = ", ".join(f"{name} {ours[name]:.3f}" for name in loudest_first)
    reason = f"mean maximum over {', '.join(recorded.measured_on(NAME))}: {order}"
    return Judgement.alike("agrees" if _is_loud(ours) else "differs", reason, printed=is_printed)


def _is_loud(maxima: Mapping[str, float]) -> bool:
    """Say whether anger and happiness are above the middle emotion and sadness is below it."""
    middle = statistics.median(maxima.values())
    return min(maxima["angry"], maxima["happy"]) > middle > maxima["sadness"]


def durations(ledger: Ledger) -> Judgement:
    """B4: compare durations; those of the corpora at hand show which percentile is printed."""
    judgement = Counted(rows=["duration"])(ledger)
    measured = recorded.measurements(NAME)
    if "duration / all / p95 (stated)" not in measured:
        return judgement
    p95, p99 = (measured[f"duration / all / {name}"] for name in ("p95 (stated)", "p99"))
    reason = (
        f"{judgement.reason}. Over {', '.join(recorded.measured_on(NAME))} the 95th percentile is"
        f" {p95:.3f} s and the 99th {p99:.3f} s; the author's code asks for the 99th where the text"
        " says 95 %"
    )
    return Judgement.alike(judgement.published, reason)


def close(ledger: Ledger) -> Judgement:
    """B7: take the largest distance of accuracy and macro F1 over the models that were run."""
    marks, words = [], []
    for split in SPLITS:
        distances, doubts = {}, []
        for model in MODELS:
            trials = split.trials(ledger, model)
            if trials is not None:
                accuracy = level(trials, ACCURACY)
                distances[model] = accuracy.value - level(trials, F1).value
                doubts.append(accuracy.doubt)
        if not distances:
            marks.append("not run")
            continue
        widest = max(distances, key=lambda model: abs(distances[model]))
        doubt = next(filter(None, doubts), "")
        mark = "holds" if abs(distances[widest]) < 0.01 else "fails"
        marks.append("inconclusive" if doubt else mark)
        words.append(f"{split.name}: widest for {widest}, {distances[widest]:+.3f}")
        if doubt:
            words.append(f"shown, not judged: {doubt}")
    accuracies, scores = printed_values(ledger, ACCURACY), printed_values(ledger, F1)
    printed = max(abs(accuracies[model] - scores[model]) for model in accuracies) < 0.01
    reason = "; ".join(words) or "no model is recorded"
    return Judgement(published=marks[0], clean=marks[1], reason=reason, printed=printed)


def augmentation(ledger: Ledger) -> Judgement:
    """B10: FCMFCC with each augmentation less without; that none gains anything cannot be shown."""
    plain = ledger.trials("FCMFCC", protocol="by-origin")
    differences = []
    for name in (row.augmentation for row in GROUPS["switches"] if row.augmentation != "none"):
        changed = ledger.trials("FCMFCC", protocol="by-origin", control=name)
        pair = (changed, plain)
        differences.append(estimated(name, None if None in pair else difference(*pair, ACCURACY)))
    marks = judging.marks(differences)
    mark = "inconclusive"
    if "not run" in marks:
        mark = "not run"
    elif "holds" in marks:
        mark = "fails"
    reason = f"by origin, accuracy with minus without: {judging.listing(differences)}; {MASKED}"
    return Judgement(published=mark, clean="not run", reason=reason)


def saliency(ledger: Ledger) -> Judgement:
    """B11: hold each emotion's saliency against the others', and against untrained networks'."""
    results = salient(ledger)
    if not results:
        return Judgement.alike("not run", "no saliency is recorded")
    gaps = []
    for emotion, pair in results.items():
        for name, estimate in zip((SAID[emotion], "that minus untrained"), pair, strict=True):
            gaps.append(estimated(name, estimate))
    reason = (
        f"CNNLSTM on new speakers of RAVDESS, each number minus the mean of the other emotions':"
        f" {judging.listing(gaps)}. {OTHER_MAPS}"
    )
    return Judgement(published="not run", clean=all_of(judging.marks(gaps)), reason=reason)


def fixed_length(ledger: Ledger) -> Judgement:
    """B12: find the parameters that change their shape when the waveform is longer."""
    longer = mmfusion.Sizes(frames=2 * mmfusion.SIZES.frames, speech=2 * mmfusion.SIZES.speech)
    networks = [counts.built("MMFUSION"), counts.built("MMFUSION", sizes=longer)]
    shapes, others = (
        {name: weight.shape for name, weight in network.named_parameters()} for network in networks
    )
    changed = [name for name, shape in shapes.items() if shape != others[name]]
    norms = {
        f"{name}.{parameter}"
        for name, layer in networks[0].named_modules()
        if "LayerNorm" in type(layer).__name__
        for parameter in ("weight", "bias")
    }
    mark = "agrees" if changed and set(changed) <= norms else "differs"
    return Judgement.alike(
        mark,
        f"with clips twice as long {len(changed)} tensors change their shape: {', '.join(changed)}",
    )


def balanced(ledger: Ledger) -> Judgement:
    """B14: compare the smallest class of each origin with its largest; balanced from 0.8 on."""
    printed, ours = _balance(table_1()), _balance(_measured_cells())
    mark = "not run"
    if len(ours):
        mark = "agrees" if ours.min() >= BALANCED else "differs"
    reason = (
        f"smallest class over largest: printed {_listed(printed)}; in the whole corpora"
        f" {_listed(ours) or 'not measured'}"
    )
    return Judgement.alike(mark, reason, printed=bool(printed.min() >= BALANCED))


def _balance(cells: pd.DataFrame) -> pd.Series:
    """Return the smallest class over the largest by origin; classes that it lacks are left out."""
    present = cells[cells > 0]
    return present.min() / present.max()


def _listed(shares: pd.Series) -> str:
    return ", ".join(f"{name} {share:.2f}" for name, share in shares.items())


def _measured_cells() -> pd.DataFrame:
    """Measured clips as ``table_1`` has the printed ones, of the corpora at hand."""
    measured, at_hand = recorded.measurements(NAME), recorded.measured_on(NAME)
    columns = {}
    for corpus, origin in ORIGINS.items():
        if corpus in at_hand:
            clips_of = {name: measured[f"{name} / {origin} / records"] for name in table_1().index}
            columns[origin] = pd.Series(clips_of).astype(int)
    return pd.DataFrame(columns)


def energy(ledger: Ledger) -> Judgement:
    """B15: compare, by speaker, sadness's share of energy in the lowest third with four others'.

    The four are those of which section 2.4 says that their energy is in all frequencies.
    """
    rows = ledger.recorded.parts["energy"]
    if not len(rows):
        return Judgement.alike("not run", "the energy of the clips is not recorded")
    rows = rows[rows["trial"] == rows["trial"].iloc[0]]
    wide = rows.pivot_table(index="group", columns="class", values="low")
    marks, words = [], []
    gaps = [mean_over_groups((wide["sadness"] - wide[name]).dropna().to_numpy()) for name in SPREAD]
    p_values = [1.0 if gap.groups < estimates.GROUPS else gap.p for gap in gaps]
    for name, gap, p in zip(SPREAD, gaps, estimates.holm(p_values), strict=True):
        is_sure = p < 1 - estimates.LEVEL
        marks.append(("holds" if gap.value > 0 else "fails") if is_sure else "inconclusive")
        words.append(f"{name} {gap.value:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}] ({marks[-1]})")
    reason = (
        "share of the lowest third of the mel bands, by speaker, sadness minus each of the others,"
        f" judged together: {'; '.join(words)}; {min(gap.groups for gap in gaps)} speakers or more"
    )
    return Judgement.alike(all_of(marks), reason)


def across(ledger: Ledger) -> Judgement:
    """B16: train on RAVDESS alone and score corpora never seen; the paper prints no number."""
    recalls = []
    for model in MODELS:
        trials = ACROSS.trials(ledger, model)
        if trials is not None:
            recalls.append(f"{model} {level(trials, RECALL).value:.3f}")
    if not recalls:
        return Judgement.alike("not run", "no training on one corpus alone is recorded")
    differences = [
        ACROSS.gap(ledger, *pair, RECALL, name=" over ".join(pair)) for pair in OVER_SCRATCH
    ]
    run = [mark for mark in judging.marks(differences) if mark != "not run"]
    reason = (
        f"mean recall on corpora never seen, each counting once, chance is 1/{len(table_1())}:"
        f" {', '.join(recalls)};"
        f" {judging.listing(differences)}; the only pretrained part here is a frozen encoder"
    )
    return Judgement(published="not run", clean=all_of(run), reason=reason)


CLAIMS = (
    Claim(
        "B1",
        "10,110 valid clips, balanced but for surprise, more than half of them from CREMA-D",
        source="section 2.1, Table 1",
        judge=clips,
    ),
    Claim(
        "B2",
        "Four sampling rates: 16,000, 24,414, 44,100 and 48,000 Hz",
        source="section 2.3",
        judge=Counted(rows=["sampling rates"]),
    ),
    Claim(
        "B3",
        "Anger and happiness are loud, sadness is quiet",
        source="section 2.3, Table 2",
        judge=loudness,
    ),
    Claim(
        "B4",
        "Clips last 2.597 s on average, 1.256 to 7.139 s, 95 % of them less than 4.804 s",
        source="section 2.3",
        judge=durations,
    ),
    Claim(
        "B5",
        "By accuracy HUBERTFT > MMFUSION > FCMFCC > CNNATT > CNNLSTM",
        source="section 3.7, Table 4",
        judge=Ordered(pairs=list(itertools.pairwise(MODELS)), metric=ACCURACY, readings=SPLITS),
    ),
    Claim(
        "B6",
        "Models with pretrained parts beat those trained from scratch, by 6 to 11 points",
        source="section 5, Table 4",
        judge=Ordered(
            pairs=OVER_SCRATCH,
            metric=ACCURACY,
            readings=SPLITS,
            printed=lambda leads: (round(100 * min(leads)), round(100 * max(leads))) == (6, 11),
        ),
    ),
    Claim(
        "B7",
        "Accuracy and macro F1 are close: less than a point apart",
        source="section 3.7, Table 4",
        judge=close,
    ),
    Claim(
        "B8",
        "MMFUSION has 185 million parameters, HUBERTFT 315",
        source="sections 4.1 and 4.2",
        judge=Counted(rows=["HUBERTFT", "MMFUSION"], metric="parameters"),
    ),
    Claim(
        "B9",
        "HUBERTFT overfits more than MMFUSION, for a small gain",
        source="section 4.1",
        judge=Untested(
            "needs both models tuned, and so pretrained weights and a GPU; MMFUSION is not trained"
            " on real speech"
        ),
    ),
    Claim(
        "B10",
        "Time stretching, time masking and frequency masking bring no gain",
        source="section 3.6",
        judge=augmentation,
    ),
    Claim(
        "B11",
        "Sadness rests on low and middle, happiness on higher frequencies; surprise on rapid"
        " change",
        source="section 2.4",
        judge=saliency,
    ),
    Claim(
        "B12",
        "Only the layer norms of the fusion blocks fix the length of a clip",
        source="section 4.2",
        judge=fixed_length,
    ),
    Claim(
        "B14",
        "Emotions are balanced within each origin, where it has them",
        source="section 2.1",
        judge=balanced,
    ),
    Claim(
        "B15",
        "Sadness has more of its energy in low bands than anger, happiness, disgust and fear",
        source="section 2.4, Figure 2",
        judge=energy,
    ),
    Claim(
        "B16",
        "On data unlike the training's, models with pretrained parts outperform those trained from"
        " scratch",
        source="section 4.2",
        judge=across,
    ),
)
# Claims about data and built objects, whatever is trained.
SETTINGS = ("B1", "B2", "B3", "B4", "B8", "B12", "B14")
