"""Every good and bad file of ``audio_cases``, by tables, properties, and a decoder of our own."""

import os
import re
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays

from sercore import audio
from sercore.corpora.table import build
from sercore.features import prosodic
from tests.audio_cases import ERRORS, READ, said
from tests.audio_files import NOISE, NOTES, aiff, encoded, file, open_folder, pcm, tone, wav
from tests.audio_page import PAGE, page

ORIGINALS = {
    "emovo/f1/dis-f1-b1.wav": ("RIFF", 48_000, 2),
    "emovo/f1/rab-f1-b1.wav": ("RIFF", 48_000, 1),
    "ravdess/Actor_01/03-01-01-01-01-01-01.wav": ("RIFF", 48_000, 1),
    "ravdess/Actor_01/03-01-02-01-01-02-01.wav": ("RIFF", 48_000, 2),
    "tess/OAF_food_fear.wav": ("RIFF", 96_000, 1),
    "tess/YAF_gaze_ps.wav": ("RIFF", 24_414, 1),
    "tess/YAF_germ_angry.wav": ("FORM", 24_414, 1),
    "tess/YAF_neat_fear.wav": ("FORM", 24_414, 1),
}


@pytest.fixture
def folder():
    with open_folder() as name:
        yield Path(name)


def heard(case, path, call) -> str:
    try:
        return said(case, path, call)
    except OSError as error:
        pytest.skip(f"needs a user without rights: {error}")


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: case.name)
def test_error(case, folder):
    path = case.make(folder)
    message = heard(case, path, audio.read)
    assert re.fullmatch(
        rf"{re.escape(str(path))}: {case.error}.*; expected [^.]+\. [A-Z].+\.", message
    )
    assert heard(case, path, audio.seconds) == (message if case.by_header else "")


@pytest.mark.parametrize("case", READ, ids=lambda case: case.name)
def test_conversion(case, folder):
    path = case.make(folder)
    samples = audio.read(path)
    assert samples.dtype == np.float32
    assert samples.shape == case.expected.shape
    inside = slice(case.margin, len(samples) - case.margin)
    np.testing.assert_allclose(
        samples[inside], case.expected.astype(np.float32)[inside], rtol=0, atol=case.tolerance
    )
    assert audio.seconds(path) == pytest.approx(len(samples) / audio.RATE, abs=1 / audio.RATE)


def test_the_page_tells_what_happens(monkeypatch, tmp_path):
    monkeypatch.setenv("SER_STORE", str(tmp_path))
    try:
        written = page()
    except OSError as error:
        pytest.skip(f"needs a user without rights: {error}")
    assert PAGE.read_text(encoding="utf-8") == written, "run python -m tests.audio_page"


def test_the_page_is_the_same_everywhere():
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"| {case.name} |" in text for case in (*ERRORS, *READ))
    assert not re.search(r"/tmp|/root|/home|libsndfile-", text)


@pytest.mark.parametrize("call", [audio.check, audio.seconds, audio.read])
@pytest.mark.parametrize("name", ["no file", "a folder", "a pipe", "0 bytes"])
def test_check_alone_sees_what_is_no_file(name, call, folder):
    case = next(case for case in ERRORS if case.name == name)
    with pytest.raises(audio.AudioError, match=case.error):
        call(case.make(folder))


@pytest.mark.parametrize("path", ["no\0name.wav", "clip.wav/inside.wav", "a" * 300 + ".wav"])
def test_an_impossible_path_is_an_error(path, folder):
    file(wav(pcm(NOISE)))(folder)
    with pytest.raises(
        audio.AudioError, match=r"(no such file|cannot be opened \(.+\)); expected .+\. C"
    ):
        audio.read(str(folder / path))


def test_a_corpus_lists_a_cut_clip(folder):
    whole = file(wav(pcm(NOISE)), "whole.wav")(folder)
    cut = file(wav(pcm(NOISE))[:-2], "cut.wav")(folder)
    corpus = build("planted", [{"path": str(whole)}, {"path": str(cut)}], [])
    assert corpus.table["path"].tolist() == [str(whole)]
    assert corpus.table["seconds"].tolist() == [0.5]
    assert corpus.problems == [
        f"{cut}: cut short, 15998 of the 16000 bytes of samples that its header says; expected the whole file."
        " Copy, download or export it again."
    ]


@given(samples=arrays.arrays(np.int16, some.tuples(some.integers(1, 50), some.integers(1, 4))))
def test_sixteen_bits_are_the_mean_over_32768(samples):
    with open_folder() as name:
        path = file(wav(pcm(samples), channels=samples.shape[1]))(Path(name))
        assert np.array_equal(
            audio.read(path), (samples.astype(np.float64) / 32768).mean(axis=1).astype(np.float32)
        )


@pytest.mark.parametrize(
    "make",
    [
        file(wav(pcm(NOISE))),
        file(wav(pcm(NOISE), before=NOTES)),
        file(aiff(pcm(NOISE, ">i2"))),
        encoded("FLAC"),
        encoded("MP3"),
    ],
    ids=["wav", "wav with notes", "aiff", "flac", "mp3"],
)
@given(data=some.data())
def test_no_cut_goes_unseen(make, data):
    with open_folder() as name:
        path = make(Path(name))
        content = path.read_bytes()
        path.write_bytes(content[: data.draw(some.integers(0, len(content) - 1))])
        for call in (audio.seconds, audio.read):
            with pytest.raises(audio.AudioError):
                call(path)


