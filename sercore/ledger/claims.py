"""Checkable statements of the papers, each a sentence and a small function on recorded rows; one module a paper."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sercore.ledger import estimates
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import Estimate, all_of, signs

# What a claim can get under one protocol: a mark of a difference, or what becomes of a count.
MARKS = (*estimates.MARKS, "agrees", "differs", "setting")
READINGS = ("as-run", "as-described")
PROTOCOLS = ("as-published", "clean")


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What became of a claim.

    Args:
        published: mark under the paper's protocol, one of ``MARKS``.
        clean: mark under the clean protocol.
        reason: one or two sentences with the numbers.
        printed: whether the paper's own numbers bear it out; None where they do not speak to it.
        described: both marks again on the text's reading of the method, where the code's is another; empty where it is not.
    """

    published: str
    clean: str
    reason: str
    printed: bool | None = None
    described: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A statement and the function that judges it.

    Args:
        name: "A7".
        text: what the paper says, in our words.
        source: section or table.
        judge: of the paper's ledger.
    """

    name: str
    text: str
    source: str
    judge: Callable[[Ledger], Judgement]


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


def judged(ledger: Ledger, claims: Sequence[Claim]) -> list[tuple[Claim, Judgement]]:
    """Every claim of a paper with its judgement.

    A claim that the paper's own numbers contradict says so, and one that holds in the code's reading alone.
    """
    results = []
    for each in claims:
        judgement = each.judge(ledger)
        marks = (judgement.published, judgement.clean)
        if judgement.described and any(
            ran == "holds" != described for ran, described in zip(marks, judgement.described, strict=True)
        ):
            judgement = replace(judgement, reason=f"holds only as run, and not as described. {judgement.reason}")
        if judgement.printed is False:
            judgement = replace(judgement, reason=f"contradicted by the paper's own numbers. {judgement.reason}")
        results.append((each, judgement))
    return results


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
