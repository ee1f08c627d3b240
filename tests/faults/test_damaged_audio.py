"""Damaged files of every format that can be written here, and very long ones: a clip or a named error, and little memory."""

import itertools
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest
import soundfile

from sercore import audio
from tests.audio_files import wav

HEADER = 120  # bytes in which damage is likelier
HOUR = 3600 * 44_100 * 2 * 2  # bytes of an hour of 16-bit stereo
MOST = 300 * 1024  # KiB
STATUS = Path("/proc/self/status")
# What getrusage says of a child process counts its parent's memory too.
PEAK = """
from sercore import audio
count = len(audio.read({path!r}))
status = dict(line.split(":") for line in open("/proc/self/status"))
print(count, status["VmHWM"].split()[0])
"""


def written(folder: Path) -> list[Path]:
    """A short file of each format and coding that soundfile writes and ``sercore.audio`` reads."""
    noise = np.random.default_rng(0).normal(0, 0.1, (6000, 2))
    paths = []
    for kind in soundfile.available_formats():
        for coding in soundfile.available_subtypes(kind):
            for samples, rate in ((noise, 16_000), (noise[:, 0], 8000)):  # some are of telephones
                path = folder / f"{kind}-{coding}-{rate}"
                try:
                    soundfile.write(path, samples, rate, format=kind, subtype=coding)
                    audio.read(path)
                except (soundfile.LibsndfileError, ValueError):
                    continue
                paths.append(path)
                break
    return paths


def damaged(content: bytes, random: Random) -> bytes:
    """One to 16 bytes changed, in the header more often than elsewhere; of some files the end is lost."""
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        end = len(changed) if random.random() < 0.4 else min(len(changed), HEADER)
        changed[random.randrange(end)] = random.choice((random.randrange(256), 0, 127, 128, 255))
    if random.random() < 0.2:
        del changed[random.randrange(1, len(changed)) :]
    return bytes(changed)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("files", [2000, pytest.param(10_000, marks=pytest.mark.long)])
def test_a_damaged_file_is_a_clip_of_finite_numbers_or_a_named_error(tmp_path, files):
    contents = [path.read_bytes() for path in written(tmp_path)]
    random, path = Random(files), tmp_path / "clip"
    assert len(contents) > 40
    refused = 0
    for content in itertools.islice(itertools.cycle(contents), files):
        path.write_bytes(damaged(content, random))
        try:
            samples = audio.read(path)
        except audio.AudioError:
            refused += 1
            continue
        assert np.isfinite(samples).all()
        assert len(samples) > 0
        assert np.abs(samples).max() <= 2 * audio.LOUDEST  # what resampling may add
    assert files / 4 < refused < files


@pytest.mark.parametrize("cut", [1, 7, 2000])
def test_a_file_of_any_format_that_was_cut_is_refused(tmp_path, cut):
    read = set()
    for path in written(tmp_path):
        read.add(path.name.partition("-")[0])
        path.write_bytes(path.read_bytes()[:-cut])
        for call in (audio.read, audio.seconds):
            with pytest.raises(audio.AudioError):
                call(path)
    assert read == set(audio.FORMATS)


@pytest.mark.skipif(not STATUS.exists(), reason="reads the memory of a process as Linux tells it")
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_an_hour_takes_little_more_memory_than_its_samples(tmp_path, rate):
    path = tmp_path / "hour.wav"
    head = wav(b"", rate=rate, channels=2)
    size = HOUR // 44_100 * rate
    path.write_bytes(head[:-4] + size.to_bytes(4, "little"))
    os.truncate(path, len(head) + size)  # a file with a hole: silence that takes no disk
    script = PEAK.format(path=str(path))
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert not result.stderr
    samples, peak = map(int, result.stdout.split())
    assert samples == 3600 * audio.RATE
    assert peak < MOST


@pytest.mark.parametrize(("mode", "is_read"), [("CONSTANT", True), ("VARIABLE", False)])
def test_an_mp3_that_gives_no_length_is_read_to_its_end_or_refused(tmp_path, mode, is_read):
    tone = np.round(8000 * np.sin(np.arange(48_000) / 5)).astype(np.int16)
    path = tmp_path / "clip.mp3"
    soundfile.write(path, tone, audio.RATE, bitrate_mode=mode, compression_level=0.3)
    assert len(audio.read(path)) == len(tone)
    content = path.read_bytes()
    for tag in audio.LENGTH_TAGS:
        content = content.replace(tag, bytes(4))
    path.write_bytes(content)
    if is_read:
        samples = audio.read(path)
        assert audio.seconds(path) == len(samples) / audio.RATE
        assert 3 <= len(samples) / audio.RATE < 3.2  # the encoder fills its frames
    else:
        for call in (audio.read, audio.seconds):
            with pytest.raises(audio.AudioError, match="does not give its length"):
                call(path)
