"""One trial of paper 04 on a pretrained speaker encoder, CAM++: our pooling and layers on its frames, or a linear classifier.

It stands in for a speaker recogniser trained on VoxCeleb, and is no cell of the paper's grid: its layers are another network's.
What the encoder hears is in ``padi_campplus``.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from sercore import store
from sercore.features.speaker import SpeakerEncoder
from sercore.models.resnet import Head
from sercore.papers.padi2021 import campplus as padi_campplus
from sercore.papers.padi2021 import rows as padi_rows
from sercore.papers.padi2021 import trial as padi_trial
from sercore.papers.padi2021.campplus import MASKS, VERSIONS, Masks
from sercore.papers.padi2021.clips import Data
from sercore.training import chunks, kept
from sercore.training.batching import Ragged
from sercore.training.loop import choose
from sercore.training.resumable import LAST
from sercore.training.sgd import Plan, fit

WIDTH = 512  # values of each step; a step is two frames
LENGTHS = tuple(length // 2 for length in chunks.LENGTHS)  # steps
SCORED = 64  # clips a batch where nothing is trained


@dataclass(frozen=True, kw_only=True)
class Row:
    """One system on the encoder.

    Args:
        output: "frames_last", "frames_middle", or "embedding", which a logistic regression reads.
        augmentation: "none" or "both", as of ``padi_rows.Row``; masks are on the encoder's input.
        pooling: "statistics", "mean" or "flatten"; "none" for the embedding.
    """

    output: str = "frames_last"
    augmentation: str = "none"
    pooling: str = "statistics"

    @property
    def name(self) -> str:
        """As tables call it: "CAM++ 01" by augmentation and statistics pooling; "CAM++ 11, middle", "CAM++ 00, mean"."""
        if self.output == "embedding":
            return "CAM++ embedding"
        cell = f"CAM++ {self.augmentation != 'none':d}{self.pooling == 'statistics':d}"
        parts = ["middle"] * (self.output == "frames_middle") + ["mean"] * (self.pooling == "mean")
        return ", ".join([cell, *parts])


GRID = tuple(
    Row(augmentation=augmentation, pooling=pooling)
    for augmentation in ("none", "both")
    for pooling in ("flatten", "statistics")
)
MIDDLE = tuple(
    Row(output="frames_middle", augmentation=each.augmentation, pooling=each.pooling)
    for each in GRID
)
LINEAR = Row(output="embedding", pooling="none")
ROWS = {row.name: row for row in (*GRID, *MIDDLE, LINEAR)}


@dataclass(frozen=True, kw_only=True)
class Trial(padi_trial.Place):
    """One training.

    Args:
        output, augmentation, pooling: see ``Row``.
        encoder: its folder's name.
    """

    output: str
    augmentation: str
    pooling: str
    encoder: str

    @property
    def row(self) -> Row:
        """The line of the grid that it belongs to."""
        return Row(output=self.output, augmentation=self.augmentation, pooling=self.pooling)


@dataclass(frozen=True)
class Heard:
    """Clips as the encoder hears them.

    Args:
        data: the clips.
        encoder: what hears them.
    """

    data: Data
    encoder: SpeakerEncoder
    _kept: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def frames(self, output: str, masks: Masks | None = None) -> Ragged:
        """Steps of each clip in one view, ``(steps, 512)`` float16; made, or taken from the store, when first asked for."""
        if (output, masks) not in self._kept:
            self._kept[output, masks] = Ragged.of(self._compute(output, masks))
        return self._kept[output, masks]

    def embeddings(self) -> np.ndarray:
        """``(clips, 192)`` float32."""
        if "embedding" not in self._kept:
            self._kept["embedding"] = np.stack(self._compute("embedding", None))
        return self._kept["embedding"]

    def prepare(self, row: Row) -> None:
        """Make all that a row's trainings read, before they share the cores."""
        if row.output == "embedding":
            self.embeddings()
            return
        for masks in (None, *(MASKS if row.augmentation == "both" else ())):
            self.frames(row.output, masks)

    def content(self, trial: Trial) -> str:
        """Digest of what a trial reads: the clips, their classes, the encoder and what it hears with."""
        heard = store.key(
            settings=self.encoder.content, manifest=[], modules=padi_campplus.__name__
        ).hex
        return store.digest([self.data.clips(trial.experiment), heard, self.encoder.runtime])

    def _compute(self, output: str, masks: Masks | None) -> list[np.ndarray]:
        return padi_campplus.compute(
            list(self.data.table["path"]), encoder=self.encoder, output=output, masks=masks
        )


