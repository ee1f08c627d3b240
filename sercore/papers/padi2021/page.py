"""What chapter 4 says at its head: what the paper prints, what its system reaches beside it, and on what."""

from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import level
from sercore.papers.padi2021 import evidence
from sercore.papers.padi2021 import study as padi
from sercore.papers.padi2021.numbers import UA, WA, proposed
from sercore.training.sgd import Plan

FULL, FIRST = padi.FULL.name, padi.EXPERIMENTS[0]


def lead(ledger: Ledger) -> str:
    """What the paper prints for its system, and what the recorded runs reach, in two or three sentences.

    Args:
        ledger: of paper 04.
    """
    printed = {
        name: [each.value for each in ledger.printed if proposed(each) and each.column == name]
        for name in ("UA", "WA")
    }
    opening = (
        f"On IEMOCAP, with each session left out in turn, the paper prints UA {_span(printed['UA'])} and WA {_span(printed['WA'])}"
        " for transfer, masks and statistics pooling together."
    )
    found = evidence.systems(ledger, (FULL,), experiment=FIRST)
    if found is None:
        return f"{opening} No run on real speech is recorded yet."
    ua, wa = (level(found.trials[FULL], metric) for metric in (UA, WA))
    told = (
        f"Ours on {found.title} ({found.about}): UA {ua.value:.1f} [{ua.low:.1f}, {ua.high:.1f}], WA {wa.value:.1f}, in brackets"
        " where the mean would lie with other speakers and seeds, at 95 %."
    )
    return " ".join(filter(None, (opening, told, _unfinished(ledger))))


def _unfinished(ledger: Ledger) -> str:
    """That every recorded training stops before the printed decay of the rate; empty where one goes on."""
    epochs = ledger.recorded.kind("models")["epochs"]
    if epochs.max() > Plan.constant:
        return ""
    counts = " or ".join(f"{each:g}" for each in sorted(epochs.unique()))
    return (
        f"The paper holds its learning rate for {Plan.constant} epochs and then halves it every other epoch. Every recorded"
        f" training stops before this decay begins, after {counts} epochs, so the effects of transfer, masks and statistics"
        " pooling are not judged."
    )


def _span(values: list[float]) -> str:
    return f"{min(values):.2f} to {max(values):.2f}"
