"""Emo-DB: acted German."""

import re
from collections import Counter
from pathlib import Path

from sercore.corpora.table import Corpus, build, counted, named_clips

NAME = re.compile(
    r"(?P<speaker>03|08|09|1[0-6])(?P<text>a0[12457]|b0[1239]|b10)(?P<emotion>[WLEAFTN])[a-f]"
)
EMOTIONS = {
    "W": "anger", "L": "boredom", "E": "disgust", "A": "fear", "F": "happiness", "T": "sadness",
    "N": "neutral",
}  # fmt: skip
MEN = {"03", "10", "11", "12", "15"}
SPEAKERS = {
    "03": 49, "08": 58, "09": 43, "10": 38, "11": 55, "12": 35, "13": 61, "14": 69, "15": 56,
    "16": 71,
}  # fmt: skip
CLASSES = {
    "anger": 127, "boredom": 81, "disgust": 46, "fear": 69, "happiness": 71, "sadness": 62,
    "neutral": 79,
}  # fmt: skip


def read(root: Path) -> Corpus:
    """Emo-DB: 10 speakers, 7 emotions, 10 sentences, 535 clips (Burkhardt et al. 2005).

    Layout: ``wav/<speaker><text><emotion><version>.wav`` (or ``.flac``), the emotion a German
    initial. The label is the English word for it. The corpus is no full grid, only clips that
    listeners recognised: what is missing is known by counts.

    Source: Burkhardt et al. 2005, A Database of German Emotional Speech, Interspeech.
    """

    def labels(match: re.Match, path: Path) -> dict:
        gender = "male" if match["speaker"] in MEN else "female"
        return {"emotion": EMOTIONS[match["emotion"]], "gender": gender, "language": "de-DE"}

    clips, problems = named_clips(root, NAME, labels, "<speaker><text><emotion><version>")
    emotions = Counter(row["emotion"] for row in clips.values())
    speakers = Counter(row["speaker"] for row in clips.values())
    problems += counted(emotions, CLASSES, kind="missing")
    problems += counted(speakers, SPEAKERS, by="speaker")
    return build("emodb", clips.values(), problems)
