"""What a page shows as a table: printed | recorded on real corpora | this run, verdicts, claims, provenance."""

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
from IPython.display import HTML
from pydantic import BaseModel

from sercore.ledger import claims as judging
from sercore.ledger.entries import Ledger
from sercore.ledger.scores import Cell
from sercore.ledger.verdicts import VERDICTS
from sercore.models.counts import Described

F1 = "macro_f1_cv5_mean"
PROTOCOLS = ("as-published", "clean")
READINGS = tuple((variant, protocol) for variant in ("as-run", "as-described") for protocol in PROTOCOLS)
DIGITS = {"macro_f1_cv5_mean": 3, "mse_cv5_mean": 4, "summed_mse_two_heads_cv5_mean": 4}


def html(columns: Sequence[str | tuple[str, str]], rows: Iterable[Sequence[object]], *, caption: str = "") -> HTML:
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
        groups = "<tr>" + "".join(f'<th colspan="{span}">{escape(group)}</th>' for group, span in spans) + "</tr>"
    names = "<tr>" + "".join(f"<th>{escape(name).replace(', ', ',<br>')}</th>" for _, name in heads) + "</tr>"
    body = "".join("<tr>" + "".join(map(_td, row)) + "</tr>" for row in rows)
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return HTML(
        f'<div class="scroll"><table class="table ledger">{title}<thead>{groups}{names}</thead><tbody>{body}</tbody></table></div>'
    )


def parameters(given: BaseModel) -> HTML:
    """The parameters of this run, in a box."""
    fields = type(given).model_fields
    rows = [(name, str(value), fields[name].description) for name, value in given.model_dump().items()]
    return html(("parameter", "value", "meaning"), rows, caption="Parameters of this run")


def beside_the_paper(
    table: str, ledger: Ledger, run: Ledger | None = None, *, column: str = "F1-macro", edition: str = "demo"
) -> HTML:
    """One printed table and column: printed | recorded on real corpora | this run | verdict.

    Args:
        table: "Table 3".
        ledger: of the paper.
        run: the same with this page's trials in place of the recorded ones (default: none).
        column: printed column name.
        edition: of this run; a demo's values are named synthetic.
    """
    numbers = [
        number for number in ledger.printed if number.table == table and number.column == column and "submission" not in number.row
    ]
    heads = [("", table), ("paper", "printed")]
    heads += [("recorded on real corpora", f"{variant}, {protocol}") for variant, protocol in READINGS] + [("", "verdict")]
    if run is not None:
        this = "this run, synthetic speech" if edition == "demo" else "this run"
        heads += [(this, f"{variant}, {protocol}") for variant, protocol in READINGS]
    rows = []
    for number in numbers:
        word, reason = ledger.verdict(number)
        digits = DIGITS.get(number.metric, 2)
        ours = [_cell(ledger.cell(number.row, number.metric, variant=a, protocol=b), digits) for a, b in READINGS]
        here = (
            []
            if run is None
            else [_cell(run.cell(number.row, number.metric, variant=a, protocol=b), digits, bare=True) for a, b in READINGS]
        )
        rows.append((number.row, f"{number.value:.4f}", *ours, (word, reason), *here))
    caption = f"{table}, {column}: mean over five folds; in brackets the 95 % interval; a dash where nothing was run"
    return html(heads, rows, caption=caption)


def measured(ledger: Ledger, row: str) -> HTML:
    """Printed counts of one row beside what we measured."""
    rows = []
    for number in (each for each in ledger.printed if each.row == row):
        plain = ledger.numbers.plain(number)
        ours = ("–", ledger.numbers.why_not(number)) if plain is None else (f"{plain.value:g}", plain.reason)
        rows.append((f"{number.column}, {number.metric}", f"{number.value:g} {number.unit}", ours))
    return html(("", "printed", "measured"), rows, caption=row)


def parameter_counts(networks: Sequence[Described]) -> HTML:
    """Parameters of each network by the width of its emotion features."""
    widths = sorted({each.width for each in networks if each.width})
    found = {(each.model, each.width): f"{each.parameters:,}" for each in networks}
    names = dict.fromkeys((each.model, each.variant, each.inputs) for each in networks)
    rows = [(*name, found.get((name[0], 0), ""), *(found.get((name[0], width), "") for width in widths)) for name in names]
    heads = [
        ("", "network"),
        ("", "variant"),
        ("", "reads"),
        ("", "fixed"),
        *(("emotion features", str(width)) for width in widths),
    ]
    return html(heads, rows, caption="Parameters, summed over the built modules")


def identity(ledger: Ledger) -> list[tuple[str, float, int, float]]:
    """Printed loss less a hundredth of the printed accuracy of each multi-task row, the number k of dead folds, and what is left.

    The second head's best constant answer to a one-hot target of three classes is 1/3, with error 2/9; a head whose ReLU is
    dead answers 0, with error 1/3. Over five folds the mean is 2/9 + k/45.
    """
    values = {(number.row, number.column): number.value for number in ledger.printed}
    found = []
    for (row, column), loss in values.items():
        if column == "Loss" and "Multi-task" in row:
            gap = loss - values[row, "Accuracy"] / 100
            dead = round((gap - 2 / 9) * 45)
            found.append((row, gap, dead, gap - 2 / 9 - dead / 45))
    return found


