"""RAVDESS, the speech part: acted North American English."""

import re
from itertools import product
from pathlib import Path

from sercore.corpora.table import Corpus, build, named_clips

NAME = re.compile(
    r"03-01-(?P<emotion>0[1-8])-0[12]-(?P<text>0[12])-0[12]-(?P<speaker>0[1-9]|1\d|2[0-4])"
)
EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
EXPECTED = {
    f"03-01-{emotion:02d}-{intensity:02d}-{statement:02d}-{repetition:02d}-{actor:02d}"
    for emotion, intensity, statement, repetition, actor in product(
        range(1, 9), (1, 2), (1, 2), (1, 2), range(1, 25)
    )
    if (emotion, intensity) != (1, 2)  # neutral has no strong intensity
}


def read(root: Path) -> Corpus:
    """RAVDESS, speech: 24 actors, 8 emotions, 1440 clips (Livingstone and Russo 2018).

    Layout: ``Actor_NN/03-01-EE-II-SS-RR-AA.wav`` (or ``.flac``): emotion, intensity, statement,
    repetition, actor. Odd actors are male. The text is the statement's number.

    Source: Livingstone and Russo 2018, PLOS ONE 13(5); file names as the data's own page describes
    them.
    """

    def labels(match: re.Match, path: Path) -> dict:
        gender = "male" if int(match["speaker"]) % 2 else "female"
        emotion = EMOTIONS[int(match["emotion"]) - 1]
        return {"emotion": emotion, "gender": gender, "language": "en-US"}

    clips, problems = named_clips(root, NAME, labels, "03-01-EE-II-SS-RR-AA", expected=EXPECTED)
    return build("ravdess", clips.values(), problems)
