"""The reader of audio files: mono, 16 kHz, float32; files that cannot be used are refused."""

import math
import os
import re
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
NIST = (b"sample_count", b"sample_n_bytes", b"channel_count")  # of a NIST header
LOUDEST = 64.0  # of full scale: what lies above is no recording, but numbers of another scale
QUIETEST = 2e-4  # of full scale, 6 steps of 16 bits: samples that lie no further apart are silence
CANCELLED = 1e-4  # of the channels' power, 40 dB less: what is left in their mean is no recording
BLOCK = 1 << 16  # samples of a channel that are in memory before they are mixed and resampled
ID3_END = 128  # bytes of a tag that may stand behind an MP3's last frame
LENGTH_TAGS = (b"Xing", b"Info", b"VBRI")  # what an MP3 begins with that gives its length
# Layout of a chunk's head and name of the chunk of samples, by a file's first bytes: WAV, WAV of
# more than 4 GB, and AIFF.
CHUNKS = {b"RIFF": ("<4sI", b"data"), b"RF64": ("<4sI", b"data"), b"FORM": (">4sI", b"SSND")}
# Formats, by libsndfile's names, of which a file that was cut short does not pass for a whole one.
FORMATS = ("WAV", "WAVEX", "FLAC", "AIFF", "MP3", "OGG", "RF64", "AU", "NIST")

WHOLE = "expected the whole file. Copy, download or export it again."


class AudioError(ValueError):
    """A clip that cannot be used."""


def is_silent(samples: np.ndarray) -> bool:
    """Tell whether no two samples of a clip, one or more, lie further apart than ``QUIETEST``."""
    return bool(np.ptp(samples) <= QUIETEST)


def read(path: Path | str, *, rate: int = RATE) -> np.ndarray:
    """Read a clip: the mean of its channels at one rate in Hz, ``(samples,)`` float32.

    The format is that of the content, not of the name: WAV, FLAC, AIFF and others that libsndfile
    knows. Silence and clipping are read as they are; 16-bit files give multiples of 1/32768. A long
    file is read in blocks: beside the clip that is returned there is little in memory.

    Raises:
        AudioError: ``seconds`` refuses the file, it is damaged inside, a sample is no number or
            beyond 64 times full scale, the channels cancel in their mean, or the clip is so short
            that nothing is left of it at the new rate.
    """
    # The file is opened anew: after a jump the last bits of an MP3 come out differently.
    seconds(path)
    read, lost, peak, mono = 0, 0, 0.0, bytearray()
    power = mixed_power = 0.0
    with _opened(path) as sound:
        file_rate, channels = sound.samplerate, sound.channels
        stream = soxr.ResampleStream(file_rate, rate, 1, dtype="float64", quality="VHQ")
        sound.seek(0)  # as soundfile.read begins, for the same last bits
        while True:
            samples = sound.read(BLOCK, dtype="float64", always_2d=True)
            read += len(samples)
            lost += int((~np.isfinite(samples)).sum())
            peak = max(peak, np.abs(samples).max(initial=0.0))
            if not lost and peak <= LOUDEST:
                mixed = samples.mean(axis=1)
                power += np.square(samples).sum() / channels
                mixed_power += np.square(mixed).sum()
                if file_rate != rate:
                    mixed = stream.resample_chunk(mixed, last=not len(samples))
                mono += mixed.astype(np.float32).tobytes()
            if not len(samples):
                break
    if lost:
        raise AudioError(
            f"{path}: {lost} of {read * channels} samples are NaN or infinite; expected finite "
            "numbers. Export the file again."
        )
    if peak > LOUDEST:
        raise AudioError(
            f"{path}: a sample of {peak:.3g} times full scale; expected samples within -1 and 1, "
            f"and none beyond {LOUDEST:g}. Export the file again, with its true scale."
        )
    if channels > 1 and power > 0 and mixed_power <= CANCELLED * power:
        raise AudioError(
            f"{path}: its {channels} channels cancel, their mean has {mixed_power / power:.1g} of"
            " their power; expected channels in phase. Turn one of them over, or keep one alone."
        )
    if not mono:
        raise AudioError(
            f"{path}: {read} samples at {file_rate} Hz leave none at {rate} Hz; expected at least "
            "one. Remove the file or record it again."
        )
    return np.frombuffer(mono, dtype=np.float32)


