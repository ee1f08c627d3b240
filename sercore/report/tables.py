"""What a page shows as a table: printed | recorded on real corpora | this run, verdicts, claims, provenance."""

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
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import Estimate
from sercore.ledger.published import Printed
from sercore.ledger.scores import F1
from sercore.ledger.verdicts import VERDICTS
from sercore.models.counts import Described

PROTOCOLS = ("as-published", "clean")
READINGS = tuple(
    (variant, protocol) for variant in ("as-run", "as-described") for protocol in PROTOCOLS
)
# What is in brackets: beside a printed number as published where one more run would fall, else where the mean would lie.
BRACKETS = {"as-published": "one run", "clean": "mean"}
INTERVALS = "in brackets 95 %: as-published where one more run would fall, clean where the mean would lie with other recordings and seeds"
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
        fill: function that takes what a row is about and returns the cell.
    """

    head: str | tuple[str, str]
    fill: Callable[[Any], object]


def table(columns: Sequence[Column], rows: Iterable, *, caption: str) -> HTML:
    """A table by its columns; one line says so where nothing is recorded yet.

    Args:
        columns: header and filling of each column.
        rows: what each row is about.
        caption: caption of the table.
    """
    cells = [tuple(column.fill(row) for column in columns) for row in rows]
    return html([column.head for column in columns], cells or NONE, caption=caption)


def html(
    columns: Sequence[str | tuple[str, str]], rows: Iterable[Sequence[object]], *, caption: str = ""
) -> HTML:
    """A table that scrolls in a box of its own; a pair of header texts is a group and its column."""
    heads = [column if isinstance(column, tuple) else ("", column) for column in columns]
    groups = ""
    if any(group for group, _ in heads):
        spans: list[list] = []
        for group, _ in heads:
            if spans and spans[-1][0] == group:
                spans[-1][1] += 1
            else:
                spans.append([group, 1])
        groups = (
            "<tr>"
            + "".join(f'<th colspan="{span}">{escape(group)}</th>' for group, span in spans)
            + "</tr>"
        )
    names = (
        "<tr>"
        + "".join(f"<th>{escape(name).replace(', ', ',<br>')}</th>" for _, name in heads)
        + "</tr>"
    )
    body = "".join("<tr>" + "".join(map(_td, row)) + "</tr>" for row in rows)
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return HTML(
        f'<div class="scroll"><table class="table ledger">{title}<thead>{groups}{names}</thead><tbody>{body}</tbody></table></div>'
    )


def number(value: float | None, form: str) -> str:
    """A number in a form such as ``{:.2f}``, or a dash where there is none."""
    return DASH if value is None or math.isnan(value) else form.format(value)


def span(values: Iterable[float], form: str = "{:.0f}", *, listed: int = 1) -> str:
    """The different values in ascending order, or the least and the largest where they are many.

    Args:
        values: one or more numbers.
        form: format of a number (default: whole numbers).
        listed: number of different values up to which all are listed (default 1).
    """
    texts = list(dict.fromkeys(form.format(value) for value in sorted(pd.Series(values).dropna())))
    return ", ".join(texts) if len(texts) <= listed else f"{texts[0]} to {texts[-1]}"


def plural(count: int, word: str) -> str:
    """A count and its noun: "1 seed", "2 seeds"."""
    return f"{count} {word}{'' if count == 1 else 's'}"


def parameters(given: BaseModel) -> HTML:
    """The parameters of this run, in a box."""
    fields = type(given).model_fields
    rows = [
        (name, str(value), fields[name].description) for name, value in given.model_dump().items()
    ]
    return html(("parameter", "value", "meaning"), rows, caption="Parameters of this run")


def beside_the_paper(
    title: str,
    ledger: Ledger,
    run: Ledger | None = None,
    *,
    column: str = "F1-macro",
    edition: str = "demo",
) -> HTML:
    """One printed table and column: printed | recorded on real corpora | this run | verdict.

    Args:
        title: title of the printed table, "Table 3".
        ledger: ledger of the paper.
        run: the same with this page's trials in place of the recorded ones (default: none).
        column: name of the printed column.
        edition: edition of this run; a demo's values are named synthetic.
    """

    def name(number: Printed) -> object:
        inputs = [book.inputs(number.row) for book in (ledger, run) if book is not None]
        words = " | ".join(filter(None, inputs))
        return (number.row, words) if words else number.row

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
    numbers = [
        number for number in ledger.printed if (number.table, number.column) == (title, column)
    ]
    caption = f"{title}, {column}: mean over five folds; {INTERVALS}; a dash where nothing was run"
    return table(
        columns, [number for number in numbers if "submission" not in number.row], caption=caption
    )


def measured(ledger: Ledger, row: str) -> HTML:
    """Printed counts of one row beside what we measured."""
    rows = []
    for number in (number for number in ledger.printed if number.row == row):
        plain = ledger.paper.plain(number)
        ours = (
            (DASH, ledger.paper.why_not(number))
            if plain is None
            else (f"{plain.value:g}", plain.reason)
        )
        rows.append((f"{number.column}, {number.metric}", f"{number.value:g} {number.unit}", ours))
    return html(("", "printed", "measured"), rows, caption=row)


def parameter_counts(networks: Sequence[Described]) -> HTML:
    """Parameters of each network by the width of its emotion features."""
    widths = sorted({network.width for network in networks if network.width})
    counts = {
        ((network.model, network.variant, network.inputs), network.width): network.parameters
        for network in networks
    }
    names = dict.fromkeys(name for name, _ in counts)
    rows = [
        (
            *name,
            *(
                f"{counts[name, width]:,}" if (name, width) in counts else ""
                for width in (0, *widths)
            ),
        )
        for name in names
    ]
    heads = [
        ("", "network"),
        ("", "variant"),
        ("", "reads"),
        ("", "whatever it reads" if widths else "parameters"),
        *(("emotion features", str(width)) for width in widths),
    ]
    return html(heads, rows, caption="Parameters, summed over the built modules")


def controls(ledger: Ledger, run: Ledger, *, edition: str) -> HTML:
    """Macro F1 of the controls, recorded and on this page, and clean what the row itself scores above its control."""

    def score(book: Ledger, protocol: str) -> Callable[[tuple], object]:
        return lambda row: shown(
            book.cell(row[0], F1, variant=row[1], protocol=protocol, control=row[2]), 3
        )

    def above(row: tuple) -> object:
        return shown(ledger.above(row[0], F1, variant=row[1], control=row[2]), 3, signed=True)

    columns = [
        Column("row", lambda row: row[0]),
        Column("variant", lambda row: row[1]),
        Column("control", lambda row: row[2]),
        *(Column((RECORDED, protocol), score(ledger, protocol)) for protocol in PROTOCOLS),
        Column((RECORDED, "the row less its control, clean"), above),
        *(Column((this_run(edition), protocol), score(run, protocol)) for protocol in PROTOCOLS),
    ]
    rows = dict.fromkeys([*ledger.controls(), *run.controls()])
    caption = "Controls: macro F1; in brackets 95 %, where the mean would lie with other recordings and seeds"
    return table(columns, rows, caption=caption)


def contradicted(ledger: Ledger, statements: Sequence[judging.Claim]) -> str:
    """Names of the claims that the paper's own numbers contradict."""
    return ", ".join(
        claim.name
        for claim, judgement in judging.judged(ledger, statements)
        if judgement.printed is False
    )


