"""SAVEE: acted British English."""

import re
from itertools import product
from pathlib import Path

from sercore.corpora.table import Corpus, build, named_clips

# The longer codes first: `sa` is not `a`, `su` is not `s`.
NAME = re.compile(r"(?:(?P<speaker>DC|JE|JK|KL)_)?(?P<text>(?P<emotion>sa|su|a|d|f|h|n)\d\d)")
SPEAKERS = ("DC", "JE", "JK", "KL")
SENTENCES = {"a": 15, "d": 15, "f": 15, "h": 15, "n": 30, "sa": 15, "su": 15}
EXPECTED = {
    f"{who}_{emotion}{number:02d}"
    for who, (emotion, last) in product(SPEAKERS, SENTENCES.items())
    for number in range(1, last + 1)
}


def read(root: Path) -> Corpus:
    """SAVEE: 4 speakers, 7 emotions, 480 clips (Haq and Jackson 2010).

    Layout: ``ALL/<speaker>_<emotion><nn>.wav`` or ``<speaker>/<emotion><nn>.wav`` (or ``.flac``),
    as the two official archives have it. The labels stay codes: a anger, d disgust, f fear, h
    happiness, n neutral, sa sadness, su surprise. The text is the emotion's code and the sentence's
    number, since sentences are numbered within an emotion. Clips are sorted by speaker and text.

    Source: Haq and Jackson 2010, Multimodal Emotion Recognition, in Machine Audition, IGI Global.
    """

    def labels(match: re.Match, path: Path) -> dict:
        speaker = match["speaker"] or path.parent.name
        name = f"{speaker}_{match['text']}"
        return {"name": name, "speaker": speaker, "gender": "male", "language": "en-GB"}

    grammar = "<speaker>_<emotion><nn>, or <emotion><nn> in the speaker's folder"
    clips, problems = named_clips(root, NAME, labels, grammar, expected=EXPECTED)
    return build("savee", [clips[name] for name in sorted(clips)], problems)
