"""Tables of paper 01's gender task: the real ones, those that are absent, and the demo's."""

import numpy as np
import pandas as pd
import pytest

from sercore import corpora
from sercore.papers.alves2022 import data
from sercore.papers.alves2022.gender import UNKNOWN, speaker_folds


def test_the_real_tables(speech, monkeypatch):
    monkeypatch.setenv("SER_CORPORA", str(speech))
    real = data.load_gender("open")
    assert real.mls.features.shape == (4908, 44)
    assert len(np.unique(real.mls.speakers)) == 10
    assert np.bincount(real.common_voice.male).tolist() == [263, 6122]
    assert set(real.common_voice.speakers) == {UNKNOWN}
    assert all(np.isfinite(each.features).all() for each in (real.mls, real.common_voice))
    assert all(
        len(set(real.mls.speakers[held])) == 2 for _, held in speaker_folds(real.mls, seed=0)
    )


def test_common_voice_may_be_absent_and_mls_may_not(speech, monkeypatch, tmp_path):
    monkeypatch.setenv("SER_CORPORA", str(tmp_path))
    (tmp_path / "gender-tables").mkdir()
    with pytest.raises(FileNotFoundError, match=r"mls-split-pt\.csv\.gz: no such table"):
        data.load_gender("open")
    (tmp_path / "gender-tables" / "mls-split-pt.csv.gz").symlink_to(
        speech / "gender-tables" / "mls-split-pt.csv.gz"
    )
    assert data.load_gender("open").common_voice is None


def test_editions_without_data_are_refused(monkeypatch):
    monkeypatch.delenv("SER_CORPORA", raising=False)
    with pytest.raises(corpora.CorpusError, match="SER_CORPORA is not set"):
        data.load_gender("open")
    with pytest.raises(corpora.CorpusError, match="cetuc: SER_CORPORA is not set"):
        data.load_gender("paper")


def test_the_papers_edition_measures_cetuc_on_its_true_scale(monkeypatch, tmp_path):
    spoken = pd.DataFrame({"path": [tmp_path / "a.wav"], "gender": ["female"], "speaker": ["F003"]})
    (tmp_path / "a.wav").write_bytes(b"a")
    monkeypatch.setattr(data.corpora, "load", lambda name: corpora.Corpus(name, spoken))
    computed = []
    monkeypatch.setattr(
        data.features, "compute", lambda name, clips: computed.append(name) or np.zeros((1, 44))
    )
    read = data.load_gender("paper")
    assert computed == ["gender"]
    assert (read.mls.male.tolist(), read.mls.speakers.tolist(), read.common_voice) == (
        [0],
        ["F003"],
        None,
    )


def test_the_demo_reads_its_speakers(monkeypatch, tmp_path):
    """Rows, sexes and speakers stand as in the demo corpus' table."""
    paths = [tmp_path / f"{at}.wav" for at in range(4)]
    for path in paths:
        path.write_bytes(path.name.encode())
    spoken = pd.DataFrame(
        {
            "path": paths,
            "gender": ["male", "female", "female", "male"],
            "speaker": ["a", "b", "c", "a"],
        }
    )
    monkeypatch.setattr(data.synthetic, "load", lambda name: corpora.Corpus(name, spoken))
    measured = {"gender-as-run": np.arange(4 * 44.0).reshape(4, 44)}
    monkeypatch.setattr(data.features, "compute", lambda name, clips: measured[name][: len(clips)])
    read = data.load_gender("demo")
    assert read.mls.male.tolist() == [1, 0, 0, 1]
    assert read.mls.speakers.tolist() == ["a", "b", "c", "a"]
    assert np.array_equal(read.mls.features, measured["gender-as-run"])
    assert read.common_voice is None
