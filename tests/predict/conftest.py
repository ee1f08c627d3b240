"""Models of every kind, trained on a small corpus with sound."""

import pytest
import soundfile
import torch

from sercore import predict
from sercore.audio import RATE
from sercore.papers.biagini2022 import card as loopq_card
from tests.papers.biagini2022 import loopq_clips

EPOCHS = 60  # steps, of one batch each: with fewer, a network answers every clip alike


@pytest.fixture
def clip(tmp_path):
    """Write samples to a file, 32-bit float, so that nothing is rounded."""

    def write(samples, name="clip.wav", rate=RATE):
        soundfile.write(tmp_path / name, samples, rate, subtype="FLOAT")
        return tmp_path / name

    return write


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Folder of a model that was trained on the small corpus, by its name, and the corpus' table."""
    home = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        torch.set_num_threads(1)
        table = loopq_clips.use(patch, home)

        def folder(name, **more):
            place = home / "_".join([name, *map(str, more.values())]).replace("/", "_")
            if not place.exists():
                loopq_card.CARD.train(name, {"edition": "demo", "epochs": EPOCHS} | more, out=place)
            return place

        folder.table = table
        yield folder


@pytest.fixture(scope="module")
def model(trained):
    return predict.load(trained("FCMFCC"))
