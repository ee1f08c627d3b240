"""Trials of Padi et al. 2021 on a pretrained speaker encoder, CAM++: our pooling and layers on top.

It stands in for a speaker recogniser trained on VoxCeleb, and is no cell of the paper's grid: its
layers are another network's. The encoder stays as it is, so each clip passes through it once a
view, plain or masked, and a trial trains on what is kept.
"""

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from sercore import store
from sercore.augment import policies
from sercore.augment.policies import POLICIES
from sercore.corpora.clips import Report
from sercore.evaluation.embeddings import cosine, equal_error_rate
from sercore.evaluation.metrics import count_predictions
from sercore.features.fbank import BANDS, centred, fbank
from sercore.features.keeping import Extractor
from sercore.features.speaker import SpeakerEncoder
from sercore.features.statistics import mean_and_deviation
from sercore.models.resnet import Head
from sercore.papers.padi2021 import trial as trials
from sercore.papers.padi2021.data import MEL, Data, pairs_to_verify
from sercore.training import chunks, resumable
from sercore.training.batching import Ragged
from sercore.training.devices import choose
from sercore.training.resumable import LAST
from sercore.training.sgd import Plan, fit

WIDTH = 512  # values of each step; a step is two frames
LENGTHS = tuple(length // 2 for length in chunks.LENGTHS)  # steps
SCORED = 64  # clips a batch where nothing is trained
MOST = 2000  # steps of a logistic regression, which converges in fewer or is refused
VERSIONS = 4  # masked versions of a clip under each policy (ours)
# Table 1's policies, whose widths in bands, of 128, are scaled to the encoder's 80.
SCALED = {
    name: replace(policy, bands=round(policy.bands * BANDS / MEL.bands))
    for name, policy in POLICIES.items()
}
# Outputs of the encoder as they are kept; frames take half the size of what it gives.
KEPT = {"frames_middle": np.float16, "frames_last": np.float16, "embedding": np.float32}


class Masks(NamedTuple):
    """One masked version of a clip, whose masks are the same in every run.

    Source: Padi et al. 2021, section 3.4 and Table 1. Deviation: masks are drawn on the whole clip
    and not on the chunk, and a clip has ``VERSIONS`` of them in place of new ones each epoch.
    """

    policy: str
    version: int = 0


MASKS = tuple(Masks(policy, version) for version in range(VERSIONS) for policy in SCALED)


def compute(
    clips: Sequence[Path | str],
    *,
    encoder: SpeakerEncoder,
    output: str,
    masks: Masks | None = None,
    jobs: int | None = None,
) -> list[np.ndarray]:
    """Return one output of the encoder for each clip, masked or plain; all three are kept.

    Shape:
        - each row: ``(steps, 512)`` float16; of the embedding ``(192,)`` float32
    """
    settings = {"encoder": encoder.content, "onnxruntime": encoder.runtime, "masks": masks}
    title = f"{encoder.name}, {masks.policy} {masks.version}" if masks else encoder.name
    function = partial(encode, encoder=encoder, masks=masks)
    rows = Extractor(title=title, function=function, settings=settings).rows(clips, jobs=jobs)
    return [row[output].copy() for row in rows]  # a view would keep the other outputs in memory


def encode(
    samples: np.ndarray, content: str, *, encoder: SpeakerEncoder, masks: Masks | None = None
) -> np.ndarray:
    """Return the three outputs for one clip at 16 kHz as one record; masks follow its content."""
    frames = centred(fbank(samples))  # as CAM++ was trained: samples in [-1, 1]
    outputs = encoder.hear(frames if masks is None else masked(frames, content, masks=masks))
    dtype = [(name, kind, getattr(outputs, name).shape) for name, kind in KEPT.items()]
    row = np.zeros((), dtype=dtype)
    for name in KEPT:
        row[name] = getattr(outputs, name)
    return row


def masked(frames: np.ndarray, content: str, *, masks: Masks) -> np.ndarray:
    """Mask a centred filterbank ``(time, 80)``; masks follow from content, policy and version."""
    seed = int(store.digest([content, masks.policy, masks.version])[:15], 16)
    generator = torch.Generator().manual_seed(seed)
    signal = torch.from_numpy(frames)[None]
    return policies.masked(signal, SCALED[masks.policy], generator=generator)[0].numpy()


@dataclass(frozen=True, kw_only=True)
class Row:
    """One system on the encoder."""

    output: str = "frames_last"  # "frames_middle", or "embedding", for a logistic regression
    augmentation: str = "none"  # or "both", as of ``trial.Row``; masks are on the encoder's input
    # "mean" or "flatten"; "none" for the embedding; "regression": a logistic regression on mean and
    # standard deviation of the steps, which is fitted until it converges and has no epochs
    pooling: str = "statistics"
    evaluate: str = ""  # frames that are read of the middle of a test clip; empty for all
    # How a chunk is filled around less than its length: "edge" or "mean", as numpy pads; empty for
    # repetition, as elsewhere.
    padding: str = ""

    @property
    def name(self) -> str:
        """Name by masks and statistics pooling: "CAM++ 01", "CAM++ 11, middle, 100 frames"."""
        if self.output == "embedding":
            return "CAM++ embedding"
        digits = f"{self.augmentation != 'none':d}{self.pooling == 'statistics':d}"
        parts = [f"CAM++ {self.pooling if self.pooling in REGRESSIONS else digits}"]
        if self.output == "frames_middle":
            parts.append("middle")
        if self.pooling == "mean":
            parts.append("mean")
        if self.evaluate:
            parts.append(f"{self.evaluate} frames")
        if self.padding:
            parts.append(f"{self.padding} padding")
        return ", ".join(parts)


REGRESSIONS = ("none", "regression")  # poolings that a logistic regression follows
GRID = tuple(
    Row(augmentation=augmentation, pooling=pooling)
    for augmentation in ("none", "both")
    for pooling in ("flatten", "statistics")
)
MIDDLE = tuple(replace(row, output="frames_middle") for row in GRID)
LINEAR = Row(output="embedding", pooling="none")
OTHERS = tuple(
    Row(output=output, pooling=pooling)
    for pooling in ("mean", "regression")
    for output in ("frames_last", "frames_middle")
)
ROWS = {row.name: row for row in (*GRID, *MIDDLE, *OTHERS, LINEAR)}
# Rows that read only the middle of a test clip, half a second to ten; a chunk is of three.
POOLINGS = ("statistics", "mean", "flatten")
READ = ("50", "100", "200", "300", "1000")  # frames
PADDINGS = ("edge", "mean")
_LENGTHS = (
    *product(POOLINGS[:2], READ, ("",)),
    *product(("flatten",), READ[:3], ("", *PADDINGS)),
    ("flatten", READ[3], ""),  # a whole chunk
)
_ROWS = [Row(pooling=name, evaluate=read, padding=padding) for name, read, padding in _LENGTHS]
SHORTER = {row.name: row for row in _ROWS}
GROUPS = {"encoder": ROWS, "lengths": SHORTER}  # by what `-p models=…` takes


@dataclass(frozen=True, kw_only=True)
class Trial(Row, trials.Place):
    """One training of a row at a place; ``encoder`` is the name of its folder."""

    encoder: str

    @property
    def row(self) -> Row:
        """System that is trained."""
        return Row(**{field.name: getattr(self, field.name) for field in fields(Row)})

    @property
    def steps(self) -> int:
        """Steps that are read of a test clip; 0 for all."""
        return int(self.evaluate or 0) // 2


@dataclass(frozen=True)
class Encoded:
    """Clips as an encoder gives them, computed or taken from the store when first asked for."""

    data: Data
    encoder: SpeakerEncoder

    @property
    def table(self) -> pd.DataFrame:
        """One row a clip."""
        return self.data.table

    @property
    def reports(self) -> tuple[Report, ...]:
        """What the loaders report of the clips."""
        return self.data.reports

    def frames(self, output: str, masks: Masks | None = None) -> Ragged:
        """Return the steps of each clip in one view, ``(steps, 512)`` float16."""
        return self._once(output, masks, Ragged.of)

    def embeddings(self) -> np.ndarray:
        """Return the embeddings, ``(clips, 192)`` float32."""
        return self._once("embedding", None, np.stack)

    def statistics(self, output: str) -> np.ndarray:
        """Return mean and standard deviation of each clip's steps, ``(clips, 1024)``."""
        frames = self.frames(output)
        clips = [frames.clip(row).astype(np.float64) for row in range(len(self.data.table))]
        return np.stack([mean_and_deviation(clip) for clip in clips])

    def verification(self, edition: str) -> dict[str, float]:
        """Verify the scored speakers by the embeddings, on the pairs of ``run_recogniser``."""
        rows, (left, right, same) = pairs_to_verify(edition, self.data.table)
        embeddings = self.embeddings()[rows]
        scores = cosine(embeddings[left], embeddings[right])
        return {"equal_error_rate": equal_error_rate(scores, same), "pairs": len(same)}

    def prepare(self, row: Row) -> None:
        """Make all that a row's trainings read, before they share the cores."""
        if row.output == "embedding":
            self.embeddings()
            return
        self.frames(row.output)
        if row.augmentation == "both":
            for masks in MASKS:
                self.frames(row.output, masks)

    def content(self, trial: Trial) -> str:
        """Return the digest of what a trial reads: the clips, their classes and the encoder."""
        code = store.key(settings=self.encoder.content, manifest=[], modules=__name__).hex
        return store.digest([self.data.clips(trial.experiment), code, self.encoder.runtime])

    def _once(self, output: str, masks: Masks | None, join: Callable) -> Ragged | np.ndarray:
        def computed() -> Ragged | np.ndarray:
            paths = list(self.data.table["path"])
            return join(compute(paths, encoder=self.encoder, output=output, masks=masks))

        return self.data.once((self.encoder, output, masks), computed)


def run(trial: Trial, data: Encoded, *, device: str = "cpu") -> dict:
    """Train one classifier on the encoder's output, and count its test predictions by speaker."""
    training, test = trials.split(trial, data.data)
    target = trials.shuffled(trial, data.data, training)
    started = time.perf_counter()
    summary = {}
    if trial.output == "embedding":
        summary = data.verification(trial.edition)
    if trial.pooling in REGRESSIONS:
        is_embedding = trial.output == "embedding"
        values = data.embeddings() if is_embedding else data.statistics(trial.output)
        classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=MOST))
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            classifier.fit(values[training], target[training])
        predicted = classifier.predict_proba(values[test])
        summary["training_accuracy"] = float(classifier.score(values[training], target[training]))
    else:
        head, summary = _train_head(trial, data, training, target, choose(device))
        how = {"most": trial.steps, "padding": trial.padding}
        predicted = _probabilities(head, data.frames(trial.output), test, **how)
    truth = data.data.targets[trial.experiment][test]
    summary["training_clips"] = len(training)
    summary["training_seconds"] = round(time.perf_counter() - started, 3)
    return count_predictions(data.data.groups[test], truth, predicted) | summary


