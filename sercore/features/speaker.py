"""Pretrained speaker encoders in ONNX format, such as CAM++ (Wang et al. 2023), on the CPU.

onnxruntime, an extra, runs them.
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
    """A speaker encoder that cannot be loaded or used."""


class Heard(NamedTuple):
    """Outputs of the encoder for one clip, float32.

    Shape:
        - frames_middle, frames_last: ``(steps, 512)``, one step for two frames of the filterbank
        - embedding: ``(192,)``
    """

    frames_middle: np.ndarray
    frames_last: np.ndarray
    embedding: np.ndarray


@dataclass(frozen=True, kw_only=True)
class SpeakerEncoder:
    """A speaker encoder; sent to another process, it is opened there anew.

    Args:
        path: path of its ONNX file.
        content: hash of that file.
        threads: number of threads for one clip, 1 or more.
    """

    path: Path
    content: str
    threads: int = 1

    @property
    def name(self) -> str:
        """Name of its folder."""
        return self.path.parent.name

    @property
    def runtime(self) -> str:
        """Version of onnxruntime, which the last digits may depend on."""
        return _runtime(self.path).__version__

    def hear(self, frames: np.ndarray) -> Heard:
        """Compute the frames of two layers and the embedding of one clip.

        Shape:
            - frames: ``(time, 80)``, 3 frames or more, as ``fbank.centred`` gives them
            - output: ``(ceil(time / 2), 512)`` twice and ``(192,)``

        Raises:
            SpeakerError: the filterbank has another shape or is too short.

        Source: Wang et al. 2023 (CAM++).
        """
        if frames.ndim != 2 or frames.shape[1] != BANDS:
            raise SpeakerError(
                f"{self.name}: a filterbank of shape {frames.shape}; expected (time, {BANDS})."
                " Give one clip as `fbank` makes it."
            )
        if len(frames) < SHORTEST:
            raise SpeakerError(
                f"{self.name}: {len(frames)} frames of 10 ms; expected at least {SHORTEST}."
                " Remove the clip or record it again."
            )
        session = _session(self.path, self.content, self.threads)
        inputs = {"fbank": frames[None].astype(np.float32, copy=False)}
        middle, last, embedding = session.run(OUTPUTS, inputs)
        return Heard(middle[0].T, last[0].T, embedding[0])


def load(folder: Path | str, *, threads: int = 1) -> SpeakerEncoder:
    """Load a speaker encoder from a folder with one ONNX file.

    Its input is ``fbank`` (batch, time, 80); its outputs are ``frames_middle`` and ``frames_last``
    (batch, 512, steps) and ``embedding`` (batch, 192). With one of ``threads`` for a clip, sums
    come out the same, and processes share the cores.

    Raises:
        SpeakerError: there is no such folder, not one ONNX file in it, a damaged or another
            network, or no onnxruntime.
    """
    if threads < 1:
        raise SpeakerError(
            f"threads={threads}: expected 1 or more. Take 1 where several processes run."
        )
    folder = Path(folder)
    if not folder.is_dir():
        raise SpeakerError(
            f"{folder}: no such folder; expected one that holds a speaker encoder in ONNX format."
            " Check the path."
        )
    files = sorted(folder.glob("*.onnx"))
    if not files:
        raise SpeakerError(
            f"{folder}: no file ending in .onnx; expected a speaker encoder. Copy it there, or name"
            " another folder."
        )
    if len(files) > 1:
        names = ", ".join(file.name for file in files)
        raise SpeakerError(
            f"{folder}: {len(files)} files ending in .onnx ({names}); expected one. Keep each"
            " encoder in a folder of its own."
        )
    path = files[0].resolve()
    encoder = SpeakerEncoder(path=path, content=store.content(path), threads=threads)
    session = _session(encoder.path, encoder.content, encoder.threads)
    inputs = [node.name for node in session.get_inputs()]
    outputs = [node.name for node in session.get_outputs()]
    if inputs != ["fbank"] or not set(OUTPUTS) <= set(outputs):
        raise SpeakerError(
            f"{path}: takes {', '.join(inputs)} and gives {', '.join(outputs)}; expected fbank, and"
            f" {', '.join(OUTPUTS)}. Export the encoder with these names."
        )
    return encoder


@cache
def _session(path: Path, content: str, threads: int):
    """Open the network once in a process, and again if its content changed."""
    onnxruntime = _runtime(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common base
        raise SpeakerError(
            f"{path}: not loadable ({str(error).splitlines()[0]}); expected a whole ONNX file."
            " Copy or export it again."
        ) from error


def _runtime(path: Path):
    try:
        import onnxruntime
    except ImportError as error:
        raise SpeakerError(
            f"{path}: the package onnxruntime was not found; a speaker encoder in ONNX format needs"
            " it. Run: pip install onnxruntime"
        ) from error
    return onnxruntime
