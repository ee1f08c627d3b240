"""Audio files of a test, and no figure that stays open after it."""

import matplotlib.pyplot as plt
import pytest
import soundfile

from sercore.audio import RATE


@pytest.fixture
def clip(tmp_path):
    """Write samples to a file, 32-bit float, so that nothing is rounded."""

    def write(samples, name="clip.wav", rate=RATE):
        soundfile.write(tmp_path / name, samples, rate, subtype="FLOAT")
        return tmp_path / name

    return write


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")
