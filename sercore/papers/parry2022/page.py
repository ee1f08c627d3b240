"""What chapter 2 says at its head: printed differences, and how far our baseline moves by itself."""

import numpy as np

from sercore.ledger import gaps
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import level
from sercore.ledger.gaps import Gap
from sercore.papers.parry2022 import evidence
from sercore.papers.parry2022.data import ORIGINS, POOLED
from sercore.papers.parry2022.figures import swing_data
from sercore.papers.parry2022.grid import BASELINE, GRID
from sercore.papers.parry2022.numbers import SCORED, UA, corpora

SEVERAL = 3  # seeds from which a mean over seeds is worth a sentence
MODELS = tuple(row.name for row in GRID if row != BASELINE)


def lead(ledger: Ledger, *, on: str = "TESS") -> str:
    """What the paper prints on an unseen corpus, what our baseline does there, and how many models are recorded.

    Args:
        ledger: of paper 02.
        on: "TESS" (default) or "CREMA-D".
    """
    printed = [value for _, value, _ in scores(ledger, on=on) if value is not None]
    base = evidence.printed(ledger).scores[on, "baseline"]
    opening = (
        f"The paper trains one model without attributes and {len(MODELS)} with them. On {on}, which no training saw, it prints"
        f" {min(printed):+.2f} to {max(printed):+.2f} points beside a baseline of {base:.2f}."
    )
    trials = evidence.recorded(ledger, "baseline")
    if trials is None or not len(trials.of(*SCORED[on]).counts):
        return f"{opening} No run on real speech is recorded yet."
    ours = gaps.estimated("", level(trials.of(*SCORED[on]), UA))
    seeds = len(ours.by_seed)
    spread = f" ± {ours.spread:.2f}" if seeds > 1 else ""
    pool = ", ".join(ORIGINS[name] for name in corpora() if name in POOLED)
    words = [
        f"Trained on {pool or 'the pool'}, our baseline reaches {ours.value:.2f}{spread} ({seeds} seed{'s' * (seeds > 1)})"
    ]
    if evidence.collapsed(trials, SCORED[on]):
        words[0] += (
            ", collapsed: there is a class that it hardly ever finds, and no claim is judged"
        )
    if steps := _steps(ledger, on):
        smaller = sum(abs(value) < np.median(steps) for value in printed)
        words.append(
            f"From one epoch to the next its score typically changes by {np.median(steps):.1f} points (the median step):"
            f" {smaller} of the {len(printed)} printed differences are smaller than that"
        )
    return ". ".join([opening.removesuffix("."), *words, _differences(ledger, on)]) + "."


def _differences(ledger: Ledger, on: str) -> str:
    """How many models are recorded, and how many of those of one attribute lie below the baseline on average."""
    gains = {row: gap for row, _, gap in scores(ledger, on=on) if gap.by_seed}
    single = [gap for row, gap in gains.items() if "+" not in row and len(gap.by_seed) >= SEVERAL]
    sentence = f"{len(gains)} of the {len(MODELS)} models are recorded"
    if single:
        below = sum(gap.value < 0 for gap in single)
        sentence += (
            f"; of the {len(single)} models of one attribute that have {SEVERAL} seeds or more, {below} lie below the"
            f" baseline on {on} on average over their seeds"
        )
    doubts = [gap.doubt for gap in gains.values()]
    if all(doubts):
        unfinished = any(doubt.startswith("unfinished") for doubt in doubts)
        why = "the trainings are not finished" if unfinished else next(iter(doubts), "")
        sentence += f". No difference is judged{': ' * bool(why)}{why}"
    return sentence


def scores(ledger: Ledger, *, on: str = "TESS") -> list[tuple[str, float | None, Gap]]:
    """Every model with attributes: what the paper prints above its baseline, None where it prints nothing, and ours by seed.

    Args:
        ledger: of paper 02.
        on: "TESS" (default), "CREMA-D" or "in-domain test".
    """
    printed = evidence.printed(ledger).scores
    base = printed[on, "baseline"]
    found = []
    for row in MODELS:
        value = printed.get((on, row))
        found.append(
            (row, None if value is None else value - base, evidence.gain(ledger, row, *SCORED[on]))
        )
    return found


def _steps(ledger: Ledger, on: str) -> list[float]:
    """Absolute changes of the recorded baseline from epoch to epoch, in points, all seeds."""
    curves, _ = swing_data(ledger, on=on)
    return [float(step) for values in curves.values() for step in np.abs(np.diff(values))]