@given(data=some.data())
def test_no_damage_in_a_flac_goes_unseen(data):
    with open_folder() as name:
        path = encoded("FLAC")(Path(name))
        content = bytearray(path.read_bytes())
        frames = content.index(
            b"\xff\xf8"
        )  # before them stand the header and notes, which carry no checksum
        content[data.draw(some.integers(frames, len(content) - 1))] ^= 1 << data.draw(
            some.integers(0, 7)
        )
        path.write_bytes(content)
        with pytest.raises(audio.AudioError):
            audio.read(path)


@pytest.mark.parametrize("format", ["WAV", "FLAC", "AIFF", "MP3", "OGG"])
def test_the_look_at_the_end_changes_no_bit(format, folder):
    path = encoded(format)(folder)
    whole, _ = soundfile.read(path)
    assert np.array_equal(audio.read(path), whole.astype(np.float32))


@pytest.mark.parametrize("frequency", [50.0, 440.0, 1234.5, 7000.0])
@pytest.mark.parametrize("rate", [22_050, 48_000])
def test_a_resampled_tone_keeps_frequency_and_amplitude(rate, frequency, folder):
    path = file(wav(pcm(np.round(tone(rate, frequency) * 32768)), rate=rate))(folder)
    samples = audio.read(path)[800:-800].astype(np.float64)
    time = np.arange(800, 15_200) / audio.RATE
    basis = np.column_stack(
        [np.sin(2 * np.pi * frequency * time), np.cos(2 * np.pi * frequency * time)]
    )
    (sine, cosine), (rest, *_), *_ = np.linalg.lstsq(basis, samples, rcond=None)
    assert np.hypot(sine, cosine) == pytest.approx(0.5, rel=1e-3)  # 0.009 dB
    assert abs(cosine) < 1e-4  # no delay
    assert np.sqrt(rest / len(samples)) < 5e-5  # nothing at another frequency


@pytest.mark.parametrize(("rate", "samples"), [(8_000, 4_000), (16_000, 8_000), (48_000, 24_000)])
def test_another_rate_can_be_asked_for(rate, samples, folder):
    assert audio.read(file(wav(pcm(NOISE)))(folder), rate=rate).shape == (samples,)


def test_what_praat_leaves_undefined_is_zero():
    """Of silence, which no command measures: a corpus leaves it out, and ``features.compute`` refuses it."""
    values = prosodic.measures(np.zeros(audio.RATE))[list(prosodic.CORRECTED)]
    undefined = {
        "mean_pitch",
        "stddev_pitch",
        "local_jitter",
        "local_shimmer",
        "voiced_fraction",
        "mean_hnr",
        "f1_mean",
    }
    assert {
        name for name, value in zip(prosodic.NAMES, values, strict=True) if value == 0
    } >= undefined


def decoded(path: Path) -> tuple[str, int, np.ndarray]:
    """Container, rate and 16-bit samples ``(samples, channels)`` of a WAV or AIFF file, chunk by chunk."""
    content = path.read_bytes()
    kind = content[:4].decode()
    order = "<" if kind == "RIFF" else ">"
    chunks, place = {}, 12
    while place + 8 <= len(content):
        name, size = struct.unpack_from(f"{order}4sI", content, place)
        chunks[name] = content[place + 8 : place + 8 + size]
        place += 8 + size + size % 2
    if kind == "RIFF":
        _, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", chunks[b"fmt "])
        payload = chunks[b"data"]
    else:
        channels, frames, bits, power, mantissa = struct.unpack_from(">hIhHQ", chunks[b"COMM"])
        rate = mantissa >> (63 - (power - 16383))
        payload = chunks[b"SSND"][8 : 8 + frames * channels * 2]
    assert bits == 16
    return kind, rate, np.frombuffer(payload, dtype=f"{order}i2").reshape(-1, channels)


@pytest.mark.parametrize("name", ORIGINALS)
def test_an_original_is_what_another_decoder_reads(speech, name):
    path = speech / "originals" / name
    if not path.is_file():
        pytest.skip(f"needs the unconverted clips: no file {path}")
    kind, rate, samples = decoded(path)
    assert (kind, rate, samples.shape[1]) == ORIGINALS[name]
    expected = soxr.resample(
        (samples / 32768).mean(axis=1), rate, audio.RATE, quality="VHQ"
    ).astype(np.float32)
    assert np.array_equal(audio.read(path), expected)
    assert audio.seconds(path) == len(samples) / rate


@pytest.mark.parametrize("name", ORIGINALS)
def test_an_original_is_its_converted_copy_within_rounding(speech, name):
    corpus = name.split("/")[0]
    copies = list((speech / corpus).rglob(f"{Path(name).stem}.flac"))
    if not copies or not (speech / "originals" / name).is_file():
        pytest.skip(f"needs both forms of the clip: {name}")
    (copy,) = copies
    ours, theirs = audio.read(speech / "originals" / name), audio.read(copy)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 1 / 65536 + 1e-7  # half a step of 16 bits


def test_every_original_has_a_line(speech):
    folder = speech / "originals"
    if not folder.is_dir():
        pytest.skip(f"needs the unconverted clips: no folder {folder}")
    assert {
        str(path.relative_to(folder)).replace(os.sep, "/") for path in folder.rglob("*.wav")
    } == set(ORIGINALS)
