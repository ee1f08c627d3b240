"""The values that the authors' notebooks display for eight clips, those clips, and a vowel."""

import csv
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from known_signals import open_vowel
from threadpoolctl import threadpool_limits

from sercore import audio

PUBLISHED = (
    Path(__file__).resolve().parents[2]
    / "book"
    / "ledger"
    / "published"
    / "01-reference-features.csv"
)


def displayed() -> dict[str, dict[str, dict[str, str]]]:
    """Displayed text by set, file and feature."""
    values: dict = {}
    with PUBLISHED.open(newline="") as file:
        for row in csv.DictReader(file):
            values.setdefault(row["feature_set"], {}).setdefault(row["file"], {})[
                row["feature"]
            ] = row["value"]
    return values


DISPLAYED = displayed()


def pytest_generate_tests(metafunc):
    if "reference" in metafunc.fixturenames:
        metafunc.parametrize("reference", sorted(DISPLAYED["prosodic"]))


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """As in a worker process; several threads on a busy machine wait for each other."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def clip(speech, reference) -> np.ndarray:
    """Samples of one of the eight clips that have displayed values."""
    path = speech / "coraa-ser" / "data_train" / Path(reference).with_suffix(".flac")
    if not path.is_file():
        pytest.skip(f"needs CORAA SER: no file {path}")
    return audio.read(path)


@pytest.fixture
def disagreement(reference) -> Callable[[str, dict[str, float]], dict[str, tuple[float, str]]]:
    """Features whose value is further from the displayed one than 1e-4 of it, its last digit aside: value and text."""

    def compare(name: str, values: dict[str, float]) -> dict[str, tuple[float, str]]:
        far = {}
        for feature, text in DISPLAYED[name][reference].items():
            last_digit = 10.0 ** Decimal(text).as_tuple().exponent / 2 if "e" in text else 5e-7
            if abs(values[feature] - float(text)) > 1e-4 * abs(float(text)) + last_digit:
                far[feature] = (values[feature], text)
        return far

    return compare


@pytest.fixture(scope="session")
def vowel() -> np.ndarray:
    """One second of an open vowel at 120 Hz."""
    return open_vowel()