def second_head(ledger: Ledger) -> HTML:
    """Recorded multi-task folds as run: how far the second head's error is from 2/9, or from 1/3 where the head is dead."""
    trials = ledger.recorded.trials
    if not len(trials):
        return html(("folds",), [], caption="No trial is recorded yet")
    chosen = trials[(trials["variant"] == "as-run") & trials["second_mse"].notna()]
    rows = []
    for protocol, table in chosen.groupby("protocol"):
        dead = table["second_zero"] == 1
        gaps = (table["second_mse"] - np.where(dead, 1 / 3, 2 / 9)).abs()
        rows.append((protocol, len(table), int(dead.sum()), f"{gaps.mean():.4f}", f"{gaps.max():.4f}"))
    heads = ("protocol", "folds", "dead heads", "mean distance", "largest distance")
    return html(heads, rows, caption="Second head's error: distance to 2/9, or to 1/3 where it is dead")


def controls(ledger: Ledger, run: Ledger, *, edition: str) -> HTML:
    """Macro F1 of the controls beside the row that they control, recorded and on this page."""
    names = dict.fromkeys([*ledger.controls(), *run.controls()])
    rows = []
    for row, control in names:
        cells = [
            _cell(each.cell(row, F1, protocol=protocol, control=control), 3) for each in (ledger, run) for protocol in PROTOCOLS
        ]
        rows.append((row, control if control != "none" else "none, the row itself", *cells))
    this = "this run, synthetic speech" if edition == "demo" else "this run"
    heads = [
        ("", "row"),
        ("", "control"),
        *((place, protocol) for place in ("recorded on real corpora", this) for protocol in PROTOCOLS),
    ]
    return html(heads, rows, caption="Controls: macro F1, as run")


def contradicted(ledger: Ledger, statements: Sequence[judging.Claim]) -> str:
    """Names of the claims that the paper's own numbers contradict."""
    return ", ".join(claim.name for claim, judgement in judging.judged(ledger, statements) if judgement.printed is False)


def claims(ledger: Ledger, statements: Sequence[judging.Claim]) -> HTML:
    """Every claim with its mark under either protocol."""
    rows = [
        (claim.name, claim.text, claim.source, judgement.published, judgement.clean, judgement.reason)
        for claim, judgement in judging.judged(ledger, statements)
    ]
    return html(("", "claim", "where", "as-published", "clean", "why"), rows, caption="Claims, judged on the recorded runs")


def tally(counts: dict[str, dict[str, int]]) -> HTML:
    """How many printed numbers of each paper have each verdict."""
    given = [verdict for verdict in VERDICTS if any(found[verdict] for found in counts.values())]
    rows = [(paper, *(found[verdict] for verdict in given), sum(found.values())) for paper, found in counts.items()]
    return html(("paper", *given, "all"), rows, caption="Verdicts on printed numbers; a verdict that none has is left out")


def provenance(ledger: Ledger) -> HTML:
    """Where the recorded runs come from, and what changed since."""
    rows = []
    for name, run in ledger.recorded.runs.items():
        count = int((ledger.recorded.trials["run"] == name).sum())
        versions = ", ".join(f"{library} {version}" for library, version in run["versions"].items())
        tree = "clean tree" if run["clean"] else "changed tree"
        about = (name, ", ".join(run["corpora"]), count, run["date"], f"{run['commit'][:10]}, {tree}", run["device"], versions)
        rows.append((*about, ledger.stale[name] or "nothing changed"))
    heads = ("run", "corpora", "trials", "date", "commit", "device", "versions", "since then")
    return html(heads, rows, caption="Recorded runs")


def agreement(rows: Sequence[dict]) -> HTML:
    """Trials of this page that are recorded too: the emotion head's error then and now (rows of ``recording.beside``)."""
    settings = ("row", "control", "variant", "protocol", "fold", "seed")
    shown = [
        (*(row[name] for name in settings), f"{row['recorded']:.6f}", f"{row['this run']:.6f}", f"{row['difference']:+.1e}")
        for row in rows
        if row["recorded"] is not None
    ]
    caption = "Emotion-head error of trials that are recorded and were run on this page"
    return html((*settings, "recorded", "this run", "difference"), shown or [("none on this page",)], caption=caption)


def _cell(cell: Cell | None, digits: int, *, bare: bool = False) -> object:
    if cell is None:
        return "–"
    text = f"{cell.value:.{digits}f}"
    if bare or cell.seeds < 2:
        return text
    return (text, f"[{cell.low:.{digits}f},\N{NO-BREAK SPACE}{cell.high:.{digits}f}]")


def _td(value: object) -> str:
    """A cell; a pair is a value and, smaller, its interval or its reason, which gets room."""
    if not isinstance(value, tuple):
        return f"<td>{escape(f'{value:g}' if isinstance(value, float) else str(value))}</td>"
    first, second = (escape(str(each)) for each in value)
    room = "" if second.startswith("[") else ' class="reason"'
    return f"<td{room}>{first}<br><small>{second}</small></td>"
