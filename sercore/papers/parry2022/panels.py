"""What chapter 2's figures draw, taken from a ledger."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sercore.ledger import gaps
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import level
from sercore.papers.parry2022 import evidence
from sercore.papers.parry2022.attributes import SUBSETS
from sercore.papers.parry2022.data import ORIGINS
from sercore.papers.parry2022.grid import APPROACHES, CURVE
from sercore.papers.parry2022.losses import FINAL
from sercore.papers.parry2022.numbers import PROTOCOL, SCORED, UA, VARIANT
from sercore.papers.parry2022.tables import LANGUAGES

Panel = tuple[str, np.ndarray, list[str]]
LEARNED = ("baseline", *(f"{approach} {SUBSETS[-1]}" for approach in APPROACHES))
COLOURS = ("corpus", "gender", "speaker", "language", "emotion")
# Sex of the committed test speakers, as the corpora tell it.
TESTED = {
    "emodb/16": "female", "emovo/m3": "male", "iemocap/Ses05_F": "female", "ravdess/21": "male", "ravdess/22": "female",
    "savee/JK": "male",
}  # fmt: skip


def swing(ledger: Ledger, *, on: str = "TESS") -> tuple[dict[int, list[float]], dict[str, list[float]]]:
    """UA in % of the recorded baseline on an unseen corpus by seed and epoch; printed points above the baseline by approach.

    Args:
        ledger: of paper 02.
        on: "TESS" (default) or "CREMA-D".
    """
    trials, table = evidence.recorded(ledger, "baseline"), ledger.recorded.parts["epochs"]
    curves = {}
    for row in () if trials is None else trials.table.sort_values("seed").itertuples():
        own = table[(table["trial"] == row.trial) & (table["what"] == f"validation ua {SCORED[on][0]}")]
        if len(own):
            curves[int(row.seed)] = (100 * own.sort_values("epoch")["value"]).tolist()
    printed = evidence.printed(ledger).scores
    names = {approach: [f"{approach} {name}" for name in SUBSETS] for approach in APPROACHES}
    base = printed[on, "baseline"]
    return curves, {approach: [printed[on, row] - base for row in rows if (on, row) in printed] for approach, rows in names.items()}


def learning(ledger: Ledger) -> tuple[dict[str, dict[str, list[float]]], dict[str, dict[str, float]]]:
    """Losses and alpha by model and epoch, of the first seed, and the entropy of each label: baseline and all four attributes."""
    table, curves, entropies = ledger.recorded.parts["epochs"], {}, {}
    for row in LEARNED:
        trials = evidence.recorded(ledger, row)
        if trials is None:
            continue
        first = trials.table.sort_values("seed").iloc[0]
        own = table[table["trial"] == first["trial"]].sort_values("epoch")
        named = own["what"].replace("training loss", "emotion loss").str.removesuffix(" loss")
        values = {name: each["value"].tolist() for name, each in own.groupby(named)}
        losses = [name for name in ("emotion", *SUBSETS[-1].split("+")) if name in values]
        if "emotion" in losses:
            curves[row] = {name: values[name] for name in (*losses, "alpha")}
            entropies[row] = {name: float(first[f"entropy_{name}"]) for name in losses}
    return curves, entropies


def gains(ledger: Ledger) -> tuple[dict[str, dict[tuple[str, str], tuple]], dict[str, float]]:
    """Points above the baseline of all 45 models, printed and recorded, with seeds; and the baseline's spread over seeds.

    By what is scored, of TESS, CREMA-D and in domain those that are recorded; all that are printed where nothing is recorded.
    """
    printed, baseline = evidence.printed(ledger).scores, evidence.recorded(ledger, "baseline")
    there = [on for on, corpora in SCORED.items() if baseline is not None and len(baseline.of(*corpora).counts)]
    panels, spreads = {}, {}
    for on in there or SCORED:
        found = panels[on] = {}
        for name in SUBSETS:
            for approach in APPROACHES:
                value, ours = printed.get((on, f"{approach} {name}")), evidence.gain(ledger, f"{approach} {name}", *SCORED[on])
                above = None if value is None else value - printed[on, "baseline"]
                found[approach, name] = (above, ours.value if ours.by_seed else None, len(ours.by_seed))
        if on in there and len(baseline.seeds) > 1:
            spreads[on] = gaps.estimated("", level(baseline.of(*SCORED[on]), UA)).spread
    return panels, spreads


def alpha(ledger: Ledger) -> dict[str, list[tuple[float, list[float]]]]:
    """UA in % by seed of GR with corpus over alpha at the last epoch, on each unseen corpus and in domain."""
    controls = {each.alpha: each.name.partition(", ")[2] for each in CURVE} | {FINAL["GR"]: "none"}
    found: dict[str, list[tuple[float, list[float]]]] = {}
    for value, control in sorted(controls.items()):
        trials = ledger.trials("GR C", variant=VARIANT, protocol=PROTOCOL, control=control)
        for on, corpora in SCORED.items() if trials is not None else ():
            own = trials.of(*corpora)
            if len(own.counts):
                found.setdefault(on, []).append((value, own.by_seed(UA).tolist()))
    return found


def maps(ledger: Ledger, run: Ledger, clips: pd.DataFrame, *, by: str = "corpus") -> list[tuple[str, list[Panel]]]:
    """Title and panels (baseline, MTL, GR, both with corpus) of each t-SNE map: recorded ones of the first seed, then this page's.

    Args:
        ledger: of paper 02.
        run: this page's own trials.
        clips: table of this page's data: ``corpus``, ``speaker``, ``gender`` and ``language``.
        by: what colours a point: "corpus" (default), "gender", "speaker", "language" or "emotion".

    Raises:
        ValueError: another colour.
    """
    if by not in COLOURS:
        raise ValueError(f"by={by}: no colour of a map; expected {', '.join(COLOURS)}. Name one of them.")
    people = clips.drop_duplicates(["corpus", "speaker"])
    genders, languages = (
        dict(zip(people["corpus"] + "/" + people["speaker"], people[each], strict=True)) for each in ("gender", "language")
    )
    known = {"gender": TESTED | genders, "language": languages}
    found = []
    for source, each in (("Real speech", ledger), ("This page's own run", run)):
        panels = [(row, *_places(each, *which, by, known)) for row, which in evidence.VIEWED.items()]
        panels = [panel for panel in panels if len(panel[1])]
        if panels:
            found.append((f"{source}, {len(panels[0][1])} clips of the test speakers, by {by}", panels))
    return found


def _places(ledger: Ledger, approach: str, attributes: str, by: str, known: Mapping[str, Mapping]) -> tuple[np.ndarray, list[str]]:
    """Points of a model's map and the label of each; none where it was not looked into."""
    views, points = ledger.recorded.kind("views"), ledger.recorded.parts["map"]
    if not len(points):
        return np.empty((0, 2)), []
    own = views[(views["approach"] == approach) & (views["attributes"] == attributes)]
    table = points[points["trial"] == own.sort_values("seed")["trial"].iloc[0]] if len(own) else points[:0]
    return table[["x", "y"]].to_numpy(float), [
        _label(row.group, label, by, known) for row, label in zip(table.itertuples(), table["class"], strict=True)
    ]


def _label(group: str, emotion: str, by: str, known: Mapping[str, Mapping]) -> str:
    corpus = group.split("/")[0]
    if by == "language":
        found = known[by].get(group, LANGUAGES.get(corpus))
        return "unknown" if not isinstance(found, str) else found.split("-")[0]
    if by == "gender":
        found = known[by].get(group)
        return found if isinstance(found, str) else "unknown"
    title = ORIGINS.get(corpus, corpus)
    return {"corpus": title, "speaker": group.replace(corpus, title, 1), "emotion": emotion}[by]
