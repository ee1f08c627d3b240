"""Folders of tiny weights, and the toy corpus with sound."""

import pytest
import torch
from transformers import AutoModel, ConvNextForImageClassification, HubertConfig, Wav2Vec2Config

from sercore.papers.biagini2022.models import TUNED
from sercore.papers.biagini2022.trial import with_weights
from tests.models.tiny_hubert import BASE, LARGE
from tests.papers.biagini2022 import loopq_tuned_toy
from tests.papers.biagini2022.loopq_tuned_toy import MASKING, PICTURES, save


@pytest.fixture(scope="module")
def hubs(tmp_path_factory):
    """Folders of a HuBERT normalised as large is, of a wav2vec 2.0 normalised as base is, and of a ConvNeXt with a classifier."""
    place = tmp_path_factory.mktemp("weights")
    torch.manual_seed(3)
    return {
        "HUBERTFT": save(
            AutoModel.from_config(HubertConfig(**LARGE | MASKING)), place / "tiny-hubert"
        ),
        "MMFUSION": save(
            AutoModel.from_config(Wav2Vec2Config(**BASE | MASKING)), place / "tiny-wav2vec2"
        ),
        "pictures": save(ConvNextForImageClassification(PICTURES), place / "tiny-convnext"),
    }


@pytest.fixture(scope="module")
def sounds():
    return loopq_tuned_toy.sounds()


@pytest.fixture(scope="module")
def data(sounds, hubs):
    return with_weights(sounds, list(TUNED.values()), hubs)


@pytest.fixture(autouse=True)
def one_thread(empty_store):
    torch.set_num_threads(1)
