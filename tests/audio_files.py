"""Audio files, good and bad: packed by hand or encoded by soundfile, never by the reader that they are meant for."""

import struct
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

PCM, FLOAT, MP3 = 1, 3, 0x55  # formats of a WAV file
NOISE = np.random.default_rng(0).integers(-32768, 32768, 8000)
NOTES = (
    struct.pack("<4sI", b"LIST", 3001) + b"INFO" + bytes(2998)
)  # an odd chunk, and the byte that makes it even


def pcm(samples, kind: str = "<i2") -> bytes:
    return np.asarray(samples).astype(kind).tobytes()


def tone(rate: int, frequency: float = 440.0) -> np.ndarray:
    """One second, half of full scale."""
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(rate) / rate)


def wav(
    payload: bytes, *, rate=16_000, channels=1, bits=16, kind=PCM, size=None, riff=None, before=b""
) -> bytes:
    """A WAV file; ``size`` and ``riff`` are what its header says of the samples and of the file where that is not so."""
    width = channels * bits // 8
    head = (
        struct.pack(
            "<4sIHHIIHH", b"fmt ", 16, kind, channels, rate, rate * width % 2**32, width, bits
        )
        + before
    )
    head += struct.pack("<4sI", b"data", len(payload) if size is None else size)
    whole = b"WAVE" + head + payload
    return struct.pack("<4sI", b"RIFF", len(whole) if riff is None else riff) + whole


def aiff(payload: bytes, *, rate=16_000) -> bytes:
    """A 16-bit AIFF file with one channel; its rate is an 80-bit float."""
    power = rate.bit_length() - 1
    common = struct.pack(
        ">4sIhIhHQ", b"COMM", 18, 1, len(payload) // 2, 16, 16383 + power, rate << (63 - power)
    )
    whole = b"AIFF" + common + struct.pack(">4sIII", b"SSND", len(payload) + 8, 0, 0) + payload
    return struct.pack(">4sI", b"FORM", len(whole)) + whole


def open_folder() -> tempfile.TemporaryDirectory:
    """A temporary folder that every user may enter."""
    folder = tempfile.TemporaryDirectory()
    Path(folder.name).chmod(0o755)
    return folder


def file(content: bytes, name: str = "clip.wav") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    return make


def encoded(
    format: str,
    *,
    name: str = "clip.wav",
    samples=NOISE,
    keep: float = 1.0,
    change: Callable = lambda content: content,
):
    """A file that soundfile encodes, the first part of it kept, then changed."""

    def make(folder: Path) -> Path:
        path = folder / name
        soundfile.write(path, np.asarray(samples, dtype=np.int16), 16_000, format=format)
        content = path.read_bytes()
        path.write_bytes(change(content[: int(len(content) * keep)]))
        return path

    return make


def says_samples(count: int) -> Callable[[bytes], bytes]:
    """Writes into a FLAC header, in its lower 36 of 64 bits, how many samples there are."""

    def change(content: bytes) -> bytes:
        (bits,) = struct.unpack_from(">Q", content, 18)
        return content[:18] + struct.pack(">Q", bits >> 36 << 36 | count) + content[26:]

    return change


def in_wav(content: bytes) -> bytes:
    """Put an MP3 of a rate of 16 kHz and one channel into a WAV file, as some recorders do."""
    form = struct.pack("<HHIIHHHHIHHH", MP3, 1, 16_000, 6_000, 1, 0, 12, 1, 2, 576, 1, 1393)
    head = struct.pack("<4sI", b"fmt ", len(form)) + form
    whole = b"WAVE" + head + struct.pack("<4sI", b"data", len(content)) + content
    return struct.pack("<4sI", b"RIFF", len(whole)) + whole


def damaged(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]


def at(folder: Path, *, make: Callable[[Path], object], name: str = "clip.wav") -> Path:
    make(folder / name)
    return folder / name


def no_rights(folder: Path) -> Path:
    path = file(wav(pcm(NOISE)))(folder)
    path.chmod(0)
    return path


def no_rights_to_the_folder(folder: Path) -> Path:
    closed = folder / "closed"
    closed.mkdir()
    path = file(wav(pcm(NOISE)))(closed)
    closed.chmod(0)
    return path
