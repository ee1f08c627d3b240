"""CORAA SER 1.0, the training set of the SE&R 2022 challenge: spontaneous Brazilian Portuguese, three classes."""

import csv
import re
from collections import Counter
from pathlib import Path

from sercore.corpora import Corpus, build, files, missing, unmatched
from sercore.corpora.reports import Problem
from sercore.corpora.table import without_copies

NAME = re.compile(
    r"(?P<speaker>[^_]+)_segment\d+_(?P<emotion>neutral|non-neutral-(?P<gender>female|male))"
)
CLASSES = {"neutral": 491, "non-neutral-female": 89, "non-neutral-male": 45}
# What listeners noted of a clip: column of the list, and a letter for it (Alves et al. 2022, section 2.1.1).
NOTES = {
    "noise": "n",
    "overlapping_voices": "o",
    "different_genders": "g",
    "voices_in_sequence": "s",
}
UNLISTED = {
    "bfammn21_segment82_neutral"
}  # the official list names segment 85 of this recording twice instead


def read(root: Path) -> Corpus:
    """CORAA SER, training set: 84 recordings, 3 classes, 625 clips (Marcacini, Candido Junior and Casanova 2022).

    Layout: ``data_train/<recording>_segment<n>_<label>.wav`` (or ``.flac``) and, where it is there, ``annotations.csv`` with
    the clips' names in column ``file``. The speaker is the recording; the gender of a neutral clip is not known.

    Args:
        root: the corpus' folder.

    Returns:
        The clips, and what is missing, odd or unreadable; none for the complete corpus.

    Source: Marcacini et al., Overview of the Automatic Speech Recognition for Spontaneous and Prepared Speech and Speech
    Emotion Recognition in Portuguese (SE&R) Shared-tasks at PROPOR 2022.
    """
    rows, odd = [], []
    for path in files(root / "data_train"):
        if match := NAME.fullmatch(path.stem):
            rows.append({"path": path, "language": "pt-BR", "text": None} | match.groupdict())
        else:
            odd.append(path.name)
    names = [row["path"].stem for row in rows]
    rows, copies = without_copies(rows, names)
    problems = unmatched(odd, "<recording>_segment<n>_<label>") + copies
    problems += _counts(Counter(row["emotion"] for row in rows)) + _against_list(
        names, root / "annotations.csv"
    )
    return build("coraa-ser", rows, problems)


def notes(root: Path) -> list[tuple[str, str]]:
    """Name of each clip that ``annotations.csv`` lists, and the letters of what listeners noted, "-" for nothing.

    One name stands twice, the second time in place of a clip that is not listed; where there is no list, nothing is noted.

    Args:
        root: the corpus' folder.

    Source: Alves et al. 2022, section 2.1.1 and Figure 1; the list is public beside the authors' notebooks.
    """
    table = root / "annotations.csv"
    if not table.is_file():
        return []
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    letters = (
        "".join(letter for column, letter in NOTES.items() if row[column] == "yes") for row in rows
    )
    return [
        (row["file"].removesuffix(".wav"), noted or "-")
        for row, noted in zip(rows, letters, strict=True)
    ]


def _counts(found: Counter) -> list[str]:
    if all(found[label] == count for label, count in CLASSES.items()):
        return []
    told = ", ".join(f"{label} {found[label]} ({count})" for label, count in CLASSES.items())
    sentence = f"{found.total()} clips, expected {sum(CLASSES.values())}; by class, expected in brackets: {told}"
    return [Problem(sentence, "missing", (Counter(CLASSES) - found).total())]


def _against_list(names: list[str], table: Path) -> list[str]:
    if not table.is_file():
        return []
    with table.open(newline="", encoding="utf-8") as file:
        listed = {
            row["file"].removesuffix(".wav") for row in csv.DictReader(file) if row.get("file")
        }
    if not listed:
        told = f"{table}: no name in a column `file`; expected the clips' names there. Replace or remove the list."
        return [told]
    problems = missing(names, listed, what=f"clips that {table.name} lists", kind="")
    unlisted = sorted(set(names) - listed - UNLISTED)
    if unlisted:
        shown = ", ".join(unlisted[:3]) + (", …" if len(unlisted) > 3 else "")
        problems.append(f"{len(unlisted)} clips that {table.name} does not list: {shown}")
    return problems
