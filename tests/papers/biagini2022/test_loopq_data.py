"""Data of paper 03: which clips, which inputs, kept how; counts and amplitudes by hand, and on the real corpora."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
import soundfile

from sercore import audio, corpora, encoders
from sercore.features.length import fit, trim
from sercore.features.mel import DECIBELS, LINEAR, mel, mfcc
from sercore.ledger.paper import read_printed
from sercore.papers.biagini2022 import data as loopq_data
from sercore.papers.biagini2022 import inputs as loopq_inputs
from sercore.papers.biagini2022.inputs import SHAPES
from tests.corpora import trees

PAPER = "03-loopq-models"


pytestmark = pytest.mark.usefixtures("empty_store")


@pytest.fixture
def clips(tmp_path):
    """Noise of 0.9, 2.1 and 6 s between half seconds of silence."""
    paths = []
    for number, seconds in enumerate((0.9, 2.1, 6.0)):
        noise = 0.2 * np.random.default_rng(number).standard_normal(int(seconds * audio.RATE))
        paths.append(tmp_path / f"{number}.wav")
        soundfile.write(
            paths[-1],
            np.concatenate([np.zeros(8000), noise, np.zeros(8000)]),
            audio.RATE,
            subtype="FLOAT",
        )
    return paths


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Every fifteenth clip of RAVDESS and of TESS, all of one noise."""
    for name, listed in (("ravdess", trees.ravdess()), ("tess", trees.tess())):
        trees.plant(tmp_path / "home" / name, listed[::15])
    monkeypatch.setenv("SER_CORPORA", str(tmp_path / "home"))
    return tmp_path / "home"


def test_the_open_edition_takes_ravdess_without_calm_and_tess(home):
    table = loopq_data.clips(loopq_data.read("open"))
    assert loopq_data.names("open") == ("ravdess", "tess")
    assert set(table["class"]) == {
        "angry",
        "disgust",
        "fear",
        "happy",
        "neutral",
        "sadness",
        "surprise",
    }
    assert "calm" not in set(table["emotion"])
    calm = sum("/03-01-02-" in name for name in trees.ravdess()[::15])
    assert len(table) == len(trees.ravdess()[::15]) - calm + len(trees.tess()[::15])
    assert table.equals(table.sort_values(["corpus", "speaker", "name"], ignore_index=True))


@pytest.mark.parametrize(("loopq_labels", "angry", "sad"), [(False, 60, 60), (True, 120, 0)])
def test_savee_joins_where_it_is_and_its_sadness_may_count_as_anger(home, loopq_labels, angry, sad):
    trees.plant(home / "savee", trees.savee())
    table = loopq_data.clips(loopq_data.read("open"), loopq_labels=loopq_labels)
    found = Counter(table["class"][table["corpus"] == "savee"])
    assert (found["angry"], found["sadness"], found["neutral"], found.total()) == (
        angry,
        sad,
        120,
        480,
    )
    listed = loopq_data.contents("open", loopq_labels=loopq_labels)
    assert [each[2] for each in listed] == table["class"].tolist()


def test_a_corpus_that_is_needed_is_missed(home):
    (home / "tess").rename(home / "other")
    with pytest.raises(corpora.CorpusError, match=r"home/tess: no such folder"):
        loopq_data.clips(loopq_data.read("open"))
    with pytest.raises(corpora.CorpusError, match=r"crema-d: no such folder"):
        loopq_data.read("paper")


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("mel", lambda kept: mel(fit(kept, length=80_000), settings=DECIBELS)),
        ("mel, linear", lambda kept: mel(fit(kept, length=80_000), settings=LINEAR)),
        ("mfcc", lambda kept: mfcc(fit(kept, length=80_000))),
        ("mfcc, free length", mfcc),
    ],
)
def test_inputs_are_the_sheets_recipe(clips, kind, made):
    """Both ends trimmed, then 5 s, or as long as it is."""
    rows = loopq_inputs.spectrograms(kind, clips, shape=SHAPES["published"])
    for row, clip in zip(rows, clips, strict=True):
        kept = trim(audio.read(clip))
        assert len(audio.read(clip)) - len(kept) > 8000
        assert row.dtype == np.float32
        np.testing.assert_allclose(
            row, made(kept), rtol=1e-5, atol=1e-4
        )  # as many threads, as many roundings
    lengths = [len(row) for row in rows]
    assert (
        lengths == [313] * 3
        if kind != "mfcc, free length"
        else lengths[0] < lengths[1] < 313 < lengths[2]
    )


