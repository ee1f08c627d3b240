"""Inside one network of paper 02: what its shared layers keep of corpus, speaker, gender and language (section 6, Figure 2)."""

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import silhouette_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sercore.evaluation.embeddings import neighbours
from sercore.papers.parry2022 import attributes as parry_attributes
from sercore.papers.parry2022.clips import Data
from sercore.papers.parry2022.trial import SCORED, Fitted, Trial, trained
from sercore.training.resumable import autocast

MISSING = parry_attributes.MISSING


def run(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Look into a trial's network, trained before or now: plain values, as they are kept.

    The clips are those of the in-domain test, which no training saw; the paper does not name those of its figure.

    Args:
        trial: whose network.
        data: that it was trained on.
        device: where the network runs (default "cpu").

    Returns:
        ``map``: corpus/speaker, class and t-SNE place of each test clip's shared output. ``probes``: for each attribute that the
        test speakers have, the accuracy of a linear probe on them, fitted to the training clips with every class weighing the
        same; the same with the training labels shuffled; the silhouette of the attribute's classes in the shared output, between
        -1 and 1. Accuracies are means over the attribute's classes. ``accuracy``: of the test clips' emotions.

    Source: Parry et al. 2022, section 6 and Figure 2; probe, silhouette and control are ours.
    """
    fitted = trained(trial, data, device=device)
    sides, target = fitted.prepared.sides, fitted.prepared.target
    known, held = (
        represented(fitted, data, rows, precision=trial.precision)
        for rows in (sides.training, sides.test)
    )
    labels = parry_attributes.labels(data.table, sides.training)
    draw = np.random.default_rng(trial.seed)
    probes = []
    for letter, each in labels.items():
        own, other = each.values[sides.training], each.values[sides.test]
        if len(set(other[other != MISSING])) < 2 or len(set(own[own != MISSING])) < 2:
            continue  # speakers of the test are in no training, and a corpus of one language has none to tell apart
        there, tested = own != MISSING, other != MISSING
        found = [
            _probe(known[there], given, held[tested], other[tested])
            for given in (own[there], draw.permutation(own[there]))
        ]
        probes.append([letter, *found, float(silhouette_score(held[tested], other[tested]))])
    places = neighbours(held, seed=trial.seed).round(3)
    classes = [data.classes[target[row]] for row in sides.test]
    with torch.inference_mode():
        answers = fitted.network.emotion(
            torch.from_numpy(held).to(next(fitted.network.parameters()).device)
        ).argmax(1)
    return {
        "map": [
            [str(data.groups[row]), name, *map(float, place)]
            for row, name, place in zip(sides.test, classes, places, strict=True)
        ],
        "probes": probes,
        "accuracy": float((answers.cpu().numpy() == target[sides.test]).mean()),
    }


def represented(fitted: Fitted, data: Data, rows: np.ndarray, *, precision: str) -> np.ndarray:
    """Output of the shared layers for these clips, in evaluation mode: ``(clips, 128)`` float32."""
    device, order = (
        next(fitted.network.parameters()).device,
        np.argsort(data.frames.sizes[rows], kind="stable"),
    )
    found = [None] * len(rows)
    with torch.inference_mode(), autocast(precision, device):
        for places in np.split(order, range(SCORED, len(order), SCORED)):
            frames, lengths = data.frames.padded(rows[places])
            shared = (
                fitted.network.represent(frames.to(device), lengths.to(device))
                .float()
                .cpu()
                .numpy()
            )
            for place, vector in zip(places, shared, strict=True):
                found[place] = vector
    return np.stack(found)


def _probe(known: np.ndarray, labels: np.ndarray, held: np.ndarray, truth: np.ndarray) -> float:
    """Mean recall of a linear probe, fitted to one set of clips and scored on another."""
    probe = make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=2000, class_weight="balanced")
    ).fit(known, labels)
    predicted = probe.predict(held)
    return float(
        np.mean([(predicted[truth == label] == label).mean() for label in np.unique(truth)])
    )
