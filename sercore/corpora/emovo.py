"""EMOVO: acted Italian."""

import re
from itertools import product
from pathlib import Path

from sercore.corpora.table import Corpus, build, named_clips

EMOTIONS = ("dis", "gio", "neu", "pau", "rab", "sor", "tri")
SPEAKERS = ("f1", "f2", "f3", "m1", "m2", "m3")
SENTENCES = ("b1", "b2", "b3", "d1", "d2", "l1", "l2", "l3", "l4", "n1", "n2", "n3", "n4", "n5")
NAME = re.compile(
    rf"(?P<emotion>{'|'.join(EMOTIONS)})-(?P<speaker>[fm][123])"
    r"-(?P<text>b[123]|d[12]|l[1-4]|n[1-5])"
)
EXPECTED = {"-".join(parts) for parts in product(EMOTIONS, SPEAKERS, SENTENCES)}


def read(root: Path) -> Corpus:
    """EMOVO: 6 speakers, 7 emotions, 14 sentences, 588 clips (Costantini et al. 2014).

    Layout: ``<speaker>/<emotion>-<speaker>-<sentence>.wav`` (or ``.flac``). The labels stay
    Italian: dis disgust, gio joy, neu neutral, pau fear, rab anger, sor surprise, tri sadness.

    Source: Costantini et al. 2014, EMOVO Corpus: an Italian Emotional Speech Database, LREC.
    """

    def labels(match: re.Match, path: Path) -> dict:
        gender = "female" if match["speaker"][0] == "f" else "male"
        return {"gender": gender, "language": "it-IT"}

    grammar = "<emotion>-<speaker>-<sentence>"
    clips, problems = named_clips(root, NAME, labels, grammar, expected=EXPECTED)
    return build("emovo", clips.values(), problems)
