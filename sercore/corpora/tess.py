"""TESS: acted Canadian English, two women, 200 words in a carrier phrase, seven emotions."""

import re
from itertools import product
from pathlib import Path

from sercore.corpora import Corpus, build, files, missing, unmatched
from sercore.corpora.reports import Problem
from sercore.corpora.table import without_copies

# One clip of the official distribution starts with OA instead of OAF.
NAME = re.compile(
    r"(?P<speaker>OAF?|YAF)_(?P<text>[^_]+)_(?P<emotion>angry|disgust|fear|happy|neutral|ps|sad)"
)
SPEAKERS = ("OAF", "YAF")
EMOTIONS = ("angry", "disgust", "fear", "happy", "neutral", "ps", "sad")
WORDS = 200


def read(root: Path) -> Corpus:
    """TESS: 2 speakers, 7 emotions, 200 words, 2800 clips (Pichora-Fuller and Dupuis 2020).

    Layout: ``<speaker>_<emotion>/<speaker>_<word>_<label>.wav`` (or ``.flac``). OAF is the older woman, YAF the younger; the
    label ``ps`` is pleasant surprise; the text is the word.

    Args:
        root: the corpus' folder.

    Returns:
        The clips, and what is missing, odd or unreadable; none for the complete corpus. A word that is missing altogether is
        known by the count of words alone.

    Source: Pichora-Fuller and Dupuis 2020, Toronto emotional speech set, Borealis.
    """
    rows, odd = [], []
    for path in files(root):
        if match := NAME.fullmatch(path.stem):
            speaker = "YAF" if match["speaker"] == "YAF" else "OAF"
            rows.append(
                match.groupdict()
                | {"path": path, "speaker": speaker, "gender": "female", "language": "en-CA"}
            )
        else:
            odd.append(path.name)
    words = {row["text"] for row in rows}
    expected = {"_".join(parts) for parts in product(SPEAKERS, words, EMOTIONS)}
    names = ["_".join((row["speaker"], row["text"], row["emotion"])) for row in rows]
    rows, copies = without_copies(rows, names)
    problems = unmatched(odd, "<OAF|YAF>_<word>_<emotion>") + copies + missing(names, expected)
    if len(words) != WORDS:
        a_word = len(SPEAKERS) * len(EMOTIONS)
        sentence = f"{len(words)} different words in {len(rows)} clips, expected {WORDS} words in {WORDS * a_word} clips"
        problems.append(Problem(sentence, "missing", max(0, WORDS - len(words)) * a_word))
    return build("tess", rows, problems)
