"""VoxCeleb 1 and 2: interviews from the web, many speakers, no emotion labels."""

import csv
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from sercore.corpora.clips import Problem
from sercore.corpora.folders import CorpusError
from sercore.corpora.table import (
    SUFFIXES,
    Corpus,
    build,
    is_left_behind,
    missing,
    named_clips,
    some,
    walk_links,
)

NAME = re.compile(r"(?P<speaker>id\d{5})/(?P<text>[^/]+)/[^/]+")
SHEETS = ("vox1_meta.csv", "vox2_meta.csv")
GENDERS = {"f": "female", "m": "male"}
LAYOUT = "expected …/id<number>/<video>/<clip>.wav or .flac. Put VoxCeleb's folders there."


def read(root: Path) -> Corpus:
    """VoxCeleb 1, 2 or both: interviews of some 7000 speakers.

    Layout: ``…/id<number>/<video>/<clip>.wav`` (or ``.flac``), under ``wav``, ``dev/wav``,
    ``test/wav`` or anything else. The official VoxCeleb 2 is ``.m4a``, which cannot be read here:
    such files are counted, and have to be converted. The sex, and for VoxCeleb 1 the nationality,
    come from ``vox1_meta.csv`` and ``vox2_meta.csv`` in the folder, if present. The language is not
    known; the text is the video.

    Returns:
        The clips, sorted by speaker and video, ``emotion`` and ``language`` missing, with one more
        column, ``nationality``, or missing; and problems. The speakers expected are those that the
        sheets list.

    Source: Nagrani, Chung and Zisserman 2017, VoxCeleb: a large-scale speaker identification
    dataset, Interspeech; Chung, Nagrani and Zisserman 2018, VoxCeleb2: Deep Speaker Recognition,
    Interspeech.
    """
    sheets, problems = read_sheets(root)

    def labels(match: re.Match, path: Path) -> dict:
        sheet = sheets.get(match["speaker"], {"gender": None, "nationality": None})
        return {"language": None, "emotion": None} | sheet

    clips, name_problems = named_clips(root, NAME, labels, "…/id<number>/<video>/<clip>", parts=3)
    if unread := sum(1 for _ in root.rglob("*.m4a")):
        problems.append(
            f"{unread} files left out, they are .m4a; expected .wav or .flac. Convert them, names"
            " and folders kept."
        )
    if not clips:
        problems.append(f"{root}: no clip; {LAYOUT}")
    speakers = {row["speaker"]: row["gender"] for row in clips.values()}
    unknown = sorted(speaker for speaker, gender in speakers.items() if not gender)
    if sheets and unknown:
        problems.append(
            f"{len(unknown)} speakers of unknown gender; expected f or m in the sheets:"
            f" {some(unknown)}"
        )
    problems += name_problems + absent(speakers, sheets)
    rows = [clips[name] for name in sorted(clips)]
    return build("voxceleb", rows, problems, extra=("nationality",))


def walk(root: Path) -> Iterator[tuple[str, int, str]]:
    """Find the clips without opening a file, folder by folder in the order of their names.

    Yields:
        Path under the root, bytes, and speaker/video/clip of each audio file.

    Raises:
        CorpusError: no such folder, an empty file, a name that is not VoxCeleb's, a clip in two
            formats, a speaker's video in two folders, or a speaker whose clips are all ``.m4a``
    """
    if not root.is_dir():
        raise CorpusError(
            f"{root}: no such folder; expected voxceleb in its official layout. Put or link it"
            " there."
        )
    above, readable, unread = len(os.path.join(root, "")), set(), set()
    videos: dict[tuple[str, ...], str] = {}
    for folder, names in walk_links(root):
        video, last = tuple(folder.split(os.sep)[-2:]), ""
        for file in names:
            stem, suffix = os.path.splitext(file)
            path, name = os.path.join(folder, file), "/".join([*video, stem])
            if suffix.lower() == ".m4a":
                unread.add(video[0])
            if suffix.lower() not in SUFFIXES or is_left_behind(Path(path[above:])):
                continue
            size = os.stat(path).st_size
            if not NAME.fullmatch(name):
                raise CorpusError(
                    f"{path}: not VoxCeleb's name; expected …/id<number>/<video>/<clip>. Move it"
                    " out of the folder."
                )
            if (first := videos.setdefault(video, folder)) != folder:
                raise CorpusError(
                    f"{folder}: this video of the speaker stands in {first}, too; expected it once."
                    " Remove one of them."
                )
            if stem == last:
                raise CorpusError(
                    f"{path}: the same clip stands beside it in another format; expected one of the"
                    " two. Remove one."
                )
            if not size:
                raise CorpusError(
                    f"{path}: an empty file, 0 bytes; expected a WAV or FLAC file. Copy it again or"
                    " remove it."
                )
            last = stem
            readable.add(video[0])
            yield path[above:], size, name
    if lost := sorted(unread - readable):
        raise CorpusError(
            f"{root}: {len(lost)} speakers have .m4a files alone: {some(lost)}; expected .wav or"
            " .flac. Convert them, names and folders kept, or remove them."
        )


def absent(speakers: Iterable[str], listed: Iterable[str]) -> list[Problem]:
    """Report speakers that the sheets list and that have no clip."""
    what = "speakers that the sheets list"
    return missing(speakers, set(listed), what=what, kind="missing speakers")


def read_sheets(root: Path) -> tuple[dict[str, dict], list[str]]:
    """Read gender and nationality of each speaker in the sheets, and what is odd in them."""
    labels, problems = {}, []
    present = [root / name for name in SHEETS if (root / name).is_file()]
    if not present:
        problems.append(
            f"{root}: neither {' nor '.join(SHEETS)}; expected one for the speakers' gender."
            " Without, it is missing."
        )
    for path in present:
        rows = _sheet(path)
        columns = list(rows[0]) if rows else []
        identity = next((name for name in columns if re.fullmatch(r"VoxCeleb\d ID", name)), None)
        if identity is None or "Gender" not in columns:
            problems.append(
                f"{path}: no row with the columns `VoxCeleb… ID` and `Gender`; expected both."
                " Take the official sheet."
            )
            continue
        for row in rows:
            gender, nationality = GENDERS.get(row["Gender"]), row.get("Nationality") or None
            labels[row[identity]] = {"gender": gender, "nationality": nationality}
    return labels, problems


def _sheet(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        # VoxCeleb 2's sheet has commas, VoxCeleb 1's has tabs.
        delimiter = "," if "," in file.readline() else "\t"
        file.seek(0)
        rows = []
        for row in csv.DictReader(file, delimiter=delimiter):
            rows.append({name.strip(): (cell or "").strip() for name, cell in row.items() if name})
    return rows
