"""Tables that several chapters show: scores beside the printed ones, verdicts, claims, runs."""

import itertools
import math
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd
from IPython.display import HTML, Audio
from pydantic import BaseModel

from sercore.evaluation.estimates import Estimate
from sercore.evaluation.scores import F1
from sercore.ledger import claims as judging
from sercore.ledger.entries import VERDICTS, Ledger
from sercore.ledger.paper import Printed
from sercore.models.counts import Described
from sercore.sweep import Task

PROTOCOLS = ("as-published", "clean")
READINGS = tuple(itertools.product(("as-run", "as-described"), PROTOCOLS))
# Interval in brackets: beside a printed number as published that of one more run, else of the mean.
BRACKETS = {"as-published": "one run", "clean": "mean"}
INTERVALS = (
    "brackets are 95 % intervals: as-published for one more run, clean for the mean over other "
    "recordings and seeds"
)
MEAN = "brackets are 95 % intervals of the mean over other recordings and seeds"
DIGITS = {"macro_f1_cv5_mean": 3, "mse_cv5_mean": 4, "summed_mse_two_heads_cv5_mean": 4}
DASH = "–"
NONE = [("not recorded yet",)]  # rows of a table whose runs are still to come
LONG = 5  # rows of a table that is not folded unless its caller says so
SHORT = 32  # letters of what stands below a value in its cell; more become a note
# The style that a table has in JupyterLab; the book's pages have theirs in a file.
JUPYTERLAB = (
    "<style>.jp-RenderedHTMLCommon table.ledger :is(th, td) {max-width: none; padding: .25rem "
    ".5rem; text-align: left; vertical-align: top; white-space: normal} .jp-RenderedHTMLCommon "
    ".scroll {overflow-x: auto}</style>"
)
NUMBER = re.compile(r"[-+−]?\d[\d.,]*( ± [\d.]+)?( %)?$|–$")  # or a dash in its place
SENTENCE = 60  # letters of a text that gets the room of a sentence


@dataclass(frozen=True)
class Column:
    """A column of a table: its header, and the function that fills its cells.

    Args:
        head: header text; a pair is a group of columns and the column in it.
        fill: function of a row's object that returns the cell.
    """

    head: str | tuple[str, str]
    fill: Callable[[Any], object]


def table(
    columns: Sequence[Column],
    rows: Iterable,
    *,
    caption: str,
    note: str = "",
    folded: bool | None = None,
) -> HTML:
    """Make a table by its columns; the arguments of their functions are ``rows``.

    Where there is no row, one line says that nothing is recorded yet.
    """
    cells = [tuple(column.fill(row) for column in columns) for row in rows]
    heads = [column.head for column in columns]
    return html(heads, cells or NONE, caption=caption, note=note, folded=folded)


def html(
    columns: Sequence[str | tuple[str, str]],
    rows: Iterable[Sequence[object]],
    *,
    caption: str = "",
    note: str = "",
    once: Collection[str] = (),
    folded: bool | None = None,
) -> HTML:
    """Make a table in a box of its own, folded where it is long, its reasons as notes below it.

    A column of two or more rows that holds nothing but dashes is left out.

    Args:
        columns: header texts; a pair is a group and its column.
        rows: cells of each row. A pair in a cell is a value and what belongs to it: a short text,
            such as an interval, stands below the value; a longer one becomes a note, which equal
            cells share.
        caption: caption of the table (default: none).
        note: what is to be known of the whole table, below it (default: nothing).
        once: names of columns that stand in the note where all rows, two or more, say the same.
        folded: whether only the caption shows at first (default: with more rows than ``LONG``).
    """
    heads = [column if isinstance(column, tuple) else ("", column) for column in columns]
    rows, notes = [list(row) for row in rows], {}
    filled = [at for at in range(len(heads)) if not _is_empty(at, rows)]
    alike = [at for at in filled if heads[at][1] in once and _is_one_word(at, rows)]
    filled = [at for at in filled if at not in alike]
    if alike:
        note = "; ".join(
            [note] * bool(note) + [f"{heads[at][1]}: {_joined(rows[0][at])}" for at in alike]
        )
    heads = [heads[at] for at in filled]
    lines = [[_td(row[at], notes) for at in filled if at < len(row)] for row in rows]
    groups = ""
    if any(group for group, _ in heads):
        for group, members in itertools.groupby(heads, key=lambda head: head[0]):
            groups += _head(group, columns=len(list(members)))
        groups = f"<tr>{groups}</tr>"
    names = "".join(_head(name) for _, name in heads)
    body = "".join(f"<tr>{''.join(cells)}</tr>" for cells in lines)
    is_folded = len(lines) > LONG if folded is None else folded
    title = f"<caption>{escape(caption)}</caption>" if caption and not is_folded else ""
    content = (
        f'<div class="scroll"><table class="table ledger">{title}<thead>{groups}<tr>{names}</tr>'
        f"</thead><tbody>{body}</tbody></table></div>"
    )
    if note:
        content += f'<p class="notes">{escape(note)}</p>'
    if notes:
        items = "".join(f"<li>{escape(note)}</li>" for note in notes)
        content += f'<ol class="notes" type="a">{items}</ol>'
    if is_folded:
        content = _fold(f"{caption} ({plural(len(lines), 'row')})", content)
    return HTML(JUPYTERLAB + content)


