"""Tables of chapter 2's results: Tables 2 and 3, recalls, speakers, switches, readings. Networks within: ``parry_trained``."""

from collections.abc import Sequence

from IPython.display import HTML

from sercore.evaluation.metrics import recalls
from sercore.ledger import gaps
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import level
from sercore.ledger.gaps import Gap
from sercore.ledger.scores import Trials
from sercore.papers.parry2022 import evidence
from sercore.papers.parry2022 import study as parry
from sercore.papers.parry2022.about import RARELY
from sercore.papers.parry2022.grid import APPROACHES, LABELS, READINGS
from sercore.papers.parry2022.numbers import PROTOCOL, QUOTED, SCORED, UA, VARIANT, trained_as
from sercore.tables.common import NONE, html, this_run

DASH = "–"
SINGLES = ("baseline", *(f"{approach} {name}" for approach in APPROACHES for name in evidence.SINGLE))
RECORDED = "recorded on real corpora"
WITHOUT = "tess without surprise"
SHOWN = "differences are shown, not judged: a sign needs finished trainings, five seeds and six speakers"


def single(ledger: Ledger, run: Ledger, *, on: str = "TESS", edition: str = "demo") -> HTML:
    """Table 2: models of one attribute.

    Args:
        ledger: of paper 02.
        run: this page's own trials.
        on: what is scored: "TESS" (default), "CREMA-D" or "in-domain test".
        edition: of this page's own run (default "demo"); a demo's values are named synthetic.
    """
    return _table("Table 2", evidence.SINGLE, ledger, run, on, edition)


def several(ledger: Ledger, run: Ledger, *, on: str = "TESS", edition: str = "demo") -> HTML:
    """Table 3: models of several attributes, all eleven sets; a dash where the paper prints none.

    Args:
        ledger: of paper 02.
        run: this page's own trials.
        on: what is scored: "TESS" (default), "CREMA-D" or "in-domain test".
        edition: of this page's own run (default "demo"); a demo's values are named synthetic.
    """
    return _table("Table 3", evidence.SEVERAL, ledger, run, on, edition)


def here(run: Ledger, *, edition: str) -> HTML:
    """UA of every model of this page, on each corpus that training never saw and in domain."""
    scored, trials = places(run), run.recorded.trials
    names = run.numbers.arranged(trials)[["row", "control"]].drop_duplicates() if len(trials) else trials
    rows = [
        (row, variant, "" if control == "none" else control, *(_told(found, corpora) for corpora in scored.values()))
        for row, control in names.itertuples(index=False)
        for (variant, *_), found in run.runs(row, control).items()
    ]
    return html(("model", "reading", "changed", *scored), rows or NONE, caption=f"UA in %, {this_run(edition)}")


def places(run: Ledger) -> dict[str, tuple[str, ...]]:
    """Corpora that a run scored, by what they are called: each that training never saw, then those of the pool together."""
    there = {group.split("/")[0] for group in run.recorded.counts["group"]}
    unseen = {group.split("/")[0] for group in run.recorded.parts["answers"]["group"]}
    pool = {name for name in there - unseen if name.removesuffix(" without surprise") not in unseen}
    return {name: (name,) for name in sorted(unseen)} | ({evidence.HOME: tuple(sorted(pool))} if pool else {})


def per_class(ledger: Ledger) -> HTML:
    """Recall of each class: the baseline and the models of one attribute, on each unseen corpus and in domain."""
    there = [on for on in SCORED if _there(evidence.recorded(ledger, "baseline"), SCORED[on])]
    rows = []
    for row in SINGLES if there else ():
        trials = evidence.recorded(ledger, row)
        if trials is not None:
            cells = [cell for on in there for cell in _recalls(trials, SCORED[on])]
            rows.append((named(row), len(trials.seeds), *cells))
    heads = [("", "model"), ("", "seeds"), *((on, name) for on in there for name in parry.CLASSES)]
    caption = f"Recall of each class in %, the answers of all seeds together; collapsed: under {RARELY:.0%}"
    return html(heads, rows or NONE, caption=caption)


