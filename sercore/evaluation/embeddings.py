"""What embeddings tell: speaker verification by pairs of clips, and maps onto the plane."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.manifold import TSNE
from sklearn.metrics import roc_curve

LINE = re.compile(
    r"(?P<same>[01])\s+(?P<left>(?P<one>id\d{5})/\S+/\S+)\s+(?P<right>(?P<other>id\d{5})/\S+/\S+)"
)


def equal_error_rate(scores: Sequence[float], same: Sequence[bool]) -> float:
    """Compute the rate at which misses and false alarms are equally frequent.

    Both rates are known at each distinct score; straight lines join them in between, where the
    crossing is taken. Only the order of the scores counts.

    Args:
        scores: ``(pairs,)``, higher for more alike.
        same: ``(pairs,)``, True where both clips are of one speaker.

    Raises:
        ValueError: shapes that do not agree, a score that is NaN, or pairs of one kind only.

    Source: Nagrani et al. 2017, who score VoxCeleb by it; the straight lines are ours.
    """
    given, alike = np.asarray(scores, np.float64), np.asarray(same, bool)
    if given.ndim != 1 or given.shape != alike.shape:
        raise ValueError(
            f"scores {given.shape} and same {alike.shape}; expected (pairs,) twice: give one of "
            "each for each pair"
        )
    if wrong := int(np.isnan(given).sum()):
        raise ValueError(
            f"{wrong} of {len(given)} scores are NaN; expected numbers: look at the embeddings"
        )
    one, two = int(alike.sum()), int((~alike).sum())
    if not one or not two:
        raise ValueError(
            f"{one} pairs of one speaker and {two} of two; expected at least 1 of each: add pairs"
        )
    _, rank = np.unique(given, return_inverse=True)  # roc_curve refuses infinite scores
    alarm, hit, _ = roc_curve(alike, rank, drop_intermediate=False)
    gap = (1 - hit) - alarm  # from 1 down to -1
    at = int(np.argmax(gap <= 0))
    part = gap[at - 1] / (gap[at - 1] - gap[at])
    return float(alarm[at - 1] + part * (alarm[at] - alarm[at - 1]))


def cosine(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Compute the cosine of the angle between embeddings, pair by pair.

    Args:
        left: ``(..., features)``.
        right: the same shape, or one that broadcasts to it.

    Returns:
        ``(...)`` float64 in [-1, 1].

    Raises:
        ValueError: an embedding of length 0, infinite or NaN, which has no angle.
    """
    units = []
    for embeddings in (np.asarray(left, np.float64), np.asarray(right, np.float64)):
        lengths = np.linalg.norm(embeddings, axis=-1, keepdims=True)
        if wrong := int((~(np.isfinite(lengths) & (lengths > 0))).sum()):
            raise ValueError(
                f"{wrong} of {lengths.size} embeddings are all zero, or not finite; expected a"
                " direction: look at the network"
            )
        units.append(embeddings / lengths)
    return np.clip((units[0] * units[1]).sum(-1), -1, 1)


def neighbours(points: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Map rows ``(rows, width)`` onto the plane ``(rows, 2)`` by t-SNE of scaled columns."""
    spread = points.std(0)
    scaled = (points - points.mean(0)) / np.where(spread > 0, spread, 1)
    perplexity = min(30.0, (len(points) - 1) / 3)
    return TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(scaled)


def trials(
    speakers: Sequence[str], *, pairs: int | None, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Choose pairs of different clips: all, or a drawn number, half of it of one speaker.

    Give the clips of speakers whom the network was not trained on.

    Args:
        speakers: speaker of each clip, in names that are unique across corpora.
        pairs: number of pairs to draw, even, 2 or more; None for all.
        seed: seed of the draw.

    Returns:
        Row numbers of both clips, the lower first, and whether their speaker is the same,
        ``(pairs,)`` each; pairs of one speaker come first.

    Raises:
        ValueError: an odd number of pairs, or more than there are of either kind.
    """
    names = np.asarray(speakers, str)
    order = np.argsort(names, kind="stable")
    place = np.arange(len(names))
    # In this order a clip's partners of the same speaker follow it, and then those of others.
    end = np.searchsorted(names[order], names[order], side="right")
    partners = [(end - place - 1, place + 1), (len(names) - end, end)]  # number, first place
    totals = [int(count.sum()) for count, _ in partners]
    if pairs is None:
        ranks = [np.arange(total) for total in totals]
    else:
        if pairs < 2 or pairs % 2:
            raise ValueError(
                f"pairs={pairs}: half of them are of one speaker; expected an even number of 2 or "
                "more. Name one."
            )
        if min(totals) < pairs // 2:
            raise ValueError(
                f"{totals[0]} pairs of one speaker and {totals[1]} of two in {len(names)} clips; "
                f"expected {pairs // 2} of each: ask for fewer pairs, or add clips"
            )
        draw = np.random.default_rng(seed)
        ranks = [np.sort(draw.choice(total, pairs // 2, replace=False)) for total in totals]
    pairs_of_kinds = []
    for rank, (count, first) in zip(ranks, partners, strict=True):
        until = np.cumsum(count)
        left = np.searchsorted(until, rank, side="right")  # place of the pair's first clip
        right = first[left] + rank - (until - count)[left]
        pairs_of_kinds.append(np.sort(np.stack([order[left], order[right]]), axis=0))  # (2, pairs)
    left, right = np.concatenate(pairs_of_kinds, axis=1)
    return left, right, np.repeat([True, False], [len(rank) for rank in ranks])


def read_trials(path: Path | str) -> tuple[list[str], list[str], np.ndarray]:
    """Read a list of pairs as VoxCeleb publishes them.

    A line is ``1 id10270/x/00001.wav id10270/y/00002.wav``, with 1 for one speaker.

    Returns:
        Names of both clips, ``speaker/video/clip.wav``, and whether their speaker is the same,
        ``(pairs,)``; in the list's order.

    Raises:
        ValueError: no such file, an empty one, or a line of another form or whose label its names
            contradict.

    Source: Nagrani et al. 2017, the list VoxCeleb1-O.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(
            f"{path}: no such file; expected a list of pairs of clips. Take it from VoxCeleb's page."
        )
    left, right, same = [], [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = LINE.fullmatch(line.strip())
        if match is None:
            raise ValueError(
                f"{path}:{number}: `{line[:80]}`; expected `<1 or 0> id<number>/<video>/<clip> "
                "id<number>/<video>/<clip>`. Take the official list whose names begin with"
                " id<number>."
            )
        if (match["one"] == match["other"]) != (match["same"] == "1"):
            raise ValueError(
                f"{path}:{number}: label {match['same']} for {match['one']} and {match['other']}; "
                "expected 1 for one speaker, 0 for two. Take the official list."
            )
        left.append(match["left"])
        right.append(match["right"])
        same.append(match["same"] == "1")
    if not same:
        raise ValueError(f"{path}: no pair; expected one a line. Take the official list.")
    return left, right, np.array(same)