def run(trial: Trial, heard: Heard, *, device: str = "cpu") -> dict:
    """Train one classifier on the encoder's output, and count its test predictions by speaker: plain values, as they are kept.

    Source: Padi et al. 2021, sections 3.2 to 3.4; the encoder is not the paper's.
    """
    training, test = padi_trial.split(trial, heard.data)
    target = padi_trial.shuffled(trial, heard.data, training)
    started = time.perf_counter()
    if trial.output == "embedding":
        found, about = _linear(trial, heard, training, test, target)
    else:
        found, about = _head(trial, heard, training, test, target, device)
    return (
        padi_trial.count(heard.data, trial.experiment, test, found)
        | about
        | {
            "training_clips": len(training),
            "training_seconds": round(time.perf_counter() - started, 3),
        }
    )


def _linear(
    trial: Trial, heard: Heard, training: np.ndarray, test: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, dict]:
    values = heard.embeddings()
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(
        values[training], target[training]
    )
    return classifier.predict_proba(values[test]), {
        "training_accuracy": float(classifier.score(values[training], target[training]))
    }


def _head(
    trial: Trial,
    heard: Heard,
    training: np.ndarray,
    test: np.ndarray,
    target: np.ndarray,
    device: str,
) -> tuple[np.ndarray, dict]:
    chosen = choose(device)
    place = kept.folder(__name__, trial, heard.content(trial), device=chosen)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trial.start)
        head = Head(
            WIDTH,
            len(heard.data.classes[trial.experiment]),
            pooling=trial.pooling,
            steps=LENGTHS[-1],
        )
    epoch = partial(_epoch, trial, heard, training, target)
    plan = Plan(epochs=trial.epochs)
    train = partial(
        fit, head, epoch, plan=plan, folder=place, device=chosen, seed=trial.start, keep=plan.epochs
    )
    epochs = kept.trained(head, place, train, device=chosen, weights=LAST).history.epochs
    found = _probabilities(head, heard.frames(trial.output), test)
    last = epochs[-1]
    return found, {
        "training_loss": last["loss"],
        "training_accuracy": last["accuracy"],
        "steps": sum(epoch["steps"] for epoch in epochs),
        "parameters": sum(weight.numel() for weight in head.parameters()),
    }


def _epoch(
    trial: Trial, heard: Heard, training: np.ndarray, target: np.ndarray, number: int
) -> Iterator[list[Tensor]]:
    """Batches of ``(chunks, 512, steps)`` and class numbers; each epoch takes another of the masked versions."""
    policies = padi_rows.versions(trial.augmentation)
    views = [
        heard.frames(
            trial.output,
            None if policy == "plain" else Masks(policy=policy, version=number % VERSIONS),
        )
        for policy in policies
    ]
    lengths = LENGTHS[-1:] if trial.pooling == "flatten" else LENGTHS
    for batch in chunks.epoch(
        training, number=number, seed=trial.start, versions=len(policies), lengths=lengths
    ):
        read = zip(batch.rows, batch.versions, batch.places, strict=True)
        cut = [
            chunks.cut(views[version].clip(row), length=batch.length, place=place)
            for row, version, place in read
        ]
        yield [
            torch.from_numpy(np.stack(cut).astype(np.float32)).transpose(1, 2),
            torch.from_numpy(target[batch.rows]),
        ]


def _probabilities(head: Head, frames: Ragged, rows: np.ndarray) -> np.ndarray:
    """Class probabilities of whole clips, or of their middle where the head reads one length: ``(clips, classes)``."""
    device, found = next(head.parameters()).device, []
    for part in np.split(rows, range(SCORED, len(rows), SCORED)):
        clips = [frames.clip(row).astype(np.float32) for row in part]
        clips = (
            [chunks.cut(clip, length=head.steps, place=0.5) for clip in clips]
            if head.steps
            else clips
        )
        steps = torch.nn.utils.rnn.pad_sequence(
            [torch.from_numpy(clip) for clip in clips], batch_first=True
        )
        lengths = torch.tensor([len(clip) for clip in clips])
        with torch.inference_mode():
            found.append(
                head(steps.transpose(1, 2).to(device), lengths.to(device)).softmax(1).cpu().numpy()
            )
    return np.concatenate(found)