def each_speaker(ledger: Ledger) -> HTML:
    """UA on each TESS speaker with an interval over words, and on both speakers without their clips of surprise."""
    found, answers = {}, ledger.recorded.parts["answers"]
    for row in SINGLES:
        trials = evidence.recorded(ledger, row)
        seeds = {} if trials is None else dict(zip(trials.table["trial"].tolist(), trials.table["seed"].tolist(), strict=True))
        own = answers[answers["trial"].isin(seeds)]
        if own["group"].astype("string").str.startswith("tess/").any():
            found[row] = trials, evidence.by_speaker(own, seeds, "tess")
    speakers = list(dict.fromkeys(name for _, heard in found.values() for name in heard))
    rows = []
    for row, (trials, heard) in found.items():
        cells = [heard.get(name) for name in speakers]
        told = [DASH if each is None else (f"{each.value:.2f}", f"[{each.low:.2f}, {each.high:.2f}]") for each in cells]
        rows.append((named(row), _told(trials, SCORED["TESS"]), *told, _told(trials, (WITHOUT,))))
    heads = [("", "model"), ("TESS", "both speakers"), *(("for these two speakers", name) for name in speakers)]
    caption = "UA in %; in brackets of a speaker 95 %, words and seeds resampled: for other words of these two, not for others"
    return html([*heads, ("TESS", "both, without surprise")], rows or NONE, caption=caption)


def switches(ledger: Ledger) -> HTML:
    """The baseline and GR with corpus, surprise and calm counted as another class or left out."""
    rows = []
    for name in dict.fromkeys(each.name.partition(", ")[0] for each in LABELS):
        usual = evidence.recorded(ledger, name)
        others = [each.name.partition(", ")[2] for each in LABELS if each.name.startswith(f"{name}, ")]
        for control in ("none", *others) if usual is not None else ():
            trials = ledger.trials(name, variant=VARIANT, protocol=PROTOCOL, control=control)
            if trials is not None:
                cells = [_told(trials, corpora) for corpora in (SCORED["TESS"], (WITHOUT,), SCORED[evidence.HOME])]
                moved = _signed(evidence.moved(name, trials, usual, *SCORED["TESS"])) if control != "none" else ""
                rows.append((name, "as in the tables" if control == "none" else control, *cells, moved))
    heads = ("model", "classes", "TESS", "TESS without surprise", evidence.HOME, "on TESS, less as in the tables")
    return html(heads, rows or NONE, caption=f"UA in %; {SHOWN}")


def readings(ledger: Ledger) -> HTML:
    """Discriminators of corpus in three readings, with their loss in the last epoch beside the entropy of the labels."""
    rows, epochs = [], ledger.recorded.parts["epochs"]
    for variant in (VARIANT, *(each.variant for each in READINGS)):
        trials = ledger.trials("AD C", variant=variant, protocol=PROTOCOL)
        if trials is None:
            continue
        losses = epochs[epochs["trial"].isin(trials.table["trial"]) & (epochs["what"] == "C loss")]
        last = losses.sort_values("epoch").drop_duplicates("trial", keep="last")["value"]
        entropy = trials.table.get("entropy_C")
        numbers = [DASH if each is None or not each.notna().any() else f"{each.mean():.3f}" for each in (last, entropy)]
        rows.append(("AD C", variant, *(_told(trials, SCORED[on]) for on in ("TESS", evidence.HOME)), *numbers))
    heads = [("", "model"), ("", "reading"), ("UA, %", "TESS"), ("UA, %", evidence.HOME)]
    heads += [("discriminator, nats", "loss, last epoch"), ("discriminator, nats", "entropy of the labels")]
    return html(heads, rows or NONE, caption="AD with corpus, read three ways; a loss at the labels' entropy has learnt nothing")


def named(row: str) -> str:
    """Name of a row, and of the set of attributes whose training stands for it: "GR L = C"."""
    other = trained_as(row)
    return row if other == row else f"{row} = {other.partition(' ')[2]}"


