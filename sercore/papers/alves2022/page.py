"""Numbers that the words of chapter 1 quote."""

from collections.abc import Mapping

from sercore.ledger.entries import PUBLISHED_ONLY, Ledger
from sercore.ledger.paper import Printed
from sercore.ledger.scores import F1
from sercore.papers.alves2022.numbers import official_tests


def quoted(ledger: Ledger) -> Mapping[str, object]:
    """Give scores and counts by the names under which the words of the pages know them.

    ``prosodic_…`` are of the multi-task rows with SMOTE on the paper's own features, and
    ``embedding_…`` of those that read another speech encoder than the paper's: the number of rows,
    and the lowest and highest macro F1 as printed, as published and clean.
    """
    scores = [number for number in ledger.printed if number.metric == F1]
    recorded = [number for number in scores if _is_multi_task(number) and ledger.runs(number.row)]
    groups = {
        "prosodic": [number for number in recorded if not ledger.inputs(number.row)],
        "embedding": [number for number in recorded if ledger.inputs(number.row)],
    }
    reached = [ledger.verdict(number)[1] for number in ledger.printed]
    official = [number.value for number in official_tests(ledger)]
    named: dict[str, object] = {
        "networks": len(scores),
        "printed_best": max(number.value for number in scores),
        "submissions": len(official),
        "official_low": min(official),
        "official_high": max(official),
        "only_as_published": sum(reason.startswith(PUBLISHED_ONLY) for reason in reached),
    }
    for group, rows in groups.items():
        if rows:
            named[f"{group}_rows"] = len(rows)
            named |= _spans(ledger, group, rows)
    if groups["embedding"]:
        named["encoder"], named["encoder_width"] = _encoder(ledger, groups["embedding"][0].row)
    if groups["prosodic"]:
        row = groups["prosodic"][0].row
        for protocol, name in (("as-published", "published"), ("clean", "clean")):
            counts = ledger.trials(row, protocol=protocol).confusion().sum(1)
            for label, share in zip(("neutral", "female", "male"), counts / counts.sum(), strict=True):
                named[f"{name}_{label}"] = share
    return named


def _is_multi_task(number: Printed) -> bool:
    return "Multi-task" in number.row and "+ SMOTE" in number.row


def _spans(ledger: Ledger, group: str, rows: list[Printed]) -> dict[str, float]:
    """Return the lowest and the highest score of a group, and how far from print it is on average."""
    printed = [number.value for number in rows]
    leaky, clean = (
        [ledger.cell(number.row, F1, protocol=protocol).value for number in rows]
        for protocol in ("as-published", "clean")
    )
    distances = [abs(ours - theirs) for ours, theirs in zip(leaky, printed, strict=True)]
    spans = {f"{group}_distance": sum(distances) / len(rows)}
    for name, values in (("printed", printed), ("published", leaky), ("clean", clean)):
        spans[f"{group}_{name}_low"] = min(values)
        spans[f"{group}_{name}_high"] = max(values)
    return spans


def _encoder(ledger: Ledger, row: str) -> tuple[str, str]:
    name, _, width = ledger.inputs(row).partition(", ")
    return name, width.removesuffix(" values")
