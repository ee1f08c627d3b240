"""Pretrained speech encoders of transformers that read a waveform, and Whisper's.

Weights are safetensors only, a checkpoint's own code is never run, and no network is used unless
``HF_HUB_OFFLINE=0`` is set.
"""

import contextlib
import json
import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError

from sercore import store
from sercore.audio import RATE

# Models in which a mask keeps padding away from a clip's frames, unless their first layer
# normalises over the whole time. The others let it in, such as data2vec by its second positional
# convolution.
MASKED = ("hubert", "unispeech", "unispeech-sat", "wav2vec2", "wavlm")
RANDOM = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "conv_dim": [16, 16, 16, 32],
    "conv_kernel": [10, 8, 4, 4],
    "conv_stride": [5, 4, 4, 4],
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
}
SEED = 0
SAFE = ".safetensors"
EXTRACTORS = ("preprocessor_config.json", "processor_config.json")
# What its user runs once for a checkpoint without safetensors; the network is for a hub id.
CONVERT = (
    'HF_HUB_OFFLINE=0 python -c "from transformers import AutoFeatureExtractor, AutoModel; '
    "[kind.from_pretrained('{name}').save_pretrained('converted') "
    'for kind in (AutoModel, AutoFeatureExtractor)]"'
)


class EncoderError(ValueError):
    """An encoder that cannot be loaded or used."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Encoder:
    """A speech encoder, its weights in float32, that maps samples to frames."""

    name: str  # last part of its folder or hub id
    content: str  # digest of its configuration and weights, the same for a folder and a hub id
    model: torch.nn.Module  # of transformers
    extractor: Any  # feature extractor of transformers, which prepares samples
    alone: bool = True  # whether only clips of equal length may run together
    # Samples of the pieces that it takes, to which a shorter one is padded; None for any length.
    window: int | None = None

    @property
    def width(self) -> int:
        """Return the number of values in a frame."""
        config = self.model.config
        if getattr(config, "add_adapter", False):
            return config.output_hidden_size
        return config.hidden_size

    @property
    def shortest(self) -> int:
        """Return the number of samples of the shortest clip that has a frame."""
        if self.window:
            return 1
        config, samples = self.model.config, 1
        layers = list(zip(config.conv_kernel, config.conv_stride, strict=True))
        for kernel, stride in reversed(layers):
            samples = (samples - 1) * stride + kernel
        return samples

    def to(self, device: str) -> "Encoder":
        """Move the encoder to "cpu", "cuda" or "auto" (CUDA if available) and return it.

        Raises:
            EncoderError: CUDA is asked for and not available.
        """
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        elif device == "cuda" and not torch.cuda.is_available():
            raise EncoderError(
                "device=cuda: no CUDA device was found; expected a GPU and a CUDA build of torch. "
                "Use auto or cpu."
            )
        self.model.to(device)
        return self

    def check(self, clip: np.ndarray) -> None:
        """Raise an ``EncoderError`` if a clip ``(samples,)`` is too short for one frame."""
        if len(clip) < self.shortest:
            raise EncoderError(
                f"{len(clip)} samples in {len(clip) / RATE:.5f} s of audio; {self.name} needs at "
                f"least {self.shortest / RATE:.5f} s. Remove the file or record it again."
            )

    def frames(self, clips: Sequence[np.ndarray], *, batch: int = 1) -> list[np.ndarray]:
        """Compute the frames of the last layer, without those of padding.

        A clip longer than the window is cut into windows, and their frames are joined. ``batch``
        pieces run at once, which changes the frames by rounding only.

        Shape:
            - each clip: ``(samples,)``, 16 kHz mono
            - its frames: ``(frames, width)`` float32

        Raises:
            EncoderError: a clip is too short for one frame.
        """
        step = self.window or max(map(len, clips), default=1)
        pieces = []  # number of the clip, and samples
        for index, clip in enumerate(clips):
            self.check(clip)
            pieces += [(index, clip[start : start + step]) for start in range(0, len(clip), step)]
        lengths = [len(piece) for _, piece in pieces]
        frames = {}  # by number of the piece
        for rows in self._batches(lengths, batch):
            results = self._run([pieces[row][1] for row in rows])
            frames |= zip(rows, results, strict=True)
        by_clip: list[list[np.ndarray]] = [[] for _ in clips]
        for row, (index, _) in enumerate(pieces):
            by_clip[index].append(frames[row])
        return [np.concatenate(parts) for parts in by_clip]

    def _batches(self, lengths: list[int], batch: int) -> Iterator[list[int]]:
        order = sorted(range(len(lengths)), key=lengths.__getitem__)
        for _, rows in groupby(order, key=lambda row: lengths[row] if self.alone else 0):
            same = list(rows)
            yield from (same[start : start + batch] for start in range(0, len(same), batch))

    def _run(self, pieces: list[np.ndarray]) -> list[np.ndarray]:
        padding = "max_length" if self.window else "longest"
        inputs = self.extractor(pieces, sampling_rate=RATE, return_tensors="pt", padding=padding)
        if len(set(map(len, pieces))) == 1:
            inputs.pop("attention_mask", None)  # nothing to mask
        exact = torch.backends.cudnn.flags(allow_tf32=False)
        with torch.inference_mode(), exact, warnings.catch_warnings():
            # WavLM warns.
            warnings.filterwarnings("ignore", message="Support for mismatched key_padding_mask")
            output = self.model(**inputs.to(self.model.device))
        results = []
        for frames, piece in zip(output.last_hidden_state, pieces, strict=True):
            results.append(frames[: self._n_frames(len(piece))].cpu().numpy())
        return results

    def _n_frames(self, samples: int) -> int:
        if self.window:
            return -(-samples // (self.window // self.model.config.max_source_positions))
        return int(self.model._get_feat_extract_output_lengths(torch.tensor(samples)))


def load(name: str | Path, *, device: str = "cpu") -> Encoder:
    """Load a pretrained encoder onto a device, or a tiny untrained one.

    Args:
        name: folder with ``config.json``, ``preprocessor_config.json`` and safetensors weights; or
            a hub id in the hub's cache; or ``random``, an untrained network with a fixed seed.
        device: "cpu", "cuda" or "auto".

    Raises:
        EncoderError: there is no such folder or cached id, it has no safetensors weights, is no
            speech encoder, or has damaged files.
    """
    name, folder = str(name), Path(name)
    if name == "random":
        return _random().to(device)
    if folder.is_dir():
        return _loaded(name, folder.resolve().name, folder).to(device)
    return _loaded(name, name.rsplit("/", 1)[-1], snapshot(name)).to(device)


def content(name: str | Path) -> str:
    """Digest an encoder's configuration and weights without loading it; see ``load``.

    Raises:
        EncoderError: there is no such folder or cached id, or it has no safetensors weights.
    """
    if str(name) == "random":
        return store.digest([RANDOM, SEED])
    folder = Path(name) if Path(name).is_dir() else snapshot(str(name))
    return store.digest({file.name: store.content(file) for file in _files(str(name), folder)})


def cached(name: str) -> bool:
    """Check whether a hub id can be loaded."""
    try:
        return bool(content(name))
    except EncoderError:
        return False


def _random() -> Encoder:
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        model = Wav2Vec2Model(Wav2Vec2Config(**RANDOM)).eval()
    extractor = Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=False)
    return Encoder(name="random", content=content("random"), model=model, extractor=extractor)


def snapshot(name: str) -> Path:
    """Find a hub id in the hub's cache, which is filled only if ``HF_HUB_OFFLINE`` is off."""
    import huggingface_hub

    offline = os.environ.get("HF_HUB_OFFLINE", "1").upper() in ("1", "ON", "YES", "TRUE")
    wanted = ["config.json", *EXTRACTORS, "model*.safetensors", "model.safetensors.index.json"]
    try:
        folder = huggingface_hub.snapshot_download(
            name, allow_patterns=wanted, local_files_only=offline
        )
    except (OSError, ValueError) as error:
        reason = "" if offline else f" ({_line(error)})"
        raise EncoderError(
            f"{name}: no such folder, and no such model in the hub's cache{reason}; expected a "
            "folder, a hub id that is cached, or random. Check the spelling, or download it once "
            "with HF_HUB_OFFLINE=0."
        ) from error
    return Path(folder)