def _table(title: str, sets: Sequence[str], ledger: Ledger, run: Ledger, on: str, edition: str) -> HTML:
    printed, own = evidence.printed(ledger).scores, _own(run, on)
    rows = []
    for row in ("baseline", *(f"{approach} {name}" for approach in APPROACHES for name in sets)):
        value = printed.get((on, row))
        cells = [named(row), DASH if value is None else f"{value:.2f}", _told(evidence.recorded(ledger, row), SCORED[on])]
        cells.append(_gain(ledger, row, on))
        rows.append((*cells, _told(evidence.recorded(run, row), own)) if own else tuple(cells))
    heads = [("", "model"), ("paper", "printed"), (RECORDED, "UA ± sd"), (RECORDED, "less the baseline, by seed")]
    if own:
        heads.append((this_run(edition), on if on == evidence.HOME else own[0]))
    words = [f"{title} on {on}, UA in %, each corpus counting once; ± is the standard deviation over seeds", SHOWN]
    words += [f"collapsed: a class's recall is under {RARELY:.0%}", *([QUOTED] * (on == "TESS"))]
    return html(heads, rows, caption="; ".join(words))


def _own(run: Ledger, on: str) -> tuple[str, ...]:
    """Corpora of this page's run that stand in a table's place: the same, or another unseen one; none where it has none."""
    scored, known = places(run), [corpora for name, corpora in SCORED.items() if name != evidence.HOME]
    if on == evidence.HOME or SCORED[on] in scored.values():
        return scored.get(evidence.HOME, ()) if on == evidence.HOME else SCORED[on]
    others = [corpora for name, corpora in scored.items() if name != evidence.HOME and corpora not in known]
    return others[known.index(SCORED[on])] if known.index(SCORED[on]) < len(others) else ()


def _there(trials: Trials | None, corpora: Sequence[str]) -> bool:
    return trials is not None and len(trials.of(*corpora).counts) > 0


def _told(trials: Trials | None, corpora: Sequence[str]) -> object:
    """Mean over seeds and their standard deviation; how many seeds, and how many of them are collapsed."""
    if not _there(trials, corpora):
        return DASH
    cell = level(trials.of(*corpora), UA)
    down = sum(bool(evidence.collapsed(trials.sown([seed]), corpora)) for seed in trials.seeds)
    words = f"{cell.seeds} seed{'s' * (cell.seeds > 1)}" + (f", collapsed in {down}" if 0 < down < cell.seeds else "")
    words += ", collapsed" * (down == cell.seeds)
    spread = gaps.estimated(UA, cell).spread
    return (f"{cell.value:.2f}" + (f" ± {spread:.2f}" if cell.seeds > 1 else ""), f"[{words}]")


def _gain(ledger: Ledger, row: str, on: str) -> object:
    """A row's UA less the baseline's; nothing above a baseline that is collapsed."""
    baseline = evidence.recorded(ledger, "baseline")
    if row == "baseline" or not _there(baseline, SCORED[on]):
        return DASH
    if evidence.collapsed(baseline, SCORED[on]):
        return (DASH, "[baseline collapsed]")
    return _signed(evidence.gain(ledger, row, *SCORED[on]))


def _signed(gap: Gap) -> object:
    if not gap.by_seed:
        return DASH
    spread = f" ± {gap.spread:.2f}" if len(gap.by_seed) > 1 else ""
    return (f"{gap.value:+.2f}{spread}", f"[{len(gap.by_seed)} seed{'s' * (len(gap.by_seed) > 1)}]")


def _recalls(trials: Trials, corpora: Sequence[str]) -> list[object]:
    if not _there(trials, corpora):
        return [DASH] * len(parry.CLASSES)
    found, down = recalls(trials.of(*corpora).confusion()), evidence.collapsed(trials, corpora)
    shares = [f"{100 * value:.1f}" for value in found]
    return [(share, "[collapsed]") if name in down else share for name, share in zip(parry.CLASSES, shares, strict=True)]
