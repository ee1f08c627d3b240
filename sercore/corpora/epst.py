"""Emotional Prosody Speech and Transcripts (LDC2002S28): acted American English, dates and numbers, fifteen labels."""

import csv
import re
from pathlib import Path

from sercore.corpora import Corpus, build, files, missing, unmatched
from sercore.corpora.table import some, without_copies

EMOTIONS = (
    "anxiety", "boredom", "cold-anger", "contempt", "despair", "disgust", "elation", "happy", "hot-anger", "interest",
    "neutral", "panic", "pride", "sadness", "shame",
)  # fmt: skip
NAME = re.compile(
    rf"(?P<speaker>[a-z]{{2}})_\d+_(?P<emotion>{'|'.join(EMOTIONS)})_(?P<start>\d+(?:\.\d+)?)_(?P<text>.+)"
)
GRAMMAR = (
    "<speaker>_<session>_<emotion>_<start>_<text>, as in cc_001_hot-anger_1018.86_August-second"
)


def read(root: Path) -> Corpus:
    """EPST: a few actors, 14 emotions and neutral, four-syllable dates and numbers (Liberman et al. 2002).

    The official distribution is whole sessions (``.sph``) with transcripts, chatter included; this reads clips cut from them.
    Layout, an assumption, since there is no official cut: ``<speaker>_<session>_<emotion>_<start>_<text>.wav`` (or ``.flac``)
    anywhere under the folder, the emotion one of fifteen with a hyphen for a blank, the start in seconds. The speakers' gender
    comes from ``speakers.csv`` (columns ``speaker`` and ``gender``, female or male) where it is there, to be written from the
    corpus' own list of participants.

    Args:
        root: the corpus' folder.

    Returns:
        The clips, and what is missing, odd or unreadable. How many clips or speakers are complete is not known here.

    Source: Liberman et al. 2002, Emotional Prosody Speech and Transcripts, Linguistic Data Consortium, LDC2002S28.
    """
    genders, problems = _genders(root / "speakers.csv")
    rows, odd = [], []
    for path in files(root):
        if match := NAME.fullmatch(path.stem):
            about = {name: match[name] for name in ("speaker", "emotion", "text")}
            rows.append(
                about | {"path": path, "gender": genders.get(match["speaker"]), "language": "en-US"}
            )
        else:
            odd.append(path.name)
    recordings = sorted(path.name for path in root.rglob("*.sph"))
    if recordings:
        told = f"expected clips cut by their transcripts, named {GRAMMAR}. Cut them."
        problems.append(
            f"{len(recordings)} recordings left out, they are whole sessions ({some(recordings)}); {told}"
        )
    if not rows:
        problems.append(f"{root}: no clip; expected {GRAMMAR}, .wav or .flac. Put the clips there.")
    if unknown := sorted({row["speaker"] for row in rows if row["gender"] is None}):
        told = f"expected in {root / 'speakers.csv'}. Add them."
        problems.append(f"{len(unknown)} speakers of unknown gender ({some(unknown)}); {told}")
    rows, copies = without_copies(rows, [row["path"].stem for row in rows])
    problems += unmatched(odd, GRAMMAR) + copies
    problems += missing(
        sorted({row["emotion"] for row in rows}),
        set(EMOTIONS),
        what="emotions",
        kind="missing emotions",
    )
    return build("epst", rows, problems)


def _genders(table: Path) -> tuple[dict[str, str], list[str]]:
    """Gender of each speaker in the table, and what is odd in it."""
    if not table.is_file():
        return {}, []
    with table.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    wrong = [
        row for row in rows if not row.get("speaker") or row.get("gender") not in ("female", "male")
    ]
    genders = {row["speaker"]: row["gender"] for row in rows if row not in wrong}
    told = f"{table}: {len(wrong)} of {len(rows)} rows without speaker, or gender female or male; expected both columns. Mend it."
    return genders, [told] if wrong or not rows else []
