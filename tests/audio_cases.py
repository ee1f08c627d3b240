"""Files that a corpus may hold, and what the reader does with each; ``test_audio.py`` runs them.

``audio_page.py`` writes them into the book. What a good file becomes is stated here, never taken from the reader.
"""

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sercore import audio
from tests.audio_files import (
    FLOAT,
    NOISE,
    NOTES,
    aiff,
    at,
    damaged,
    encoded,
    file,
    in_wav,
    no_rights,
    no_rights_to_the_folder,
    pcm,
    says_samples,
    tone,
    wav,
)

NOBODY = 65534  # the user without rights


@dataclass(frozen=True)
class Case:
    """One file and its outcome.

    Args:
        name: what the file is.
        make: puts it into a folder and returns its path.
        error: pattern of what the error says was found; empty for a file that is read.
        becomes: conversion that the page states, for a file that is read.
        expected: its samples at 16 kHz.
        tolerance: greatest difference from these (default 0: equal).
        margin: samples at both ends that are not compared, where a filter starts and stops (default 0).
        by_header: whether the error is found without decoding, so that a corpus lists the file as a problem (default True).
        without_rights: whether the file must be read by a user who is not root (default False).
        measured: whether the page tells what the features say of it (default False).
    """

    name: str
    make: Callable[[Path], Path]
    error: str = ""
    becomes: str = ""
    expected: np.ndarray | None = None
    tolerance: float = 0.0
    margin: int = 0
    by_header: bool = True
    without_rights: bool = False
    measured: bool = False


def resampled(rate: int) -> Case:
    """A sinusoid at another rate: at 16 kHz it is the same sinusoid, sampled there."""
    content = wav(pcm(np.round(tone(rate) * 32768)), rate=rate)
    text = "resampled to 16 kHz, frequency and amplitude kept"
    return Case(
        f"{rate:,} Hz",
        file(content),
        becomes=text,
        expected=tone(16_000),
        tolerance=5e-5,
        margin=400,
    )


BYTES = np.arange(256, dtype=np.uint8)
WIDE = np.random.default_rng(1).integers(-(2**23), 2**23, 4000)
LOUD = np.array([0.0, 1.5, -2.0, 2.0**-30] * 500, dtype=np.float32)
PAIR = NOISE.reshape(-1, 2)
FIVE = NOISE.reshape(-1, 5)
CLIPPED = np.clip(np.round(4 * tone(16_000, 220.0) * 32768), -32768, 32767)
PIECE = wav(pcm(NOISE))
SAME = NOISE / 32768  # what 16-bit samples are

