"""CETUC: read Brazilian Portuguese without emotion labels."""

import re
from collections import Counter
from pathlib import Path

from sercore.corpora.table import Corpus, build, counted, named_clips

NAME = re.compile(r"(?P<speaker>[FM]\d{3})-(?P<text>\d{4})")
GENDERS = {"F": "female", "M": "male"}
SPEAKERS = {"female": 51, "male": 50}
CLIPS = {"female": 50_997, "male": 50_000}


def read(root: Path) -> Corpus:
    """CETUC: 101 speaker codes, 1000 sentences each, 100,997 clips (Alencar and Alcaim 2008).

    Layout: ``<speaker>-<sentence>.wav`` (or ``.flac``) such as ``F003-0616.wav``, the sex's letter
    first, anywhere under the folder; names of folders are not read. Alves et al. 2022 print 50 men
    and 50 women; their data have 51 women's codes and 50,997 of their clips, the counts expected
    here. The sentences' numbers are not known beforehand, so missing clips are known by counts.

    Source: Alencar and Alcaim 2008, LSF and LPC-derived features for large vocabulary distributed
    continuous speech recognition in Brazilian Portuguese, Asilomar; counts of Alves et al. 2022's
    data.
    """

    def labels(match: re.Match, path: Path) -> dict:
        return {"gender": GENDERS[match["speaker"][0]], "language": "pt-BR", "emotion": None}

    grammar = "<F|M><speaker>-<sentence>, as in F003-0616"
    clips, problems = named_clips(root, NAME, labels, grammar)
    speakers = {row["speaker"]: row["gender"] for row in clips.values()}
    genders = Counter(row["gender"] for row in clips.values())
    problems += counted(Counter(speakers.values()), SPEAKERS, what="speakers", by="gender")
    problems += counted(genders, CLIPS, by="gender", kind="missing")
    return build("cetuc", clips.values(), problems)
