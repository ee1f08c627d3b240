"""Pretrained speech encoders by folder or hub id, and their frames: those of transformers that read a waveform, and Whisper's.

Weights are safetensors only, a checkpoint's own code is never run, no network is used unless ``HF_HUB_OFFLINE=0`` is set.
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

# Here a mask keeps the pad away from a clip's own frames. The others of the family let it in (data2vec by the second of its
# positional convolutions, for one), and so does every one whose first layer normalises over the whole time.
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
EXTRACTORS = ("preprocessor_config.json", "processor_config.json")


class EncoderError(ValueError):
    """An encoder that cannot be loaded or used: which, what was found, what was expected, what to do."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Encoder:
    """A speech encoder, its weights in float32, that maps samples to frames.

    Args:
        name: last part of its folder or hub id.
        content: digest of its configuration and weights, the same for a folder and a hub id.
        model: the network of ``transformers``.
        extractor: what prepares samples for it.
        alone: whether only clips of equal length may run together, as a pad would change the frames of the shorter.
        window: longest piece it takes at once, in samples; a shorter one is padded to it (default: any length, no pad).
    """

    name: str
    content: str
    model: torch.nn.Module
    extractor: Any
    alone: bool = True
    window: int | None = None

    @property
    def width(self) -> int:
        """Values a frame."""
        config = self.model.config
        return (
            config.output_hidden_size
            if getattr(config, "add_adapter", False)
            else config.hidden_size
        )

    @property
    def shortest(self) -> int:
        """Samples that the first frame takes: no shorter clip has one."""
        if self.window:
            return 1
        samples = 1
        for kernel, stride in list(
            zip(self.model.config.conv_kernel, self.model.config.conv_stride, strict=True)
        )[::-1]:
            samples = (samples - 1) * stride + kernel
        return samples

    def to(self, device: str) -> "Encoder":
        """This encoder, moved to "cpu", "cuda" (an ``EncoderError`` where there is none) or, with "auto", to CUDA where it is."""
        if device == "cuda" and not torch.cuda.is_available():
            raise EncoderError(
                "device=cuda: no CUDA device was found; expected a GPU and a CUDA build of torch. Use auto or cpu."
            )
        self.model.to(
            "cuda"
            if device == "auto" and torch.cuda.is_available()
            else "cpu"
            if device == "auto"
            else device
        )
        return self

    def check(self, clip: np.ndarray) -> None:
        """Refuse a clip ``(samples,)``, 16 kHz mono, that is too short for one frame, with an ``EncoderError``."""
        if len(clip) < self.shortest:
            raise EncoderError(
                f"{len(clip)} samples in {len(clip) / RATE:.5f} s of audio; {self.name} needs at least "
                f"{self.shortest / RATE:.5f} s. Remove the file or record it again."
            )

    def frames(self, clips: Sequence[np.ndarray], *, batch: int = 1) -> list[np.ndarray]:
        """Frames of the last layer that are a clip's own, in time; none that stands for a pad.

        A clip longer than the window is cut into windows, and their frames are joined.

        Args:
            clips: ``(samples,)`` each, 16 kHz mono.
            batch: pieces that run at once, 1 or more (default 1); it changes the frames by rounding only.

        Shape:
            - output: ``(frames, width)`` float32 a clip

        Raises:
            EncoderError: a clip too short for one frame.
        """
        for clip in clips:
            self.check(clip)
        step = self.window or max(map(len, clips), default=1)
        pieces = [
            (index, clip[start : start + step])
            for index, clip in enumerate(clips)
            for start in range(0, len(clip), step)
        ]
        found: dict[int, np.ndarray] = {}
        for together in self._groups([len(piece) for _, piece in pieces], batch):
            found |= zip(together, self._run([pieces[place][1] for place in together]), strict=True)
        own: list[list[np.ndarray]] = [[] for _ in clips]
        for place, (index, _) in enumerate(pieces):
            own[index].append(found[place])
        return [np.concatenate(each) for each in own]

    def _groups(self, lengths: list[int], batch: int) -> Iterator[list[int]]:
        order = sorted(range(len(lengths)), key=lengths.__getitem__)
        for _, places in groupby(order, key=lambda place: lengths[place] if self.alone else 0):
            same = list(places)
            yield from (same[start : start + batch] for start in range(0, len(same), batch))

    def _run(self, pieces: list[np.ndarray]) -> list[np.ndarray]:
        inputs = self.extractor(
            pieces,
            sampling_rate=RATE,
            return_tensors="pt",
            padding="max_length" if self.window else "longest",
        )
        if len(set(map(len, pieces))) == 1:
            inputs.pop("attention_mask", None)  # nothing to mask
        with (
            torch.inference_mode(),
            torch.backends.cudnn.flags(allow_tf32=False),
            warnings.catch_warnings(),
        ):
            warnings.filterwarnings(
                "ignore", message="Support for mismatched key_padding_mask"
            )  # WavLM
            hidden = self.model(
                **inputs.to(self.model.device)
            ).last_hidden_state  # (pieces, frames, width)
        return [
            each[: self._own(len(piece))].cpu().numpy()
            for each, piece in zip(hidden, pieces, strict=True)
        ]

    def _own(self, samples: int) -> int:
        if self.window:
            return -(-samples // (self.window // self.model.config.max_source_positions))
        return int(self.model._get_feat_extract_output_lengths(torch.tensor(samples)))


def load(name: str | Path, *, device: str = "cpu") -> Encoder:
    """A pretrained encoder from a folder or the hub's cache, or a tiny untrained one.

    Args:
        name: a folder with ``config.json``, ``preprocessor_config.json`` and safetensors weights; else a hub id; else
            ``random``: seeded, never trained, so that what it gives of a clip proves the machinery and nothing else.
        device: "cpu" (default), "cuda" or "auto".

    Raises:
        EncoderError: no such folder or cached id, no safetensors weights, not a speech encoder, or damaged files.
    """
    name, folder = str(name), Path(name)
    if name == "random":
        return _random().to(device)
    if folder.is_dir():
        return _loaded(name, folder.resolve().name, folder).to(device)
    return _loaded(name, name.rsplit("/", 1)[-1], _cached(name)).to(device)


def content(name: str | Path) -> str:
    """Digest of an encoder's configuration and weights, without loading it; see ``load``.

    Raises:
        EncoderError: no such folder or cached id, or no safetensors weights.
    """
    if str(name) == "random":
        return store.digest([RANDOM, SEED])
    folder = Path(name) if Path(name).is_dir() else _cached(str(name))
    return store.digest({file.name: store.content(file) for file in _files(str(name), folder)})


def cached(name: str) -> bool:
    """Whether a hub id can be loaded."""
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


def _cached(name: str) -> Path:
    """Folder of a hub id in the hub's cache, filled from the network only where ``HF_HUB_OFFLINE`` is set to no."""
    import huggingface_hub

    offline = os.environ.get("HF_HUB_OFFLINE", "1").upper() in ("1", "ON", "YES", "TRUE")
    wanted = ["config.json", *EXTRACTORS, "model*.safetensors", "model.safetensors.index.json"]
    try:
        return Path(
            huggingface_hub.snapshot_download(name, allow_patterns=wanted, local_files_only=offline)
        )
    except (OSError, ValueError) as error:
        met = "" if offline else f" ({_line(error)})"
        raise EncoderError(
            f"{name}: no such folder, and no such model in the hub's cache{met}; expected a folder, a hub id that is cached, or "
            "random. Check the spelling, or download it once with HF_HUB_OFFLINE=0."
        ) from error


def _loaded(name: str, short: str, folder: Path) -> Encoder:
    from transformers import AutoConfig, AutoFeatureExtractor

    local = {"local_files_only": True, "trust_remote_code": False}
    try:
        _files(name, folder)
        config = AutoConfig.from_pretrained(folder, **local)
        whisper = config.model_type == "whisper"
        names = (
            {r"^(model\.)?encoder\.": ""} if whisper else None
        )  # a whole Whisper's decoder is left aside
        with _quiet():
            model, report = _class(name, config).from_pretrained(
                folder,
                **local,
                dtype=torch.float32,
                use_safetensors=True,
                output_loading_info=True,
                key_mapping=names,
            )
        extractor = AutoFeatureExtractor.from_pretrained(folder, **local)
    except EncoderError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise EncoderError(
            f"{name}: not loadable ({_line(error)}); expected a whole checkpoint of transformers. Download or save it again."
        ) from error
    missing = sorted(
        set(report["missing_keys"]) - {"masked_spec_embed"}
    )  # a vector for training only
    if missing:
        raise EncoderError(
            f"{name}: {len(missing)} weights are not there ({missing[0]}, …); expected all of a {config.model_type} encoder. "
            "Download or save it again."
        )
    if extractor.sampling_rate != RATE:
        raise EncoderError(
            f"{name}: takes {extractor.sampling_rate} Hz; expected {RATE} Hz. Choose another encoder."
        )
    masked = (
        config.model_type in MASKED
        and config.feat_extract_norm == "layer"
        and extractor.return_attention_mask
    )
    return Encoder(
        name=short,
        content=content(folder),
        model=model.eval(),
        extractor=extractor,
        alone=not (whisper or masked) or getattr(config, "add_adapter", False),
        window=extractor.n_samples if whisper else None,
    )


def _class(name: str, config: Any) -> type:
    """The network that a configuration is of."""
    from transformers import MODEL_MAPPING
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    if config.model_type == "whisper":
        return WhisperEncoder
    found = MODEL_MAPPING.get(type(config), None)
    waveform = getattr(found, "main_input_name", "") == "input_values" and hasattr(
        found, "_get_feat_extract_output_lengths"
    )
    if (
        not waveform or config.is_encoder_decoder or hasattr(config, "squeeze_factor")
    ):  # SEW fills up its frames with zeros
        raise EncoderError(
            f"{name}: a {config.model_type} model, no speech encoder known here; expected wav2vec2, hubert, wavlm, "
            "data2vec-audio or their like, or whisper. Choose another model."
        )
    return found


def _files(name: str, folder: Path) -> list[Path]:
    """Files that an encoder is made of: configuration, preparation, weights."""
    whole, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    weights = [whole]
    if index.is_file() and not whole.is_file():
        weights = [
            folder / part
            for part in sorted(set(json.loads(index.read_text())["weight_map"].values()))
        ]
    prepared = [folder / part for part in EXTRACTORS if (folder / part).is_file()]
    for wanted in (folder / "config.json", *(prepared or [folder / EXTRACTORS[0]]), *weights):
        if not wanted.is_file():
            others = ", ".join(sorted(each.name for each in folder.iterdir())) or "nothing"
            raise EncoderError(
                f"{name}: no {wanted.name} among {others}; expected config.json, {EXTRACTORS[0]} and model.safetensors. Other "
                "weights are not read: save the model with transformers' save_pretrained, and its feature extractor likewise."
            )
    return [folder / "config.json", *prepared, *weights]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No loading bar and no report of the weights that an encoder leaves aside."""
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
