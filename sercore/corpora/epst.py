"""Emotional Prosody Speech and Transcripts (LDC2002S28): acted American English."""

import csv
import re
from pathlib import Path

from sercore.corpora.table import Corpus, build, missing, named_clips, some

EMOTIONS = (
    "anxiety", "boredom", "cold-anger", "contempt", "despair", "disgust", "elation", "happy",
    "hot-anger", "interest", "neutral", "panic", "pride", "sadness", "shame",
)  # fmt: skip
NAME = re.compile(
    rf"(?P<speaker>[a-z]{{2}})_\d+_(?P<emotion>{'|'.join(EMOTIONS)})"
    r"_\d+(?:\.\d+)?_(?P<text>.+)"
)
GRAMMAR = (
    "<speaker>_<session>_<emotion>_<start>_<text>, as in cc_001_hot-anger_1018.86_August-second"
)


def read(root: Path) -> Corpus:
    """EPST: actors saying dates and numbers in 14 emotions and neutral (Liberman et al. 2002).

    The official distribution is whole sessions (``.sph``) with transcripts, chatter included; this
    reads clips cut from them. Layout, an assumption, since there is no official cut:
    ``<speaker>_<session>_<emotion>_<start>_<text>.wav`` (or ``.flac``) anywhere under the folder,
    the emotion one of fifteen with a hyphen for a blank, the start in seconds. The speakers' gender
    comes from ``speakers.csv`` (columns ``speaker`` and ``gender``, female or male) where it is
    there, to be written from the corpus' own list of participants. How many clips or speakers the
    complete corpus has is not known.

    Source: Liberman et al. 2002, Emotional Prosody Speech and Transcripts, Linguistic Data
    Consortium, LDC2002S28.
    """
    genders, problems = _genders(root / "speakers.csv")

    def labels(match: re.Match, path: Path) -> dict:
        return {"gender": genders.get(match["speaker"]), "language": "en-US"}

    clips, name_problems = named_clips(root, NAME, labels, GRAMMAR)
    if sessions := sorted(path.name for path in root.rglob("*.sph")):
        problems.append(
            f"{len(sessions)} recordings left out, they are whole sessions ({some(sessions)});"
            f" expected clips cut by their transcripts, named {GRAMMAR}. Cut them."
        )
    if not clips:
        problems.append(f"{root}: no clip; expected {GRAMMAR}, .wav or .flac. Put the clips there.")
    unknown = sorted({row["speaker"] for row in clips.values() if row["gender"] is None})
    if unknown:
        problems.append(
            f"{len(unknown)} speakers of unknown gender ({some(unknown)});"
            f" expected in {root / 'speakers.csv'}. Add them."
        )
    emotions = {row["emotion"] for row in clips.values()}
    problems += name_problems
    problems += missing(emotions, set(EMOTIONS), what="emotions", kind="missing emotions")
    return build("epst", clips.values(), problems)


def _genders(table: Path) -> tuple[dict[str, str], list[str]]:
    """Read the gender of each speaker, and what is odd in the table."""
    if not table.is_file():
        return {}, []
    with table.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    genders, n_wrong = {}, 0
    for row in rows:
        if row.get("speaker") and row.get("gender") in ("female", "male"):
            genders[row["speaker"]] = row["gender"]
        else:
            n_wrong += 1
    if rows and not n_wrong:
        return genders, []
    return genders, [
        f"{table}: {n_wrong} of {len(rows)} rows without speaker, or gender female or male;"
        " expected both columns. Mend it."
    ]
