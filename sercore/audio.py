"""One reader for every clip: mono, 16 kHz, float32; and what a bad file gets."""

from pathlib import Path

import numpy as np
import soundfile
import soxr

RATE = 16_000  # Hz: the rate of all four papers


class AudioError(ValueError):
    """A clip that cannot be used: the file, what was found, what was expected, what to do."""


def read(path: Path | str, *, rate: int = RATE) -> np.ndarray:
    """Samples of a clip: mean of its channels, resampled to one rate.

    The format is read from the content, not from the name: WAV, FLAC, AIFF and whatever else libsndfile knows.

    Args:
        path: the audio file.
        rate: samples a second of the result, in Hz (default 16,000).

    Returns:
        ``(samples,)`` float32; 16-bit files give multiples of 1/32768 in [-1, 1).

    Raises:
        AudioError: no file, no audio in it, no sample, or a sample that is no number.
    """
    if not Path(path).is_file():
        raise AudioError(f"{path}: no such file; expected a WAV or FLAC file. Check the path.")
    try:
        samples, found = soundfile.read(path, dtype="float64", always_2d=True)
    except (soundfile.LibsndfileError, PermissionError) as error:
        raise AudioError(
            f"{path}: not readable as audio ({error}); expected WAV, FLAC or AIFF. Convert or remove the file."
        ) from error
    if not len(samples):
        raise AudioError(f"{path}: no sample in 0.0 s of audio; expected at least one. Remove the file or record it again.")
    if not np.isfinite(samples).all():
        count = int((~np.isfinite(samples)).sum())
        raise AudioError(
            f"{path}: {count} of {samples.size} samples are NaN or infinite; expected finite numbers. Export the file again."
        )
    mono = samples.mean(axis=1)
    if found != rate:
        mono = soxr.resample(mono, found, rate, quality="VHQ")
    return mono.astype(np.float32)


def seconds(path: Path | str) -> float:
    """Duration by the file's header, in seconds.

    Raises:
        AudioError: no file, or no audio in it.
    """
    try:
        header = soundfile.info(path)
    except (soundfile.LibsndfileError, OSError) as error:
        raise AudioError(
            f"{path}: not readable as audio ({error}); expected WAV, FLAC or AIFF. Convert or remove the file."
        ) from error
    return header.frames / header.samplerate