def _loaded(name: str, short: str, folder: Path) -> Encoder:
    from transformers import AutoConfig, AutoFeatureExtractor

    local = {"local_files_only": True, "trust_remote_code": False}
    try:
        _files(name, folder)
        config = AutoConfig.from_pretrained(folder, **local)
        whisper = config.model_type == "whisper"
        # The decoder of a whole Whisper is left aside.
        names = {r"^(model\.)?encoder\.": ""} if whisper else None
        weights = {"dtype": torch.float32, "use_safetensors": True, "key_mapping": names}
        with _quiet():
            model, report = _class(name, config).from_pretrained(
                folder, **local, **weights, output_loading_info=True
            )
        extractor = AutoFeatureExtractor.from_pretrained(folder, **local)
    except EncoderError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise EncoderError(
            f"{name}: not loadable ({_line(error)}); expected a whole checkpoint of transformers. "
            "Download or save it again."
        ) from error
    # masked_spec_embed is a vector for training only.
    if missing := sorted(set(report["missing_keys"]) - {"masked_spec_embed"}):
        raise EncoderError(
            f"{name}: {len(missing)} weights are not there ({missing[0]}, …); expected all of a "
            f"{config.model_type} encoder. Download or save it again."
        )
    if extractor.sampling_rate != RATE:
        raise EncoderError(
            f"{name}: takes {extractor.sampling_rate} Hz; expected {RATE} Hz. Choose another "
            "encoder."
        )
    masked = config.model_type in MASKED and config.feat_extract_norm == "layer"
    masked = masked and extractor.return_attention_mask
    return Encoder(
        name=short,
        content=content(folder),
        model=model.eval(),
        extractor=extractor,
        alone=not (whisper or masked) or getattr(config, "add_adapter", False),
        window=extractor.n_samples if whisper else None,
    )


