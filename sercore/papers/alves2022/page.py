"""Numbers that the words of chapter 1 quote."""

from collections.abc import Mapping
from itertools import product

from sercore.evaluation.estimates import signs
from sercore.evaluation.scores import BALANCED_F1, F1
from sercore.features.names import SUBSETS
from sercore.ledger.entries import Ledger
from sercore.ledger.paper import Printed
from sercore.models.multi_task_mlp import SIZES
from sercore.papers.alves2022 import numbers, tables
from sercore.papers.alves2022.numbers import official_tests
from sercore.papers.alves2022.study import CONTROLLED, PROTOCOLS, TRANSFERRED, VARIANTS
from sercore.papers.alves2022.trial import ACTORS, RANDOM_SEX, SELECTED
from sercore.protocols.splits import FOLDS
from sercore.report.prose import span

WORDS = dict(zip(PROTOCOLS, ("published", "clean"), strict=True))  # in the names of numbers


def quoted(ledger: Ledger) -> Mapping[str, object]:
    """Give scores and counts by the names under which the words of the pages know them.

    ``prosodic_…`` are of the multi-task rows with SMOTE on the paper's own features, and
    ``embedding_…`` of those that read another speech encoder than the paper's: the number of rows,
    and the lowest and highest macro F1 as printed, as published and clean.
    """
    scores = [number for number in ledger.printed if number.metric == F1]
    recorded = numbers.multi_task_with_smote(ledger)
    groups = {
        "prosodic": [number for number in recorded if not ledger.inputs(number.row)],
        "embedding": [number for number in recorded if ledger.inputs(number.row)],
    }
    official = [number.value for number in official_tests(ledger)]
    named: dict[str, object] = {
        "networks": len(scores),
        "printed_best": max(number.value for number in scores),
        "submissions": len(official),
        **span("official", official),
    }
    pairs = [
        [ledger.cell(number.row, F1, protocol=protocol) for protocol in PROTOCOLS]
        for number in scores
    ]
    whole = [(leaky.value, clean.value) for leaky, clean in pairs if leaky and clean]
    named["recorded_rows"] = len(whole)
    named["lower_clean"] = sum(clean < leaky for leaky, clean in whole)
    named |= _controls(ledger) | _second_branch(ledger)
    asides = {
        "steps": _steps,
        "factorial": _factorial,
        "transfer": _transfer,
        "recordings": _recordings,
    }
    for kind, count in asides.items():
        if len(ledger.recorded.kind(kind)):
            named |= count(ledger)
    named |= _errors(ledger) | _contradictions(ledger)
    for group, rows in groups.items():
        if rows:
            named[f"{group}_rows"] = len(rows)
            named |= _spans(ledger, group, rows)
    if groups["embedding"]:
        named["encoder"], named["encoder_width"] = _encoder(ledger, groups["embedding"][0].row)
    if groups["prosodic"]:
        row = groups["prosodic"][0].row
        counts = ledger.trials(row, protocol="clean").confusion().sum(1)
        shares = zip(("neutral", "female", "male"), counts / counts.sum(), strict=True)
        named |= {f"clean_{label}": share for label, share in shares}
    return named


def _spans(ledger: Ledger, group: str, rows: list[Printed]) -> dict[str, float]:
    """Return the lowest and the highest score of a group, and how near to print it is.

    ``…_inside`` counts the printed scores in the one-run interval of ours as published.
    """
    printed = [number.value for number in rows]
    cells, clean_cells = (
        [ledger.cell(number.row, F1, protocol=protocol) for number in rows]
        for protocol in PROTOCOLS
    )
    leaky, clean = ([cell.value for cell in group] for group in (cells, clean_cells))
    distances = [abs(ours - theirs) for ours, theirs in zip(leaky, printed, strict=True)]
    is_inside = [
        cell.run_low <= number.value <= cell.run_high
        for cell, number in zip(cells, rows, strict=True)
    ]
    spans = {
        f"{group}_distance": sum(distances) / len(rows),
        f"{group}_farthest": max(distances),
        f"{group}_inside": sum(is_inside),
    }
    for name, values in (("printed", printed), ("published", leaky), ("clean", clean)):
        spans |= span(f"{group}_{name}", values)
    return spans


def _controls(ledger: Ledger) -> dict[str, float]:
    """Return the scores of the row that all controls were run on, and of these controls."""
    controls = {
        "own": "none",
        "shuffled": "labels shuffled",
        "neutral": "always neutral",
        "regression": "logistic regression",
    }
    named = {}
    for name, control in controls.items():
        for protocol, word in WORDS.items():
            if cell := ledger.cell(CONTROLLED, F1, protocol=protocol, control=control):
                named[f"{name}_{word}"] = cell.value
    return named


def _second_branch(ledger: Ledger) -> dict[str, int]:
    """Count the rows whose gender branch was taken away, and those that it clearly moved."""
    control = "no gender branch"
    named = {}
    for variant, word in (("as-run", "run"), ("as-described", "described")):
        rows = [row for row, kind, name in ledger.controls() if (kind, name) == (variant, control)]
        changes = [ledger.above(row, F1, variant=variant, control=control) for row in rows]
        named[f"branch_rows_as_{word}"] = len(rows)
        marks = signs(changes) if changes else []
        named[f"branch_moved_as_{word}"] = sum(mark != "inconclusive" for mark in marks)
    return named


def _encoder(ledger: Ledger, row: str) -> tuple[str, str]:
    name, _, width = ledger.inputs(row).partition(", ")
    return name, width.removesuffix(" values")


