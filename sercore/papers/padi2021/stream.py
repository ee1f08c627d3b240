"""VoxCeleb for paper 04: some 1.2 million clips of over 7000 speakers, read from their files when they are asked for.

Paths and bytes are listed, no file is opened before its turn; ``sercore.corpora.voxceleb`` looks into each.
"""

import os
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sercore import audio, store
from sercore.corpora import CorpusError, voxceleb
from sercore.corpora.reports import Report
from sercore.corpora.table import SUFFIXES, some
from sercore.corpora.voxceleb import NAME
from sercore.evaluation.verification import read_trials
from sercore.papers.padi2021.clips import Source
from sercore.papers.padi2021.inputs import log_mel, normalised
from sercore.training.batching import Ragged

LISTS = ("veri_test.txt", "veri_test2.txt")  # VoxCeleb1-O, and the same without its wrong labels
AGAIN = "Then start again: a training goes on after its last epoch where all sizes are as before, else it begins anew."


class Streamed:
    """Clips that are read from their audio files when they are asked for.

    Paths stand in one array, which the processes of a data loader share; strings would be copied into each as it counts them.

    Args:
        paths: audio files.
        folder: that relative paths start from (default: the working directory).

    Source: Padi et al. 2021, section 4.2, for what is read of a clip.
    """

    def __init__(self, paths: Iterable[Path | str], *, folder: Path | str = ""):
        letters, ends = bytearray(), array("q", [0])
        for path in paths:
            letters += os.fsencode(path)
            ends.append(len(letters))
        self.folder, self.letters, self.ends = (
            os.fspath(folder),
            np.array(letters, np.uint8),
            np.array(ends),
        )

    def __len__(self) -> int:
        """How many clips there are."""
        return len(self.ends) - 1

    def path(self, row: int) -> str:
        """File of a clip."""
        return os.path.join(
            self.folder, os.fsdecode(self.letters[self.ends[row] : self.ends[row + 1]].tobytes())
        )

    def clip(self, row: int) -> np.ndarray:
        """One clip, normalised by itself: ``(frames, bands)`` float32.

        Raises:
            AudioError: a clip that cannot be read or is too short; the message names the file.
        """
        path = self.path(row)
        try:
            return normalised([log_mel(audio.read(path))])[0]
        except audio.AudioError as error:
            raise audio.AudioError(f"{error} {AGAIN}") from error
        except ValueError as error:
            raise audio.AudioError(f"{path}: {error} {AGAIN}") from error


@dataclass(frozen=True)
class Listing:
    """What stands in VoxCeleb's folder.

    Args:
        training: clips that teach speakers.
        speakers: ``(clips,)`` corpus/speaker of them.
        compared: clips of the speakers of the official list of pairs, none of whom teaches.
        left, right: ``(pairs,)`` rows of these; empty where there is no list.
        same: ``(pairs,)`` whether a pair has one speaker.
        contents: digest of paths, bytes of the files, and pairs.
        report: how many clips there are, and speakers that the sheets list and who have none.
    """

    training: Streamed
    speakers: np.ndarray
    compared: Streamed
    left: np.ndarray
    right: np.ndarray
    same: np.ndarray
    contents: str
    report: Report


def source(
    root: Path,
    heard: Ragged,
    left: np.ndarray,
    right: np.ndarray,
    same: np.ndarray,
    *,
    checkpoint: str = "",
    given: str = "",
) -> Source:
    """VoxCeleb's clips, and the pairs that verify speakers: those of VoxCeleb1-O where its list is in the folder, else those given.

    The digest has path and size of each file, not its content: 1.2 million files are not read for it.

    Args:
        root: the corpus' folder.
        heard: clips of other speakers, normalised.
        left: ``(pairs,)`` row of one of them.
        right: ``(pairs,)`` row of the one that it is compared with.
        same: ``(pairs,)`` whether a pair has one speaker.
        checkpoint: file with the weights of a speaker recogniser that was trained elsewhere; empty (default) to train one.
        given: digest of that file.

    Raises:
        CorpusError: what ``read`` refuses.
        AudioError: a compared clip whose header is damaged: it would be met only when the training is done.

    Source: Padi et al. 2021, section 4.2; that speakers of VoxCeleb1-O are kept out of the training is ours.
    """
    listing, others, pairs = read(root), heard, []
    if len(listing.same):
        for row in range(len(listing.compared)):
            audio.seconds(listing.compared.path(row))
        others, left, right, same = listing.compared, listing.left, listing.right, listing.same
    else:
        pairs = [store.values(array) for array in (heard.values, heard.starts, left, right, same)]
    code = store.key(settings={}, manifest=[], modules=__name__).hex
    return Source(
        speakers=listing.speakers,
        frames=listing.training,
        heard=others,
        left=left,
        right=right,
        same=same,
        corpora=("voxceleb",),
        contents=store.digest([listing.contents, pairs, code, given]),
        most=0,
        checkpoint=checkpoint,
        reports=(listing.report,),
    )


