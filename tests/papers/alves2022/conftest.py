"""A small corpus of the paper's shape, without audio, and no figure left open."""

import matplotlib.pyplot as plt
import pytest

from sercore.papers.alves2022.trial import Data
from tests.papers.alves2022 import alves_toy


@pytest.fixture
def data() -> Data:
    """Clips, copies and features of ``alves_toy``."""
    return alves_toy.data()


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")
