"""EMOVO: acted Italian, six speakers, fourteen sentences, seven emotions."""

import re
from itertools import product
from pathlib import Path

from sercore.corpora import Corpus, build, files, missing, unmatched
from sercore.corpora.table import without_copies

NAME = re.compile(
    r"(?P<emotion>dis|gio|neu|pau|rab|sor|tri)-(?P<speaker>[fm][123])-(?P<text>b[123]|d[12]|l[1-4]|n[1-5])"
)
EMOTIONS = ("dis", "gio", "neu", "pau", "rab", "sor", "tri")
SPEAKERS = ("f1", "f2", "f3", "m1", "m2", "m3")
SENTENCES = ("b1", "b2", "b3", "d1", "d2", "l1", "l2", "l3", "l4", "n1", "n2", "n3", "n4", "n5")


def read(root: Path) -> Corpus:
    """EMOVO: 6 speakers, 7 emotions, 14 sentences, 588 clips (Costantini et al. 2014).

    Layout: ``<speaker>/<emotion>-<speaker>-<sentence>.wav`` (or ``.flac``). The labels stay Italian: dis disgust, gio joy, neu
    neutral, pau fear, rab anger, sor surprise, tri sadness.

    Args:
        root: the corpus' folder.

    Returns:
        The clips, and what is missing, odd or unreadable; none for the complete corpus.

    Source: Costantini et al. 2014, EMOVO Corpus: an Italian Emotional Speech Database, LREC.
    """
    rows, odd = [], []
    for path in files(root):
        if match := NAME.fullmatch(path.stem):
            gender = "female" if match["speaker"][0] == "f" else "male"
            rows.append(match.groupdict() | {"path": path, "gender": gender, "language": "it-IT"})
        else:
            odd.append(path.name)
    expected = {"-".join(parts) for parts in product(EMOTIONS, SPEAKERS, SENTENCES)}
    names = [row["path"].stem for row in rows]
    rows, copies = without_copies(rows, names)
    return build(
        "emovo",
        rows,
        unmatched(odd, "<emotion>-<speaker>-<sentence>") + copies + missing(names, expected),
    )