def players(title: str, clips: Iterable[tuple[str, Audio]]) -> HTML:
    """Fold players under a title, each below its name, which finds its clip in a figure."""
    parts = []
    for name, audio in clips:
        name = escape(name)
        parts.append(f'<p>{name}</p><div data-clip="{name}">{audio._repr_html_()}</div>')
    return HTML(_fold(title, "".join(parts)))


def _fold(title: str, content: str) -> str:
    """Fold a part of a page under its title."""
    return f'<details class="fold"><summary>{escape(title)}</summary>{content}</details>'


def number(value: float | None, form: str) -> str:
    """Write a number in a form such as ``{:.2f}``, or a dash where there is none."""
    return DASH if value is None or math.isnan(value) else form.format(value)


def span(values: Iterable[float], form: str = "{:.0f}", *, listed: int = 1) -> str:
    """Write the different values in ascending order, or the range where they are many.

    Args:
        values: one or more numbers.
        form: format of a number (default: whole numbers).
        listed: number of different values up to which all are listed (default 1).
    """
    texts = list(dict.fromkeys(form.format(value) for value in sorted(pd.Series(values).dropna())))
    return ", ".join(texts) if len(texts) <= listed else f"{texts[0]} to {texts[-1]}"


def listed(names: Sequence[str]) -> str:
    """Join names with commas and a last "and"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def plural(count: int, word: str) -> str:
    """Write a count and its noun: "1 seed", "2 seeds"."""
    return f"{count} {word}{'' if count == 1 else 's'}"


def parameters(given: BaseModel) -> HTML:
    """List the parameters of this run."""
    fields = type(given).model_fields
    values = given.model_dump().items()
    rows = [(name, str(value), fields[name].description) for name, value in values]
    heads = ("parameter", "value", "meaning")
    return html(heads, rows, caption="Parameters of this page's own run", folded=True)


def trials(ledger: Ledger, tasks: Sequence[Task]) -> HTML:
    """Count the trials of a page, by their task, and those that are recorded."""
    rows = [(f"{task.name}, on this page", len(task.trials)) for task in tasks]
    rows.append(("recorded on real speech", len(ledger.recorded.trials)))
    return html(("trials", "count"), rows, caption="Trials", folded=True)


def shared(tasks: Sequence[Task]) -> HTML:
    """Show for each protocol of a page's trials what the sides of its splits share at most."""
    rows = []
    for task in tasks:
        for search in task.shared:
            counts = [DASH if count is None else count for count in search.counts.values()]
            leak = "on purpose" if search.is_leaky else "refused"
            rows.append((task.name, search.protocol, search.splits, *counts, leak))
    kinds = ("speakers", "recordings", "originals of copies", "same audio", "near copies", "texts")
    heads = ("trials", "protocol", "splits", *kinds, "a leak is")
    caption = "Found on two sides of a split, at most"
    return html(heads, rows, caption=caption, folded=True)