def claims(
    ledger: Ledger,
    statements: Sequence[judging.Claim],
    *,
    caption: str = "Claims, judged on the recorded runs",
) -> HTML:
    """Every claim with its mark under either protocol."""
    rows = []
    for claim, judgement in judging.judged(ledger, statements):
        marks = [judgement.published, judgement.clean]
        if judgement.described:
            marks = [
                (mark, f"as described: {other}")
                for mark, other in zip(marks, judgement.described, strict=True)
            ]
        rows.append((claim.name, claim.text, claim.source, *marks, judgement.reason))
    return html(("", "claim", "where", "as-published", "clean", "why"), rows, caption=caption)


def tally(counts: dict[str, dict[str, int]]) -> HTML:
    """How many printed numbers of each paper have each verdict."""
    met = [verdict for verdict in VERDICTS if any(numbers[verdict] for numbers in counts.values())]
    rows = [
        (paper, *(numbers[verdict] for verdict in met), sum(numbers.values()))
        for paper, numbers in counts.items()
    ]
    return html(
        ("paper", *met, "all"),
        rows,
        caption="Verdicts on printed numbers; a verdict that none has is left out",
    )


def provenance(ledger: Ledger) -> HTML:
    """Where the recorded runs come from, and what changed since."""
    rows = []
    for name, run in ledger.recorded.runs.items():
        count = int((ledger.recorded.trials["run"] == name).sum())
        versions = ", ".join(f"{library} {version}" for library, version in run["versions"].items())
        about = (
            name,
            ", ".join(run["corpora"]),
            count,
            run["date"],
            commit(run),
            run["device"],
            versions,
        )
        rows.append((*about, ledger.stale[name] or f"method {run['method']}", verified(run, count)))
    heads = (
        "run",
        "corpora",
        "trials",
        "date",
        "commit",
        "device",
        "versions",
        "method",
        "run again since",
    )
    return html(heads, rows, caption="Recorded runs")


