"""Claims of paper 03 about its data and networks: they agree or differ, whatever is trained. The others: ``loopq``."""

from sercore.ledger import recorded
from sercore.ledger.claims import Judgement
from sercore.ledger.entries import Ledger
from sercore.ledger.pairs import claim
from sercore.models import counts
from sercore.models import mmfusion as loopq_mmfusion
from sercore.papers.biagini2022 import data as loopq_data
from sercore.papers.biagini2022.numbers import PAPER, table_1


def either(mark: str, reason: str, *, printed: bool | None = None) -> Judgement:
    """A judgement that no protocol changes.

    Args:
        mark: one of ``MARKS``, under either.
        reason: in words.
        printed: whether the paper's own numbers bear the claim out; None (default) where they do not speak to it.
    """
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
    return either(mark, words or "every number agrees")


@claim("B1", "10,110 valid clips, balanced but for surprise, more than half of them from CREMA-D", source="section 2.1, Table 1")
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
    return either(mark, reason)


def _in_savee() -> str:
    cells = _measured_cells()
    return f", {cells['angry', 'SAVEE']} and {cells['sadness', 'SAVEE']} in the corpus" if ("angry", "SAVEE") in cells else ""


@claim("B2", "Four sampling rates: 16,000, 24,414, 44,100 and 48,000 Hz", source="section 2.3")
def sampling_rates(ledger: Ledger) -> Judgement:
    """Printed rates against those of the files."""
    return _counted(ledger, ("sampling rates",))


@claim("B3", "Anger and happiness are loud, sadness is quiet", source="section 2.3, Table 2")
def loudness(ledger: Ledger) -> Judgement:
    """Mean of clip maxima by emotion: the two loudest and the quietest, printed and over the corpora at hand."""
    printed = {each.column: each.value for each in ledger.printed if (each.table, each.row) == ("Table 2", "Max")}
    emotions = {row for row, _ in table_1()}
    measured = recorded.measurements(PAPER)
    ours = {name: measured.get(f"Max / {name} / mean_of_clip_max_amplitude") for name in emotions}
    if None in ours.values():
        return either("not run", "the corpora were not measured", printed=_loud(printed, emotions))
    order = ", ".join(f"{name} {ours[name]:.3f}" for name in sorted(ours, key=ours.get, reverse=True))
    on = ", ".join(recorded.measured_on(PAPER))
    return either(
        "agrees" if _loud(ours, emotions) else "differs", f"mean maximum over {on}: {order}", printed=_loud(printed, emotions)
    )


def _loud(maxima: dict[str, float], emotions: set[str]) -> bool:
    order = sorted(emotions, key=maxima.get)
    return order[0] == "sadness" and set(order[-2:]) == {"angry", "happy"}


@claim("B4", "Clips last 2.597 s on average, 1.256 to 7.139 s, 95 % of them less than 4.804 s", source="section 2.3")
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
    return either(judgement.published, reason)


@claim("B8", "MMFUSION has 185 million parameters, HUBERTFT 315", source="sections 4.1 and 4.2")
def parameters(ledger: Ledger) -> Judgement:
    """The built modules."""
    return _counted(ledger, ("HUBERTFT", "MMFUSION"), metric="parameters")


@claim("B12", "Only the layer norms of the fusion blocks fix the length of a clip", source="section 4.2")
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
    return either(mark, f"with clips twice as long {len(changed)} tensors change their shape: {', '.join(changed)}")


@claim("B14", "Emotions are balanced within each origin, where it has them", source="section 2.1")
def balanced(ledger: Ledger) -> Judgement:
    """The smallest class of each origin against its largest, classes that it lacks left out; balanced from 0.8 on."""
    shares, ours = _balance(table_1()), _balance(_measured_cells())
    words = [", ".join(f"{name} {share:.2f}" for name, share in found.items()) for found in (shares, ours)]
    mark = "not run" if not ours else "agrees" if min(ours.values()) >= 0.8 else "differs"
    reason = f"smallest class over largest: printed {words[0]}; in the whole corpora {words[1] or 'not measured'}"
    return either(mark, reason, printed=min(shares.values()) >= 0.8)


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
