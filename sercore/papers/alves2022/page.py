"""Lead sentences of chapter 1, for the first page, the README and the chapter itself."""

from sercore.ledger.entries import PUBLISHED_ONLY, Ledger, tally
from sercore.ledger.estimates import Estimate
from sercore.ledger.paper import Printed
from sercore.ledger.scores import F1
from sercore.papers.alves2022.numbers import official_tests
from sercore.papers.alves2022.study import BASE
from sercore.papers.alves2022.trial import Data


def headline(ledger: Ledger) -> str:
    """Say what was replicated and what held, in two or three sentences of Markdown."""
    counts = tally(ledger)
    run = ("reproduced", "explained", "not reproduced", "inconclusive")
    results = sum(counts[word] for word in run)
    faulty = ""
    if counts["explained"]:
        faulty = f"{counts['explained']} are reached only with a named fault of the code, "
    leaky = sum(ledger.verdict(number)[1].startswith(PUBLISHED_ONLY) for number in ledger.printed)
    sentences = [
        f"Of the {len(ledger.printed)} numbers that Alves et al. (2022) print, {results} are "
        f"results that we have run on the same corpus: {counts['reproduced']} are reproduced, "
        f"{faulty}{counts['not reproduced']} are not reached, and {counts['inconclusive']} are "
        f"inconclusive. Of these last, {leaky} are reached under the published protocol and "
        "excluded by the clean one."
    ]
    if counts["substituted"]:
        sentences.append(
            f"{counts['substituted']} more are run with a named substitute and judged by order "
            "alone."
        )
    sentences += filter(None, (three_ways(ledger), protocols(ledger)))
    return " ".join(sentences)


def question(ledger: Ledger) -> str:
    """Say how many networks the paper trains, and give its best scores."""
    scores = [number.value for number in ledger.printed if number.metric == F1]
    official = [number.value for number in official_tests(ledger)]
    return (
        f"The paper trains {len(scores)} networks and prints a macro F1 of up to {max(scores):.2f} "
        f"in cross-validation; its {len(official)} submissions score {_span(official)} on the "
        "official test."
    )


def three_ways(ledger: Ledger) -> str:
    """Compare printed scores with ours, as published and clean, over the multi-task SMOTE rows.

    Rows on the paper's own features come first, and those on another encoder after them, apart.
    """
    rows = [number for number in _multi_task(ledger) if not ledger.inputs(number.row)]
    others = [number for number in _multi_task(ledger) if ledger.inputs(number.row)]
    if not rows:
        return "No run on real speech is recorded yet."
    printed, leaky, clean = _columns(ledger, rows)
    gap = sum(abs(ours - theirs) for ours, theirs in zip(leaky, printed, strict=True)) / len(rows)
    words = (
        f"Over the {len(rows)} multi-task rows with SMOTE on prosodic features the paper prints a "
        f"macro F1 of {_span(printed)}; the same method under the same protocol gives us "
        f"{_span(leaky)} (mean absolute difference {gap:.3f}), and {_span(clean)} under the clean "
        "protocol."
    )
    if not others:
        return words
    printed, leaky, clean = _columns(ledger, others)
    encoder = ledger.inputs(others[0].row).split(",")[0]
    return (
        f"{words} The {len(others)} such rows on embeddings, printed {_span(printed)}, read "
        f"{encoder} here in place of wav2vec 2.0: {_span(leaky)} as published, {_span(clean)} "
        "clean."
    )


def protocols(ledger: Ledger) -> str:
    """Say what differs between the protocols, and what that does to the classes; empty unrun."""
    rows = _multi_task(ledger)
    if not rows:
        return ""
    published = _shares(ledger, rows[0].row, "as-published")
    clean = _shares(ledger, rows[0].row, "clean")
    return (
        "The clean protocol differs in several ways at once. It scores only real clips, where the "
        "published one also scores the rows that SMOTE made up and the copies that Praat "
        "converted; it fits SMOTE and the scaler on the training folds alone; it keeps every copy "
        "with its original; and it holds out whole recordings. With it the classes that are scored "
        f"(neutral, female and male) change from {published} % to {clean} %. Which of these steps "
        "moves the score has not been shown yet."
    )


def embedded(data: Data) -> str:
    """Say which encoder the rows on embeddings read on a page."""
    for name, values in data.embeddings.items():
        width = f"`{name}`, {values.shape[1]} values"
        if name == "random":
            return (
                "On this page the rows on embeddings read a tiny encoder with seeded random "
                f"weights, never trained ({width})."
            )
        return f"On this page the rows on embeddings read {width}."
    return (
        f"No speech encoder: `{BASE}` is not in the hub's cache and no other was named, so the "
        "rows on embeddings are left out."
    )


def _shares(ledger: Ledger, row: str, protocol: str) -> str:
    """Return percentages of the true classes among the clips that a row is scored on."""
    counts = ledger.trials(row, protocol=protocol).confusion().sum(1)
    return "/".join(f"{100 * share:.0f}" for share in counts / counts.sum())


def _multi_task(ledger: Ledger) -> list[Printed]:
    """Return the printed macro F1 of the multi-task rows with SMOTE that are recorded."""
    scores = [number for number in ledger.printed if number.metric == F1]
    rows = [number for number in scores if "Multi-task" in number.row and "+ SMOTE" in number.row]
    return [number for number in rows if None not in _both(ledger, number.row)]


def _columns(ledger: Ledger, rows: list[Printed]) -> tuple[list[float], ...]:
    """Return printed values, ours as published and ours clean."""
    pairs = [_both(ledger, number.row) for number in rows]
    leaky, clean = ([pair[side].value for pair in pairs] for side in (0, 1))
    return [number.value for number in rows], leaky, clean


def _both(ledger: Ledger, row: str) -> list[Estimate | None]:
    return [ledger.cell(row, F1, protocol=protocol) for protocol in ("as-published", "clean")]


def _span(values: list[float]) -> str:
    return f"{min(values):.2f} to {max(values):.2f}"
