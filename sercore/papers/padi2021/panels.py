"""What chapter 4's figures draw, taken from a ledger and from the page's own data."""

import numpy as np
import torch

from sercore.augment.policies import POLICIES, masked
from sercore.ledger.entries import Ledger
from sercore.ledger.scores import Trials
from sercore.papers.padi2021 import evidence
from sercore.papers.padi2021 import study as padi
from sercore.papers.padi2021.clips import Data
from sercore.papers.padi2021.grid import GRID
from sercore.papers.padi2021.numbers import APART, CLIPS, WA, WIDTHS, system

EIGHT = tuple(row.name for row in GRID)
SPLITS = {APART: "speakers left out", CLIPS: "clips split at random"}


def masks(data: Data, *, row: int = 0, seed: int = 0) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """One clip's normalised spectrogram ``(frames, bands)``, and the same under each policy.

    Args:
        data: of this page.
        row: which clip (default the first).
        seed: of the masks (default 0).
    """
    clip = data.frames(norm="segment", vad="none").clip(row)
    signal = torch.tensor(clip)[None]
    return clip, {
        name: masked(signal, policy, generator=torch.Generator().manual_seed(seed))[0].numpy() for name, policy in POLICIES.items()
    }


def bars(ledger: Ledger) -> dict[str, dict[str, dict[str, tuple[float, float, int]]]]:
    """WA in %, its standard deviation over folds and seeds, and how many these are, by split, experiment and system.

    Of each experiment the way of training in which most systems are recorded, for Figure 4 is the grid, and of such the nearest.
    """
    panels = {}
    for protocol, split in SPLITS.items():
        for name in padi.EXPERIMENTS:
            ways = evidence.alike(ledger, EIGHT, experiment=name, protocol=protocol)  # nearest first, and so is max of equals
            if ways:
                found = max(ways, key=lambda each: len(each.trials))
                bars = {row: _bar(trials) for row, trials in found.trials.items()}
                panels.setdefault(split, {})[f"{found.title}\n{found.about}"] = bars
    return panels


def effects(ledger: Ledger) -> dict[str, tuple[dict[str, tuple[float, float, float]], int]]:
    """Main effects of whole grids in WA, with intervals, and seeds, by what is scored and how it is split."""
    panels = {}
    for protocol, split in SPLITS.items():
        for name in padi.EXPERIMENTS:
            found = evidence.systems(ledger, EIGHT, experiment=name, protocol=protocol)
            if found is not None:
                each = evidence.effects(found)
                panels[f"{found.title}, {split}"] = {what: (e.value, e.low, e.high) for what, e in each.items()}, found.seeds
    return panels


def confusions(ledger: Ledger, run: Ledger) -> dict[str, list[tuple[str, np.ndarray, tuple[str, ...]]]]:
    """Answers of the whole system by true class, for each experiment that was run: recorded ones, then this page's own."""
    found = {}
    for source, book in (("Real speech", ledger), ("This page's own run", run)):
        each = [(name, evidence.systems(book, (padi.FULL.name,), experiment=name)) for name in padi.EXPERIMENTS]
        panels = [(one.title, one.trials[padi.FULL.name].confusion(), padi.CLASSES[name]) for name, one in each if one is not None]
        if panels:
            found[source] = panels
    return found


def maps(ledger: Ledger, run: Ledger) -> dict[str, dict[str, tuple[np.ndarray, list[str], list[str]]]]:
    """Places, emotions and speakers of test clips by stage, of each source: of the widest network's first seed."""
    found = {}
    for source, book in (("Real speech", ledger), ("This page's own run", run)):
        views, points = book.recorded.kind("views"), book.recorded.parts["stages"]
        first: dict[str, dict] = {}
        for each in sorted(views.to_dict("records"), key=lambda view: ([*WIDTHS].index(view["size"]), view["seed"])):
            first.setdefault(system(each), each)
        stages = {}
        for name, each in first.items():
            own = points[points["trial"] == each["trial"]]
            for stage, rows in own.groupby("stage", sort=False):
                told = f"{name}, {stage} training"
                stages[told] = rows[["x", "y"]].to_numpy(float), rows["class"].tolist(), rows["group"].tolist()
        if stages:
            found[source] = stages
    return found


def _bar(trials: Trials) -> tuple[float, float, int]:
    runs = [value for seed in trials.seeds for value in evidence.by_fold(trials.sown([seed]), WA).values()]
    return float(np.mean(runs)), float(np.std(runs, ddof=1)) if len(runs) > 1 else np.nan, len(runs)
