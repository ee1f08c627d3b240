"""A small corpus of paper 01's shape, without audio."""

import pytest

from sercore.papers.alves2022.trial import Data
from tests.papers import ser2022_toy


@pytest.fixture
def data() -> Data:
    """Clips, copies and features of ``ser2022_toy``."""
    return ser2022_toy.data()
