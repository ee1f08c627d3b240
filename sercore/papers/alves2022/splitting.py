"""Rows of a trial, how they are split, and the steps from the published protocol to the clean one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from imblearn.over_sampling import SMOTE, RandomOverSampler
from sklearn.preprocessing import MinMaxScaler

from sercore.corpora.labels import THREE
from sercore.protocols.speakers import forbid_shared
from sercore.protocols.splits import FOLDS, grouped_folds, shuffled_folds

ENDS = ("as-published", "clean")
# Steps from the one to the other: only recorded clips are scored; new rows are made of the training
# folds; a copy is in the fold of its original; the scaler is fitted on the training folds; and all
# clips of a recording are in one fold.
STEPS = ("real clips", "SMOTE inside", "copies kept", "scaler inside", "recordings apart")
AND = " + "  # between the steps in a protocol's name
NEIGHBOURS = 5  # SMOTE's default, section 2.2
SYNTHETIC = "synthetic"  # the recording under which SMOTE's rows are counted


@dataclass(frozen=True)
class Items:
    """Rows of one trial; what is not said here is as in ``trial.Data``."""

    values: np.ndarray  # (rows, width): the emotion features, then the 44 of gender
    labels: np.ndarray
    recordings: np.ndarray
    originals: np.ndarray
    notes: np.ndarray

    def at(self, rows: np.ndarray) -> "Items":
        """Select these rows."""
        return Items(*(column[rows] for column in vars(self).values()))

    @property
    def is_real(self) -> np.ndarray:
        """Tell recorded clips from copies and from rows that a balancer made."""
        return (self.originals < 0) & (self.recordings != SYNTHETIC)


def steps_of(protocol: str) -> frozenset[str]:
    """Return the steps that a protocol takes from the published one towards the clean one.

    Raises:
        ValueError: the name holds something that is no step.
    """
    if protocol in ENDS:
        return frozenset(STEPS if protocol == "clean" else ())
    steps = protocol.split(AND)
    if unknown := [step for step in steps if step not in STEPS]:
        raise ValueError(
            f"protocol {protocol!r}: {unknown[0]!r} is no step; expected {', '.join(ENDS)}, or some"
            f" of {', '.join(STEPS)}, joined by {AND!r}"
        )
    return frozenset(steps)


def split(
    items: Items,
    *,
    fold: int,
    seed: int,
    balancer: str,
    steps: Collection[str],
    recordings: int | None = None,
    folds: int = FOLDS,
    tested: Collection[str] = (),
    away: Items | None = None,
    classes: Sequence[str] = THREE,
) -> tuple[Items, Items, MinMaxScaler]:
    """Return scaled training and test rows, and their scaler.

    The order is that of the notebooks, but for the steps taken.

    In that order SMOTE (section 2.2), then scaling, see everything; then come folds of shuffled
    rows. With all steps folds are by recording and originals alone are scored; copies, SMOTE and
    scaling are made of the training part, and a recording on both sides is refused.

    Args:
        items: originals, then copies.
        fold: number of the fold that is tested.
        seed: seed of the folds and of the balancer.
        balancer: "SMOTE" (new rows between two of a class), "oversampling" (the same ones again), or
            empty for none.
        steps: some of ``STEPS``.
        recordings: number of recordings of the training part that are learned from, drawn by the
            seed (default: all).
        folds: number of folds.
        tested: recordings that the one fold tests, where these are given (default: drawn).
        away: clips that no training sees, tested beside each fold's (default: none).
        classes: names of the classes, for the messages.

    Raises:
        ValueError: there are fewer recordings, or a class is too small for SMOTE.
    """
    is_inside = "SMOTE inside" in steps
    if balancer and not is_inside:
        items = _balanced(items, balancer, "clips", classes, seed=seed)
    place = {"fold": fold, "seed": seed, "steps": steps, "folds": folds, "tested": tested}
    training, test = map(items.at, divided(items, **place))
    if {"copies kept", "recordings apart"} <= set(steps):
        known = training.recordings[training.recordings != SYNTHETIC]
        forbid_shared(known, test.recordings, what="recording")
    if recordings is not None:
        training = _of_some(training, recordings, seed=seed)
    if balancer and is_inside:
        what = f"clips in the training part of fold {fold}"
        training = _balanced(training, balancer, what, classes, seed=seed)
    scaler = MinMaxScaler().fit((training if "scaler inside" in steps else items).values)
    training = replace(training, values=scaler.transform(training.values))
    if away is not None:
        pairs = zip(vars(test).values(), vars(away).values(), strict=True)
        test = Items(*(np.concatenate(pair) for pair in pairs))
    return training, replace(test, values=scaler.transform(test.values)), scaler


def sides(
    items: Items, *, balancer: str, steps: Collection[str], **place: Any
) -> dict[str, np.ndarray]:
    """Return the rows of ``items`` on each side of ``split``, without those that a balancer makes.

    ``place`` has what else ``divided`` takes.
    """
    rows = len(items.labels)
    if balancer and "SMOTE inside" not in steps:
        counts = np.bincount(items.labels)
        new = counts.max() * np.count_nonzero(counts) - rows
        items = items.at(np.append(np.arange(rows), np.zeros(new, int)))
        recordings = np.append(items.recordings[:rows], np.repeat(SYNTHETIC, new))
        originals = np.append(items.originals[:rows], np.full(new, -1))
        items = replace(items, recordings=recordings, originals=originals)
    parts = divided(items, steps=steps, **place)
    return {name: part[part < rows] for name, part in zip(("training", "test"), parts, strict=True)}


def divided(
    items: Items,
    *,
    fold: int,
    seed: int,
    steps: Collection[str],
    folds: int = FOLDS,
    tested: Collection[str] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the rows that train, and of those that are scored; see ``split``."""
    is_test = _folds(items, seed=seed, steps=steps, folds=folds, tested=tested) == fold
    is_scored = is_test & items.is_real if "real clips" in steps else is_test
    return np.flatnonzero(~is_test), np.flatnonzero(is_scored)


