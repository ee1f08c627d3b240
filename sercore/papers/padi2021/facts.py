"""Claims of paper 04 that its printed tables decide, and counts. Those on trained networks: ``padi``."""

from sercore.ledger.claims import Judgement
from sercore.ledger.entries import Ledger
from sercore.ledger.pairs import claim
from sercore.ledger.published import Printed
from sercore.papers.padi2021 import study as padi
from sercore.papers.padi2021.numbers import UA, WA, experiment, proposed

ENGINEERED = "[40]"  # the prior row of Exp 2 with 384 features made by hand


def either(mark: str, reason: str, *, printed: bool | None = None) -> Judgement:
    """A judgement whose marks are one: the paper's protocol shares no speaker, or none is split."""
    return Judgement(published=mark, clean=mark, reason=reason, printed=printed)


def _results(ledger: Ledger) -> dict[tuple[str, str], dict[str, float]]:
    """Printed values of Table 3 by experiment and metric, and by system; the paper's own is "Proposed"."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for number in ledger.printed:
        if number.table == "Table 3":
            found.setdefault((experiment(number), number.metric), {})[number.row.partition(" | ")[2]] = float(number.value)
    return found


def margins(ledger: Ledger) -> dict[tuple[str, str], float]:
    """Points of the paper's system over the best printed prior one, by experiment and metric."""
    return {
        where: values["Proposed"] - max(value for name, value in values.items() if name != "Proposed")
        for where, values in _results(ledger).items()
    }


def _told(values: dict[tuple[str, str], float]) -> str:
    names = {UA: "UA", WA: "WA"}
    return ", ".join(f"{one} {names[metric]} {value:+.2f}" for (one, metric), value in values.items())


@claim("D1", "IEMOCAP has as many segments of each experiment's four classes as Table 2 counts", source="section 4.1, Table 2")
def counts(ledger: Ledger) -> Judgement:
    """The sums of Table 2, and its counts against those of the corpus."""
    table = [number for number in ledger.printed if number.table == "Table 2"]
    cells = {(experiment(number), number.column): number.value for number in table}
    wrong = []
    for name in padi.EXPERIMENTS:
        total = sum(value for (one, column), value in cells.items() if one == name and column != "Total")
        if total != cells[name, "Total"]:
            wrong.append(f"{name}: {total:,.0f} in the classes, {cells[name, 'Total']:,.0f} in all")
    merged = cells["exp1", "Happy"] + cells["exp2", "Excited"]
    if merged != cells["exp3", "Excited+Happy"]:
        wrong.append(f"happy and excited are {merged:,.0f}, merged {cells['exp3', 'Excited+Happy']:,.0f}")
    for column in ("Angry", "Neutral", "Sad"):
        if len(different := {cells[name, column] for name in padi.EXPERIMENTS}) > 1:
            wrong.append(f"{column.lower()}: {', '.join(f'{value:,.0f}' for value in sorted(different))}")
    found = [(number, *ledger.verdict(number)) for number in table]
    absent = [why for _, word, why in found if word == "not run"]
    off = [f"{number.row} {number.column}: {why}" for number, _, why in found if why != "agrees"]
    mark = "not run" if absent else "differs" if off else "agrees"
    ours = absent[0] if absent else "; ".join(off) or f"all {len(found)} counts agree"
    return either(mark, f"printed: {'; '.join(wrong) or 'every sum is right'}; measured: {ours}", printed=not wrong)


@claim("D3", "The proposed system is ahead of every prior one that is listed", source="abstract, section 5, Table 3")
def ahead(ledger: Ledger) -> Judgement:
    """Over the best prior row of each experiment, on each metric."""
    found = margins(ledger)
    leads = all(value > 0 for value in found.values())
    settings = [one for one in padi.EXPERIMENTS if all(value > 0 for (name, _), value in found.items() if name == one)]
    reason = (
        f"printed, over the best prior row: {_told(found)}. The table has it ahead on both metrics in {len(settings)} of"
        f" {len(padi.EXPERIMENTS)} experiments; the conclusion speaks of two settings"
    )
    return either("agrees" if leads else "differs", reason, printed=leads)


@claim("D11", "WA is above UA where classes are unbalanced (Exp 1), not where happy and excited are one (Exp 3)", source="Table 3")
def balance(ledger: Ledger) -> Judgement:
    """Printed WA less UA of the paper's system; ours to say, the paper prints both and compares none."""
    own = {(experiment(each), each.metric): float(each.value) for each in ledger.printed if proposed(each)}
    gaps = {name: own[name, WA] - own[name, UA] for name in padi.EXPERIMENTS}
    right = gaps["exp1"] > 0 >= gaps["exp3"]
    words = ", ".join(f"{name} {value:+.2f}" for name, value in gaps.items())
    return either("agrees" if right else "differs", f"printed, WA less UA: {words}", printed=right)


@claim("D13", "Spectrograms alone beat a system of 384 engineered features", source="section 5, Table 3")
def engineered(ledger: Ledger) -> Judgement:
    """The paper's system against that row of Exp 2, on both metrics."""
    found = {where: values for where, values in _results(ledger).items() if where[0] == "exp2"}
    gaps = {where: values["Proposed"] - _row(values, ENGINEERED) for where, values in found.items()}
    right = all(value > 0 for value in gaps.values())
    return either("agrees" if right else "differs", f"printed: {_told(gaps)}; the other system is quoted", printed=right)


def _row(values: dict[str, float], reference: str) -> float:
    return next(value for name, value in values.items() if name.endswith(reference))


def results(ledger: Ledger) -> list[Printed]:
    """The paper's own results: UA and WA of each experiment."""
    return [number for number in ledger.printed if proposed(number)]
