"""What chapter 4 says at its head: what the paper prints, what its system reaches beside it, and on what."""

from sercore.ledger.claims import padi_cells as cells
from sercore.ledger.claims.padi_numbers import UA, WA, proposed
from sercore.ledger.entries import Ledger
from sercore.pages.padi_panels import EIGHT
from sercore.studies import padi

FULL, FIRST = padi.FULL.name, padi.EXPERIMENTS[0]
FACTORS = {"TL": "transfer", "Aug": "masks", "SP": "statistics pooling"}


def lead(ledger: Ledger) -> str:
    """What the paper prints for its system, and what the recorded runs reach, in two or three sentences.

    Args:
        ledger: of paper 04.
    """
    printed = {name: [each.value for each in ledger.printed if proposed(each) and each.column == name] for name in ("UA", "WA")}
    opening = (
        f"On IEMOCAP, with each session left out in turn, the paper prints UA {_span(printed['UA'])} and WA {_span(printed['WA'])}"
        " for transfer, masks and statistics pooling together."
    )
    found = cells.systems(ledger, (FULL,), experiment=FIRST)
    if found is None:
        return f"{opening} No run on real speech is recorded yet."
    ua, wa = (cells.by_speaker(found.trials[FULL], metric) for metric in (UA, WA))
    told = f"Ours on {found.title} ({found.about}): UA {ua.value:.1f} [{ua.low:.1f}, {ua.high:.1f}], WA {wa.value:.1f}"
    grid = cells.systems(ledger, EIGHT, experiment=FIRST)
    if grid is None or grid.seeds < cells.SEEDS:
        return f"{opening} {told}; one seed, and no effect is judged." if found.seeds == 1 else f"{opening} {told}."
    effects = cells.effects(grid)
    each = ", ".join(f"{what} {cells.told(effects[name], digits=1)}" for name, what in FACTORS.items())
    return f"{opening} {told}. Main effects there over the eight systems, in points of WA: {each}."


def _span(values: list[float]) -> str:
    return f"{min(values):.2f} to {max(values):.2f}"
