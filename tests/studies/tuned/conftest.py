"""Folders of tiny weights, and the toy corpus with sound."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import (
    AutoModel,
    ConvNextForImageClassification,
    HubertConfig,
    Wav2Vec2Config,
)

from sercore.studies.loopq_tuned import joined
from sercore.studies.loopq_tuned_rows import TUNED
from sercore.studies.loopq_waveforms import Waveforms
from tests.models.tiny_hubert import BASE, LARGE
from tests.studies.loopq_toy import toy
from tests.studies.loopq_tuned_toy import MASKING, PICTURES, save


@pytest.fixture(scope="module")
def hubs(tmp_path_factory):
    """Folders of a HuBERT normalised as large is, of a wav2vec 2.0 normalised as base is, and of a ConvNeXt with a classifier."""
    place = tmp_path_factory.mktemp("weights")
    torch.manual_seed(3)
    return {
        "HUBERTFT": save(AutoModel.from_config(HubertConfig(**LARGE | MASKING)), place / "tiny-hubert"),
        "MMFUSION": save(AutoModel.from_config(Wav2Vec2Config(**BASE | MASKING)), place / "tiny-wav2vec2"),
        "pictures": save(ConvNextForImageClassification(PICTURES), place / "tiny-convnext"),
    }


@pytest.fixture(scope="module")
def sounds():
    """The toy's clips with short waveforms that tell the classes a little."""
    data, generator = toy(), np.random.default_rng(1)

    def clip(label: int, samples: int) -> np.ndarray:
        wave = np.sin(2 * np.pi * (label + 1) * np.arange(samples) / 80) + 0.3 * generator.standard_normal(samples)
        return wave.astype(np.float32)[:, None]

    sizes = data.inputs["mel"].valid * 20
    held = {
        "waveform": Waveforms.of([clip(*each) for each in zip(data.labels, sizes, strict=True)]),
        "waveform, filled": Waveforms.of([clip(label, 800) for label in data.labels]),
    }
    return replace(data, inputs=data.inputs | held, encoder="none")


@pytest.fixture(scope="module")
def data(sounds, hubs):
    return joined(sounds, list(TUNED.values()), hubs)


@pytest.fixture(autouse=True)
def emptied(tmp_path, monkeypatch):
    torch.set_num_threads(1)
    monkeypatch.setenv("SER_STORE", str(tmp_path / "store"))
