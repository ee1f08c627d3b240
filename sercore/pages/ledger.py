"""The ledger's page: every printed number with ours, its verdict and an anchor, paper by paper.

Rows that belong to one row of a printed table are one ``tbody``, which the page's script filters.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from html import escape

from sercore.evaluation.estimates import Estimate
from sercore.ledger.entries import Ledger
from sercore.ledger.paper import Printed
from sercore.report import tables

HEADS = ("number", "printed", "ours", "verdict", "reason")
SIGNS = {" + ": " with ", " - ": " without ", "%": " percent "}  # in words, in an anchor
BARE = {"fraction", "mse", "name", "rate", "factor", "ratio", "unit", "-"}  # units that say nothing
SHORT = 24  # characters: a reason up to here is written out wherever it is given


def sections(ledgers: Mapping[str, Ledger]) -> str:
    """Write a section in Markdown for each paper, with its table in HTML."""
    return "\n\n".join(_section(ledger) for ledger in ledgers.values())


def anchors(ledger: Ledger) -> list[str]:
    """Name the anchor of each printed number, in the paper's order.

    It is made of the paper's folder, the table, the row and the column; the metric is added where
    these are not enough, and a counter where that is not enough either.
    """
    places, metrics = [], []
    for number in ledger.printed:
        words = f"{ledger.paper.folder} {number.table} {number.row} {number.column}"
        places.append(slug(words))
        metrics.append(slug(f"{words} {number.metric}"))
    counts, seen, names = Counter(places), Counter(), []
    for place, metric in zip(places, metrics, strict=True):
        name = place if counts[place] == 1 else metric
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return names


def slug(text: str) -> str:
    """Write a text as an anchor: lower case, with hyphens between its words."""
    for sign, word in SIGNS.items():
        text = text.replace(sign, word)
    return re.sub(r"[\W_]+", "-", text.lower()).strip("-")


def _section(ledger: Ledger) -> str:
    paper = ledger.paper
    verdicts = [ledger.verdict(number) for number in ledger.printed]
    counts = Counter(reason for _, reason in verdicts)
    repeated = [reason for reason, count in counts.items() if count > 1 and len(reason) > SHORT]
    notes = {
        reason: f"{paper.folder}-reason-{place}" for place, reason in enumerate(repeated, start=1)
    }
    items = "".join(f'<li id="{name}">{escape(reason)}</li>' for reason, name in notes.items())
    body, group = [], None
    for number, name, (verdict, reason) in zip(
        ledger.printed, anchors(ledger), verdicts, strict=True
    ):
        if group != (number.table, number.row):
            group = number.table, number.row
            head = escape(f"{number.table}: {number.row}")
            body.append(f'</tbody><tbody><tr><th colspan="5" scope="rowgroup">{head}</th></tr>')
        body.append(_row(ledger, number, name, verdict, _reason(reason, notes)))
    heads = "".join(f'<th scope="col">{head}</th>' for head in HEADS)
    parts = [
        f"## {paper.numbered}: {paper.subject}",
        f'<p>Reasons given more than once:</p><ol class="reasons">{items}</ol>' if notes else "",
        f'<table class="numbers" data-paper="{escape(paper.numbered)}"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>".replace("<tbody></tbody>", "", 1),
    ]
    return "\n\n".join(filter(None, parts))


def _row(ledger: Ledger, number: Printed, name: str, verdict: str, reason: str) -> str:
    unit = "" if number.unit in BARE else f" {number.unit}".replace("printed as ", "")
    printed = number.value if isinstance(number.value, str) else f"{number.value:g}"
    ours = "<br>".join(_ours(ledger, number)) or tables.DASH
    link = f'<a class="self" href="#{name}" aria-label="Link to this number">#</a>'
    return (
        f'<tr id="{name}" data-verdict="{verdict}"><th scope="row">{escape(number.column)} {link}</th>'
        f"<td>{escape(printed + unit)}</td><td>{ours}</td><td>{verdict}</td><td>{reason}</td></tr>"
    )


def _reason(reason: str, notes: Mapping[str, str]) -> str:
    """Write a reason; where a note has it, or its beginning, link to the note instead."""
    known = [note for note in notes if f"{reason}; ".startswith(f"{note}; ")]
    if not known:
        return escape(reason)
    note = max(known, key=len)
    place = notes[note].rpartition("-")[2]
    link = f'<a href="#{notes[note]}" title="{escape(note)}">reason {place}</a>'
    return link + escape(reason.removeprefix(note))


def _ours(ledger: Ledger, number: Printed) -> Iterator[str]:
    """Write our value under each protocol, in the printed unit, with the interval of that protocol."""
    plain = ledger.paper.plain(number)
    if plain is not None:
        if plain.value is not None:
            yield f"{plain.value:g}"
        return
    if not isinstance(number.value, float):
        return
    printed = ledger.paper.place(number).value
    is_scaled = math.isfinite(printed) and math.isclose(number.value, 100 * printed)
    scale = 100 if is_scaled and printed else 1
    variant, protocols = ledger.paper.reading(number.row), ledger.paper.protocols
    for role, protocol in protocols.items():
        estimate = ledger.beside(number, variant=variant, protocol=protocol)
        if estimate is not None:
            which = f"<small> {protocol}</small>" if len(protocols) > 1 else ""
            yield _value(estimate, number, scale, role) + which


def _value(estimate: Estimate, number: Printed, scale: int, role: str) -> str:
    """Write a value and, where it has one, its interval: of one run as published, else of the mean."""
    large = scale * abs(estimate.value) >= 10
    digits = 1 if large else tables.DIGITS.get(number.metric, 2)
    low, high = estimate.low, estimate.high
    if role == "as-published":
        low, high = estimate.run_low, estimate.run_high
    text = f"{scale * estimate.value:.{digits}f}"
    if math.isfinite(low) and math.isfinite(high):
        text += f" <small>[{scale * low:.{digits}f}, {scale * high:.{digits}f}]</small>"
    return text