def _train_head(
    trial: Trial, data: Encoded, training: np.ndarray, target: np.ndarray, device: torch.device
) -> tuple[Head, dict]:
    """Train pooling and layers, or find them trained: whatever is read of a test clip."""
    whole = replace(trial, evaluate="", padding="")
    folder = resumable.folder(__name__, whole, data.content(trial), device=device)
    n_classes = len(data.data.classes[trial.experiment])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trial.start)
        head = Head(WIDTH, n_classes, pooling=trial.pooling, steps=LENGTHS[-1])
    epoch, plan = (
        partial(_batches, trial, data, training, target),
        Plan(epochs=trial.epochs, constant=trial.constant),
    )
    options = {"folder": folder, "device": device, "seed": trial.start, "keep": trial.epochs}
    train = partial(fit, head, epoch, plan=plan, **options)
    trained = resumable.trained(head, folder, train, device=device, weights=LAST)
    accuracy = trained.history.epochs[-1]["accuracy"]
    return head, trials.training_summary(trained) | {"training_accuracy": accuracy}


def _batches(
    trial: Trial, data: Encoded, training: np.ndarray, target: np.ndarray, number: int
) -> Iterator[list[Tensor]]:
    """Yield ``(chunks, 512, steps)`` and class numbers; each epoch reads other masked versions."""
    views = []
    for policy in trials.VERSIONS[trial.augmentation]:
        masks = None if policy == "plain" else Masks(policy, number % VERSIONS)
        views.append(data.frames(trial.output, masks))
    lengths = LENGTHS[-1:] if trial.pooling == "flatten" else LENGTHS
    order = {"number": number, "seed": trial.start, "versions": len(views)}
    for batch in chunks.epoch(training, lengths=lengths, **order):
        cut = []
        for row, version, place in zip(batch.rows, batch.versions, batch.places, strict=True):
            clip = views[version].clip(row)
            cut.append(torch.from_numpy(chunks.cut(clip, length=batch.length, place=place)))
        signal = torch.stack(cut).float().transpose(1, 2)
        yield [signal, torch.from_numpy(target[batch.rows])]