def beside_the_paper(
    title: str, ledger: Ledger, *, column: str = "F1-macro", folded: bool | None = None
) -> HTML:
    """Show one printed table and column: printed, ours in each reading, and the verdict.

    A page's own trials get no verdict, and of them only rows that were run are shown.

    Args:
        title: title of the printed table, "Table 3"; empty for all tables.
        ledger: ledger of the paper, with the recorded trials or with a page's own.
        column: name of the printed column.
        folded: see ``html``.
    """

    def name(number: Printed) -> object:
        words = ledger.inputs(number.row)
        return (number.row, f"reads {words}") if words else number.row

    def printed(number: Printed) -> object:
        note = ledger.paper.note(number)
        return (f"{number.value:.4f}", note) if note else f"{number.value:.4f}"

    def ours(variant: str, protocol: str) -> Callable[[Printed], object]:
        def fill(number: Printed) -> object:
            cell = ledger.cell(number.row, number.metric, variant=variant, protocol=protocol)
            return shown(cell, DIGITS.get(number.metric, 2), interval=BRACKETS[protocol])

        return fill

    columns = [Column(title or "row", name), Column("printed", printed)]
    for variant, protocol in READINGS:
        columns.append(Column((f"ours, {variant}", protocol), ours(variant, protocol)))
    if ledger.is_recorded:
        columns.append(Column("verdict", ledger.judged))
    numbers = []
    for number in ledger.printed:
        is_chosen = title in ("", number.table) and number.column == column
        is_run = ledger.is_recorded or bool(ledger.runs(number.row))
        if is_chosen and is_run and "submission" not in number.row:
            numbers.append(number)
    caption = f"{title or 'All tables'}, {column}, {ledger.source}"
    note = f"means over five folds; {INTERVALS}"
    return table(columns, numbers, caption=caption, note=note, folded=folded)


def measured(ledger: Ledger, row: str) -> HTML:
    """Show printed counts of one row beside what we measured."""
    rows = []
    for number in (number for number in ledger.printed if number.row == row):
        plain, ours = ledger.paper.plain(number), (DASH, ledger.paper.why_not(number))
        if plain is not None:
            ours = f"{plain.value:g}", plain.reason
        rows.append((f"{number.column}, {number.metric}", f"{number.value:g} {number.unit}", ours))
    return html(("", "printed", "measured"), rows, caption=row, folded=True)


def parameter_counts(networks: Sequence[Described]) -> HTML:
    """Show the parameters of each network by the width of its emotion features."""
    widths = sorted({network.width for network in networks if network.width})
    counts: dict[tuple, dict[int, str]] = {}
    for network in networks:
        name = network.model, network.variant, network.inputs
        counts.setdefault(name, {})[network.width] = f"{network.parameters:,}"
    rows = []
    for name, by_width in counts.items():
        rows.append((*name, *(by_width.get(width, "") for width in (0, *widths))))
    heads = [
        ("", "network"),
        ("", "variant"),
        ("", "reads"),
        ("", "whatever it reads" if widths else "parameters"),
        *(("emotion features", str(width)) for width in widths),
    ]
    return html(heads, rows, caption="Parameters, summed over the built modules", folded=True)


def controls(ledger: Ledger) -> HTML:
    """Show macro F1 of the controls, and what the row itself scores above its control when clean."""

    def score(protocol: str) -> Callable[[tuple], object]:
        def fill(row: tuple) -> object:
            name, variant, control = row
            reading = {"variant": variant, "protocol": protocol, "control": control}
            return shown(ledger.cell(name, F1, **reading), 3)

        return fill

    def above(row: tuple) -> object:
        name, variant, control = row
        return shown(ledger.above(name, F1, variant=variant, control=control), 3, signed=True)

    columns = [
        Column("row", lambda row: row[0]),
        Column("variant", lambda row: row[1]),
        Column("control", lambda row: row[2]),
        *(Column(protocol, score(protocol)) for protocol in PROTOCOLS),
        Column("difference from its control, clean", above),
    ]
    caption = f"Controls: macro F1, {ledger.source}"
    return table(columns, ledger.controls(), caption=caption, note=MEAN)


def contradicted(ledger: Ledger, statements: Sequence[judging.Claim]) -> str:
    """Name the claims that the paper's own numbers contradict."""
    results = judging.judged(ledger, statements)
    return ", ".join(claim.name for claim, judgement in results if judgement.printed is False)


def claims(
    ledger: Ledger,
    statements: Sequence[judging.Claim],
    *,
    caption: str = "Claims, judged on the recorded runs",
    folded: bool = False,
) -> HTML:
    """List claims with their marks under the paper's protocols, each with its reason folded.

    Where a table's claims have the same mark under both, or the paper has one protocol, the marks
    stand in one column. Claims that no run of ours can judge stand in a table of their own, which is folded.
    """
    rows: dict[bool, list[tuple]] = {True: [], False: []}
    protocols = [name for name in PROTOCOLS if name in ledger.paper.protocols]
    for claim, judgement in judging.judged(ledger, statements):
        marks = [judgement.published, judgement.clean]
        if judgement.described:
            pairs = zip(marks, judgement.described, strict=False)
            marks = [(mark, f"as described: {other}") for mark, other in pairs]
        why = f"<details><summary>why</summary>{escape(judgement.reason)}</details>"
        text = HTML(f"{escape(claim.text)}{why}")
        was_run = {judgement.published, judgement.clean} != {"not run"}
        rows[was_run].append((claim.name, text, claim.source, *marks))
    tables = ""
    for was_run, title in ((True, caption), (False, f"{caption}: not run")):
        chosen, heads = rows[was_run], protocols
        if len(protocols) < 2 or all(published == clean for *_, published, clean in chosen):
            heads = ["mark"]
            chosen = [(*row[:-2], _one_mark(*row[-2:])) for row in chosen]
        if chosen:
            is_folded = folded or not was_run
            tables += html(
                ("", "claim", "where", *heads), chosen, caption=title, folded=is_folded
            ).data
    return HTML(tables)


