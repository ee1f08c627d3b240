"""Batches of clips of similar length, in a seeded order that a resumed run can take up at any step."""

from collections.abc import Sequence

import numpy as np

WINDOW = 20  # batches sorted together; 3 % padding on RAVDESS and TESS, and neighbours still change every epoch


def by_length(lengths: Sequence[int], *, batch: int, seed: int, epoch: int, window: int = WINDOW) -> list[np.ndarray]:
    """Rows of each batch of one epoch: shuffled, sorted by length within windows of several batches, the batches shuffled.

    Sorting all clips by length would sort them by corpus too, where corpora differ in length, and each batch would show a
    network one corpus. A window is a random sample of all corpora, so that a batch mixes them as far as their lengths overlap;
    of clips of equal length the order stays random. The fewer batches a window has, the more mixed and the more padded they are.
    There are two windows at least: one alone would make the same batches in every epoch.

    The order depends on the arguments alone, so that a run goes on at step s with ``by_length(...)[s:]``.

    Args:
        lengths: frames or samples of each clip, 1 or more.
        batch: clips a batch, 1 or more; one batch of an epoch may be smaller.
        seed: of the run, 0 or more.
        epoch: 0 or more; each has an order of its own.
        window: about how many batches are sorted together, 1 or more (default 20), half of all at most; 1 gives random batches.

    Returns:
        ``(rows,)`` row numbers for each batch; every row stands in one batch, once.

    Raises:
        ValueError: no clip, an empty clip, or a number out of its range.
    """
    sizes = _checked(lengths)
    for name, given, least in (("batch", batch, 1), ("window", window, 1), ("seed", seed, 0), ("epoch", epoch, 0)):
        if given < least:
            raise ValueError(f"{name}={given}: too small; expected {least} or more. Give {name} a whole number from {least} on.")
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(sizes))
    starts = np.arange(0, len(sizes), batch)
    batches = []
    # Windows of equal size, so that no small one is left over, in which lengths would lie far apart.
    for firsts in np.array_split(starts, min(len(starts), max(2, len(starts) // window))):
        rows = order[firsts[0] : firsts[-1] + batch]
        rows = rows[np.argsort(sizes[rows], kind="stable")]
        batches += np.split(rows, firsts[1:] - firsts[0])
    return [batches[at] for at in generator.permutation(len(batches))]


def padding_share(lengths: Sequence[int], batches: Sequence[np.ndarray]) -> float:
    """Share of padding in batches that are padded to their longest clip, in [0, 1).

    Args:
        lengths: frames or samples of each clip, 1 or more.
        batches: row numbers of each batch.

    Raises:
        ValueError: no clip, or an empty clip.
    """
    sizes = _checked(lengths)
    filled = sum(int(sizes[rows].sum()) for rows in batches)
    return 1 - filled / sum(len(rows) * int(sizes[rows].max()) for rows in batches)


def _checked(lengths: Sequence[int]) -> np.ndarray:
    sizes = np.asarray(lengths)
    if not len(sizes):
        raise ValueError("no clip to make batches of; expected at least 1: check what was left out")
    if sizes.min() < 1:
        raise ValueError(f"clip {int(sizes.argmin())} has length {sizes.min()}; batches need at least 1: drop empty clips first")
    return sizes
