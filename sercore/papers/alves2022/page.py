"""The headline: how many printed numbers of paper 01 hold, in sentences for the first page, the README and the chapter."""

from sercore.ledger.entries import Ledger, tally
from sercore.ledger.estimates import Estimate
from sercore.ledger.published import Printed
from sercore.ledger.scores import F1
from sercore.ledger.verdicts import PUBLISHED_ONLY
from sercore.papers.alves2022 import study as ser2022


def headline(ledger: Ledger) -> str:
    """What was replicated and what held, in two or three sentences of Markdown."""
    counts = tally(ledger)
    results = sum(
        counts[word] for word in ("reproduced", "explained", "not reproduced", "inconclusive")
    )
    elsewhere = (
        f" {counts['substituted']} more are run with a named substitute and judged by order alone."
        * bool(counts["substituted"])
    )
    faulty = (
        f"{counts['explained']} are reached only with a named fault of the code, "
        if counts["explained"]
        else ""
    )
    leaky = sum(ledger.verdict(number)[1].startswith(PUBLISHED_ONLY) for number in ledger.printed)
    return (
        f"Of the {len(ledger.printed)} numbers that Alves et al. (2022) print, {results} are results that we have run on the"
        f" same corpus: {counts['reproduced']} are reproduced, {faulty}{counts['not reproduced']} are not reached, and"
        f" {counts['inconclusive']} are inconclusive. Of these last, {leaky} are reached under the published protocol and excluded"
        " by the clean one."
        f"{elsewhere if counts['substituted'] else ''} {' '.join(filter(None, (three_ways(ledger), protocols(ledger))))}"
    )


def question(ledger: Ledger) -> str:
    """How many networks the paper trains, and its best scores in cross-validation and on the official test."""
    scores = [number.value for number in ledger.printed if number.metric == F1]
    official = submitted(ledger).values()
    return (
        f"The paper trains {len(scores)} networks and prints a macro F1 of up to {max(scores):.2f} in cross-validation;"
        f" its {len(official)} submissions score {_span(list(official))} on the official test."
    )


def three_ways(ledger: Ledger) -> str:
    """Printed scores, ours under the published protocol and ours under the clean one, over the multi-task rows with SMOTE.

    Rows on the paper's own features first, and those on another encoder after them, apart.
    """
    there = [number for number in _multi_task(ledger) if None not in _both(ledger, number.row)]
    rows, others = (
        [number for number in there if bool(ledger.inputs(number.row)) == other]
        for other in (False, True)
    )
    if not rows:
        return "No run on real speech is recorded yet."
    printed, leaky, clean = _columns(ledger, rows)
    gap = sum(abs(ours - theirs) for ours, theirs in zip(leaky, printed, strict=True)) / len(rows)
    words = (
        f"Over the {len(rows)} multi-task rows with SMOTE on prosodic features the paper prints a macro F1 of"
        f" {_span(printed)}; the same method under the same protocol gives us {_span(leaky)} (mean absolute difference {gap:.3f}),"
        f" and {_span(clean)} under the clean protocol."
    )
    if not others:
        return words
    printed, leaky, clean = _columns(ledger, others)
    encoder = ledger.inputs(others[0].row).split(",")[0]
    return (
        f"{words} The {len(others)} such rows on embeddings, printed {_span(printed)}, read {encoder} here in place of wav2vec 2.0:"
        f" {_span(leaky)} as published, {_span(clean)} clean."
    )


def protocols(ledger: Ledger) -> str:
    """What differs between the two protocols, and what that does to the classes that are scored; empty without a run."""
    rows = [number.row for number in _multi_task(ledger) if None not in _both(ledger, number.row)]
    if not rows:
        return ""
    published, clean = (
        _shares(ledger, rows[0], protocol) for protocol in ("as-published", "clean")
    )
    return (
        "The clean protocol differs in several ways at once. It scores only real clips, where the published one also scores the"
        " rows that SMOTE made up and the copies that Praat converted; it fits SMOTE and the scaler on the training folds alone;"
        " it keeps every copy with its original; and it holds out whole recordings. With it the classes that are scored"
        f" (neutral, female and male) change from {published} % to {clean} %. Which of these steps moves the score has not been"
        " shown yet."
    )


def _shares(ledger: Ledger, row: str, protocol: str) -> str:
    """Percentages of the true classes among the clips that a row is scored on."""
    counts = ledger.trials(row, protocol=protocol).confusion().sum(1)
    return "/".join(f"{100 * share:.0f}" for share in counts / counts.sum())


def _multi_task(ledger: Ledger) -> list[Printed]:
    """Printed macro F1 of the multi-task rows with SMOTE."""
    scores = [number for number in ledger.printed if number.metric == F1]
    return [number for number in scores if "Multi-task" in number.row and "+ SMOTE" in number.row]


def _columns(ledger: Ledger, rows: list[Printed]) -> tuple[list[float], ...]:
    """Printed values, ours as published and ours clean."""
    leaky, clean = zip(*(_both(ledger, number.row) for number in rows), strict=True)
    return (
        [number.value for number in rows],
        [cell.value for cell in leaky],
        [cell.value for cell in clean],
    )


def _both(ledger: Ledger, row: str) -> list[Estimate | None]:
    return [ledger.cell(row, F1, protocol=protocol) for protocol in ("as-published", "clean")]


def submitted(ledger: Ledger) -> dict[str, float]:
    """Printed official test score of each submitted row."""
    official = [
        number.value
        for number in ledger.printed
        if number.metric == "macro_f1_official_test" and number.table != "Text"
    ]
    return dict(zip(ser2022.SELECTED, official, strict=True))


def substituted(ledger: Ledger) -> set[str]:
    """Rows that are recorded on another speech encoder than the paper's."""
    return {row for row in ser2022.ROWS if ledger.inputs(row)}


def _span(values: list[float]) -> str:
    return f"{min(values):.2f} to {max(values):.2f}"
