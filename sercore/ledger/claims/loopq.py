"""Claims of paper 03 (Biagini 2022), B1 to B16."""

import itertools

import numpy as np

from sercore.ledger import recorded
from sercore.ledger.claims import Judgement, all_of, claim, sign, told
from sercore.ledger.claims.loopq_numbers import PAPER, READINGS, table_1
from sercore.ledger.entries import Ledger
from sercore.ledger.scores import Trials
from sercore.models import counts, loopq_mmfusion
from sercore.studies import loopq_data
from sercore.studies.loopq_rows import GROUPS

ACCURACY, F1, RECALL = "accuracy_validation", "macro_f1_validation", "uar_validation"
PROTOCOLS = ("by-origin", "speaker-independent")
SEEDS = 3  # the fewest that a claim of order is judged on
PRETRAINED = ("HUBERTFT", "MMFUSION")


def _one(mark: str, reason: str, *, printed: bool | None = None) -> Judgement:
    """A judgement that no protocol changes."""
    return Judgement(published=mark, clean=mark, reason=reason, printed=printed)


def _counted(ledger: Ledger, rows: tuple[str, ...], *, metric: str = "") -> Judgement:
    """Printed counts against what was measured or built."""
    numbers = [each for each in ledger.printed if each.row in rows and each.metric.startswith(metric) and each.table == "Text"]
    found = [(number, *ledger.verdict(number)) for number in numbers]
    wrong: dict[str, list[str]] = {}
    for number, _, reason in found:
        if not reason.startswith("agrees"):
            wrong.setdefault(reason, []).append(f"{number.value:g}")
    mark = "not run" if any(word == "not run" for _, word, _ in found) else "differs" if wrong else "agrees"
    words = "; ".join(f"{', '.join(values)}: {reason}" for reason, values in wrong.items())
    return _one(mark, words or "every number agrees")


def _trials(ledger: Ledger, model: str, protocol: str) -> Trials | None:
    return ledger.trials(model, variant=READINGS[model], protocol=protocol)


def _pairs(ledger: Ledger, pairs: list[tuple[str, str]], *, printed: bool) -> Judgement:
    """The first of each pair is more accurate, under either protocol."""
    marks, words = {}, []
    for protocol in PROTOCOLS:
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


@claim("B1", "10,110 valid clips, balanced but for surprise, more than half of them from CREMA-D", source="section 2, Table 1")
def clips(ledger: Ledger) -> Judgement:
    """The arithmetic of Table 1; the counts of each corpus stand in its table."""
    cells = table_1()
    by_class = {name: sum(count for (row, _), count in cells.items() if row == name) for name, _ in cells}
    others = [count for name, count in by_class.items() if name != "surprise"]
    crema = sum(count for (_, origin), count in cells.items() if origin == "CREMA") / sum(cells.values())
    balanced = max(others) / min(others)
    mark = "agrees" if sum(cells.values()) == 10_110 and crema > 0.5 and by_class["surprise"] < min(others) else "differs"
    reason = (
        f"on the printed counts: {sum(cells.values()):,} clips, {crema:.1%} from CREMA-D; the largest class but surprise has "
        f"{balanced:.2f} times the clips of the smallest, surprise {by_class['surprise'] / min(others):.2f}. "
        f"SAVEE has {cells['angry', 'SAVEE']} angry clips and {cells['sadness', 'SAVEE']} of sadness there{_in_savee()}"
    )
    return _one(mark, reason)


def _in_savee() -> str:
    cells = _measured_cells()
    return f", {cells['angry', 'SAVEE']} and {cells['sadness', 'SAVEE']} in the corpus" if ("angry", "SAVEE") in cells else ""


@claim("B2", "Four sampling rates: 16,000, 24,414, 44,100 and 48,000 Hz", source="section 2")
def sampling_rates(ledger: Ledger) -> Judgement:
    """Printed rates against those of the files."""
    return _counted(ledger, ("sampling rates",))


@claim("B3", "Anger and happiness are loud, sadness is quiet", source="section 2, Table 2")
def loudness(ledger: Ledger) -> Judgement:
    """Mean of clip maxima by emotion: the two loudest and the quietest, printed and over the corpora at hand."""
    printed = {each.column: each.value for each in ledger.printed if (each.table, each.row) == ("Table 2", "Max")}
    emotions = {row for row, _ in table_1()}
    measured = recorded.measurements(PAPER)
    ours = {name: measured.get(f"Max / {name} / mean_of_clip_max_amplitude") for name in emotions}
    if None in ours.values():
        return _one("not run", "the corpora were not measured", printed=_loud(printed, emotions))
    order = ", ".join(f"{name} {ours[name]:.3f}" for name in sorted(ours, key=ours.get, reverse=True))
    on = ", ".join(recorded.measured_on(PAPER))
    return _one(
        "agrees" if _loud(ours, emotions) else "differs", f"mean maximum over {on}: {order}", printed=_loud(printed, emotions)
    )


