"""Looks into one network of paper 03: a map of its last layer, saliency, the clips' energy."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from sercore.evaluation import saliency
from sercore.evaluation.embeddings import neighbours
from sercore.papers.biagini2022.data import Data
from sercore.papers.biagini2022.models import RECIPES
from sercore.papers.biagini2022.trial import Trial, build, order, scored, split, tensors, trained

MAPPED = 400  # clips in the plane
EXPLAINED = 40  # clips of a class whose answers are explained


def run(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Look into a trial's network on its test side; it is trained where it is not yet.

    - ``map``: corpus/speaker, class and t-SNE place of up to 400 clips, as many of each corpus as
      of the others, as far as they go.
    - ``saliency``: network ("trained", and "untrained" as control), class, clips, mean share of
      each mel third, mean correlation with the step in time (None where no clip has one), over up
      to 40 clips a class that the trained network gets right.
    - ``energy``: corpus/speaker, class, clips, mean share of each mel third in the clips' power.
    - ``accuracy``: of the test side.

    Saliency and energy are of mel spectrograms in dB: both are empty where the network reads
    anything else. Saliency is empty for CNNLSTM as run too, whose answer to a clip depends on the
    clips before it in the batch.

    Source: Biagini 2022, section 2.4 for the saliency; t-SNE and control are ours.
    """
    network, test = trained(trial, data, device=device).network, split(trial, data)[2]
    right = _right(trial, data, network)
    shares = []
    if _is_explicable(trial):
        untrained = build(trial, data).to(_device(network)).eval()
        explained = _drawn(data.labels, right, _generator(trial), most=EXPLAINED)
        for name, explicable in (("trained", network), ("untrained", untrained)):
            shares += _saliency(trial, data, name, explicable, explained)
    return {
        "map": _map(trial, data, network, test),
        "saliency": shares,
        "energy": _energy(data, test) if trial.kinds == ("mel",) else [],
        "accuracy": len(right) / len(test),
    }


def pictures(
    trial: Trial, data: Data, *, device: str = "cpu"
) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Class, mel spectrogram and saliency map of one clip a class that the network gets right.

    Raises:
        ValueError: a network that reads no mel spectrogram, or CNNLSTM as run.
    """
    if not _is_explicable(trial):
        raise ValueError(
            f"{trial.row.name}: no map of one clip; expected a network that reads the mel"
            " spectrogram and each clip by itself: take CNNLSTM fixed or per-clip"
        )
    network = trained(trial, data, device=device).network
    chosen = _drawn(data.labels, _right(trial, data, network), _generator(trial), most=1)
    maps = {row: pair for row, *pair in _maps(trial, data, network, chosen)}
    return [(data.classes[data.labels[row]], *maps[row]) for row in chosen]


def _right(trial: Trial, data: Data, network: nn.Module) -> np.ndarray:
    """Rows of the test side that the network gets right, ascending."""
    answers = scored(trial, data, network, split(trial, data)[2])
    is_right = answers.probabilities.argmax(1) == data.labels[answers.rows]
    return np.sort(answers.rows[is_right])


def _map(trial: Trial, data: Data, network: nn.Module, test: np.ndarray) -> list[list]:
    corpora = data.table["corpus"].to_numpy()
    rows = _in_turn(corpora, test, _generator(trial))[:MAPPED]
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


def _saliency(
    trial: Trial, data: Data, name: str, network: nn.Module, rows: np.ndarray
) -> list[list]:
    if not len(rows):
        return []
    explained, numbers = [], []
    for row, spectrogram, gradients in _maps(trial, data, network, rows):
        explained.append(row)
        numbers.append(saliency.clip(gradients, spectrogram))
    classes = saliency.by_class(np.array(numbers), data.labels[explained], data.groups[explained])
    return [
        [name, data.classes[means.label], means.clips, *_plain(means.values)] for means in classes
    ]


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
    labels: np.ndarray, rows: np.ndarray, generator: np.random.Generator, *, most: int
) -> np.ndarray:
    """Up to so many rows of each class, drawn, class by class."""
    shuffled = generator.permutation(rows)
    return np.concatenate(
        [shuffled[labels[shuffled] == label][:most] for label in np.unique(labels)]
    )


def _is_explicable(trial: Trial) -> bool:
    return trial.kinds == ("mel",) and (trial.model, trial.variant) != ("CNNLSTM", "as-run")


def _generator(trial: Trial) -> np.random.Generator:
    return np.random.default_rng(trial.start)


def _moved(trial: Trial, data: Data, rows: np.ndarray, network: nn.Module) -> list[torch.Tensor]:
    return [tensor.to(_device(network)) for tensor in tensors(data, trial.kinds, rows)]


def _device(network: nn.Module) -> torch.device:
    return next(network.parameters()).device


def _plain(values: np.ndarray) -> list[float | None]:
    return [round(float(value), 6) if np.isfinite(value) else None for value in values]
