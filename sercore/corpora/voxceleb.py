"""VoxCeleb 1 and 2: interviews from the web, many speakers, no emotion labels."""

import csv
import re
from collections.abc import Iterable
from pathlib import Path

from sercore.corpora import Corpus, build, files, missing, unmatched
from sercore.corpora.reports import Problem
from sercore.corpora.table import some, without_copies

NAME = re.compile(r"(?P<speaker>id\d{5})/(?P<text>[^/]+)/[^/]+")
SHEETS = ("vox1_meta.csv", "vox2_meta.csv")
GENDERS = {"f": "female", "m": "male"}


def read(root: Path) -> Corpus:
    """VoxCeleb 1, 2 or both: interviews of some 7000 speakers (Nagrani et al. 2017, Chung et al. 2018).

    Layout: ``…/id<number>/<video>/<clip>.wav`` (or ``.flac``), under ``wav``, ``dev/wav``, ``test/wav`` or anything else. The
    official VoxCeleb 2 is ``.m4a``, which cannot be read here: such files are counted, and have to be converted. The sex, and for
    VoxCeleb 1 the nationality, come from ``vox1_meta.csv`` and ``vox2_meta.csv`` in the folder, where they are there. The language
    is not known; the text is the video.

    Args:
        root: the corpus' folder.

    Returns:
        The clips, sorted by speaker and video, ``emotion`` and ``language`` missing, with one column more, ``nationality``, or
        missing; and what is missing, odd or unreadable. The speakers expected are those that the sheets list.

    Source: Nagrani, Chung and Zisserman 2017, VoxCeleb: a large-scale speaker identification dataset, Interspeech; Chung,
    Nagrani and Zisserman 2018, VoxCeleb2: Deep Speaker Recognition, Interspeech.
    """
    about, problems = _sheets(root)
    rows, odd = [], []
    for path in files(root):
        name = "/".join(path.with_suffix("").parts[-3:])
        if match := NAME.fullmatch(name):
            known = about.get(match["speaker"], {"gender": None, "nationality": None})
            rows.append(
                (
                    name,
                    {"path": path, "language": None, "emotion": None} | match.groupdict() | known,
                )
            )
        else:
            odd.append(path.name)
    rows.sort(key=lambda pair: pair[0])
    names = [name for name, _ in rows]
    clips, copies = without_copies([row for _, row in rows], names)
    speakers = {name.split("/")[0] for name in names}
    if unread := sum(1 for _ in root.rglob("*.m4a")):
        problems.append(
            f"{unread} files left out, they are .m4a; expected .wav or .flac. Convert them, names and folders kept."
        )
    if not rows:
        problems.append(
            f"{root}: no clip; expected …/id<number>/<video>/<clip>.wav or .flac. Put VoxCeleb's folders there."
        )
    unknown = sorted(
        speaker for speaker in speakers if about and not about.get(speaker, {}).get("gender")
    )
    if unknown:
        problems.append(
            f"{len(unknown)} speakers of unknown gender; expected f or m in the sheets: {some(unknown)}"
        )
    problems += unmatched(odd, "…/id<number>/<video>/<clip>") + copies + absent(speakers, about)
    return build("voxceleb", clips, problems, extra=("nationality",))


def absent(speakers: Iterable[str], listed: Iterable[str]) -> list[Problem]:
    """Problem for speakers that the sheets list and who have no clip.

    Args:
        speakers: who have one.
        listed: by the sheets.
    """
    return missing(
        sorted(speakers), set(listed), what="speakers that the sheets list", kind="missing speakers"
    )


def listed(root: Path) -> set[str]:
    """Speakers that the sheets in VoxCeleb's folder list; none where there is no sheet."""
    return set(_sheets(root)[0])


def _sheets(root: Path) -> tuple[dict[str, dict], list[str]]:
    """Gender and nationality of each speaker that the sheets list, and what is odd in them."""
    about, problems = {}, []
    present = [root / name for name in SHEETS if (root / name).is_file()]
    if not present:
        problems.append(
            f"{root}: neither {' nor '.join(SHEETS)}; expected one for the speakers' gender. Without, it is missing."
        )
    for path in present:
        with path.open(newline="", encoding="utf-8-sig") as file:
            delimiter = (
                "," if "," in file.readline() else "\t"
            )  # VoxCeleb 2's sheet has commas, VoxCeleb 1's has none
            file.seek(0)
            rows = [_stripped(row) for row in csv.DictReader(file, delimiter=delimiter)]
        identity = next(
            (name for name in (rows or [{}])[0] if re.fullmatch(r"VoxCeleb\d ID", name)), None
        )
        if identity is None or "Gender" not in rows[0]:
            problems.append(
                f"{path}: no row with the columns `VoxCeleb… ID` and `Gender`; expected both. Take the official sheet."
            )
            continue
        for row in rows:
            about[row[identity]] = {
                "gender": GENDERS.get(row["Gender"]),
                "nationality": row.get("Nationality") or None,
            }
    return about, problems


def _stripped(row: dict) -> dict[str, str]:
    return {name.strip(): (value or "").strip() for name, value in row.items() if name}