def verified(run: Mapping, count: int) -> object:
    """How many of a run's trials were run again since, and what came out: "4 of 86", with the outcomes, date and commit."""
    outcomes = list(verifying.verified(run).values())
    if not outcomes:
        return "none"
    words = [
        f"{outcomes.count(word)} {OUTCOMES[word]}"
        for word in verifying.OUTCOMES
        if word in outcomes
    ]
    last = run["verified"][-1]
    return (
        f"{len(outcomes)} of {count}",
        f"{', '.join(words)}; {last['date']}, {last['commit'][:10]}, {last['processor']}",
    )


def commit(run: Mapping) -> str:
    """Commit that a run was made at, and whether its tree was clean: "0123456789, clean tree"."""
    return f"{run['commit'][:10]}, {'clean' if run['clean'] else 'changed'} tree"


def agreement(
    rows: Sequence[dict],
    *,
    settings: Sequence[str] = ("row", "control", "variant", "protocol", "fold", "seed"),
) -> HTML:
    """Trials of this page that are recorded too: the emotion head's error then and now.

    Args:
        rows: of ``recording.beside``.
        settings: that tell one trial from another.
    """
    shown = [
        (
            *(row[name] for name in settings),
            f"{row['recorded']:.6f}",
            f"{row['this run']:.6f}",
            f"{row['difference']:+.1e}",
        )
        for row in rows
        if row["recorded"] is not None
    ]
    caption = "Emotion-head error of trials that are recorded and were run on this page"
    return html(
        (*settings, "recorded", "this run", "difference"),
        shown or [("none on this page",)],
        caption=caption,
    )


def this_run(edition: str) -> str:
    """What heads the columns of a page's own values; a demo's are named synthetic."""
    return "this run, synthetic speech" if edition == "demo" else "this run"


def shown(
    estimate: Estimate | None,
    digits: int,
    *,
    interval: str = "mean",
    bare: bool = False,
    signed: bool = False,
) -> object:
    """A cell of a table: the value and its interval; a dash where there is no value.

    Args:
        estimate: value and intervals, or None.
        digits: after the point.
        interval: "mean" (default), "one run", or "none".
        bare: whether to leave the interval out, as "none" does (default False).
        signed: whether to write a plus sign (default False).
    """
    if estimate is None:
        return DASH
    number = f"{'+' if signed else ''}.{digits}f"
    low, high = (
        (estimate.run_low, estimate.run_high)
        if interval == "one run"
        else (estimate.low, estimate.high)
    )
    if bare or interval == "none" or not math.isfinite(low):
        return f"{estimate.value:{number}}"
    return (f"{estimate.value:{number}}", f"[{low:{number}},\N{NO-BREAK SPACE}{high:{number}}]")


def _td(value: object) -> str:
    """A cell; a pair is a value and, smaller, its interval or its reason, which gets room."""
    if isinstance(value, HTML):
        return f'<td class="reason">{value.data}</td>'
    if not isinstance(value, tuple):
        return f"<td>{escape(f'{value:g}' if isinstance(value, float) else str(value))}</td>"
    first, second = (escape(str(text)) for text in value)
    room = "" if second.startswith("[") else ' class="reason"'
    return f"<td{room}>{first}<br><small>{second}</small></td>"
