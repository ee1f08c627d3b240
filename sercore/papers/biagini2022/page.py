"""What chapter 3 says at its head: printed accuracies, ours where speakers are shared, ours where none is."""

from collections.abc import Sequence

from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import Estimate
from sercore.papers.biagini2022.data import ORIGINS
from sercore.papers.biagini2022.numbers import OURS, PAIR, TABLE_4, corpora

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
        f"{opening} Split the same way, on {on}, the {len(rows)} readings that we have run reach {_span(shared)}, each corpus"
        f" counting once; with speakers that training never heard, {_span(apart)} ({seeds} seed{'s' * (seeds > 1)})."
        f" {_models(ledger)} The levels are not the paper's, whose largest corpus, CREMA-D, is not at hand. {_sides(ledger)}"
    )


def _models(ledger: Ledger) -> str:
    """Which models read a frozen encoder in place of a tuned one, and which were not trained."""
    trained = {
        (model, variant): ledger.trials(model, variant=variant, protocol=PAIR[0])
        for model, variant in TABLE_4
    }
    recorded = {model for (model, _), trials in trained.items() if trials is not None}
    words = []
    for (model, _), trials in trained.items():
        encoder = "none" if trials is None else trials.table["encoder"].iloc[0]
        if not encoder.startswith(("none", "tuned")):
            weights = int(trials.table["parameters"].iloc[0])
            words.append(
                f"{model} is here a network of {weights:,} weights on a frozen {encoder}, where the report tunes its encoder."
            )
    absent = [
        model for model in dict.fromkeys(model for model, _ in TABLE_4) if model not in recorded
    ]
    words += [f"{' and '.join(absent)} was not trained on real speech."] * bool(absent)
    return " ".join(words) or "All models were trained on real speech."


def _sides(ledger: Ledger) -> str:
    """What else changes with the split: clips that train, and whose clips are tested."""
    model, variant = next(
        pair
        for pair in TABLE_4
        if all(ledger.trials(pair[0], variant=pair[1], protocol=split) for split in PAIR)
    )
    shared, apart = (ledger.trials(model, variant=variant, protocol=split) for split in PAIR)
    clips = [each.table["training_clips"].mean() for each in (shared, apart)]
    groups = apart.counts.groupby("group", observed=True)["count"].sum()
    return (
        f"With the speakers more changes than who is heard: {clips[0]:,.0f} clips train in the one split and {clips[1]:,.0f} in the"
        f" other, and {groups.max() / groups.sum():.0%} of the tested clips of the second are one speaker's."
    )


def scores(ledger: Ledger) -> list[tuple[str, float, tuple[Estimate, Estimate]]]:
    """Reading, printed accuracy, and ours by origin and speaker-independent, of each model that is recorded under both."""
    printed = {number.row: number.value for number in ledger.printed if number.metric == ACCURACY}
    found = []
    for model, variant in TABLE_4:
        pair = tuple(
            ledger.cell(model, ACCURACY, variant=variant, protocol=split) for split in PAIR
        )
        if None not in pair:
            encoder = (
                ledger.trials(model, variant=variant, protocol=PAIR[0]).table["encoder"].iloc[0]
            )
            part = "" if encoder.startswith(("none", "tuned")) else ", frozen encoder"
            found.append((f"{model} {variant}{part}", printed[model], pair))
    return found


def _span(values: Sequence[float]) -> str:
    return f"{min(values):.2f} to {max(values):.2f}"