def test_without_floor_the_cepstrum_goes_on_under_80_db(clips):
    plain, deep = (
        loopq_inputs.spectrograms(kind, clips[:1], shape=SHAPES["published"])[0]
        for kind in ("mfcc", "mfcc, no floor")
    )
    assert np.array_equal(plain[10:40], deep[10:40])  # in the noise
    assert deep[-1, 0] == pytest.approx(-100 * np.sqrt(128))  # silence: -100 dB in each band
    assert plain[-1, 0] > deep[-1, 0] + 100


def test_a_stretched_clip_has_a_tempo_of_its_own_drawn_from_its_content(clips, monkeypatch):
    factors = []
    plain = loopq_inputs.stretched
    monkeypatch.setattr(
        loopq_inputs,
        "stretched",
        lambda samples, *, factor: factors.append(factor) or plain(samples, factor=factor),
    )
    rows = loopq_inputs.spectrograms(
        "mfcc, stretched", clips[:2], shape=SHAPES["published"], jobs=1
    )
    assert [row.shape for row in rows] == [(313, 40)] * 2
    assert len(set(factors)) == 2
    assert all(0.9 <= factor <= 1.1 for factor in factors)
    monkeypatch.setattr(
        loopq_inputs.store, "kept", lambda *given: None
    )  # forgotten, and measured again
    again = loopq_inputs.spectrograms(
        "mfcc, stretched", clips[1::-1], shape=SHAPES["published"], jobs=1
    )
    assert all(np.array_equal(one, other) for one, other in zip(rows, again[::-1], strict=True))


def test_inputs_are_kept(clips, monkeypatch):
    first = loopq_inputs.spectrograms("mel", clips, shape=SHAPES["small"])
    assert first[0].shape == (65, 40)
    monkeypatch.setattr(loopq_inputs, "trim", lambda samples: pytest.fail("measured again"))
    again = loopq_inputs.spectrograms("mel", clips[::-1], shape=SHAPES["small"])
    assert all(np.array_equal(one, other) for one, other in zip(first, again[::-1], strict=True))


@pytest.mark.parametrize(
    ("samples", "kind", "told"),
    [
        (300, "mfcc, free length", r"short\.wav: 300 samples; an FFT"),
        (300, "no such", "no such: no such input"),
        (0, "mel", "no sample"),
    ],
)
def test_a_clip_or_kind_that_cannot_be_used_is_told(tmp_path, samples, kind, told):
    soundfile.write(tmp_path / "short.wav", 0.1 * np.ones(samples), audio.RATE)
    with pytest.raises(ValueError, match=told):
        loopq_inputs.spectrograms(kind, [tmp_path / "short.wav"], shape=SHAPES["published"])


def test_levels_are_read_before_and_lengths_after_trimming(clips):
    found = loopq_inputs.levels(clips)
    for row, clip in zip(found, clips, strict=True):
        samples = audio.read(clip).astype(float)
        assert row.tolist() == [
            samples.max(),
            samples.min(),
            samples.mean(),
            len(samples),
            len(trim(audio.read(clip))),
        ]


def test_encoder_frames_of_a_clip_alone_and_of_one_filled_to_its_length(clips):
    encoder = encoders.load("random")
    alone = loopq_inputs.encoder_frames(
        "frames", encoder, clips, shape=SHAPES["published"], device="cpu"
    )
    filled = loopq_inputs.encoder_frames(
        "frames, filled", encoder, clips, shape=SHAPES["published"], device="cpu"
    )
    assert [row.shape for row in filled] == [(249, 32)] * 3
    for row, clip in zip(alone, clips, strict=True):
        np.testing.assert_array_equal(row, encoder.frames([trim(audio.read(clip))[:72_000]])[0])
    assert len(alone[0]) < len(alone[1]) < len(alone[2]) == 224


