"""Fingerprints of clips, and the copies that they find: the same samples, or nearly the same sound.

A fingerprint is a few patches: pieces of the spectrogram around the loudest moments. A copy that is
louder, resampled, encoded, noisy or cut at its ends keeps most of them, as far from one another as
those of the original. The samples of such a pair are then correlated: they run alike in a copy, and
not in another take of the same words.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import fft, signal

from sercore import audio, store
from sercore.features import keeping
from sercore.features.keeping import Extractor

LOW, HIGH, BANDS = 180, 3500, 24  # Hz: what files at 8 kHz keep
WINDOW, HOP = 1024, 256  # samples at 16 kHz
FLOOR = 3.0  # decades of power under the loudest band; below them is silence
HALF = 24  # frames of a patch on either side of its middle: 0.77 s in all
APART, PATCHES = 12, 6  # frames between two loud moments; moments of a clip at most
SHAPE = (16, 12)  # coefficients of a patch over time and over bands; their mean is left out
WIDTH = SHAPE[0] * SHAPE[1] - 1
PRINT = np.dtype([("samples", "S40"), ("frame", "i4"), ("patch", "f2", (WIDTH,))])
SHORTEST = 0.25  # s: of a shorter clip only the very same samples are a copy

ALIKE, ALMOST_EQUAL = 0.93, 0.97  # cosine: of two patches of a pair of clips, of one alone
CELL, PROBES, CHUNK = 500, 4, 4000  # patches of a cell; cells that one asks; patches at a time
COPY = 0.8  # correlation: that of copies is 0.9 and more, that of other takes up to 0.6
OVERLAP = 1.0  # s: the shortest stretch over which samples are correlated


class Copy(NamedTuple):
    """Two clips that hold the same sound, by their numbers."""

    first: int
    second: int
    correlation: float  # of their samples, at the best shift
    is_exact: bool  # whether all samples are the same


def fingerprint(samples: np.ndarray, content: str = "") -> np.ndarray:
    """Describe the loudest moments of a clip.

    Shape:
        - samples: ``(samples,)`` at 16 kHz
        - output: ``(patches,)`` of ``PRINT``: the digest of all samples, the frame of a patch's
          middle, and its coefficients, of length 1, or 0 where the clip is silent or too short
    """
    levels = _levels(samples if len(samples) >= SHORTEST * audio.RATE else np.zeros(1))
    loudness = np.convolve(levels.mean(1), signal.windows.hann(11), "same")
    middles, _ = signal.find_peaks(loudness, distance=APART)
    if not len(middles):
        middles = np.array([loudness.argmax()])
    middles = middles[np.argsort(-loudness[middles], kind="stable")][:PATCHES]
    padded = np.pad(levels, ((HALF, HALF), (0, 0)))
    patches = np.stack([padded[middle : middle + 2 * HALF] for middle in middles])
    rows = fft.dctn(patches, axes=(1, 2), norm="ortho")[:, : SHAPE[0], : SHAPE[1]]
    rows = rows.reshape(len(middles), -1)[:, 1:]
    prints = np.zeros(len(middles), PRINT)
    prints["samples"], prints["frame"] = store.values(samples), middles
    prints["patch"] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return prints


FINGERPRINTS = Extractor(title="fingerprints", function=fingerprint)


def copies(
    clips: Sequence[Path | str], *, sides: Sequence[str] | None = None, least: float = COPY
) -> list[Copy]:
    """Find clips that hold the same sound, wherever it begins, in whole or in part.

    Fingerprints are kept in the store. Of clips with the same samples, each is paired with the first
    of them, and that one alone is compared with other clips.

    Args:
        clips: audio files.
        sides: side of a split of each clip; clips of one side are not paired (default: no split).
        least: correlation of a copy; at 0 every pair that was correlated is returned.

    Raises:
        AudioError: a clip cannot be used.
    """
    if not len(clips):
        return []
    prints, starts = FINGERPRINTS.frames(clips)
    contents, pairs = prints["samples"][starts[:-1]].tolist(), []
    compared: dict[bytes, list[int]] = {}  # the first clips of each content, one a side
    for clip, content in enumerate(contents):
        same = compared.setdefault(content, [])
        away = [other for other in same if sides is None or sides[other] != sides[clip]]
        if away:
            pairs.append(Copy(away[0], clip, 1.0, True))
        if len(away) == len(same) and (sides is not None or not same):
            same.append(clip)
    owner = np.repeat(np.arange(len(clips)), np.diff(starts))
    kept = np.isin(owner, np.concatenate([*compared.values()]))
    patches, frames = prints["patch"][kept].astype(np.float32), prints["frame"][kept]
    places = np.arange(len(clips)) if sides is None else np.unique(sides, return_inverse=True)[1]
    for first, second in matches(patches, frames, owner[kept], sides=places).tolist():
        if contents[first] != contents[second]:
            correlation = correlate(clips[first], clips[second])
            if correlation >= least:
                pairs.append(Copy(first, second, correlation, False))
    return sorted(pairs)


def kept_copies(clips: Sequence[Path | str]) -> list[Copy]:
    """Find copies as ``copies`` does, without sides; the store keeps them by the clips' contents."""
    name = store.key(settings={}, manifest=keeping.contents(clips), modules=__name__)
    payload = store.kept("copies", name, ".json")
    if payload is None:
        payload = json.dumps(copies(clips)).encode()
        store.keep("copies", name, payload, ".json")
    return [Copy(*pair) for pair in json.loads(payload)]


