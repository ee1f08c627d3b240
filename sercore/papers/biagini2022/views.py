"""Looks into one network of paper 03: a map of its last layer, saliency, the clips' energy."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from torch import nn

from sercore.evaluation import saliency
from sercore.evaluation.embeddings import neighbours
from sercore.papers.biagini2022.data import Data
from sercore.papers.biagini2022.models import RECIPES
from sercore.papers.biagini2022.trial import Trial, build, order, scored, split, tensors, trained

MAPPED = 400  # clips in the plane
EXPLAINED = 40  # clips of a speaker and class whose answers are explained


def run(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Look into a trial's network on its test side; it is trained where it is not yet.

    - ``map``: corpus/speaker, class and t-SNE place of up to 400 clips, as many of each corpus as
      of the others, as far as they go.
    - ``energy``: corpus/speaker, class, clips, mean share of each mel third in the clips' power;
      empty where the network reads no mel spectrograms.
    - ``accuracy``: of the test side.
    """
    network, test = trained(trial, data, device=device).network, split(trial, data)[2]
    return {
        "map": _map(trial, data, network, test),
        "energy": _energy(data, test) if trial.kinds == ("mel",) else [],
        "accuracy": len(_right(trial, data, network)) / len(test),
    }


def explain(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Explain a trial's answers on its test side by saliency on the mel spectrogram.

    Of up to 40 clips of a speaker and class that the trained network gets right, for this network
    ("trained") and for one of the same shape with random weights ("untrained"):

    - ``saliency``: network, corpus/speaker, class, clips, and the means of the numbers of
      ``saliency.COLUMNS``.
    - ``profiles``: network, corpus, class, clips, band, and the mean share of the band.
    - ``accuracy``: of the test side.

    Raises:
        ValueError: a network that reads no mel spectrogram, or CNNLSTM as run, whose answer to a
            clip depends on the clips before it in the batch.

    Source: Biagini 2022, section 2.4; the control is ours.
    """
    if trial.kinds != ("mel",) or trial.variant == "as-run":
        raise ValueError(
            f"{trial.row.name}: no map of one clip; expected a network that reads the mel"
            " spectrogram and each clip by itself: take CNNLSTM fixed or per-clip"
        )
    network, test = trained(trial, data, device=device).network, split(trial, data)[2]
    right = _right(trial, data, network)
    cells = np.array(
        [f"{group}/{label}" for group, label in zip(data.groups, data.labels, strict=True)]
    )
    rows = _drawn(cells, right, np.random.default_rng(trial.start), most=EXPLAINED)
    untrained = build(trial, data).to(_device(network)).eval()
    explained: dict[str, list] = {"saliency": [], "profiles": []}
    for name, explicable in (("trained", network), ("untrained", untrained)):
        for part, means in _means(trial, data, explicable, rows).items():
            explained[part] += [[name, *row] for row in means]
    return explained | {"accuracy": len(right) / len(test)}


def _right(trial: Trial, data: Data, network: nn.Module) -> np.ndarray:
    """Rows of the test side that the network gets right, ascending."""
    answers = scored(trial, data, network, split(trial, data)[2])
    is_right = answers.probabilities.argmax(1) == data.labels[answers.rows]
    return np.sort(answers.rows[is_right])


def _map(trial: Trial, data: Data, network: nn.Module, test: np.ndarray) -> list[list]:
    corpora = data.table["corpus"].to_numpy()
    rows = _in_turn(corpora, test, np.random.default_rng(trial.start))[:MAPPED]
    batches, hidden = order(trial, data, rows, epoch=0), []
    with torch.inference_mode():
        for batch in batches:
            hidden.append(network.hidden(*_moved(trial, data, batch, network)).float().cpu())
    places = neighbours(torch.cat(hidden).numpy(), seed=trial.start).round(3)
    groups, classes = data.groups, data.table["class"].to_numpy(str)
    return [
        [str(groups[row]), str(classes[row]), *map(float, place)]
        for row, place in zip(np.concatenate(batches), places, strict=True)
    ]


def _means(trial: Trial, data: Data, network: nn.Module, rows: np.ndarray) -> dict[str, list[list]]:
    """Mean numbers of the clips' maps by speaker and class, and mean shares of bands by corpus."""
    numbers, shares = [], []
    for row, spectrogram, gradients in _maps(trial, data, network, rows):
        place = {"group": str(data.groups[row]), "class": data.table["class"][row]}
        columns = zip(saliency.COLUMNS, saliency.clip(gradients, spectrogram), strict=True)
        numbers.append(place | dict(columns))
        corpus = place["group"].split("/")[0]
        profile = saliency.bands(np.square(gradients, dtype=np.float64))
        shares.append(place | {"group": corpus} | dict(enumerate(profile.tolist())))
    means: dict[str, list[list]] = {"saliency": [], "profiles": []}
    for (group, label), clips in _grouped(numbers):
        means["saliency"].append([group, label, len(clips), *_plain(clips.mean())])
    for (corpus, label), clips in _grouped(shares):
        for band, share in clips.mean().items():
            means["profiles"].append([corpus, label, len(clips), band, round(share, 6)])
    return means


def _grouped(rows: list[dict]) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    if rows:
        for place, clips in pd.DataFrame(rows).groupby(["group", "class"]):
            yield place, clips.drop(columns=["group", "class"])


def _maps(
    trial: Trial, data: Data, network: nn.Module, rows: np.ndarray
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yield row, spectrogram and saliency map of each clip's valid frames."""
    batch = RECIPES[trial.model].batch
    for start in range(0, len(rows), batch):
        places = rows[start : start + batch]
        spectrograms, lengths = _moved(trial, data, places, network)
        labels = torch.from_numpy(data.labels[places]).to(spectrograms.device)
        maps = saliency.maps(network, (spectrograms, lengths), labels, lengths=lengths)
        clips = zip(places.tolist(), spectrograms, maps, lengths.tolist(), strict=True)
        for row, spectrogram, gradients, length in clips:
            yield row, spectrogram[:length].cpu().numpy(), gradients[:length].cpu().numpy()


def _energy(data: Data, rows: np.ndarray) -> list[list]:
    """Mean shares by speaker and class; every clip counts alike, however loud it is."""
    mel, groups, labels = data.inputs["mel"], data.groups, data.labels
    clips: dict[tuple[str, int], list[np.ndarray]] = {}
    for row in rows.tolist():
        decibels = mel.clip(row)[: mel.valid[row]].astype(np.float64)
        shares = saliency.thirds(10 ** (decibels / 10))
        clips.setdefault((str(groups[row]), int(labels[row])), []).append(shares)
    return [
        [group, data.classes[label], len(shares), *_plain(np.mean(shares, axis=0))]
        for (group, label), shares in sorted(clips.items())
    ]


def _in_turn(groups: np.ndarray, rows: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Rows shuffled, then one of each group in turn, as far as they go."""
    shuffled = generator.permutation(rows)
    turn = np.empty(len(rows), np.int64)
    for name in np.unique(groups[rows]):
        is_member = groups[shuffled] == name
        turn[is_member] = np.arange(is_member.sum())
    return shuffled[np.argsort(turn, kind="stable")]


def _drawn(
    cells: np.ndarray, rows: np.ndarray, generator: np.random.Generator, *, most: int
) -> np.ndarray:
    """Up to so many rows of each cell, drawn, cell by cell."""
    shuffled = generator.permutation(rows)
    drawn = [shuffled[cells[shuffled] == cell][:most] for cell in np.unique(cells[rows])]
    return np.concatenate([shuffled[:0], *drawn])


def _moved(trial: Trial, data: Data, rows: np.ndarray, network: nn.Module) -> list[torch.Tensor]:
    return [tensor.to(_device(network)) for tensor in tensors(data, trial.kinds, rows)]


def _device(network: nn.Module) -> torch.device:
    return next(network.parameters()).device


def _plain(values: np.ndarray) -> list[float | None]:
    return [round(float(value), 6) if np.isfinite(value) else None for value in values]