def _is_one_word(at: int, rows: Sequence[Sequence[object]]) -> bool:
    """Tell whether a column has the same text in all of two rows or more."""
    return len(rows) > 1 and len({row[at] if at < len(row) else None for row in rows}) == 1


def _joined(cell: object) -> str:
    return "; ".join(filter(None, cell)) if isinstance(cell, tuple) else str(cell)


def _one_mark(published: object, clean: object) -> object:
    return published if published == clean else f"{published} / {clean}"


def tally(counts: dict[str, dict[str, int]]) -> HTML:
    """Count the printed numbers of each paper by verdict."""
    used = [word for word in VERDICTS if any(numbers[word] for numbers in counts.values())]
    rows = []
    for paper, numbers in counts.items():
        rows.append((paper, *(numbers[word] for word in used), sum(numbers.values())))
    caption = "Verdicts on printed numbers; verdicts that no paper has are left out"
    return html(("paper", *used, "all"), rows, caption=caption)


def shown(
    estimate: Estimate | None,
    digits: int,
    *,
    interval: str = "mean",
    bare: bool = False,
    signed: bool = False,
) -> object:
    """Return a cell: a value and its interval, as a pair; a dash where there is no value.

    Args:
        estimate: value and intervals, or None.
        digits: digits after the point.
        interval: "mean" (default), "one run", or "none".
        bare: True leaves the interval out, as "none" does (default False).
        signed: True writes a plus sign (default False).
    """
    if estimate is None:
        return DASH
    form = f"{'+' if signed else ''}.{digits}f"
    low, high = estimate.low, estimate.high
    if interval == "one run":
        low, high = estimate.run_low, estimate.run_high
    value = f"{estimate.value:{form}}"
    if bare or interval == "none" or not math.isfinite(low):
        return value
    return value, f"[{low:{form}},\N{NO-BREAK SPACE}{high:{form}}]"


def _head(text: str, *, columns: int = 1) -> str:
    """Write a cell of the header; one without a text is no header to a screen reader."""
    width = f' colspan="{columns}"' if columns > 1 else ""
    if not text:
        return f"<td{width}></td>"
    scope = "colgroup" if columns > 1 else "col"
    return f'<th scope="{scope}"{width}>{escape(text)}</th>'


def _is_empty(at: int, rows: Sequence[Sequence[object]]) -> bool:
    """Tell whether a column has several cells, and a dash or nothing in each."""
    cells = [row[at] for row in rows if at < len(row)]
    return len(cells) > 1 and all(cell in ("", DASH) for cell in cells)


def _td(value: object, notes: dict[str, str]) -> str:
    """Write a cell; ``notes`` holds the letter of each note, and takes in those that are new."""
    if isinstance(value, HTML):
        return f'<td class="reason">{value.data}</td>'
    if not isinstance(value, tuple):
        text = f"{value:g}" if isinstance(value, float) else str(value)
        return f"<td{_kind(text)}>{escape(text)}</td>"
    first, second = str(value[0]), str(value[1])
    if len(second) <= SHORT or second.startswith("["):
        return f"<td{_kind(first)}>{escape(first)}<br><small>{escape(second)}</small></td>"
    letter = notes.setdefault(second, _letters(len(notes)))
    note = f'<sup title="{escape(second)}">{letter}</sup>'
    return f"<td{_kind(first)}>{escape(first)} {note}</td>"


def _kind(text: str) -> str:
    """Class of a cell: a number stands at the right, a sentence gets room."""
    if NUMBER.match(text):
        return ' class="number"'
    return ' class="reason"' if len(text) > SENTENCE else ""


def _letters(number: int) -> str:
    """Name a note by its number from 0: a to z, then aa, ab and so on."""
    before = _letters(number // 26 - 1) if number >= 26 else ""
    return before + chr(ord("a") + number % 26)
