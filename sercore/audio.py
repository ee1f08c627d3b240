"""One reader for every clip: mono, 16 kHz, float32; and what a bad file gets."""

import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import soxr

RATE = 16_000  # Hz: the rate of all four papers
SLOWEST, FASTEST = 1_000, 768_000  # Hz: a header that says less or more is wrong
PIPE = 0x7FFFF000  # bytes: writers to a pipe cannot know the size, and put this one or more
UNKNOWN = 2**63 - 1  # samples: what libsndfile says of a FLAC that was written to a pipe


class AudioError(ValueError):
    """A clip that cannot be used: the file, what was found, what was expected, what to do."""


def read(path: Path | str, *, rate: int = RATE) -> np.ndarray:
    """Samples of a clip: mean of its channels, resampled to one rate.

    The format is read from the content, not from the name: WAV, FLAC, AIFF and whatever else libsndfile knows. Silence and
    clipping are read as they are.

    Args:
        path: the audio file.
        rate: samples a second of the result, in Hz (default 16,000).

    Returns:
        ``(samples,)`` float32; 16-bit files give multiples of 1/32768 in [-1, 1).

    Raises:
        AudioError: what ``check`` and ``seconds`` refuse, damage inside the file, a sample that is no number, or a clip so
            short that nothing is left of it at the new rate.
    """
    seconds(
        path
    )  # for what it refuses; opened anew, because after a jump the last bits of an MP3 come out differently
    with _opened(path) as sound:
        sound.seek(0)  # as soundfile.read begins, for the same last bits
        samples, found = sound.read(dtype="float64", always_2d=True), sound.samplerate
    if not np.isfinite(samples).all():
        count = int((~np.isfinite(samples)).sum())
        raise AudioError(
            f"{path}: {count} of {samples.size} samples are NaN or infinite; expected finite numbers. Export the file again."
        )
    mono = samples.mean(axis=1)
    if found != rate:
        mono = soxr.resample(mono, found, rate, quality="VHQ")
    if not len(mono):
        raise AudioError(
            f"{path}: {len(samples)} samples at {found} Hz leave none at {rate} Hz; expected at least one."
            " Remove the file or record it again."
        )
    return mono.astype(np.float32)


def seconds(path: Path | str) -> float:
    """Duration by the file's header, in seconds; of the samples, only the last is looked for.

    Raises:
        AudioError: what ``check`` refuses, no audio, no sample, an absurd rate, or a file that is shorter than its header says
            (WAV, AIFF, FLAC, and MP3 that gives its length). A size that a writer to a pipe left open is no promise.
    """
    check(path)
    promise = _promise(path)
    with _opened(path) as sound:
        _check_header(path, sound)
        _check_end(path, sound, promise)
        return sound.frames / sound.samplerate


def check(path: Path | str) -> None:
    """Refuse a path that is no file, an empty one, or one that may not be read; what is in the file is not looked at.

    Raises:
        AudioError: the path, what is there, and what to do.
    """
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise AudioError(f"{path}: a folder; expected a WAV or FLAC file. Name a clip in it.")
        if not stat.S_ISREG(mode):
            raise AudioError(
                f"{path}: a pipe or a device; expected a WAV or FLAC file. Save the audio to a file first."
            )
        with open(path, "rb") as file:
            if not file.read(1):
                raise AudioError(
                    f"{path}: an empty file, 0 bytes; expected a WAV or FLAC file. Copy it again or remove it."
                )
    except AudioError:
        raise
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise AudioError(
            f"{path}: no such file; expected a WAV or FLAC file. Check the path."
        ) from error
    except OSError as error:
        raise AudioError(
            f"{path}: cannot be opened ({error.strerror}); expected a file that this user may read."
            " Change the permissions of the file or of its folder."
        ) from error


@contextmanager
def _opened(path: Path | str) -> Iterator[soundfile.SoundFile]:
    """The file at its first sample; an error of libsndfile, then or later, becomes an AudioError."""
    try:
        # By descriptor, so that the name's ending decides nothing.
        with (
            open(path, "rb", buffering=0) as file,
            soundfile.SoundFile(file.fileno(), closefd=False) as sound,
        ):
            yield sound
    except soundfile.LibsndfileError as error:
        found = (
            "its header gives no rate or no channel"
            if error.code == 24
            else error.error_string.rstrip(".")
        )
        raise AudioError(
            f"{path}: not readable as audio ({found}); expected WAV, FLAC or AIFF. Convert or remove the file."
        ) from error


def _check_header(path: Path | str, sound: soundfile.SoundFile) -> None:
    if not sound.frames:
        raise AudioError(
            f"{path}: no sample in 0.0 s of audio; expected at least one. Remove the file or record it again."
        )
    if not SLOWEST <= sound.samplerate <= FASTEST:
        raise AudioError(
            f"{path}: a rate of {sound.samplerate} Hz by its header; expected {SLOWEST} to {FASTEST} Hz."
            " Export the file again with its true rate."
        )
    if sound.frames == UNKNOWN:
        raise AudioError(
            f"{path}: a {sound.format} file that does not say how many samples it has; expected their number in its header."
            " Convert it to a file, not through a pipe."
        )


def _check_end(
    path: Path | str, sound: soundfile.SoundFile, promise: tuple[int, int] | None
) -> None:
    """Refuse a file that ends before its header says: libsndfile would read the shorter clip without a word."""
    remedy = "expected the whole file. Copy, download or export it again."
    if promise and promise[1] < promise[0] < PIPE:
        raise AudioError(
            f"{path}: cut short, {promise[1]} of the {promise[0]} bytes of samples that its header says; {remedy}"
        )
    try:
        sound.seek(sound.frames - 1)
        last = len(sound.read(1))
    except soundfile.LibsndfileError:
        last = 0
    if not last:
        raise AudioError(
            f"{path}: cut short, the last of the {sound.frames} samples that its header says is missing; {remedy}"
        )


def _promise(path: Path | str) -> tuple[int, int] | None:
    """Bytes of samples that a WAV or AIFF header says, and bytes that follow it; None for other formats."""
    with open(path, "rb") as file:
        kind = file.read(12)[:4]
        if kind == b"RIFF":
            return _chunk(file, "<4sI", b"data")
        return _chunk(file, ">4sI", b"SSND") if kind == b"FORM" else None


def _chunk(file: BinaryIO, head: str, wanted: bytes) -> tuple[int, int] | None:
    while len(packed := file.read(8)) == 8:
        name, size = struct.unpack(head, packed)
        if name == wanted:
            return size, os.fstat(file.fileno()).st_size - file.tell()
        file.seek(size + size % 2, os.SEEK_CUR)
    return None