def read(root: Path) -> Listing:
    """Clips of VoxCeleb's folder by what they are for, folder by folder in the order of their names.

    Layout: that of ``corpora.voxceleb.read``, and ``veri_test.txt`` or ``veri_test2.txt`` in the folder itself.

    Args:
        root: the corpus' folder.

    Raises:
        CorpusError: no such folder, no clip, an empty file, a name that is not VoxCeleb's, a clip in two formats, a
            speaker's video in two folders, a speaker whose clips are all ``.m4a``, or a clip of the list that is not there.
        ValueError: a list that cannot be read.
    """
    pairs = next(
        (read_trials(root / name) for name in LISTS if (root / name).is_file()),
        ([], [], np.zeros(0, bool)),
    )
    left, right = ([os.path.splitext(name)[0] for name in side] for side in pairs[:2])
    wanted: dict[str, tuple[str, int] | None] = dict.fromkeys([*left, *right])
    kept_out = {_speaker(name) for name in wanted}
    numbers: dict[str, int] = {}
    whose, sizes = array("i"), array("q")

    def training() -> Iterator[str]:
        for path, size, name in _clips(root):
            if _speaker(name) not in kept_out:
                whose.append(numbers.setdefault(_speaker(name), len(numbers)))
                sizes.append(size)
                yield path
            elif name in wanted:
                wanted[name] = path, size

    clips = Streamed(training(), folder=root)
    if not len(clips):
        raise CorpusError(
            f"{root}: no clip; expected …/id<number>/<video>/<clip>.wav or .flac. Put VoxCeleb's folders there."
        )
    if absent := [name for name, clip in wanted.items() if clip is None]:
        raise CorpusError(
            f"{root}: {len(absent)} of {len(wanted)} clips of its list of pairs are not there: {some(absent)}; expected all. Put"
            " VoxCeleb 1's test part there, or take the list away."
        )
    files = [clip for clip in wanted.values() if clip]
    compared = Streamed((path for path, _ in files), folder=root)
    rows = {name: row for row, name in enumerate(wanted)}
    places = [np.array([rows[name] for name in side], int) for side in (left, right)]
    arrays = (
        clips.letters,
        clips.ends,
        compared.letters,
        compared.ends,
        np.array(sizes),
        *places,
        pairs[2],
    )
    contents = store.digest(
        [*(store.values(array) for array in arrays), [size for _, size in files]]
    )
    speakers = np.array([f"voxceleb/{speaker}" for speaker in numbers], object)[
        np.array(whose)
    ]  # one string a speaker
    problems = voxceleb.absent({*numbers, *kept_out}, voxceleb.listed(root))
    report = Report("voxceleb", len(clips) + len(compared), tuple(problems))
    return Listing(clips, speakers, compared, *places, pairs[2], contents, report)


def message(error: audio.AudioError) -> str:
    """Return what is wrong with a clip, without the traceback that a data loader's process sends along."""
    return (
        str(error)
        .strip()
        .splitlines()[-1]
        .removeprefix(f"{audio.AudioError.__module__}.{audio.AudioError.__name__}: ")
    )


def _clips(root: Path) -> Iterator[tuple[str, int, str]]:
    """Path under the root, bytes, and speaker/video/clip of each audio file."""
    if not root.is_dir():
        raise CorpusError(
            f"{root}: no such folder; expected voxceleb in its official layout. Put or link it there."
        )
    above, readable, unread = len(os.path.join(root, "")), set(), set()
    videos: dict[tuple[str, str], str] = {}
    for folder, folders, files in os.walk(root):
        folders.sort()
        last = ""
        for file in sorted(files):
            stem, suffix = os.path.splitext(file)
            path, name = os.path.join(folder, file), "/".join([*folder.split(os.sep)[-2:], stem])
            if suffix.lower() == ".m4a":
                unread.add(name.split("/")[0])
            if suffix.lower() not in SUFFIXES:
                continue
            if not NAME.fullmatch(name):
                raise CorpusError(
                    f"{path}: not VoxCeleb's name; expected …/id<number>/<video>/<clip>. Move it out of the folder."
                )
            if (first := videos.setdefault(tuple(folder.split(os.sep)[-2:]), folder)) != folder:
                raise CorpusError(
                    f"{folder}: this video of the speaker stands in {first}, too; expected it once. Remove one of them."
                )
            if stem == last:
                raise CorpusError(
                    f"{path}: the same clip stands beside it in another format; expected one of the two. Remove one."
                )
            if not (size := os.stat(path).st_size):
                raise CorpusError(
                    f"{path}: an empty file, 0 bytes; expected a WAV or FLAC file. Copy it again or remove it."
                )
            last = stem
            readable.add(_speaker(name))
            yield path[above:], size, name
    if lost := sorted(unread - readable):
        raise CorpusError(
            f"{root}: {len(lost)} speakers have .m4a files alone: {some(lost)}; expected .wav or .flac. Convert them, names and"
            " folders kept, or remove them."
        )


def _speaker(name: str) -> str:
    return name.partition("/")[0]
