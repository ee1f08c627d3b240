"""Lead sentences of chapter 2: printed differences, and how far our baseline moves by itself."""

import numpy as np

from sercore.ledger import claims as judging
from sercore.ledger.claims import Gap
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import level
from sercore.papers.parry2022 import evidence, numbers
from sercore.papers.parry2022.data import ORIGINS, POOLED
from sercore.papers.parry2022.figures import swing_data
from sercore.papers.parry2022.numbers import SCORED, UA
from sercore.papers.parry2022.study import BASELINE, GRID
from sercore.report.tables import plural

SEVERAL = 3  # seeds from which a mean over seeds is worth a sentence
MODELS = tuple(row.name for row in GRID if row != BASELINE)


def lead(ledger: Ledger, *, on: str = "TESS") -> str:
    """Say what the paper prints on "TESS" or "CREMA-D", and what our models do there."""
    printed = [value for _, value, _ in scores(ledger, on=on) if value is not None]
    base = evidence.printed(ledger).scores[on, "baseline"]
    opening = (
        f"The paper trains one model without attributes and {len(MODELS)} with them. On {on},"
        f" which no training saw, it prints {min(printed):+.2f} to {max(printed):+.2f} points"
        f" beside a baseline of {base:.2f}."
    )
    trials = numbers.row_trials(ledger, "baseline")
    scored = numbers.scored(trials, SCORED[on])
    if scored is None:
        return f"{opening} No run on real speech is recorded yet."
    ours = judging.estimated("", level(scored, UA))
    seeds = len(ours.by_seed)
    spread = f" ± {ours.spread:.2f}" if seeds > 1 else ""
    pool = ", ".join(ORIGINS[name] for name in numbers.corpora() if name in POOLED)
    words = [
        f"Trained on {pool or 'the pool'}, our baseline reaches {ours.value:.2f}{spread}"
        f" ({plural(seeds, 'seed')})"
    ]
    if numbers.collapsed(trials, SCORED[on]):
        words[0] += (
            ", collapsed: there is a class that it hardly ever finds, and no claim is judged"
        )
    if steps := _steps(ledger, on):
        smaller = sum(abs(value) < np.median(steps) for value in printed)
        words.append(
            f"From one epoch to the next its score typically changes by {np.median(steps):.1f}"
            f" points (the median step): {smaller} of the {len(printed)} printed differences are"
            " smaller than that"
        )
    return ". ".join([opening.removesuffix("."), *words, _differences(ledger, on)]) + "."


def _differences(ledger: Ledger, on: str) -> str:
    """Say how many models are recorded, and how many of one attribute lie below the baseline."""
    gains = {row: gap for row, _, gap in scores(ledger, on=on) if gap.by_seed}
    single = [gap for row, gap in gains.items() if "+" not in row and len(gap.by_seed) >= SEVERAL]
    sentence = f"{len(gains)} of the {len(MODELS)} models are recorded"
    if single:
        below = sum(gap.value < 0 for gap in single)
        sentence += (
            f"; of the {len(single)} models of one attribute that have {SEVERAL} seeds or more,"
            f" {below} lie below the baseline on {on} on average over their seeds"
        )
    doubts = [gap.doubt for gap in gains.values()]
    if all(doubts):
        unfinished = any(doubt.startswith("unfinished") for doubt in doubts)
        why = "the trainings are not finished" if unfinished else next(iter(doubts), "")
        sentence += ". No difference is judged"
        if why:
            sentence += f": {why}"
    return sentence


def scores(ledger: Ledger, *, on: str = "TESS") -> list[tuple[str, float | None, Gap]]:
    """List every model with attributes: printed points above the baseline, or None, and ours."""
    printed = evidence.printed(ledger).scores
    base = printed[on, "baseline"]
    results = []
    for row in MODELS:
        value = printed.get((on, row))
        above = None if value is None else value - base
        results.append((row, above, numbers.gain(ledger, row, *SCORED[on])))
    return results


def _steps(ledger: Ledger, on: str) -> list[float]:
    """Return the absolute changes of the baseline from epoch to epoch, in points, all seeds."""
    curves, _ = swing_data(ledger, on=on)
    return [float(step) for values in curves.values() for step in np.abs(np.diff(values))]
