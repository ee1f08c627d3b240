"""The demo corpora are what they claim to be, come out the same each time, and are made whole or not at all."""

import ctypes
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import parselmouth
import pytest
import soundfile

from sercore import audio, process, store
from sercore.corpora import COLUMNS, CorpusError
from sercore.corpora.demo import synthetic
from sercore.corpora.demo.scripts import EMOTIONS, script
from sercore.corpora.demo.voices import speak
from sercore.corpora.labels import three_classes

ACTED = ("demo-studio", "demo-labor", "demo-scena")
LANGUAGES = dict(zip(synthetic.NAMES, ("pt-BR", "en-GB", "de-DE", "it-IT", "pt-BR"), strict=True))
SECONDS = {"demo-conversa": (1.2, 3.05), "demo-gender": (1.2, 3.05)} | dict.fromkeys(
    ACTED, (1.0, 2.5)
)


@pytest.fixture(scope="session", params=synthetic.NAMES)
def corpus(request):
    return synthetic.load(request.param)


@pytest.fixture
def few(monkeypatch, tmp_path):
    """A corpus of three clips, in a store of its own."""
    monkeypatch.setenv("SER_STORE", str(tmp_path))
    monkeypatch.setattr(synthetic, "script", lambda name, seed: script(name, seed=seed)[:3])
    return tmp_path


def spoken(clips):
    answers = process.isolated_each(
        speak, [(clip.utterance,) for clip in clips], seconds=60, title="speech"
    )
    return {clip.file: answer.tobytes() for clip, answer in zip(clips, answers, strict=True)}


def spoken_behind(seed, utterance):
    """Speak where somebody else has drawn from C's random numbers before."""
    ctypes.CDLL(None).srand(seed)
    return speak(utterance)


@pytest.mark.parametrize("base", ["Female5", "Female2", "Annie", "Male6"])
def test_speech_does_not_depend_on_what_the_caller_drew(base):
    utterance = script("demo-scena", seed=0)[0].utterance
    utterance = replace(utterance, voice=replace(utterance.voice, base=base))
    calls = [(seed, utterance) for seed in (1, 2, 777)]
    first, *others = process.isolated_each(spoken_behind, calls, seconds=60, title="speech")
    assert all(np.array_equal(first, other) for other in others)


def test_a_corpus_is_one_tidy_table(corpus):
    table = corpus.table
    assert corpus.problems == []
    assert list(table.columns) == [*COLUMNS, "voice"]
    assert not table.isna().any(axis=None)
    assert set(table["corpus"]) == {corpus.name}
    assert set(table["language"]) == {LANGUAGES[corpus.name]}
    assert set(table["emotion"]) == ({"neutral"} if corpus.name == "demo-gender" else set(EMOTIONS))
    assert set(table["gender"]) == {"female", "male"}
    assert (table.groupby("voice")["gender"].nunique() == 1).all()
    assert table["seconds"].between(*SECONDS[corpus.name]).all()


def test_every_clip_can_be_heard_and_none_is_clipped(corpus):
    for path in corpus.table["path"]:
        header = soundfile.info(path)
        assert (header.samplerate, header.channels, header.subtype) == (16000, 1, "PCM_16")
        samples = audio.read(path)
        assert np.abs(samples).max() < 0.96
        assert 10 * np.log10(np.mean(samples**2)) > -45
        voiced = np.abs(samples) > 0.1 * np.abs(samples).max()
        assert voiced.mean() > 0.05


def test_women_speak_above_men(corpus):
    neutral = corpus.table[corpus.table["emotion"] == "neutral"]
    heights = {
        gender: [pitch(path) for path in rows["path"][::3]]
        for gender, rows in neutral.groupby("gender")
    }
    assert 160 < np.median(heights["female"]) < 250
    assert 90 < np.median(heights["male"]) < 150
    assert np.quantile(heights["female"], 0.1) > np.quantile(heights["male"], 0.9)


def pitch(path):
    found = (
        parselmouth.Sound(str(path))
        .to_pitch(pitch_floor=60, pitch_ceiling=500)
        .selected_array["frequency"]
    )
    return np.median(found[found > 0])


@pytest.mark.parametrize("name", ACTED)
def test_an_acted_corpus_is_a_full_grid(name):
    table = synthetic.load(name).table
    assert len(table) == 140
    assert Counter(table.drop_duplicates("speaker")["gender"]) == {"female": 2, "male": 2}
    assert (table.groupby(["speaker", "emotion", "text"]).size() == 1).all()
    assert table["text"].nunique() == 5


@pytest.mark.parametrize("name", ACTED)
def test_emotions_move_pitch_and_level_as_the_literature_says(name):
    table = synthetic.load(name).table
    table = table.assign(
        pitch=table["path"].map(pitch),
        level=table["path"].map(lambda path: np.log10(np.mean(audio.read(path) ** 2))),
    )
    mean = table.groupby("emotion")[["pitch", "level", "seconds"]].mean()
    assert mean["pitch"]["happy"] > 1.1 * mean["pitch"]["neutral"] > 1.1 * mean["pitch"]["sad"]
    assert mean["level"]["angry"] > mean["level"]["neutral"] > mean["level"]["sad"]
    assert mean["seconds"]["fearful"] < mean["seconds"]["sad"]


def test_conversa_has_the_classes_of_coraa_ser():
    table = synthetic.load("demo-conversa").table
    classes = three_classes(table)
    assert Counter(classes) == {"neutral": 80, "non-neutral-female": 24, "non-neutral-male": 16}
    assert table["speaker"].nunique() == 30
    assert (table.groupby(classes)["speaker"].nunique() >= 10).all()
    assert set(table.groupby("speaker")["voice"].nunique()) == {1, 2}
    assert Counter(table.drop_duplicates("voice")["gender"]) == {"female": 6, "male": 6}


