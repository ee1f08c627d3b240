"""CREMA-D: acted North American English."""

import re
from itertools import product
from pathlib import Path

from sercore.corpora.table import Corpus, build, named_clips

NAME = re.compile(
    r"(?P<speaker>10\d\d)_(?P<text>[A-Z]{3})_(?P<emotion>[A-Z]{3})_(?P<level>LO|MD|HI|XX)"
)
EMOTIONS = ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
SENTENCES = ("DFA", "IEO", "IOM", "ITH", "ITS", "IWL", "IWW", "MTI", "TAI", "TIE", "TSI", "WSI")
# Not in the official distribution, which is a full grid but for these twenty clips.
NEVER = {
    f"{take}_{emotion}_XX"
    for take, emotion in product(("1008_WSI", "1009_MTI", "1019_ITH"), EMOTIONS)
}
NEVER |= {"1002_TIE_NEU_XX", "1076_ITS_NEU_XX"}
EXPECTED = {
    f"{actor}_{sentence}_{emotion}_{level}"
    for actor, sentence, emotion in product(range(1001, 1092), SENTENCES, EMOTIONS)
    for level in (("LO", "MD", "HI") if sentence == "IEO" and emotion != "NEU" else ("XX",))
} - NEVER
WOMEN = {
    1002, 1003, 1004, 1006, 1007, 1008, 1009, 1010, 1012, 1013, 1018, 1020, 1021, 1024, 1025, 1028,
    1029, 1030, 1037, 1043, 1046, 1047, 1049, 1052, 1053, 1054, 1055, 1056, 1058, 1060, 1061, 1063,
    1072, 1073, 1074, 1075, 1076, 1078, 1079, 1082, 1084, 1089, 1091,
}  # fmt: skip


def read(root: Path) -> Corpus:
    """CREMA-D: 91 actors, 6 emotions, 12 sentences, 7442 clips (Cao et al. 2014).

    Layout: ``AudioWAV/<actor>_<sentence>_<emotion>_<level>.wav`` (or ``.flac``). The labels stay
    codes: ANG anger, DIS disgust, FEA fear, HAP happiness, NEU neutral, SAD sadness. One sentence,
    IEO, is spoken at three levels: the column ``level`` is LO, MD, HI or, unspecified, XX.

    Source: Cao et al. 2014, CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset, IEEE
    Transactions on Affective Computing 5(4); actors' sex as the corpus' table of actors gives it.
    """

    def labels(match: re.Match, path: Path) -> dict:
        gender = "female" if int(match["speaker"]) in WOMEN else "male"
        return {"gender": gender, "language": "en-US"}

    grammar = "<actor>_<sentence>_<emotion>_<level>"
    clips, problems = named_clips(root, NAME, labels, grammar, expected=EXPECTED)
    return build("crema-d", clips.values(), problems, extra=("level",))
