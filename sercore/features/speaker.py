"""A pretrained speaker encoder in ONNX format, and what it gives of one clip's filterbank: two layers' frames, one embedding.

The network is CAM++ (Wang et al. 2023) or any other with the same input and outputs. onnxruntime, an extra, runs it on the CPU.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sercore import store
from sercore.features.fbank import BANDS

SHORTEST = 3  # frames: they give two steps, and one step has no standard deviation
OUTPUTS = ("frames_middle", "frames_last", "embedding")


class SpeakerError(ValueError):
    """A speaker encoder that cannot be loaded or used: which, what was found, what was expected, what to do."""


class Heard(NamedTuple):
    """What the encoder gives of one clip, float32.

    Shape:
        - frames_middle, frames_last: ``(steps, 512)``, one step for two frames of the filterbank
        - embedding: ``(192,)``
    """

    frames_middle: np.ndarray
    frames_last: np.ndarray
    embedding: np.ndarray


@dataclass(frozen=True, kw_only=True)
class SpeakerEncoder:
    """A speaker encoder that ``load`` found; it can be sent to another process, where it is opened anew.

    Args:
        path: its ONNX file.
        content: hash of that file.
        threads: that one clip runs on, 1 or more.
    """

    path: Path
    content: str
    threads: int = 1

    @property
    def name(self) -> str:
        """Last part of its folder."""
        return self.path.parent.name

    @property
    def runtime(self) -> str:
        """Version of onnxruntime: with another one the last digits may differ."""
        return _runtime(self.path).__version__

    def hear(self, frames: np.ndarray) -> Heard:
        """Frames of two layers and the embedding of one clip.

        Args:
            frames: its filterbank, each band with mean 0 (``fbank.centred``), 3 frames or more.

        Shape:
            - frames: ``(time, 80)``
            - output: ``(ceil(time / 2), 512)`` twice and ``(192,)``

        Raises:
            SpeakerError: another shape, or a clip too short.

        Source: Wang et al. 2023 (CAM++).
        """
        if frames.ndim != 2 or frames.shape[1] != BANDS:
            raise SpeakerError(
                f"{self.name}: a filterbank of shape {frames.shape}; expected (time, {BANDS}). Give one clip as `fbank` makes it."
            )
        if len(frames) < SHORTEST:
            raise SpeakerError(
                f"{self.name}: {len(frames)} frames of 10 ms; expected at least {SHORTEST}. Remove the clip or record it again."
            )
        session = _session(self.path, self.content, self.threads)
        middle, last, embedding = session.run(
            OUTPUTS, {"fbank": frames[None].astype(np.float32, copy=False)}
        )
        return Heard(middle[0].T, last[0].T, embedding[0])


def load(folder: Path | str, *, threads: int = 1) -> SpeakerEncoder:
    """A speaker encoder from a folder that holds one ONNX file.

    Args:
        folder: its input is ``fbank`` (batch, time, 80); its outputs are ``frames_middle`` and ``frames_last`` (batch, 512, steps)
            and ``embedding`` (batch, 192).
        threads: that one clip runs on, 1 or more (default 1: sums come out the same, and processes share the cores).

    Raises:
        SpeakerError: no such folder, not one ONNX file in it, a damaged or another network, or no onnxruntime.
    """
    if threads < 1:
        raise SpeakerError(
            f"threads={threads}: expected 1 or more. Take 1 where several processes run."
        )
    folder = Path(folder)
    if not folder.is_dir():
        raise SpeakerError(
            f"{folder}: no such folder; expected one that holds a speaker encoder in ONNX format. Check the path."
        )
    files = sorted(folder.glob("*.onnx"))
    if len(files) != 1:
        found = ", ".join(file.name for file in files)
        raise SpeakerError(
            f"{folder}: {len(files)} files ending in .onnx ({found}); expected one. Keep each encoder in a folder of its own."
            if files
            else f"{folder}: no file ending in .onnx; expected a speaker encoder. Copy it there, or name another folder."
        )
    path = files[0].resolve()
    encoder = SpeakerEncoder(path=path, content=store.content(path), threads=threads)
    session = _session(encoder.path, encoder.content, encoder.threads)
    inputs, outputs = (
        [each.name for each in part] for part in (session.get_inputs(), session.get_outputs())
    )
    if inputs != ["fbank"] or not set(OUTPUTS) <= set(outputs):
        raise SpeakerError(
            f"{path}: takes {', '.join(inputs)} and gives {', '.join(outputs)}; expected fbank, and {', '.join(OUTPUTS)}."
            " Export the encoder with these names."
        )
    return encoder


@cache
def _session(path: Path, content: str, threads: int):
    """The opened network, once in a process; ``content`` is there so that a changed file is opened again."""
    onnxruntime = _runtime(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common base
        found = str(error).splitlines()[0]
        raise SpeakerError(
            f"{path}: not loadable ({found}); expected a whole ONNX file. Copy or export it again."
        ) from error


def _runtime(path: Path):
    try:
        import onnxruntime
    except ImportError as error:
        raise SpeakerError(
            f"{path}: the package onnxruntime was not found; a speaker encoder in ONNX format needs it."
            " Run: pip install onnxruntime"
        ) from error
    return onnxruntime