def test_no_speaker_of_gender_is_heard_in_conversa():
    scripts = {name: script(name) for name in ("demo-conversa", "demo-gender")}
    bases = {name: {clip.utterance.voice.base for clip in clips} for name, clips in scripts.items()}
    names = {name: {clip.utterance.voice.name for clip in clips} for name, clips in scripts.items()}
    assert bases["demo-conversa"].isdisjoint(bases["demo-gender"])
    assert names["demo-conversa"].isdisjoint(names["demo-gender"])
    table = synthetic.load("demo-gender").table
    assert Counter(table.drop_duplicates("speaker")["gender"]) == {"female": 5, "male": 5}
    assert (table.groupby("speaker").size() == 16).all()


def test_corpora_differ_in_band():
    def treble(name):
        clips = [audio.read(path) for path in synthetic.load(name).table["path"][::10]]
        spectrum = sum(np.abs(np.fft.rfft(samples, 65536)) ** 2 for samples in clips)
        return 10 * np.log10(spectrum[26000:].sum() / spectrum[:8000].sum())

    assert treble("demo-labor") < treble("demo-studio") - 10


def test_the_same_seed_gives_the_same_bytes_in_any_order():
    clips = script("demo-conversa")[:3] + script("demo-labor")[70:72] + script("demo-gender")[-1:]
    assert spoken(clips) == spoken(clips[::-1])


def test_another_seed_gives_other_bytes():
    one, other = (spoken(script("demo-scena", seed=seed)[:2]) for seed in (0, 1))
    assert set(one) == set(other)
    assert all(one[name] != other[name] for name in one)


def test_what_is_made_is_found_again(few, monkeypatch):
    folder = synthetic.make("demo-scena")
    assert len(synthetic.read(folder).table) == 3
    monkeypatch.setattr(process, "isolated_each", None)
    assert synthetic.make("demo-scena") == folder


def test_damaged_missing_and_added_clips_are_told(few):
    folder = synthetic.make("demo-scena")
    damaged, missing, _ = clips = sorted(folder.glob("*.wav"))
    payload = bytearray(damaged.read_bytes())
    payload[-1] ^= 1
    damaged.write_bytes(payload)
    missing.unlink()
    added = folder / "added.wav"
    added.write_bytes(clips[2].read_bytes())
    corpus = synthetic.read(folder)
    assert list(corpus.table["path"]) == clips[2:]
    told = [f"{missing}: missing", f"{damaged}: damaged", f"{added}: left out"]
    assert corpus.report.counts == {"missing": 1, "damaged": 1, "misnamed": 1}
    assert [
        problem.startswith(start) for problem, start in zip(corpus.problems, told, strict=True)
    ] == [True] * 3


def test_a_damaged_table_is_refused(few):
    folder = synthetic.make("demo-scena")
    table = folder / "clips.csv"
    table.write_text(table.read_text().replace("neutral", "happy"))
    with pytest.raises(CorpusError, match="not the table that was written"):
        synthetic.read(folder)
    table.unlink()
    with pytest.raises(CorpusError, match="no such table"):
        synthetic.read(folder)


@pytest.mark.parametrize("failure", [KeyboardInterrupt, process.CallError])
def test_an_interrupted_making_leaves_nothing(few, monkeypatch, failure):
    def stop(*_, **__):
        if failure is KeyboardInterrupt:
            raise KeyboardInterrupt
        return [
            np.zeros(1600, np.int16),
            np.zeros(1600, np.int16),
            process.CallError("speak: no result"),
        ]

    monkeypatch.setattr(process, "isolated_each", stop)
    with pytest.raises(failure):
        synthetic.make("demo-scena")
    assert not [path for path in few.rglob("*") if path.is_file()]
    assert not list(few.rglob("*demo-scena*"))


def test_the_first_to_finish_wins(few, monkeypatch):
    each = process.isolated_each

    def overtaken(*arguments, **options):
        monkeypatch.setattr(process, "isolated_each", each)
        (synthetic.make("demo-scena") / "first").touch()
        return each(*arguments, **options)

    monkeypatch.setattr(process, "isolated_each", overtaken)
    folder = synthetic.make("demo-scena")
    assert (folder / "first").exists()
    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.parametrize(
    "damage", [lambda path: path.write_bytes(b"\xff" * 40), Path.unlink], ids=["high bit", "lost"]
)
def test_a_damaged_digest_of_the_table_is_told(few, damage):
    folder = synthetic.make("demo-scena")
    damage(folder / f"{synthetic.TABLE}.sha256")
    with pytest.raises(CorpusError, match="damaged, not the table that was written"):
        synthetic.read(folder)


def test_what_a_killed_making_leaves_is_a_leftover(few, monkeypatch):
    def killed(folder, name, clips):
        (folder / "a.wav").touch()
        monkeypatch.setattr(synthetic.shutil, "rmtree", lambda *given, **options: None)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(synthetic, "_write", killed)
        with pytest.raises(SystemExit):
            synthetic.make("demo-scena")
    (left,) = store.leftovers(older=-1)
    assert [path.name for path in left.iterdir()] == ["a.wav"]


def test_an_unknown_name_is_refused():
    with pytest.raises(
        CorpusError,
        match=r"demo-nobody: no demo corpus of that name; expected one of demo-conversa, ",
    ):
        synthetic.load("demo-nobody")