def _of_some(items: Items, many: int, *, seed: int) -> Items:
    """Keep the clips and copies of so many recordings; more of them hold those of fewer."""
    names = np.unique(items.recordings[items.is_real])
    if many > len(names):
        raise ValueError(
            f"{many} recordings: the training part has {len(names)}; expected at most as many"
        )
    chosen = np.random.default_rng(seed).permutation(names)[:many]
    return items.at(np.flatnonzero(np.isin(items.recordings, chosen)))


def _folds(
    items: Items, *, seed: int, steps: Collection[str], folds: int, tested: Collection[str]
) -> np.ndarray:
    """Return the number of the fold in which each row is tested."""
    fold_of = np.full(len(items.labels), -1)
    if "recordings apart" in steps:
        real = np.flatnonzero(items.is_real)
        if tested:
            fold_of[real] = np.where(np.isin(items.recordings[real], list(tested)), 0, folds)
        else:
            pair = items.labels[real], items.recordings[real]
            for fold, (_, test) in enumerate(grouped_folds(*pair, seed=seed, folds=folds)):
                fold_of[real[test]] = fold
    is_kept = (items.originals >= 0) & ("copies kept" in steps)
    shuffled = np.flatnonzero((fold_of < 0) & ~is_kept)
    if len(shuffled):
        drawn = shuffled_folds(len(shuffled), seed=seed, folds=FOLDS if tested else folds)
        for fold, (_, test) in enumerate(drawn):
            fold_of[shuffled[test]] = fold
    fold_of[is_kept] = fold_of[items.originals[is_kept]]
    return fold_of


def _balanced(
    items: Items, balancer: str, what: str, classes: Sequence[str], *, seed: int
) -> Items:
    """Append a balancer's rows, class by class; SMOTE's neighbours are chosen by all columns."""
    if balancer == "oversampling":
        chosen = RandomOverSampler(random_state=seed)
    else:
        chosen = SMOTE(k_neighbors=NEIGHBOURS, random_state=seed)
        counts = np.bincount(items.labels, minlength=len(classes))
        for name, rows in zip(classes, counts.tolist(), strict=True):
            if rows <= NEIGHBOURS:
                raise ValueError(
                    f"{rows} {what} are {name}; SMOTE draws on {NEIGHBOURS} neighbours and needs at"
                    f" least {NEIGHBOURS + 1}. Add clips, or leave SMOTE out."
                )
    values, labels = chosen.fit_resample(items.values, items.labels)
    new = len(labels) - len(items.labels)
    return Items(
        values,
        labels,
        np.concatenate([items.recordings, np.full(new, SYNTHETIC)]),
        np.concatenate([items.originals, np.full(new, -1)]),
        np.concatenate([items.notes, np.full(new, "")]),
    )
