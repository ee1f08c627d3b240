"""What the prose pages include: the headline, the picture and the ledger, written from the ledger when the book is rendered."""

from pathlib import Path

import matplotlib.pyplot as plt

from sercore import figures, store, tables
from sercore.ledger.entries import Ledger, tally
from sercore.ledger.published import PAPERS, Printed
from sercore.studies import ser2022

F1 = figures.F1
README = store.PROJECT / "README.md"
MARKS = ("<!-- headline: written by sercore.pages, do not edit -->", "<!-- end of headline -->")
SUBMITTED = {  # whose official test score the paper prints, by the start of the submission's row
    "(7) Seq. all prosodic and wav2vec + SMOTE + CG": "1st",
    "(7) Multi-task all prosodic and wav2vec + SMOTE - CG": "2nd",
    "(12) Multi-task 29 prosodic + SMOTE + CG": "3rd",
}


def write(folder: Path) -> None:
    """Write every fragment into ``folder / "book" / "generated"``."""
    place = folder / "book" / "generated"
    ledgers = {paper: Ledger(paper) for paper in PAPERS}
    counts = {paper: tally(ledger) for paper, ledger in ledgers.items()}
    first = ledgers[ser2022.PAPER]
    store.write(place / "headline.md", (headline(first) + "\n").encode())
    store.write(place / "tally.md", (tables.tally(counts).data + "\n").encode())
    for paper, ledger in ledgers.items():
        store.write(place / f"ledger-{paper}.md", (_printed_numbers(ledger) + "\n").encode())
    figure = figures.leakage(first, submitted=submitted(first))
    figure.savefig(place / "leakage.png", dpi=150, metadata={"Software": None})
    plt.close(figure)


def headline(ledger: Ledger) -> str:
    """What was replicated and what held, in two or three sentences of Markdown."""
    counts = tally(ledger)
    results = sum(counts[word] for word in ("reproduced", "explained", "not reproduced", "inconclusive", "substituted"))
    return (
        f"Of the {len(ledger.printed)} numbers that Alves et al. (2022) print, {results} are results that we have run on the"
        " same corpus so far:"
        f" {counts['reproduced']} are reproduced, {counts['explained']} are reached only with a named leak or fault,"
        f" {counts['not reproduced']} are not reached, {counts['inconclusive']} are inconclusive. {three_ways(ledger)}"
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
    """Printed scores, ours with the published protocol's leaks and ours without, over the multi-task rows with SMOTE."""
    rows = [
        number
        for number in ledger.printed
        if number.metric == F1 and "Multi-task" in number.row and "+ SMOTE" in number.row and ledger.trials(number.row) is not None
    ]
    if not rows:
        return "No run on real speech is recorded yet."
    leaky, clean = ([ledger.cell(number.row, F1, protocol=protocol) for number in rows] for protocol in ("as-published", "clean"))
    gap = sum(abs(cell.value - number.value) for cell, number in zip(leaky, rows, strict=True)) / len(rows)
    words = (
        f"Over the {len(rows)} multi-task rows with SMOTE on prosodic features the paper prints a macro F1 of"
        f" {_span([number.value for number in rows])}; the same method under the same protocol gives us"
        f" {_span([cell.value for cell in leaky])} (mean absolute difference {gap:.3f})"
    )
    if None in clean:
        return words + "."
    return f"{words}, and {_span([cell.value for cell in clean])} once no recording is on both sides of a fold."


def submitted(ledger: Ledger) -> dict[str, float]:
    """Printed official test score of each submitted row."""
    official = {
        number.row[:3]: number.value
        for number in ledger.printed
        if number.metric == "macro_f1_official_test" and number.table != "Text"
    }
    return {row: official[order] for row, order in SUBMITTED.items()}


def readme(text: str) -> str:
    """The README with its headline written anew."""
    before, rest = text.split(MARKS[0])
    return f"{before}{MARKS[0]}\n{headline(Ledger(ser2022.PAPER))}\n{MARKS[1]}{rest.split(MARKS[1])[1]}"


def _span(values: list[float]) -> str:
    return f"{min(values):.2f} to {max(values):.2f}"


def _printed_numbers(ledger: Ledger) -> str:
    if ledger.numbers is None:
        return f"{len(ledger.printed)} printed numbers, none of them run: {ledger.verdict(ledger.printed[0])[1]}."
    rows = []
    for number in ledger.printed:
        word, reason = ledger.verdict(number)
        ours = [_shown(ledger, number, protocol) for protocol in ("as-published", "clean")]
        plain = ledger.numbers.plain(number)
        if plain is not None:
            ours[0] = f"{plain.value:g}"
        printed = number.value if isinstance(number.value, str) else f"{number.value:g}"
        rows.append((number.table, number.row, number.column, f"{printed} {number.unit}", *ours, (word, reason)))
    return tables.html(("table", "row", "column", "printed", "as-run, as-published", "as-run, clean", "verdict"), rows).data


def _shown(ledger: Ledger, number: Printed, protocol: str) -> str:
    cell = ledger.cell(number.row, number.metric, protocol=protocol)
    return "" if cell is None else f"{cell.value:.{tables.DIGITS.get(number.metric, 2)}f}"


if __name__ == "__main__":
    README.write_text(readme(README.read_text()))
