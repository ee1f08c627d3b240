"""Tables that several chapters show: scores beside the printed ones, verdicts, claims, runs."""

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd
from IPython.display import HTML
from pydantic import BaseModel

from sercore.ledger import claims as judging
from sercore.ledger import verifying
from sercore.ledger.entries import VERDICTS, Ledger
from sercore.ledger.estimates import Estimate
from sercore.ledger.paper import Printed
from sercore.ledger.scores import F1
from sercore.models.counts import Described

PROTOCOLS = ("as-published", "clean")
READINGS = tuple(itertools.product(("as-run", "as-described"), PROTOCOLS))
# Interval in brackets: beside a printed number as published that of one more run, else of the mean.
BRACKETS = {"as-published": "one run", "clean": "mean"}
INTERVALS = (
    "in brackets 95 %: as-published where one more run would fall, clean where the mean would lie "
    "with other recordings and seeds"
)
DIGITS = {"macro_f1_cv5_mean": 3, "mse_cv5_mean": 4, "summed_mse_two_heads_cv5_mean": 4}
# Outcomes of trials that were run again, in words.
OUTCOMES = {
    verifying.SAME: "the same to the digit",
    verifying.WITHIN: "within the noise between seeds",
    verifying.ALONE: "other numbers, with one recorded seed to judge by",
    verifying.DIFFERS: "different",
}
DASH = "–"
RECORDED = "recorded on real corpora"
NONE = [("not recorded yet",)]  # rows of a table whose runs are still to come


@dataclass(frozen=True)
class Column:
    """A column of a table: its header, and the function that fills its cells.

    Args:
        head: header text; a pair is a group of columns and the column in it.
        fill: function of a row's object that returns the cell.
    """

    head: str | tuple[str, str]
    fill: Callable[[Any], object]


def table(columns: Sequence[Column], rows: Iterable, *, caption: str) -> HTML:
    """Make a table by its columns; the arguments of their functions are ``rows``.

    Where there is no row, one line says that nothing is recorded yet.
    """
    cells = [tuple(column.fill(row) for column in columns) for row in rows]
    return html([column.head for column in columns], cells or NONE, caption=caption)


def html(
    columns: Sequence[str | tuple[str, str]], rows: Iterable[Sequence[object]], *, caption: str = ""
) -> HTML:
    """Make a table that scrolls in a box of its own.

    Args:
        columns: header texts; a pair is a group and its column.
        rows: cells of each row; see ``shown`` for a pair in a cell.
        caption: caption of the table (default: none).
    """
    heads = [column if isinstance(column, tuple) else ("", column) for column in columns]
    groups = ""
    if any(group for group, _ in heads):
        for group, members in itertools.groupby(heads, key=lambda head: head[0]):
            groups += f'<th colspan="{len(list(members))}">{escape(group)}</th>'
        groups = f"<tr>{groups}</tr>"
    names = "".join(f"<th>{escape(name).replace(', ', ',<br>')}</th>" for _, name in heads)
    body = "".join("<tr>" + "".join(map(_td, row)) + "</tr>" for row in rows)
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return HTML(
        f'<div class="scroll"><table class="table ledger">{title}<thead>{groups}<tr>{names}</tr>'
        f"</thead><tbody>{body}</tbody></table></div>"
    )


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
    return html(("parameter", "value", "meaning"), rows, caption="Parameters of this run")


def beside_the_paper(
    title: str,
    ledger: Ledger,
    run: Ledger | None = None,
    *,
    column: str = "F1-macro",
    edition: str = "demo",
) -> HTML:
    """Show one printed table and column: printed, recorded on real corpora, verdict, this run.

    Args:
        title: title of the printed table, "Table 3".
        ledger: ledger of the paper.
        run: ledger of this page's trials (default: none).
        column: name of the printed column.
        edition: edition of this run; a demo's values are named synthetic.
    """

    def name(number: Printed) -> object:
        inputs = [book.inputs(number.row) for book in (ledger, run) if book is not None]
        words = " | ".join(filter(None, inputs))
        return (number.row, words) if words else number.row  # the words stand below, smaller

    def score(
        book: Ledger, variant: str, protocol: str, **look: object
    ) -> Callable[[Printed], object]:
        def fill(number: Printed) -> object:
            estimate = book.cell(number.row, number.metric, variant=variant, protocol=protocol)
            return shown(estimate, DIGITS.get(number.metric, 2), **look)

        return fill

    columns = [
        Column(title, name),
        Column(("paper", "printed"), lambda number: f"{number.value:.4f}"),
    ]
    for variant, protocol in READINGS:
        fill = score(ledger, variant, protocol, interval=BRACKETS[protocol])
        columns.append(Column((RECORDED, f"{variant}, {protocol}"), fill))
    columns.append(Column("verdict", ledger.verdict))
    if run is not None:
        for variant, protocol in READINGS:
            fill = score(run, variant, protocol, bare=True)
            columns.append(Column((this_run(edition), f"{variant}, {protocol}"), fill))
    numbers = []
    for number in ledger.printed:
        is_chosen = (number.table, number.column) == (title, column)
        if is_chosen and "submission" not in number.row:
            numbers.append(number)
    caption = f"{title}, {column}: mean over five folds; {INTERVALS}; a dash where nothing was run"
    return table(columns, numbers, caption=caption)


def measured(ledger: Ledger, row: str) -> HTML:
    """Show printed counts of one row beside what we measured."""
    rows = []
    for number in (number for number in ledger.printed if number.row == row):
        plain, ours = ledger.paper.plain(number), (DASH, ledger.paper.why_not(number))
        if plain is not None:
            ours = f"{plain.value:g}", plain.reason
        rows.append((f"{number.column}, {number.metric}", f"{number.value:g} {number.unit}", ours))
    return html(("", "printed", "measured"), rows, caption=row)


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
    return html(heads, rows, caption="Parameters, summed over the built modules")


