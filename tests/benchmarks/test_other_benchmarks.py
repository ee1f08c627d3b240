"""What the benchmarks of features, sweeps and the store compare, each on a few clips or trials."""

import os

import numpy as np
import pytest

from benchmarks import features, keeping, sweeping
from sercore import store
from sercore.features import prosodic
from sercore.papers.parry2022.data import FILTERBANKS

pytestmark = pytest.mark.usefixtures("empty_store")


def test_praats_own_matrix_gives_the_same_features():
    samples = np.random.default_rng(0).normal(0, 0.1, 4000)
    before = prosodic.gne
    own, peer = prosodic.prosodic(samples), features.with_praats_gne(samples)
    assert prosodic.gne is before
    assert not np.array_equal(own, peer)  # it is another program
    assert np.allclose(own, peer, rtol=features.AGREED)


def test_half_of_the_clips_are_of_either_corpus(speech, monkeypatch):
    monkeypatch.setenv("SER_CORPORA", str(speech))
    found = features.clips(20)
    assert len(set(found)) == 20
    assert sum("coraa-ser" in str(path) for path in found) == 10


@pytest.mark.parametrize("where", [sweeping.processes, sweeping.cluster])
def test_a_sweep_and_plain_joblib_run_as_many_trials(where, monkeypatch):
    monkeypatch.setattr(store, "_code", store._code)
    sweeping.take_code()
    assert sweeping.measured(where, 1, 4, 2).shape == (2, 2)
    assert len(list(store.root().rglob("trials/*/*.json"))) == 3 * 4
    assert "LOKY_MAX_CPU_COUNT" not in os.environ


def test_no_two_planted_clips_are_equal_and_their_frames_are_those_of_chapter_2(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(keeping, "SAMPLES", 2000)
    keeping.plant(tmp_path / "clips", 90)
    paths = sorted((tmp_path / "clips").iterdir())
    assert len({store.content(path) for path in paths}) == 90
    values, _ = keeping.found([str(path) for path in paths])
    assert np.array_equal(values, np.concatenate(FILTERBANKS.rows(paths, jobs=1)))
    assert keeping.read(values, chunk=7) == pytest.approx(float(values.sum(dtype=np.float64)))
    seconds, taken = keeping.watched(lambda: np.ones(40 * 2**17).sum())
    assert seconds > 0
    assert taken >= 0