def _steps(ledger: Ledger) -> dict[str, float]:
    """Return the mean scores of the headline's rows behind the steps, and what the steps move.

    ``behind_1`` is the score behind the first step forwards, ``moved_1`` what that step moves, and
    ``last_first_1`` what the last step moves when it is taken first; with ``balanced_`` before
    them classes weigh equally, with ``shuffled_`` labels are shuffled.
    """
    named: dict[str, float] = {}
    kinds = {"": F1, "balanced_": BALANCED_F1}
    for word, measure in kinds.items():
        for place, mean in enumerate(numbers.means(ledger, "forwards", measure=measure)):
            named[f"{word}behind_{place}"] = mean.value
        for order, name in (("forwards", "moved"), ("backwards", "last_first")):
            changes = numbers.changes(ledger, order, measure=measure)
            for place, change in enumerate(changes, start=1):
                named[f"{word}{name}_{place}"] = -change.value
    for word, control in (("shuffled_", "labels shuffled"), ("linear_", "logistic regression")):
        for place, mean in enumerate(numbers.means(ledger, "forwards", control=control)):
            named[f"{word}behind_{place}"] = mean.value
    first = numbers.means(ledger, "forwards")[0]
    return named | {"steps_seeds": first.seeds, "steps_recordings": first.groups}


def _factorial(ledger: Ledger) -> dict[str, float]:
    """Count clear signs in the factorial, each set of differences judged together.

    ``ways_…`` hold each way to fill the small classes against nothing, ``beyond_…`` the others
    against repeating rare clips, ``networks_…`` each network against logistic regression.
    """
    nothing, repeated, *others = numbers.WAYS
    sets = {
        "ways": numbers.ways_over(ledger, nothing, [repeated, *others]),
        "beyond": numbers.ways_over(ledger, repeated, others),
        "networks": numbers.networks_over_linear(ledger),
    }
    first = numbers.factorial(ledger, VARIANTS[0], numbers.NETWORKS[0], nothing)
    named: dict[str, float] = {"factorial_seeds": len(first.seeds)}
    for name, gaps in sets.items():
        marks = signs(list(gaps.values()))
        named[f"{name}_compared"] = len(marks)
        named[f"{name}_above"] = marks.count("holds")
        named[f"{name}_below"] = marks.count("fails")
        named |= span(f"{name}_gap", [gap.value for gap in gaps.values()])
    return named


def _transfer(ledger: Ledger) -> dict[str, float]:
    """Count the sources of gender that move the score, of those that were tried.

    ``sources_most`` is the largest gain that their 95 % intervals hold.
    """
    gaps = []
    for row in TRANSFERRED:
        gaps += numbers.transferred(ledger, row, ("none", ACTORS, RANDOM_SEX))
    marks = signs(gaps)
    return {
        "sources_tried": len(marks),
        "sources_above": marks.count("holds"),
        "sources_below": marks.count("fails"),
        "sources_most": max(gap.high for gap in gaps),
        **span("sources_gap", [gap.value for gap in gaps]),
    }


def _recordings(ledger: Ledger) -> dict[str, float]:
    """Return what the most recordings that were drawn add to the fewest."""
    gains = numbers.more_recordings(ledger)
    return {f"more_{name}": gain.value for name, gain in gains.items()}


def _errors(ledger: Ledger) -> dict[str, float]:
    """Say how the third submitted model mishears, clean, and with how many listening notes.

    ``heard_male_neutral`` is the share of non-neutral male clips that are called neutral.
    """
    gaps = tables.note_gaps(tables.note_recalls(ledger.recorded, SELECTED[2]))
    marks = signs(list(gaps.values()))
    counts = ledger.trials(SELECTED[2], protocol="clean").confusion()
    shares = counts / counts.sum(1, keepdims=True)
    names = ("neutral", "female", "male")
    pairs = product(enumerate(names), enumerate(names))
    return {
        f"heard_{true}_{said}": shares[row, column] for (row, true), (column, said) in pairs
    } | {
        "notes_compared": len(marks),
        "notes_better": marks.count("holds"),
        "notes_worse": marks.count("fails"),
    }


def _contradictions(ledger: Ledger) -> dict[str, float]:
    """Return the printed numbers that contradict others, and what the gender task rests on."""
    printed = {(number.row, number.column): number.value for number in ledger.printed}
    kept = numbers.kept_by_a_coauthor()
    repeated = "(5) Seq. 19 prosodic + SMOTE + CG"
    clean = ledger.trials(CONTROLLED, protocol="clean")
    rows = 3 * clean.confusion().sum(1).max() / len(clean.seeds)  # as SMOTE leaves them
    elsewhere = ledger.trials(numbers.COMMON_VOICE)
    return {
        "common_voice_constant": numbers.constant(elsewhere, "accuracy_cv5_mean"),
        "boosting_printed": printed[numbers.BOOSTING, "CETUC"],
        "input_printed": printed["sequential network", "emotion input, min"],
        "input_least": len(SUBSETS["8"]) + SIZES.gender,
        "matrix_items": numbers.confusions(ledger, SELECTED[1])[0][1].sum(),
        "fold_items": -(-rows // FOLDS),
        "loss_repeated": printed[repeated, "Accuracy"],
        "accuracy_displayed": numbers.displays(repeated, "Accuracy"),
        "boosting_kept": float(kept["gradient boosting"]["CETUC"]),
        "regression_kept": float(kept["logistic regression"]["CETUC"]),
        "regression_on_mls": float(kept["logistic regression"]["clean MLS"]),
    }
