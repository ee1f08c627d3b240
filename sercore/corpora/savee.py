"""SAVEE: acted British English, four men, seven emotions."""

import re
from itertools import product
from pathlib import Path

from sercore.corpora import Corpus, build, files, missing, unmatched
from sercore.corpora.table import without_copies

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

    Layout: ``ALL/<speaker>_<emotion><nn>.wav`` or ``<speaker>/<emotion><nn>.wav`` (or ``.flac``), as the two official archives
    have it. The labels stay codes: a anger, d disgust, f fear, h happiness, n neutral, sa sadness, su surprise. The text is the
    emotion's code and the sentence's number, since sentences are numbered within an emotion.

    Args:
        root: the corpus' folder.

    Returns:
        The clips, sorted by speaker and text in either layout, and what is missing, odd or unreadable; none for the complete
        corpus.

    Source: Haq and Jackson 2010, Multimodal Emotion Recognition, in Machine Audition, IGI Global.
    """
    rows, odd = [], []
    for path in files(root):
        match = NAME.fullmatch(path.stem)
        speaker = (match and match["speaker"]) or path.parent.name
        name = f"{speaker}_{match['text']}" if match else ""
        if name in EXPECTED:
            row = match.groupdict() | {
                "path": path,
                "speaker": speaker,
                "gender": "male",
                "language": "en-GB",
            }
            rows.append((name, row))
        else:
            odd.append(path.name)
    rows.sort(key=lambda pair: pair[0])
    names = [name for name, _ in rows]
    clips, copies = without_copies([row for _, row in rows], names)
    problems = (
        unmatched(odd, "<speaker>_<emotion><nn>, or <emotion><nn> in the speaker's folder") + copies
    )
    return build("savee", clips, problems + missing(names, EXPECTED))
