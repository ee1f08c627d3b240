"""CORAA SER 1.0, the training set of the SE&R 2022 challenge: spontaneous Brazilian Portuguese."""

import csv
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from sercore.corpora.table import Corpus, build, counted, missing, named_clips, some

NAME = re.compile(
    r"(?P<speaker>[^_]+)_segment\d+_(?P<emotion>neutral|non-neutral-(?P<gender>female|male))"
)
CLASSES = {"neutral": 491, "non-neutral-female": 89, "non-neutral-male": 45}
# Letters of the columns with listeners' notes on a clip (Alves et al. 2022, section 2.1.1).
NOTES = {
    "noise": "n",
    "overlapping_voices": "o",
    "different_genders": "g",
    "voices_in_sequence": "s",
}
# The official list names segment 85 of this recording twice instead.
UNLISTED = {"bfammn21_segment82_neutral"}


def read(root: Path) -> Corpus:
    """CORAA SER, training set: 84 recordings, 3 classes, 625 clips (Marcacini et al. 2022).

    Layout: ``data_train/<recording>_segment<n>_<label>.wav`` (or ``.flac``) and, optionally,
    ``annotations.csv`` with the clips' names in column ``file``. The speaker is the recording; the
    gender of a neutral clip is not known.

    Source: Marcacini, Candido Junior and Casanova, Overview of the Automatic Speech Recognition for
    Spontaneous and Prepared Speech and Speech Emotion Recognition in Portuguese (SE&R) Shared-tasks
    at PROPOR 2022.
    """

    def labels(match: re.Match, path: Path) -> dict:
        return {"language": "pt-BR", "text": None}

    grammar = "<recording>_segment<n>_<label>"
    clips, problems = named_clips(root / "data_train", NAME, labels, grammar)
    classes = Counter(row["emotion"] for row in clips.values())
    problems += counted(classes, CLASSES, by="class", kind="missing")
    problems += _list_problems(clips, root / "annotations.csv")
    return build("coraa-ser", clips.values(), problems)


def notes(root: Path) -> list[tuple[str, str]]:
    """Read listeners' notes on the clips that ``annotations.csv`` lists; empty without the file.

    Beside each clip's name stand the letters of ``NOTES`` that apply to it, "-" for none. One name
    stands twice, the second time in place of a clip that is not listed.

    Source: Alves et al. 2022, section 2.1.1 and Figure 1; the list is public beside the authors'
    notebooks.
    """
    listed = []
    for row in _annotations(root / "annotations.csv"):
        letters = "".join(letter for column, letter in NOTES.items() if row[column] == "yes")
        listed.append((row["file"].removesuffix(".wav"), letters or "-"))
    return listed


def _annotations(table: Path) -> list[dict[str, str]]:
    if not table.is_file():
        return []
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _list_problems(names: Iterable[str], table: Path) -> list[str]:
    if not table.is_file():
        return []
    rows = _annotations(table)
    listed = {row["file"].removesuffix(".wav") for row in rows if row.get("file")}
    if not listed:
        return [
            f"{table}: no name in a column `file`; expected the clips' names there."
            " Replace or remove the list."
        ]
    problems = missing(names, listed, what=f"clips that {table.name} lists", kind="")
    if unlisted := sorted(set(names) - listed - UNLISTED):
        problems.append(f"{len(unlisted)} clips that {table.name} does not list: {some(unlisted)}")
    return problems
