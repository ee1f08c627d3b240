"""SAVEE: acted British English."""

import re
from itertools import product
from pathlib import Path

from sercore.corpora.table import Corpus, build, missing, named_clips

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
    number, since sentences are numbered within an emotion.

    Returns:
        The clips, sorted by speaker and text in either layout, and problems; none for the complete
        corpus.

    Source: Haq and Jackson 2010, Multimodal Emotion Recognition, in Machine Audition, IGI Global.
    """

    def parse(path: Path) -> tuple[str, dict] | None:
        match = NAME.fullmatch(path.stem)
        if match is None:
            return None
        speaker = match["speaker"] or path.parent.name
        name = f"{speaker}_{match['text']}"
        if name not in EXPECTED:
            return None
        labels = {"speaker": speaker, "gender": "male", "language": "en-GB"}
        return name, match.groupdict() | labels

    grammar = "<speaker>_<emotion><nn>, or <emotion><nn> in the speaker's folder"
    clips, problems = named_clips(root, parse, grammar)
    rows = [clips[name] for name in sorted(clips)]
    return build("savee", rows, problems + missing(clips, EXPECTED))