def matches(
    patches: np.ndarray, frames: np.ndarray, owner: np.ndarray, *, sides: np.ndarray
) -> np.ndarray:
    """Find pairs of clips with two patches alike at one distance in time, or one almost equal.

    Shape:
        - patches: ``(patches, width)`` float32 of length 1 or 0; frames: ``(patches,)``
        - owner: ``(patches,)`` numbers of clips, ascending; sides: ``(clips,)``, by these numbers
        - output: ``(pairs, 2)`` numbers of clips on two sides, the smaller one first
    """
    one, other, cosine = _alike(patches)
    is_apart = sides[owner[one]] != sides[owner[other]]
    one, other, cosine = one[is_apart], other[is_apart], cosine[is_apart]
    shift = frames[one].astype(np.int64) - frames[other]
    order = np.lexsort((shift, owner[other], owner[one]))
    pairs, is_found = np.stack([owner[one], owner[other]], 1)[order], cosine[order] >= ALMOST_EQUAL
    # Neighbours in this order that are of one pair of clips, at one shift but for a frame.
    agree = (pairs[1:] == pairs[:-1]).all(1) & (np.diff(shift[order]) <= 1)
    is_found[1:] |= agree
    is_found[:-1] |= agree
    return np.unique(pairs[is_found], axis=0)


def correlate(first: Path | str, second: Path | str) -> float:
    """Correlate the samples of two clips in the speech band, at the best of all shifts, 0 to 1.

    A shift leaves ``OVERLAP`` seconds in common at least, or all of the shorter clip. Level and sign
    do not matter.
    """
    one, other = _speech(str(first)), _speech(str(second))
    products = signal.correlate(one, other, "full", "fft")
    shift = signal.correlation_lags(len(one), len(other), "full")
    start, stop = np.maximum(shift, 0), np.minimum(shift + len(other), len(one))
    energies = [np.concatenate([[0], np.cumsum(part.astype(float) ** 2)]) for part in (one, other)]
    energy = energies[0][stop] - energies[0][start]
    energy *= energies[1][stop - shift] - energies[1][start - shift]
    is_long = stop - start >= min(OVERLAP * audio.RATE / 2, len(one), len(other))
    # Of a stretch that is silent beside the rest of its clip nothing can be said.
    is_heard = is_long & (energy > 1e-6 * energies[0][-1] * energies[1][-1])
    return float(np.abs(products[is_heard] / np.sqrt(energy[is_heard])).max(initial=0.0))


def _levels(samples: np.ndarray) -> np.ndarray:
    """Return decades of power above the floor, ``(frames, bands)``, 0 to ``FLOOR``."""
    padded = np.pad(samples, WINDOW // 2 + HOP)
    pieces = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    window = signal.windows.hann(WINDOW).astype(np.float32)
    power = np.abs(fft.rfft(pieces * window, axis=1)) ** 2
    edges = np.geomspace(LOW, HIGH, BANDS + 1) * WINDOW / audio.RATE  # in bins of the transform
    first, last = np.round(edges[:-1]).astype(int), np.round(edges[1:]).astype(int)
    bands = [
        power[:, low : max(high, low + 1)].sum(1) for low, high in zip(first, last, strict=True)
    ]
    levels = np.log10(np.stack(bands, axis=1) + 1e-20)
    return np.maximum(levels - max(levels.max(), -12) + FLOOR, 0)


def _alike(patches: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find rows whose cosine is ``ALIKE`` or more: the smaller one, the larger one, the cosine.

    Each row lies in the cell of the nearest of some rows drawn at random, and asks a few cells, so
    that time grows little faster than the number of rows.
    """
    cells = len(patches) // CELL + 1
    drawn = patches[np.random.default_rng(0).choice(len(patches), cells, replace=False)]
    home, asked = [], []
    for start in range(0, len(patches), CHUNK):
        cosines = patches[start : start + CHUNK] @ drawn.T
        home.append(cosines.argmax(1)[:, None])
        asked.append(np.argpartition(cosines, -min(PROBES, cells), axis=1)[:, -PROBES:])
    inside, asking = (_by_cell(np.concatenate(chosen), cells) for chosen in (home, asked))
    results = []
    for rows, others in zip(asking, inside, strict=True):
        for start in range(0, len(rows), CHUNK):
            some = rows[start : start + CHUNK]
            cosines = patches[some] @ patches[others].T
            row, column = np.nonzero(cosines >= ALIKE)
            pair = np.stack([some[row], others[column]])
            results.append((pair.min(0), pair.max(0), cosines[row, column]))
    one, other, cosine = map(np.concatenate, zip(*results, strict=True))
    _, kept = np.unique(one * len(patches) + other, return_index=True)
    kept = kept[one[kept] != other[kept]]
    return one[kept], other[kept], cosine[kept]


def _by_cell(asked: np.ndarray, cells: int) -> list[np.ndarray]:
    """Return the rows of ``asked`` in which each cell occurs."""
    order = np.argsort(asked, axis=None, kind="stable")
    bounds = np.searchsorted(asked.ravel()[order], np.arange(1, cells))
    return np.split(order // asked.shape[1], bounds)


@lru_cache(maxsize=4000)  # some 300 MB of clips of two to four seconds
def _speech(clip: str) -> np.ndarray:
    """Return the samples of the speech band at 8 kHz, float32."""
    band = signal.butter(4, [LOW, HIGH], "bandpass", fs=audio.RATE, output="sos")
    return signal.sosfiltfilt(band, audio.read(clip))[::2].astype(np.float32)
