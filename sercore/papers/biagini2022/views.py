"""Inside one network of paper 03: its last hidden layer in the plane, what moves its answers, where the clips' energy lies."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from sercore.evaluation import saliency
from sercore.evaluation.embeddings import neighbours
from sercore.papers.biagini2022.batches import Data, order, tensors
from sercore.papers.biagini2022.rows import RECIPES
from sercore.papers.biagini2022.trial import Fitted, Trial, build, scored, trained

MAPPED = 400  # clips in the plane
EXPLAINED = 40  # clips of a class whose answers are explained


def run(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Look into a trial's network, trained before or now: plain values, as they are kept.

    Saliency and energy are of mel spectrograms in dB: both are empty where the network reads anything else. Saliency is empty for
    CNNLSTM as run too, whose answer to a clip depends on the clips before it in the batch.

    Args:
        trial: of any protocol; what is looked at is its test side.
        data: with the trial's inputs.
        device: where the network runs (default "cpu").

    Returns:
        ``map``: corpus/speaker, class and t-SNE place of up to 400 clips, as many of each corpus as of the others, as far as they
        go. ``saliency``: network ("trained", and "untrained" as control), class, clips, mean share of each mel third, mean
        correlation with the step in time (None where no clip has one), over up to 40 clips a class that the trained network
        gets right. ``energy``: corpus/speaker, class, clips, mean share of each mel third in the power of all clips.
        ``accuracy``: of the test side.

    Source: Biagini 2022, section 6 for the saliency; t-SNE and control are ours.
    """
    fitted = trained(trial, data, device=device)
    right = _right(trial, data, fitted)
    explained = (
        _drawn(data.labels, right, _generator(trial), most=EXPLAINED)
        if _explicable(trial)
        else right[:0]
    )
    networks = {
        "trained": fitted.network,
        "untrained": build(trial, data).to(_device(fitted.network)).eval(),
    }
    return {
        "map": _map(trial, data, fitted),
        "saliency": [
            row
            for name, each in networks.items()
            for row in _saliency(trial, data, name, each, explained)
        ],
        "energy": _energy(data, fitted.sides[2]) if trial.kinds == ("mel",) else [],
        "accuracy": len(right) / len(fitted.sides[2]),
    }


def pictures(
    trial: Trial, data: Data, *, device: str = "cpu"
) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Class, mel spectrogram and saliency map ``(frames, bands)`` of one test clip a class that the network gets right.

    Args:
        trial: as ``run`` takes it, of a network that can be explained.
        data: with the trial's inputs.
        device: where the network runs (default "cpu").

    Raises:
        ValueError: a network that reads no mel spectrogram, or CNNLSTM as run.
    """
    if not _explicable(trial):
        raise ValueError(
            f"{trial.row.name}: no map of one clip; expected a network that reads the mel spectrogram and each clip by itself:"
            " take CNNLSTM fixed or per-clip"
        )
    fitted = trained(trial, data, device=device)
    chosen = _drawn(data.labels, _right(trial, data, fitted), _generator(trial), most=1)
    found = {row: pair for row, *pair in _maps(trial, data, fitted.network, chosen)}
    return [(data.classes[data.labels[row]], *found[row]) for row in chosen]


def _right(trial: Trial, data: Data, fitted: Fitted) -> np.ndarray:
    """Rows of the test side whose class is found, ascending."""
    met = scored(trial, data, fitted.network, fitted.sides[2])
    return np.sort(met.rows[met.probabilities.argmax(1) == data.labels[met.rows]])


def _map(trial: Trial, data: Data, fitted: Fitted) -> list[list]:
    corpora = data.table["corpus"].to_numpy()
    rows = _in_turn(corpora, fitted.sides[2], _generator(trial))[:MAPPED]
    met = order(
        data, trial.kinds[0], rows, batch=RECIPES[trial.model].batch, seed=trial.start, epoch=0
    )
    with torch.inference_mode():
        hidden = [
            fitted.network.hidden(*_moved(trial, data, places, fitted.network)).float().cpu()
            for places in met
        ]
    places = neighbours(torch.cat(hidden).numpy(), seed=trial.start).round(3)
    told = data.groups, data.table["class"].to_numpy(str)
    return [
        [*(str(column[row]) for column in told), *map(float, place)]
        for row, place in zip(np.concatenate(met), places, strict=True)
    ]


def _saliency(
    trial: Trial, data: Data, name: str, network: nn.Module, rows: np.ndarray
) -> list[list]:
    if not len(rows):
        return []
    met, numbers = zip(
        *(
            (row, saliency.clip(found, own))
            for row, own, found in _maps(trial, data, network, rows)
        ),
        strict=True,
    )
    classes = saliency.by_class(np.array(numbers), data.labels[list(met)], data.groups[list(met)])
    return [[name, data.classes[each.label], each.clips, *_plain(each.values)] for each in classes]


def _maps(
    trial: Trial, data: Data, network: nn.Module, rows: np.ndarray
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Row, spectrogram and map of each clip's valid frames."""
    batch = RECIPES[trial.model].batch
    for places in (rows[at : at + batch] for at in range(0, len(rows), batch)):
        spectrogram, lengths = _moved(trial, data, places, network)
        labels = torch.from_numpy(data.labels[places]).to(spectrogram.device)
        found = saliency.maps(network, (spectrogram, lengths), labels, lengths=lengths)
        for row, own, each, frames in zip(
            places.tolist(), spectrogram, found, lengths.tolist(), strict=True
        ):
            yield row, own[:frames].cpu().numpy(), each[:frames].cpu().numpy()


def _energy(data: Data, rows: np.ndarray) -> list[list]:
    """Every clip counts alike, however loud it is."""
    held, groups, labels, clips = data.inputs["mel"], data.groups, data.labels, {}
    for row in rows.tolist():
        decibels = held.values[held.starts[row] : held.starts[row] + held.valid[row]].astype(
            np.float64
        )
        clips.setdefault((str(groups[row]), int(labels[row])), []).append(
            saliency.thirds(10 ** (decibels / 10))
        )
    return [
        [group, data.classes[label], len(each), *_plain(np.mean(each, axis=0))]
        for (group, label), each in sorted(clips.items())
    ]


def _in_turn(groups: np.ndarray, rows: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Rows shuffled, then one of each group in turn, as far as they go."""
    shuffled = generator.permutation(rows)
    turn = np.empty(len(rows), np.int64)
    for name in np.unique(groups[rows]):
        own = groups[shuffled] == name
        turn[own] = np.arange(own.sum())
    return shuffled[np.argsort(turn, kind="stable")]


def _drawn(
    labels: np.ndarray, rows: np.ndarray, generator: np.random.Generator, *, most: int
) -> np.ndarray:
    """Up to so many rows of each class, drawn, class by class."""
    shuffled = generator.permutation(rows)
    return np.concatenate(
        [shuffled[labels[shuffled] == label][:most] for label in np.unique(labels)]
    )


def _explicable(trial: Trial) -> bool:
    return trial.kinds == ("mel",) and (trial.model, trial.variant) != ("CNNLSTM", "as-run")


def _generator(trial: Trial) -> np.random.Generator:
    return np.random.default_rng(trial.start)


def _moved(trial: Trial, data: Data, rows: np.ndarray, network: nn.Module) -> list[torch.Tensor]:
    return [each.to(_device(network)) for each in tensors(data, trial.kinds, rows)]


def _device(network: nn.Module) -> torch.device:
    return next(network.parameters()).device


def _plain(values: np.ndarray) -> list[float | None]:
    return [round(float(each), 6) if np.isfinite(each) else None for each in values]