def seconds(path: Path | str) -> float:
    """Read the duration in seconds from the file's header; of the samples only the last is read.

    An MP3 that does not give its length, or lies in a WAV file, is decoded to its end.

    Raises:
        AudioError: ``check`` refuses the file, it is no audio or has no sample, its rate is absurd,
            or it is shorter than its header says (WAV, AIFF, FLAC, and MP3 that gives its length).
    """
    check(path)
    sizes = _chunk_sizes(path)
    with _opened(path) as sound:
        _check_header(path, sound)
        _check_data(path, sizes)
        if sound.subtype.startswith("MPEG") and (sizes or not _gives_length(path)):
            return _count(path, sound) / sound.samplerate
        _check_last(path, sound)
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
    if sound.format not in FORMATS:
        raise AudioError(
            f"{path}: a {sound.format} file, of which it cannot be seen whether it was cut short; "
            "expected WAV, FLAC, AIFF, MP3, Ogg, RF64, AU or NIST. Convert the file."
        )
    if sound.frames < 1:
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


def _check_data(path: Path | str, sizes: tuple[int, int] | None) -> None:
    """Refuse a file that ends before its header says; libsndfile reads it without an error."""
    if sizes and sizes[1] < sizes[0] < PIPE:
        raise AudioError(
            f"{path}: cut short, {sizes[1]} of the {sizes[0]} bytes of samples that its header "
            f"says; {WHOLE}"
        )


def _check_last(path: Path | str, sound: soundfile.SoundFile) -> None:
    """Refuse a file whose last sample cannot be read."""
    try:
        sound.seek(sound.frames - 1)
        last = len(sound.read(1))
    except soundfile.LibsndfileError:
        last = 0
    if not last:
        raise AudioError(
            f"{path}: cut short, the last of the {sound.frames} samples that its header says is "
            f"missing; {WHOLE}"
        )


def _gives_length(path: Path | str) -> bool:
    """Whether an MP3 begins with a frame that gives its length."""
    with open(path, "rb") as file:
        head = file.read(10)
        if head[:3] == b"ID3":  # a tag of so many bytes, seven bits of each, lies before it
            size = 0
            for byte in head[6:10]:
                size = size << 7 | byte & 0x7F
            file.seek(size, os.SEEK_CUR)
        beginning = file.read(4096)
    return any(tag in beginning for tag in LENGTH_TAGS)


def _count(path: Path | str, sound: soundfile.SoundFile) -> int:
    """Count the samples of an MP3 that libsndfile takes for as long as its first frame suggests.

    Its reading ends there, too. An MP3 whose bytes are not all read by then is refused.
    """
    count = 0
    while n_read := len(sound.read(BLOCK, always_2d=True)):
        count += n_read
    left = os.fstat(sound.name).st_size - os.lseek(sound.name, 0, os.SEEK_CUR)
    if not count or (count == sound.frames and left > ID3_END):
        raise AudioError(
            f"{path}: an MP3 that does not give its length, of which {left} bytes cannot be read; "
            "expected its length in its first frame. Convert it to WAV or FLAC."
        )
    return count


def _chunk_sizes(path: Path | str) -> tuple[int, int] | None:
    """Return the bytes of samples by a file's header, and in the file; None where it tells none."""
    with open(path, "rb") as file:
        head, whole = file.read(1024), os.fstat(file.fileno()).st_size
        kind = head[:4]
        if kind in (b".snd", b"dns.") and len(head) > 12:  # AU, big- or little-endian
            start, size = struct.unpack(">II" if kind == b".snd" else "<II", head[4:12])
            return size, whole - start
        if begun := re.match(rb"NIST_1A\n *(\d+)\n", head):
            fields = dict(re.findall(rb"(\w+) -i (\d+)", head))
            size = math.prod(int(fields.get(name, 1)) for name in NIST)
            return size, whole - int(begun[1])
        if kind not in CHUNKS:
            return None
        layout, samples = CHUNKS[kind]
        large = 0
        file.seek(12)
        while len(packed := file.read(8)) == 8:
            name, size = struct.unpack(layout, packed)
            if name == b"ds64":  # sizes of 64 bits: of the file, then of the samples
                large = int.from_bytes(file.read(16)[8:], "little")
                size -= 16
            if name == samples:
                return large or size, whole - file.tell()
            file.seek(size + size % 2, os.SEEK_CUR)
    return None
