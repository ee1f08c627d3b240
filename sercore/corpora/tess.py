"""TESS: acted Canadian English."""

import re
from itertools import product
from pathlib import Path

from sercore.corpora.clips import Problem
from sercore.corpora.table import Corpus, build, missing, named_clips

# One clip of the official distribution starts with OA instead of OAF.
NAME = re.compile(
    r"(?P<speaker>OAF?|YAF)_(?P<text>[^_]+)_(?P<emotion>angry|disgust|fear|happy|neutral|ps|sad)"
)
SPEAKERS = ("OAF", "YAF")
EMOTIONS = ("angry", "disgust", "fear", "happy", "neutral", "ps", "sad")
WORDS = 200


def read(root: Path) -> Corpus:
    """TESS: 2 speakers, 7 emotions, 200 words, 2800 clips (Pichora-Fuller and Dupuis 2020).

    Layout: ``<speaker>_<emotion>/<speaker>_<word>_<label>.wav`` (or ``.flac``). OAF is the older
    woman, YAF the younger; the label ``ps`` is pleasant surprise; the text is the
    word. A word without any clip is known by the count of words alone.

    Source: Pichora-Fuller and Dupuis 2020, Toronto emotional speech set, Borealis.
    """

    def labels(match: re.Match, path: Path) -> dict:
        speaker = "YAF" if match["speaker"] == "YAF" else "OAF"
        name = f"{speaker}_{match['text']}_{match['emotion']}"
        return {"name": name, "speaker": speaker, "gender": "female", "language": "en-CA"}

    clips, problems = named_clips(root, NAME, labels, "<OAF|YAF>_<word>_<emotion>")
    words = {row["text"] for row in clips.values()}
    problems += missing(clips, {"_".join(parts) for parts in product(SPEAKERS, words, EMOTIONS)})
    if len(words) != WORDS:
        clips_per_word = len(SPEAKERS) * len(EMOTIONS)
        sentence = (
            f"{len(words)} different words in {len(clips)} clips,"
            f" expected {WORDS} words in {WORDS * clips_per_word} clips"
        )
        lacking = max(0, WORDS - len(words)) * clips_per_word
        problems.append(Problem(sentence, "missing", lacking))
    return build("tess", clips.values(), problems)