def _loud(maxima: dict[str, float], emotions: set[str]) -> bool:
    order = sorted(emotions, key=maxima.get)
    return order[0] == "sadness" and set(order[-2:]) == {"angry", "happy"}


@claim("B4", "Clips last 2.597 s on average, 1.256 to 7.139 s, 95 % of them less than 4.804 s", source="section 2")
def durations(ledger: Ledger) -> Judgement:
    """Durations over all corpora; which percentile is printed shows on the corpora at hand too."""
    measured = recorded.measurements(PAPER)
    judgement = _counted(ledger, ("duration",))
    if "duration / all / p95 (stated)" not in measured:
        return judgement
    p95, p99 = (measured[f"duration / all / {name}"] for name in ("p95 (stated)", "p99"))
    reason = (
        f"{judgement.reason}. Over {', '.join(recorded.measured_on(PAPER))} the 95th percentile is {p95:.3f} s and the 99th "
        f"{p99:.3f} s; the author's code asks for the 99th where the text says 95 %"
    )
    return _one(judgement.published, reason)


@claim("B5", "By accuracy HUBERTFT > MMFUSION > FCMFCC > CNNATT > CNNLSTM", source="Table 4")
def order(ledger: Ledger) -> Judgement:
    """The four neighbouring pairs."""
    names = list(READINGS)
    values = [_printed(ledger, ACCURACY)[name] for name in names]
    return _pairs(ledger, list(itertools.pairwise(names)), printed=values == sorted(values, reverse=True))


@claim("B6", "Models with pretrained parts beat those trained from scratch, by 6 to 11 points", source="section 5")
def pretrained(ledger: Ledger) -> Judgement:
    """Both against the three others."""
    pairs = [(one, other) for one in PRETRAINED for other in READINGS if other not in PRETRAINED]
    values = _printed(ledger, ACCURACY)
    gaps = [100 * (values[one] - values[other]) for one, other in pairs]
    return _pairs(ledger, pairs, printed=round(min(gaps)) == 6 and round(max(gaps)) == 11)


@claim("B7", "Accuracy and macro F1 are close: less than a point apart", source="Table 4")
def close(ledger: Ledger) -> Judgement:
    """The largest distance over the models that were run."""
    marks, words = [], []
    for protocol in PROTOCOLS:
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


@claim("B8", "MMFUSION has 185 million parameters, HUBERTFT 315", source="section 3")
def parameters(ledger: Ledger) -> Judgement:
    """The built modules."""
    return _counted(ledger, ("HUBERTFT", "MMFUSION"), metric="parameters")


@claim("B9", "HUBERTFT overfits more than MMFUSION, for a small gain", source="section 5")
def overfitting(ledger: Ledger) -> Judgement:
    """Training less validation accuracy at the best epoch; both must have been tuned."""
    return _one("not run", "needs both encoders tuned, and so their pretrained weights and a GPU")


@claim("B10", "Time stretching, time masking and frequency masking bring no gain", source="section 3.6")
def augmentation(ledger: Ledger) -> Judgement:
    """FCMFCC with each, less without: holds where no interval over speakers lies above zero."""
    plain = ledger.trials("FCMFCC", protocol="by-origin")
    marks, words = [], []
    for row in GROUPS["switches"]:
        if row.augmentation == "none":
            continue
        changed = ledger.trials("FCMFCC", protocol="by-origin", control=row.augmentation)
        if plain is None or changed is None:
            marks.append("not run")
            words.append(f"{row.augmentation} not run")
            continue
        gap = changed.difference(plain, ACCURACY, resampled=True)
        marks.append("fails" if gap.low > 0 else "holds")
        words.append(f"{row.augmentation} {gap.value:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}]")
    reason = f"by origin, accuracy with less without, speakers resampled, one seed: {'; '.join(words)}"
    return Judgement(published=all_of(marks), clean="not run", reason=reason)


@claim("B11", "Sadness rests on low and middle, happiness on higher frequencies; surprise on rapid change", source="section 6")
def saliency(ledger: Ledger) -> Judgement:
    """CNNLSTM fixed: each emotion's share or correlation against the mean of the others, less the same untrained."""
    rows = ledger.recorded.parts["saliency"]
    trials = ledger.recorded.trials
    marks, words = {}, []
    for protocol in PROTOCOLS:
        chosen = trials[(trials.get("protocol") == protocol) & trials["run"].str.endswith(", views")]["trial"]
        table = rows[rows["trial"].isin(chosen)].groupby(["network", "class"])[["low", "middle", "high", "correlation"]].mean()
        if not len(table):
            marks[protocol] = "not run"
            continue
        gaps = {}
        for network in ("trained", "untrained"):
            of = table.loc[network]
            lower = of["low"] + of["middle"]
            gaps[network] = [
                _against(lower, "sadness"),
                _against(of["high"], "happy"),
                _against(of["correlation"], "surprise"),
            ]
        readings = []
        for name, one, control in zip(("sadness, low and middle", "happy, high", "surprise, change"), *gaps.values(), strict=True):
            readings.append("fails" if one <= 0 else "holds" if one > 2 * abs(control) else "inconclusive")
            words.append(f"{protocol}, {name}: {one:+.3f}, untrained {control:+.3f} ({readings[-1]})")
        marks[protocol] = all_of(readings)
    reason = "; ".join(words) or "no saliency is recorded"
    return Judgement(
        published=marks["by-origin"],
        clean=marks["speaker-independent"],
        reason=f"{reason}. Each against the mean of the other emotions; holds where it is more than twice the untrained network's",
    )


