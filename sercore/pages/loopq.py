"""What chapter 3 says at its head: printed accuracies, ours where speakers are shared, ours where none is."""

from collections.abc import Sequence

from sercore.ledger.claims.loopq_numbers import OURS, PAIR, TABLE_4, corpora
from sercore.ledger.entries import Ledger
from sercore.ledger.scores import Cell
from sercore.studies.loopq_data import ORIGINS

ACCURACY = OURS[0]


def lead(ledger: Ledger) -> str:
    """What the report prints, and what our models reach by origin and with speakers never heard, in three sentences."""
    printed = [number.value for number in ledger.printed if number.metric == ACCURACY]
    opening = f"The report prints accuracies of {_span(printed)} on clips held out at random."
    rows = scores(ledger)
    if not rows:
        return f"{opening} No run on real speech is recorded yet."
    shared, apart = ([pair[at].value for *_, pair in rows] for at in (0, 1))
    on = ", ".join(ORIGINS[name] for name in corpora())
    seeds = min(pair[0].seeds for *_, pair in rows)
    return (
        f"{opening} Split the same way, on {on}, the {len(rows)} readings that we have run reach {_span(shared)}; with speakers"
        f" that training never heard, {_span(apart)} ({seeds} seed{'s' * (seeds > 1)}). The levels are not the paper's, whose"
        " largest corpus, CREMA-D, is not at hand; the distance between the two splits is what to look at."
    )


def scores(ledger: Ledger) -> list[tuple[str, float, tuple[Cell, Cell]]]:
    """Reading, printed accuracy, and ours by origin and speaker-independent, of each model that is recorded under both."""
    printed = {number.row: number.value for number in ledger.printed if number.metric == ACCURACY}
    found = []
    for model, variant in TABLE_4:
        pair = tuple(ledger.cell(model, ACCURACY, variant=variant, protocol=split) for split in PAIR)
        if None not in pair:
            found.append((f"{model} {variant}", printed[model], pair))
    return found


def _span(values: Sequence[float]) -> str:
    return f"{min(values):.2f} to {max(values):.2f}"
