"""Emo-DB: acted German, ten speakers, ten sentences, seven emotions."""

import re
from collections import Counter
from pathlib import Path

from sercore.corpora import Corpus, build, files, unmatched
from sercore.corpora.table import counted, without_copies

NAME = re.compile(
    r"(?P<speaker>03|08|09|1[0-6])(?P<text>a0[12457]|b0[1239]|b10)(?P<emotion>[WLEAFTN])[a-f]"
)
EMOTIONS = {
    "W": "anger",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happiness",
    "T": "sadness",
    "N": "neutral",
}
MEN = {"03", "10", "11", "12", "15"}
SPEAKERS = {
    "03": 49,
    "08": 58,
    "09": 43,
    "10": 38,
    "11": 55,
    "12": 35,
    "13": 61,
    "14": 69,
    "15": 56,
    "16": 71,
}
CLASSES = {
    "anger": 127,
    "boredom": 81,
    "disgust": 46,
    "fear": 69,
    "happiness": 71,
    "sadness": 62,
    "neutral": 79,
}


def read(root: Path) -> Corpus:
    """Emo-DB: 10 speakers, 7 emotions, 10 sentences, 535 clips (Burkhardt et al. 2005).

    Layout: ``wav/<speaker><text><emotion><version>.wav`` (or ``.flac``), the emotion a German initial. The label is the English
    word for it. The corpus is no full grid, only clips that listeners recognised: what is missing is known by counts.

    Args:
        root: the corpus' folder.

    Returns:
        The clips, and what is missing, odd or unreadable; none for the complete corpus.

    Source: Burkhardt et al. 2005, A Database of German Emotional Speech, Interspeech.
    """
    rows, odd = [], []
    for path in files(root):
        if match := NAME.fullmatch(path.stem):
            gender = "male" if match["speaker"] in MEN else "female"
            row = match.groupdict() | {"emotion": EMOTIONS[match["emotion"]]}
            rows.append(row | {"path": path, "gender": gender, "language": "de-DE"})
        else:
            odd.append(path.name)
    rows, copies = without_copies(rows, [row["path"].stem for row in rows])
    problems = unmatched(odd, "<speaker><text><emotion><version>") + copies
    problems += counted(Counter(row["emotion"] for row in rows), CLASSES, kind="missing")
    problems += counted(Counter(row["speaker"] for row in rows), SPEAKERS, by="speaker")
    return build("emodb", rows, problems)