def _against(values, name: str) -> float:
    return float(values[name] - values.drop(name).mean())


@claim("B12", "Only the layer norms of the fusion blocks fix the length of a clip", source="section 3.5")
def fixed_length(ledger: Ledger) -> Judgement:
    """Parameters that change their shape when the waveform is longer, from the built module."""
    longer = loopq_mmfusion.Sizes(frames=2 * loopq_mmfusion.SIZES.frames, speech=2 * loopq_mmfusion.SIZES.speech)
    pair = [counts.built("MMFUSION"), counts.built("MMFUSION", sizes=longer)]
    shapes = [{name: weight.shape for name, weight in each.named_parameters()} for each in pair]
    changed = [name for name, shape in shapes[0].items() if shape != shapes[1][name]]
    norms = {
        f"{name}.{each}"
        for name, layer in pair[0].named_modules()
        if "LayerNorm" in type(layer).__name__
        for each in ("weight", "bias")
    }
    mark = "agrees" if changed and set(changed) <= norms else "differs"
    return _one(mark, f"with clips twice as long {len(changed)} tensors change their shape: {', '.join(changed)}")


@claim("B13", "No test labels: nothing is claimed of the test but an expectation", source="section 5")
def no_test(ledger: Ledger) -> Judgement:
    """There is no number to judge."""
    return _one("not run", "no test score is printed; the validation clips chose rate and epoch, so that the scores are optimistic")


@claim("B14", "Emotions are balanced within each origin, where it has them", source="section 2.1")
def balanced(ledger: Ledger) -> Judgement:
    """The smallest class of each origin against its largest, classes that it lacks left out; balanced from 0.8 on."""
    shares, ours = _balance(table_1()), _balance(_measured_cells())
    words = [", ".join(f"{name} {share:.2f}" for name, share in found.items()) for found in (shares, ours)]
    mark = "not run" if not ours else "agrees" if min(ours.values()) >= 0.8 else "differs"
    reason = f"smallest class over largest: printed {words[0]}; in the whole corpora {words[1] or 'not measured'}"
    return _one(mark, reason, printed=min(shares.values()) >= 0.8)


def _balance(cells: dict[tuple[str, str], int]) -> dict[str, float]:
    found = {}
    for origin in dict.fromkeys(origin for _, origin in cells):
        sizes = [count for (row, column), count in cells.items() if column == origin and count]
        found[origin] = min(sizes) / max(sizes)
    return found


def _measured_cells() -> dict[tuple[str, str], int]:
    measured = recorded.measurements(PAPER)
    there = [origin for name, origin in loopq_data.ORIGINS.items() if name in recorded.measured_on(PAPER)]
    emotions = dict.fromkeys(row for row, _ in table_1())
    return {(row, origin): int(measured[f"{row} / {origin} / records"]) for origin in there for row in emotions}


@claim("B15", "Emotions differ in where their energy lies", source="Figure 2")
def energy(ledger: Ledger) -> Judgement:
    """Share of energy in the highest third of the mel bands: the emotion with most against that with least, by speaker."""
    rows = ledger.recorded.parts["energy"]
    if not len(rows):
        return _one("not run", "the energy of the clips is not recorded")
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
    return _one("holds" if low > 0 else "inconclusive", reason)


@claim("B16", "Models carry over to other corpora", source="outlook")
def across(ledger: Ledger) -> Judgement:
    """Trained on RAVDESS alone: recall above chance on corpora never seen; beside it, with other speakers of the same corpora."""
    marks, words = [], []
    for model in READINGS:
        variant = "fixed" if model == "CNNLSTM" else READINGS[model]
        trials = ledger.trials(model, variant=variant, protocol="across-corpora")
        if trials is None:
            continue
        cell = trials.cell(RECALL)
        marks.append("holds" if cell.low > 1 / trials.classes else "fails")
        same = ledger.trials(model, variant=variant, protocol="speaker-independent")
        beside = f", {same.cell(RECALL).value:.3f} speaker-independent" if same else ""
        words.append(f"{model} {cell.value:.3f} [{cell.low:.3f}, {cell.high:.3f}]{beside}")
    if not marks:
        return _one("not run", "no training on one corpus alone is recorded")
    reason = f"mean recall on corpora never seen, chance is 1/{len(dict.fromkeys(row for row, _ in table_1()))}: {'; '.join(words)}"
    return Judgement(published="not run", clean=all_of(marks), reason=reason)


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
SETTINGS = ("B1", "B2", "B3", "B4", "B8", "B12", "B14")  # about data and built objects: agree or differ, whatever is trained