ERRORS = [
    Case("no file", lambda folder: folder / "clip.wav", "no such file"),
    Case(
        "a link to no file",
        lambda folder: at(folder, make=lambda path: path.symlink_to("gone.wav")),
        "no such file",
    ),
    Case("a folder", lambda folder: at(folder, make=Path.mkdir), "a folder"),
    Case("a pipe", lambda folder: at(folder, make=os.mkfifo), "a pipe or a device"),
    Case(
        "no right to the file",
        no_rights,
        r"cannot be opened \(Permission denied\)",
        without_rights=True,
    ),
    Case(
        "no right to its folder",
        no_rights_to_the_folder,
        r"cannot be opened \(Permission denied\)",
        without_rights=True,
    ),
    Case("0 bytes", file(b""), "an empty file, 0 bytes"),
    Case(
        "text named .wav",
        file(b"clip,emotion\n1,happy\n"),
        r"not readable as audio \(Format not recognised\)",
    ),
    Case(
        "text named .raw",
        file(b"clip,emotion\n1,happy\n", "clip.raw"),
        r"not readable as audio \(Format not recognised\)",
    ),
    Case(
        "M4A",
        file(struct.pack(">I4s4sI4s", 20, b"ftyp", b"M4A ", 0, b"mp42") + bytes(500), "clip.m4a"),
        "not readable as audio",
    ),
    Case("WAV cut inside its header", file(PIECE[:30]), "not readable as audio"),
    Case("WAV, header only", file(wav(b"")), r"no sample in 0\.0 s of audio"),
    Case(
        "WAV of a recorder that never wrote the size",
        file(wav(pcm(NOISE), size=0)),
        r"no sample in 0\.0 s of audio",
    ),
    Case(
        "WAV cut in the middle", file(PIECE[:8044]), "cut short, 8000 of the 16000 bytes of samples"
    ),
    Case(
        "WAV that says twice its samples",
        file(wav(pcm(NOISE), size=32000)),
        "cut short, 16000 of the 32000 bytes of samples",
    ),
    Case(
        "AIFF cut in the middle",
        file(aiff(pcm(NOISE, ">i2"))[:8054]),
        "cut short, 8008 of the 16008 bytes of samples",
    ),
    Case(
        "FLAC cut in the middle",
        encoded("FLAC", keep=0.5),
        "cut short, the last of the 8000 samples",
    ),
    Case(
        "FLAC that says one sample more",
        encoded("FLAC", change=says_samples(8001)),
        "cut short, the last of the 8001 samples",
    ),
    Case(
        "FLAC written to a pipe",
        encoded("FLAC", change=says_samples(0)),
        "a FLAC file that does not say how many samples",
    ),
    Case(
        "FLAC damaged in the middle",
        encoded("FLAC", samples=np.tile(NOISE, 3), change=damaged),
        "not readable as audio",
        by_header=False,
    ),
    Case(
        "MP3 cut in the middle",
        encoded("MP3", name="clip.mp3", keep=0.5),
        "cut short, the last of the 8000 samples",
    ),
    Case(
        "MP3 in a WAV file, cut in the middle",
        encoded("MP3", change=lambda content: in_wav(content)[: len(content) // 2]),
        "cut short, ",
    ),
    Case(
        "two channels in opposite phase",
        file(wav(pcm(np.stack([PAIR[:, 0], -PAIR[:, 0]], 1)), channels=2)),
        "its 2 channels cancel, their mean has 0 of their power",
        by_header=False,
    ),
    Case("a rate of 0 Hz", file(wav(pcm(NOISE), rate=0)), "not readable as audio"),
    Case("a rate of 999 Hz", file(wav(pcm(NOISE), rate=999)), "a rate of 999 Hz"),
    Case("a rate of 768,001 Hz", file(wav(pcm(NOISE), rate=768_001)), "a rate of 768001 Hz"),
    Case(
        "one sample at 48 kHz",
        file(wav(pcm([1000]), rate=48_000)),
        "1 samples at 48000 Hz leave none at 16000 Hz",
        by_header=False,
    ),
    *(
        Case(
            f"{name} among float samples",
            file(wav(pcm([0.1, value, 0.2, value], "<f4"), bits=32, kind=FLOAT)),
            "2 of 4 samples are NaN or infinite",
            by_header=False,
        )
        for name, value in (("NaN", np.nan), ("infinity", np.inf))
    ),
    *(
        Case(
            f"{name} among float samples",
            file(wav(pcm([0.1, value, 0.2], kind), bits=bits, kind=FLOAT)),
            rf"a sample of {found} times full scale",
            by_header=False,
        )
        for name, value, kind, bits, found in (
            ("65", 65, "<f4", 32, "65"),
            ("1e30", 1e30, "<f4", 32, r"1e\+30"),
            ("1e300, which 32 bits do not hold,", 1e300, "<f8", 64, r"1e\+300"),
        )
    ),
]

READ = [
    Case("WAV, 16 bits", file(PIECE), becomes="as it is", expected=SAME),
    Case(
        "WAV, 8 bits",
        file(wav(BYTES.tobytes(), bits=8)),
        becomes="unsigned: less 128, over 128",
        expected=(BYTES - 128.0) / 128,
    ),
    Case(
        "WAV, 24 bits",
        file(wav(b"".join(struct.pack("<i", value)[:3] for value in WIDE), bits=24)),
        becomes="over 2²³",
        expected=WIDE / 2**23,
    ),
    Case(
        "WAV, 32 bits",
        file(wav(pcm(WIDE * 256, "<i4"), bits=32)),
        becomes="over 2³¹",
        expected=WIDE / 2**23,
    ),
    Case(
        "WAV, 32-bit float",
        file(wav(pcm(LOUD, "<f4"), bits=32, kind=FLOAT)),
        becomes="as it is, also above 1",
        expected=LOUD,
    ),
    Case(
        "two channels",
        file(wav(pcm(PAIR), channels=2)),
        becomes="mean of the channels",
        expected=PAIR.mean(1) / 32768,
    ),
    Case(
        "five channels",
        file(wav(pcm(FIVE), channels=5)),
        becomes="mean of the channels",
        expected=FIVE.mean(1) / 32768,
    ),
    *map(resampled, (8_000, 11_025, 22_050, 24_414, 44_100, 48_000, 96_000)),
    Case(
        "48,000 Hz, a tone of 12 kHz",
        file(wav(pcm(np.round(tone(48_000, 12_000.0) * 32768)), rate=48_000)),
        becomes="silence: what 16 kHz cannot hold is filtered out, not folded back",
        expected=np.zeros(16_000),
        tolerance=5e-5,
        margin=400,
    ),
    Case("FLAC named .wav", encoded("FLAC"), becomes="as the FLAC that it is", expected=SAME),
    Case(
        "AIFF named .wav",
        file(aiff(pcm(NOISE, ">i2"))),
        becomes="as the AIFF that it is",
        expected=SAME,
    ),
    Case("WAV named .raw", file(PIECE, "clip.raw"), becomes="as the WAV that it is", expected=SAME),
    Case(
        "MP3",
        encoded("MP3", name="clip.mp3", samples=np.round(tone(16_000) * 32768)),
        becomes="decoded; the encoder's loss stays",
        expected=tone(16_000),
        tolerance=0.02,
        margin=1600,
    ),
    Case(
        "MP3 in a WAV file",
        encoded("MP3", samples=np.round(tone(16_000) * 32768), change=in_wav),
        becomes="decoded; the encoder's loss stays",
        expected=tone(16_000),
        tolerance=0.02,
        margin=1600,
    ),
    Case(
        "WAV with 3 kB of notes before its samples",
        file(wav(pcm(NOISE), before=NOTES)),
        becomes="without the notes",
        expected=SAME,
    ),
    Case(
        "WAV with other bytes after its samples",
        file(wav(pcm(NOISE), size=8000)),
        becomes="only the samples that the header says",
        expected=SAME[:4000],
    ),
    Case(
        "WAV written to a pipe, size 0xFFFFFFFF",
        file(wav(pcm(NOISE), size=2**32 - 1, riff=2**32 - 1)),
        becomes="all that follows; nobody can say whether it was cut",
        expected=SAME,
    ),
    Case(
        "WAV written to a pipe, size 0x7FFFF000",
        file(wav(pcm(NOISE), size=0x7FFFF000, riff=0x7FFFF024)),
        becomes="all that follows; nobody can say whether it was cut",
        expected=SAME,
    ),
    Case(
        "WAV written to a pipe, sizes 8 and 0",
        file(wav(pcm(NOISE), size=0, riff=8)),
        becomes="all that follows; nobody can say whether it was cut",
        expected=SAME,
    ),
    Case(
        "one sample at 16 kHz",
        file(wav(pcm([1000]))),
        becomes="as it is",
        expected=np.array([1000 / 32768]),
        measured=True,
    ),
    Case(
        "0.05 s",
        file(wav(pcm(NOISE[:800]))),
        becomes="as it is",
        expected=SAME[:800],
        measured=True,
    ),
    Case(
        "one second of silence",
        file(wav(bytes(32_000))),
        becomes="as it is",
        expected=np.zeros(16_000),
        measured=True,
    ),
    Case(
        "a tone clipped at full scale",
        file(wav(pcm(CLIPPED))),
        becomes="as it is",
        expected=CLIPPED / 32768,
        measured=True,
    ),
]


def said(case: Case, path: Path, call: Callable[[Path], object]) -> str:
    """The error of a call with this file, or nothing; a case without rights is tried by a user who has none.

    Raises:
        OSError: this system lets nobody become that user.
    """
    if not (case.without_rights and os.geteuid() == 0):
        return _said(path, call)
    receiving, sending = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setuid(NOBODY)
            answer = "." + _said(path, call)
        except OSError:
            answer = ""
        finally:
            os.write(sending, answer.encode())
            os._exit(0)
    os.close(sending)
    with os.fdopen(receiving, encoding="utf-8") as answers:
        answer = answers.read()
    os.waitpid(child, 0)
    if not answer:
        raise OSError(f"setuid({NOBODY}) is not possible here")
    return answer[1:]


def _said(path: Path, call: Callable[[Path], object]) -> str:
    try:
        call(path)
    except audio.AudioError as error:
        return str(error)
    return ""
