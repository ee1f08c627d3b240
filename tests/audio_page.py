"""The page on bad audio: what each file of ``audio_cases`` gets. ``python -m tests.audio_page`` writes it."""

import os
import tempfile
from pathlib import Path

import numpy as np

from sercore import audio, features
from sercore.features import prosodic
from tests.audio_cases import ERRORS, READ, said
from tests.audio_files import open_folder

PAGE = Path(__file__).resolve().parents[1] / "book" / "bad-audio.md"


def page() -> str:
    """The page of the book; features are kept in ``SER_STORE``."""
    rows = {"errors": "", "read": "", "measured": ""}
    for case in (*ERRORS, *READ):
        with open_folder() as folder:
            path = case.make(Path(folder))
            if case.error:
                message = said(case, path, audio.read).removeprefix(str(path.parent) + os.sep)
                rows["errors"] += (
                    f"| {case.name} | {message} | {'yes' if said(case, path, audio.seconds) else 'no'} |\n"
                )
                continue
            samples = len(audio.read(path))
            rows["read"] += (
                f"| {case.name} | {case.becomes} | {samples:,} | {samples / audio.RATE:.5f} |\n"
            )
            if case.measured:
                rows["measured"] += f"| {case.name} | {_measured(path)} |\n"
    return TEXT.format(**rows, minimum=prosodic.MINIMUM)


def _measured(path: Path) -> str:
    try:
        (values,) = features.compute("prosodic", [path], jobs=1)
    except audio.AudioError as error:
        return str(error).removeprefix(str(path.parent) + os.sep)
    return f"{np.isfinite(values).sum()} finite values, {(values == 0).sum()} of them 0"


TEXT = """# What a bad file gets

One function reads every clip of this book: `sercore.audio.read` gives the mean of the channels at 16 kHz as 32-bit floats. It goes
by what is in the file, never by the ending of its name. It either converts the file in a stated way, or raises an error that names
the file, what was found, what was expected and what to do. It never shortens a clip in silence: a WAV, AIFF, FLAC or MP3 file that
ends before its header says is refused.

This page is written by `python -m tests.audio_page`, which makes each of these files; the tests check every row.

## Refused

The last column tells whether the header already shows the fault. If so, a corpus lists the file among its problems when it is
loaded, and has no row for it; files with the same fault are one sentence with their number, and a pointer of git-lfs is named as
such. If not, the error comes when the clip is read. A corpus leaves out clips without any sound, too, and those whose channels cancel
in their mean, and counts them.

| file | what you get | listed when a corpus is loaded |
|---|---|---|
{errors}
## Read

| file | what you get | samples | seconds |
|---|---|---:|---:|
{read}
Ogg, AU, NIST and RF64 (WAV of more than 4 GB) are read, too, and refused where they were cut short. Other formats that libsndfile
knows are refused, since a file of them that was cut short passes for a whole one. An MP3 file that does not give its length is
decoded to its end, or refused where libsndfile would stop before it.

Long files are read in blocks. An hour of stereo at 44.1 kHz takes less than 300 MiB of memory, the samples at 16 kHz included.

## Read, and then measured

The prosodic features need at least {minimum:.5f} s of audio. What Praat leaves undefined, such as
the pitch of a clip without a voiced frame, is 0. Nothing is measured of silence.

| file | `sercore.features.compute("prosodic", [file])` |
|---|---|
{measured}"""


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as kept:
        os.environ["SER_STORE"] = kept
        PAGE.write_text(page(), encoding="utf-8")
