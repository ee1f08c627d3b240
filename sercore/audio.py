"""The reader of audio files: mono, 16 kHz, float32; files that cannot be used are refused."""

import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
import soxr

RATE = 16_000  # Hz: the rate of all four papers
SLOWEST, FASTEST = 1_000, 768_000  # Hz: range of rates that a header may give
PIPE = 0x7FFFF000  # bytes: size, or a smaller one, in headers of files written to a pipe
UNKNOWN = 2**63 - 1  # samples: length of a FLAC written to a pipe, by libsndfile
# Layout of a chunk's head and name of the chunk of samples, by a file's first bytes: WAV and AIFF.
CHUNKS = {b"RIFF": ("<4sI", b"data"), b"FORM": (">4sI", b"SSND")}


class AudioError(ValueError):
    """A clip that cannot be used."""


def read(path: Path | str, *, rate: int = RATE) -> np.ndarray:
    """Read a clip: the mean of its channels at one rate in Hz, ``(samples,)`` float32.

    The format is that of the content, not of the name: WAV, FLAC, AIFF and others that libsndfile
    knows. Silence and clipping are read as they are; 16-bit files give multiples of 1/32768.

    Raises:
        AudioError: ``seconds`` refuses the file, it is damaged inside, a sample is no number, or
            the clip is so short that nothing is left of it at the new rate.
    """
    # The file is opened anew: after a jump the last bits of an MP3 come out differently.
    seconds(path)
    with _opened(path) as sound:
        sound.seek(0)  # as soundfile.read begins, for the same last bits
        samples, file_rate = sound.read(dtype="float64", always_2d=True), sound.samplerate
    if not np.isfinite(samples).all():
        count = int((~np.isfinite(samples)).sum())
        raise AudioError(
            f"{path}: {count} of {samples.size} samples are NaN or infinite; expected finite "
            "numbers. Export the file again."
        )
    mono = samples.mean(axis=1)
    if file_rate != rate:
        mono = soxr.resample(mono, file_rate, rate, quality="VHQ")
    if not len(mono):
        raise AudioError(
            f"{path}: {len(samples)} samples at {file_rate} Hz leave none at {rate} Hz; expected "
            "at least one. Remove the file or record it again."
        )
    return mono.astype(np.float32)


def seconds(path: Path | str) -> float:
    """Read the duration in seconds from the file's header; of the samples only the last is read.

    Raises:
        AudioError: ``check`` refuses the file, it is no audio or has no sample, its rate is absurd,
            or it is shorter than its header says (WAV, AIFF, FLAC, and MP3 that gives its length).
    """
    check(path)
    sizes = _chunk_sizes(path)
    with _opened(path) as sound:
        _check_header(path, sound)
        _check_end(path, sound, sizes)
        return sound.frames / sound.samplerate


def check(path: Path | str) -> None:
    """Refuse a path that is no file, an empty file, or one that may not be read.

    Raises:
        AudioError: there is no such file.
    """
    expected = "expected a WAV or FLAC file"
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise AudioError(f"{path}: a folder; {expected}. Name a clip in it.")
        if not stat.S_ISREG(mode):
            raise AudioError(
                f"{path}: a pipe or a device; {expected}. Save the audio to a file first."
            )
        with open(path, "rb") as file:
            if not file.read(1):
                raise AudioError(
                    f"{path}: an empty file, 0 bytes; {expected}. Copy it again or remove it."
                )
    except AudioError:
        raise
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise AudioError(f"{path}: no such file; {expected}. Check the path.") from error
    except OSError as error:
        raise AudioError(
            f"{path}: cannot be opened ({error.strerror}); expected a file that this user may read."
            " Change the permissions of the file or of its folder."
        ) from error


@contextmanager
def _opened(path: Path | str) -> Iterator[soundfile.SoundFile]:
    """Open a file; errors of libsndfile in the context become an AudioError."""
    try:
        # By descriptor, so that the name's ending decides nothing.
        with (
            open(path, "rb", buffering=0) as file,
            soundfile.SoundFile(file.fileno(), closefd=False) as sound,
        ):
            yield sound
    except soundfile.LibsndfileError as error:
        reason = error.error_string.rstrip(".")
        if error.code == 24:
            reason = "its header gives no rate or no channel"
        raise AudioError(
            f"{path}: not readable as audio ({reason}); expected WAV, FLAC or AIFF. Convert or "
            "remove the file."
        ) from error


def _check_header(path: Path | str, sound: soundfile.SoundFile) -> None:
    if not sound.frames:
        raise AudioError(
            f"{path}: no sample in 0.0 s of audio; expected at least one. Remove the file or "
            "record it again."
        )
    if not SLOWEST <= sound.samplerate <= FASTEST:
        raise AudioError(
            f"{path}: a rate of {sound.samplerate} Hz by its header; expected {SLOWEST} to "
            f"{FASTEST} Hz. Export the file again with its true rate."
        )
    if sound.frames == UNKNOWN:
        raise AudioError(
            f"{path}: a {sound.format} file that does not say how many samples it has; expected "
            "their number in its header. Convert it to a file, not through a pipe."
        )


def _check_end(path: Path | str, sound: soundfile.SoundFile, sizes: tuple[int, int] | None) -> None:
    """Refuse a file that ends before its header says; libsndfile reads it without an error."""
    remedy = "expected the whole file. Copy, download or export it again."
    if sizes and sizes[1] < sizes[0] < PIPE:
        raise AudioError(
            f"{path}: cut short, {sizes[1]} of the {sizes[0]} bytes of samples that its header "
            f"says; {remedy}"
        )
    try:
        sound.seek(sound.frames - 1)
        last = len(sound.read(1))
    except soundfile.LibsndfileError:
        last = 0
    if not last:
        raise AudioError(
            f"{path}: cut short, the last of the {sound.frames} samples that its header says is "
            f"missing; {remedy}"
        )


def _chunk_sizes(path: Path | str) -> tuple[int, int] | None:
    """Return the bytes of samples by a WAV or AIFF header, and in the file; None for others."""
    with open(path, "rb") as file:
        kind = file.read(12)[:4]
        if kind not in CHUNKS:
            return None
        layout, samples = CHUNKS[kind]
        while len(packed := file.read(8)) == 8:
            name, size = struct.unpack(layout, packed)
            if name == samples:
                return size, os.fstat(file.fileno()).st_size - file.tell()
            file.seek(size + size % 2, os.SEEK_CUR)
    return None