def controls(ledger: Ledger, run: Ledger, *, edition: str) -> HTML:
    """Show macro F1 of the controls, and what the row itself scores above its control when clean."""

    def score(book: Ledger, protocol: str) -> Callable[[tuple], object]:
        def fill(row: tuple) -> object:
            name, variant, control = row
            return shown(
                book.cell(name, F1, variant=variant, protocol=protocol, control=control), 3
            )

        return fill

    def above(row: tuple) -> object:
        name, variant, control = row
        return shown(ledger.above(name, F1, variant=variant, control=control), 3, signed=True)

    columns = [
        Column("row", lambda row: row[0]),
        Column("variant", lambda row: row[1]),
        Column("control", lambda row: row[2]),
        *(Column((RECORDED, protocol), score(ledger, protocol)) for protocol in PROTOCOLS),
        Column((RECORDED, "the row less its control, clean"), above),
        *(Column((this_run(edition), protocol), score(run, protocol)) for protocol in PROTOCOLS),
    ]
    rows = dict.fromkeys([*ledger.controls(), *run.controls()])
    caption = (
        "Controls: macro F1; in brackets 95 %, where the mean would lie with other recordings and "
        "seeds"
    )
    return table(columns, rows, caption=caption)


def contradicted(ledger: Ledger, statements: Sequence[judging.Claim]) -> str:
    """Name the claims that the paper's own numbers contradict."""
    results = judging.judged(ledger, statements)
    return ", ".join(claim.name for claim, judgement in results if judgement.printed is False)


def claims(
    ledger: Ledger,
    statements: Sequence[judging.Claim],
    *,
    caption: str = "Claims, judged on the recorded runs",
) -> HTML:
    """List claims with their marks under either protocol."""
    rows = []
    for claim, judgement in judging.judged(ledger, statements):
        marks = [judgement.published, judgement.clean]
        if judgement.described:
            pairs = zip(marks, judgement.described, strict=True)
            marks = [(mark, f"as described: {other}") for mark, other in pairs]
        rows.append((claim.name, claim.text, claim.source, *marks, judgement.reason))
    return html(("", "claim", "where", "as-published", "clean", "why"), rows, caption=caption)


def tally(counts: dict[str, dict[str, int]]) -> HTML:
    """Count the printed numbers of each paper by verdict."""
    used = [word for word in VERDICTS if any(numbers[word] for numbers in counts.values())]
    rows = []
    for paper, numbers in counts.items():
        rows.append((paper, *(numbers[word] for word in used), sum(numbers.values())))
    caption = "Verdicts on printed numbers; a verdict that none has is left out"
    return html(("paper", *used, "all"), rows, caption=caption)


def provenance(ledger: Ledger) -> HTML:
    """List the recorded runs: where they come from, and what changed since."""
    rows = []
    for name, run in ledger.recorded.runs.items():
        count = int((ledger.recorded.trials["run"] == name).sum())
        versions = ", ".join(f"{library} {version}" for library, version in run["versions"].items())
        where = run["date"], commit(run), run["device"], versions
        method = ledger.stale[name] or f"method {run['method']}"
        rows.append((name, ", ".join(run["corpora"]), count, *where, method, verified(run, count)))
    about = ("run", "corpora", "trials", "date", "commit", "device", "versions", "method")
    return html((*about, "run again since"), rows, caption="Recorded runs")


def verified(run: Mapping, count: int) -> object:
    """Say how many of a run's trials were run again, and with what outcomes, date and commit."""
    outcomes = list(verifying.verified(run).values())
    if not outcomes:
        return "none"
    words = []
    for word in verifying.OUTCOMES:
        if word in outcomes:
            words.append(f"{outcomes.count(word)} {OUTCOMES[word]}")
    last = run["verified"][-1]
    where = f"last on {last['date']}, {last['commit'][:10]}, {last['processor']}"
    return f"{len(outcomes)} of {count}", f"{', '.join(words)}; {where}"


def commit(run: Mapping) -> str:
    """Name the commit of a run, and whether its tree was clean: "0123456789, clean tree"."""
    return f"{run['commit'][:10]}, {'clean' if run['clean'] else 'changed'} tree"


def agreement(
    rows: Sequence[dict],
    *,
    settings: Sequence[str] = ("row", "control", "variant", "protocol", "fold", "seed"),
) -> HTML:
    """Show the emotion head's error, then and now, of this page's trials that are recorded too.

    Args:
        rows: rows of ``recording.beside``.
        settings: settings that tell one trial from another.
    """
    cells = []
    for row in rows:
        if row["recorded"] is not None:
            errors = f"{row['recorded']:.6f}", f"{row['this run']:.6f}"
            cells.append((*(row[name] for name in settings), *errors, f"{row['difference']:+.1e}"))
    heads = (*settings, "recorded", "this run", "difference")
    caption = "Emotion-head error of trials that are recorded and were run on this page"
    return html(heads, cells or [("none on this page",)], caption=caption)


def this_run(edition: str) -> str:
    """Return the header of a page's own values; a demo's are named synthetic."""
    return "this run, synthetic speech" if edition == "demo" else "this run"


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


def _td(value: object) -> str:
    """Write a cell; a pair is a value and, smaller, its interval or its reason, which gets room."""
    if isinstance(value, HTML):
        return f'<td class="reason">{value.data}</td>'
    if not isinstance(value, tuple):
        return f"<td>{escape(f'{value:g}' if isinstance(value, float) else str(value))}</td>"
    first, second = (escape(str(text)) for text in value)
    room = "" if second.startswith("[") else ' class="reason"'
    return f"<td{room}>{first}<br><small>{second}</small></td>"
