"""What chapter 3's figures draw, taken from a ledger: recorded on real speech where it is, else this page's own."""

import numpy as np
import pandas as pd

from sercore.ledger.entries import Ledger
from sercore.papers.biagini2022 import study as loopq
from sercore.papers.biagini2022.data import ORIGINS
from sercore.papers.biagini2022.numbers import PAIR, TABLE_4

Panel = tuple[str, np.ndarray, list[str]]


def curves(ledger: Ledger, split: str) -> dict[str, tuple[np.ndarray, int]]:
    """Learning curve of each reading under a split, of its first seed and fold, and the epoch that was kept.

    Shape:
        - curve: ``(epochs, 5)``: epoch, training loss and accuracy, validation loss and accuracy
    """
    table, found = ledger.recorded.parts["curves"], {}
    for row in _first(ledger, split).itertuples():
        rows = table[table["trial"] == row.trial].drop(columns="trial")
        found[f"{row.row} {row.variant}"] = (rows.to_numpy(float), int(row.best_epoch))
    return found


def confusions(ledger: Ledger, model: str, variant: str) -> list[Panel]:
    """Confusion matrices of a reading under both splits, as shares of the true class; empty where it was not run."""
    panels = []
    for split in PAIR:
        trials = ledger.trials(model, variant=variant, protocol=split)
        if trials is not None:
            counts = trials.confusion()
            panels.append((f"{split}, {counts.sum():,.0f} answers", counts / counts.sum(1, keepdims=True), list(loopq.CLASSES)))
    return panels


def reliability(ledger: Ledger, model: str, variant: str) -> dict[str, np.ndarray]:
    """Bins of confidence of a reading by split, summed over seeds and folds.

    Shape:
        - bins: ``(bins, 4)``: upper edge, clips, summed confidence, right ones
    """
    found, table = {}, ledger.recorded.parts["reliability"]
    for split in PAIR:
        trials = ledger.trials(model, variant=variant, protocol=split)
        if trials is not None:
            bins = table[table["trial"].isin(trials.table["trial"])]
            found[split] = bins.groupby("edge", as_index=False)[["clips", "confidence", "right"]].sum().to_numpy(float)
    return found


def maps(ledger: Ledger, run: Ledger) -> list[tuple[str, list[Panel]]]:
    """Title and panels (emotion, corpus, speaker) of each t-SNE map: recorded ones, then this page's, by split."""
    found = []
    for source, each in (("Real speech", ledger), ("This page's own run", run)):
        views, points = each.recorded.kind("views"), each.recorded.parts["map"]
        for split in PAIR if len(points) else ():
            numbers = views[views["protocol"] == split]["trial"]
            table = points[points["trial"] == numbers.min()]
            if len(table):
                found.append((f"{source}, {split}, {len(table)} clips:", _coloured(table)))
    return found


def _coloured(table: pd.DataFrame) -> list[Panel]:
    places = table[["x", "y"]].to_numpy(float)
    corpora = [ORIGINS.get(name, name) for name in table["group"].str.split("/").str[0]]
    speakers = table["group"].str.split("/").str[1]
    most = speakers.value_counts().index[:6]
    named = [name if name in most else "others" for name in speakers]
    return [("emotion", places, table["class"].tolist()), ("corpus", places, corpora), ("speaker", places, named)]


def _first(ledger: Ledger, split: str) -> pd.DataFrame:
    """The first trial of each reading under a split, nothing changed."""
    table = ledger.recorded.trials
    if not len(table):
        return table
    table = ledger.paper.arranged(table)
    table = table[(table["protocol"] == split) & (table["control"] == "none")].sort_values(["seed", "fold"])
    first = table.drop_duplicates(["row", "variant"])
    order = [TABLE_4.index(pair) for pair in zip(first["row"], first["variant"], strict=True)]
    return first.assign(order=order).sort_values("order")
