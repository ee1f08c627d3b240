"""Tiny weights for tuned trials of paper 03, and short ways to a trial and what it left."""

from dataclasses import replace

import numpy as np
import torch
from transformers import ConvNextConfig, Wav2Vec2FeatureExtractor

from sercore.papers.biagini2022.data import Data
from sercore.papers.biagini2022.inputs import Waveforms
from sercore.papers.biagini2022.models import TINY, TUNED
from sercore.papers.biagini2022.trial import Tuned
from sercore.training import checkpoints
from sercore.training.resumable import LAST
from tests.papers.biagini2022.loopq_toy import toy

PICTURES = ConvNextConfig(
    **TINY, layer_scale_init_value=1.0
)  # at the usual 1e-6 some updates are too small for float32
MASKING = {"mask_time_prob": 0.3, "mask_time_length": 4, "layerdrop": 0.2, "hidden_dropout": 0.1}
RANDOM = {"encoder": "random", "pictures": "random"}


def sounds(stretch: int = 1) -> Data:
    """The toy's clips with short waveforms that tell the classes a little, or with longer ones."""
    data, generator = toy(), np.random.default_rng(1)

    def clip(label: int, samples: int) -> np.ndarray:
        wave = np.sin(
            2 * np.pi * (label + 1) * np.arange(samples) / 80
        ) + 0.3 * generator.standard_normal(samples)
        return wave.astype(np.float32)[:, None]

    sizes = data.inputs["mel"].valid * 20 * stretch
    held = {
        "waveform": Waveforms.of([clip(*each) for each in zip(data.labels, sizes, strict=True)]),
        "waveform, filled": Waveforms.of([clip(label, 800 * stretch) for label in data.labels]),
    }
    return replace(data, inputs=data.inputs | held, encoder="none")


def save(model: torch.nn.Module, place) -> str:
    model.save_pretrained(place)
    Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=True).save_pretrained(place)
    return str(place)


def trial(name: str, data: Data, protocol: str = "by-origin", **more) -> Tuned:
    row = TUNED[name]
    settings = {
        "model": row.model,
        "variant": row.variant,
        "protocol": protocol,
        "fold": 0,
        "seed": 0,
        "edition": "demo",
    }
    return Tuned(**settings | {"epochs": 2, "size": "small"} | data.named(row) | more)


def weights(fitted, name: str = LAST) -> dict[str, torch.Tensor]:
    return checkpoints.read(fitted.folder / name)[0]


def timeless(outcome: dict) -> dict:
    return {
        name: value
        for name, value in outcome.items()
        if name not in ("seconds_per_clip", "clips_per_second")
    }