def _class(name: str, config: Any) -> type:
    """Choose the class of the network for a configuration."""
    from transformers import MODEL_MAPPING
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    if config.model_type == "whisper":
        return WhisperEncoder
    network = MODEL_MAPPING.get(type(config), None)
    reads_waveform = getattr(network, "main_input_name", "") == "input_values"
    has_frames = hasattr(network, "_get_feat_extract_output_lengths")
    fills_up = hasattr(config, "squeeze_factor")  # SEW fills up its frames with zeros
    if not (reads_waveform and has_frames) or config.is_encoder_decoder or fills_up:
        raise EncoderError(
            f"{name}: a {config.model_type} model, no speech encoder known here; expected "
            "wav2vec2, hubert, wavlm, data2vec-audio or their like, or whisper. Choose another "
            "model."
        )
    return network


def _files(name: str, folder: Path) -> list[Path]:
    """List the files of configuration, preprocessor and weights of an encoder."""
    whole, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    weights = [whole]
    if index.is_file() and not whole.is_file():
        weights = [folder / part for part in _parts(name, index)]
    prepared = [folder / part for part in EXTRACTORS if (folder / part).is_file()]
    for wanted in (folder / "config.json", *(prepared or [folder / EXTRACTORS[0]]), *weights):
        if not wanted.is_file():
            others = ", ".join(sorted(file.name for file in folder.iterdir())) or "nothing"
            raise EncoderError(
                f"{name}: no {wanted.name} among {others}; expected config.json, {EXTRACTORS[0]} "
                "and model.safetensors. Other weights are not read; this converts a checkpoint whose "
                f"origin you trust into the folder `converted`, once: {CONVERT.format(name=name)}"
            )
    return [folder / "config.json", *prepared, *weights]


def _parts(name: str, index: Path) -> list[str]:
    """Read the names of the parts of an encoder's weights: safetensors in its own folder alone."""
    try:
        parts = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EncoderError(
            f"{name}: {index.name} is no list of weights ({_line(error)}); expected that of a whole"
            " checkpoint. Download or save it again."
        ) from error
    for part in parts:
        if not isinstance(part, str) or Path(part).name != part or Path(part).suffix != SAFE:
            raise EncoderError(
                f"{name}: {index.name} names {part!r}; expected files that end in {SAFE} beside it."
                " Other weights are not read: save the model with transformers' save_pretrained."
            )
    return parts


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hide the loading bar and the report of weights that are left aside."""
    from transformers.utils import logging

    bars, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