def _probabilities(
    head: Head, frames: Ragged, rows: np.ndarray, *, most: int = 0, padding: str = ""
) -> np.ndarray:
    """Score clips: ``(clips, classes)``.

    Of each clip its ``most`` middle steps are read, or all where that is 0. A head that reads one
    length gets its middle; less is padded on both sides, or repeated.
    """
    device, probabilities = next(head.parameters()).device, []
    for part in np.split(rows, range(SCORED, len(rows), SCORED)):
        clips = [frames.clip(row).astype(np.float32) for row in part]
        if most:
            clips = [chunks.cut(clip, length=min(most, len(clip)), place=0.5) for clip in clips]
        if head.steps:
            clips = [_filled(clip, head.steps, padding) for clip in clips]
        signal = pad_sequence([torch.from_numpy(clip) for clip in clips], batch_first=True)
        lengths = torch.tensor([len(clip) for clip in clips])
        with torch.inference_mode():
            logits = head(signal.transpose(1, 2).to(device), lengths.to(device))
        probabilities.append(logits.softmax(1).cpu().numpy())
    return np.concatenate(probabilities)


def _filled(clip: np.ndarray, steps: int, padding: str) -> np.ndarray:
    """Return the middle of a clip, padded or repeated where it is too short: ``(steps, 512)``."""
    missing = steps - len(clip)
    if not padding or missing <= 0:
        return chunks.cut(clip, length=steps, place=0.5)
    sides = missing // 2, missing - missing // 2
    return np.pad(clip, (sides, (0, 0)), mode=padding)