def test_loaded_data_hold_what_is_asked_for_and_the_frames_that_are_a_clips_own(clips, monkeypatch):
    table = pd.DataFrame(
        {
            "path": clips,
            "corpus": "toy",
            "speaker": ["a", "b", "c"],
            "gender": "female",
            "emotion": "happy",
        }
    )
    monkeypatch.setattr(
        loopq_data, "read", lambda edition, *, elsewhere: [corpora.Corpus("toy", table)]
    )
    data = loopq_data.load(
        "open", ["mfcc", "mfcc, free length", "frames"], encoder="random", device="cpu"
    )
    assert (set(data.inputs), data.encoder) == ({"mfcc", "mfcc, free length", "frames"}, "random")
    assert data.inputs["mfcc"].sizes.tolist() == [313] * 3
    free = data.inputs["mfcc, free length"].sizes
    assert data.inputs["mfcc"].valid.tolist() == np.minimum(free, 313).tolist()
    assert data.inputs["frames"].free
    assert data.labels.tolist() == [3, 3, 3]
    assert loopq_data.load("open", ["mel"], size="small").encoder == "none"


def test_measures_stand_under_the_printed_numbers_names():
    rows = [
        ("ravdess", "angry", 0.5, -0.4, 2.0),
        ("ravdess", "happy", 0.3, -0.2, 3.0),
        ("tess", "angry", 0.1, -0.3, 1.0),
    ] * 5
    table = pd.DataFrame(rows, columns=["corpus", "class", "maximum", "minimum", "seconds"]).assign(
        mean=0.25
    )
    found = loopq_data.measure(table)
    assert (
        found["angry / RAVDESS / records"]
        == found["happy / RAVDESS / records"]
        == found["angry / TESS / records"]
        == 5
    )
    assert (
        found["angry / total / records"],
        found["total / RAVDESS / records"],
        found["total / total / records"],
    ) == (10, 10, 15)
    assert found["happy / TESS / records"] == 0
    assert found["Max / RAVDESS / mean_of_clip_max_amplitude"] == pytest.approx(0.4)
    assert found["Min / angry / mean_of_clip_min_amplitude"] == pytest.approx(-0.35)
    assert found["amplitude / all / mean_intensity"] == 0.25
    assert found["duration / all / mean"] == pytest.approx(2)
    assert found["labelled data / training split / records"] == int(0.8 * 10) + int(0.8 * 5)
    printed = {
        f"{number.row} / {number.column} / {number.metric}" for number in read_printed(PAPER)
    }
    assert {
        name for name in found if not name.startswith("duration / ") or " / all / " in name
    } - printed == {"duration / all / p99"}


def test_the_reports_amplitudes_and_durations_of_ravdess_and_tess(speech, monkeypatch):
    """Stored outputs of the author's notebook, of 83 to 85 % of the clips; counts are those of the whole corpora."""
    monkeypatch.setenv("SER_CORPORA", str(speech))
    table = loopq_data.clips(loopq_data.read("open"))
    levels = loopq_inputs.levels(list(table["path"]))
    found = loopq_data.measure(
        table.assign(**dict(zip(loopq_inputs.LEVELS, levels.T, strict=True)))
    )
    assert found["total / RAVDESS / records"] == 1248
    assert found["total / TESS / records"] == 2800
    for origin, high, low in (("RAVDESS", 0.1920, -0.1773), ("TESS", 0.2101, -0.2318)):
        assert found[f"Max / {origin} / mean_of_clip_max_amplitude"] == pytest.approx(
            high, abs=0.01
        )
        assert found[f"Min / {origin} / mean_of_clip_min_amplitude"] == pytest.approx(low, abs=0.01)
    for origin, mean, shortest, longest in (
        ("RAVDESS", 3.685, 2.970, 5.272),
        ("TESS", 2.055, 1.254, 2.985),
    ):
        assert found[f"duration / {origin} / mean"] == pytest.approx(mean, abs=0.02)
        assert found[f"duration / {origin} / min"] == pytest.approx(shortest, abs=0.02)
        assert found[f"duration / {origin} / max"] == pytest.approx(longest, abs=0.02)
    assert found["duration / all / min"] == pytest.approx(1.254, abs=0.02)


def test_sampling_rates_are_the_files_own(tmp_path):
    for name, rate in (("a", 48_000), ("b", 24_414), ("c", 16_000)):
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(100), rate)
    table = pd.DataFrame(
        {
            "corpus": ["ravdess", "tess", "tess"],
            "path": [tmp_path / f"{name}.wav" for name in "abc"],
        }
    )
    assert loopq_data.sampling_rates(table) == {
        "sampling rate / RAVDESS / Hz": 48_000,
        "sampling rate / TESS / Hz": 16_000,
    }
