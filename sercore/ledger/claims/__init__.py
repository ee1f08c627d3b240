"""Checkable statements of the papers, each a sentence and a small function on recorded rows; one module a paper."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sercore.ledger.entries import Ledger
from sercore.ledger.scores import Cell
from sercore.ledger.verdicts import GROUPS, SEEDS

# What a claim can get under one protocol.
MARKS = ("holds", "fails", "inconclusive", "not run", "agrees", "differs", "setting")


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What became of a claim.

    Args:
        published: mark under the paper's protocol, one of ``MARKS``.
        clean: mark under the clean protocol.
        reason: one or two sentences with the numbers.
        printed: whether the paper's own numbers bear it out; None where they do not speak to it.
    """

    published: str
    clean: str
    reason: str
    printed: bool | None = None


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


def sign(cell: Cell, *, seeds: int = SEEDS) -> str:
    """Mark of "greater than zero" for a difference: inconclusive where its interval holds zero, or rests on too few.

    Args:
        cell: the difference.
        seeds: the fewest that count (default 5).
    """
    if cell.seeds < seeds or cell.groups < GROUPS or cell.low <= 0 <= cell.high:
        return "inconclusive"
    return "holds" if cell.low > 0 else "fails"


def all_of(marks: Sequence[str]) -> str:
    """Mark of a statement that needs every part: one failure fails it, one doubt leaves it open."""
    if not marks or "not run" in marks:
        return "not run"
    if "fails" in marks:
        return "fails"
    return "inconclusive" if "inconclusive" in marks else "holds"


def greater(
    ledger: Ledger, pairs: Sequence[tuple[str, str]], *, metric: str, protocol: str, variant: str = "as-run"
) -> list[tuple[str, float]]:
    """Mark and difference for each pair of rows: is the first row's score greater than the second's."""
    found = []
    for first, second in pairs:
        rows = [ledger.trials(row, variant=variant, protocol=protocol) for row in (first, second)]
        if None in rows:
            found.append(("not run", float("nan")))
            continue
        cell = rows[0].difference(rows[1], metric)
        found.append((sign(cell), cell.value))
    return found


def without(
    ledger: Ledger, rows: Sequence[str], *, control: str, metric: str, variant: str, protocol: str = "clean"
) -> list[tuple[str, str, float]]:
    """Row, mark and difference for each row: does it score higher than the same row under a control."""
    cells = [ledger.above(row, metric, variant=variant, control=control, protocol=protocol) for row in rows]
    return [
        (row, "not run", float("nan")) if cell is None else (row, sign(cell), cell.value)
        for row, cell in zip(rows, cells, strict=True)
    ]


def pairs_judged(ledger: Ledger, pairs: Sequence[tuple[str, str]], *, metric: str, note: str = "") -> Judgement:
    """Judgement of "the first of each pair scores higher": under both protocols, and on the printed numbers."""
    values = {number.row: number.value for number in ledger.printed if number.metric == metric}
    marks, words = {}, []
    for protocol in ("as-published", "clean"):
        judged = greater(ledger, pairs, metric=metric, protocol=protocol)
        marks[protocol] = all_of([mark for mark, _ in judged])
        held = [gap for mark, gap in judged if mark == "holds"]
        parts = [f"{len(held)} of {len(pairs)} hold" + (f", by {min(held):+.3f} to {max(held):+.3f}" if held else "")]
        parts += [
            f"{short(a)} over {short(b)} {told(mark, gap)}"
            for (a, b), (mark, gap) in zip(pairs, judged, strict=True)
            if mark != "holds"
        ]
        words.append(f"{protocol}: {'; '.join(parts)}")
    return Judgement(
        published=marks["as-published"],
        clean=marks["clean"],
        reason=". ".join([*words, *filter(None, [note.removesuffix(".")])]),
        printed=all(values[a] > values[b] for a, b in pairs),
    )


def judged(ledger: Ledger, claims: Sequence[Claim]) -> list[tuple[Claim, Judgement]]:
    """Every claim of a paper with its judgement; a claim that the paper's own numbers contradict says so."""
    found = []
    for each in claims:
        judgement = each.judge(ledger)
        if judgement.printed is False:
            judgement = replace(judgement, reason=f"contradicted by the paper's own numbers. {judgement.reason}")
        found.append((each, judgement))
    return found


def told(mark: str, gap: float) -> str:
    """A difference and its mark, for a reason."""
    return "not run" if mark == "not run" else f"{gap:+.3f} ({mark})"


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
