"""Pairs of rows that must all hold, for the claims that are functions of a ledger."""

from collections.abc import Callable, Sequence

from sercore.ledger import estimates
from sercore.ledger.claims import Claim, Judgement
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import Estimate, all_of, signs

READINGS = ("as-run", "as-described")
PROTOCOLS = ("as-published", "clean")


def claim(name: str, text: str, *, source: str) -> Callable[[Callable[[Ledger], Judgement]], Claim]:
    """Turn a judging function into a claim."""
    return lambda judge: Claim(name=name, text=text, source=source, judge=judge)


def greater(
    ledger: Ledger, pairs: Sequence[tuple[str, str]], *, metric: str, protocol: str, variant: str = "as-run"
) -> list[tuple[str, Estimate | None]]:
    """Mark and difference for each pair of rows: is the first row's score greater than the second's; judged together."""
    differences = []
    for first, second in pairs:
        rows = [ledger.trials(row, variant=variant, protocol=protocol) for row in (first, second)]
        differences.append(None if None in rows else estimates.difference(*rows, metric))
    return together(differences)


def together(differences: Sequence[Estimate | None]) -> list[tuple[str, Estimate | None]]:
    """Marks of "greater than zero" for differences that must all hold, "not run" where there is none."""
    marks = iter(signs([each for each in differences if each is not None]))
    return [("not run", None) if each is None else (next(marks), each) for each in differences]


def pairs_judged(ledger: Ledger, pairs: Sequence[tuple[str, str]], *, metric: str, note: str = "") -> Judgement:
    """Judgement of "the first of each pair scores higher": under both protocols and readings, and on the printed numbers."""
    values = {number.row: number.value for number in ledger.printed if number.metric == metric}
    marks, words = {}, []
    for variant in READINGS:
        for protocol in PROTOCOLS:
            judged = greater(ledger, pairs, metric=metric, protocol=protocol, variant=variant)
            marks[variant, protocol] = all_of([mark for mark, _ in judged])
            gaps = [gap.value for mark, gap in judged if mark == "holds"]
            count = [mark for mark, _ in judged].count("holds")
            parts = [f"{count} of {len(pairs)} hold" + (f", by {min(gaps):+.3f} to {max(gaps):+.3f}" if gaps else "")]
            parts += [
                f"{short(a)} over {short(b)} {told(mark, gap)}"
                for (a, b), (mark, gap) in zip(pairs, judged, strict=True)
                if mark != "holds"
            ]
            words.append(f"{variant}, {protocol}: {'; '.join(parts)}")
    return Judgement(
        published=marks["as-run", "as-published"],
        clean=marks["as-run", "clean"],
        described=tuple(marks["as-described", protocol] for protocol in PROTOCOLS),
        reason=". ".join([*words, *filter(None, [note.removesuffix(".")])]),
        printed=all(values[a] > values[b] for a, b in pairs),
    )


def told(mark: str, gap: Estimate | None) -> str:
    """A difference and its mark, for a reason."""
    return "not run" if gap is None else f"{gap.value:+.3f} ({mark})"


def short(row: str) -> str:
    """A configuration in few letters, such as MT 56 +S-C."""
    words = {
        "Multi-task": "MT",
        "all prosodic and wav2vec": "56+W",
        "wav2vec": "W",
        "all prosodic": "56",
        " prosodic": "",
        "- SMOTE": "-S",
        "+ SMOTE": "+S",
        "- CG": "-C",
        "+ CG": "+C",
    }
    short = row.split(") ", 1)[1]
    for long, brief in words.items():
        short = short.replace(long, brief)
    return short
