"""CETUC: read Brazilian Portuguese, a hundred speakers and one, a thousand sentences each, no emotion labels."""

import re
from collections import Counter
from pathlib import Path

from sercore.corpora import Corpus, build, files, unmatched
from sercore.corpora.table import counted, without_copies

NAME = re.compile(r"(?P<speaker>[FM]\d{3})-(?P<text>\d{4})")
GENDERS = {"F": "female", "M": "male"}
SPEAKERS = {"female": 51, "male": 50}
CLIPS = {"female": 50_997, "male": 50_000}


def read(root: Path) -> Corpus:
    """CETUC: 101 speaker codes, 1000 sentences each, 100,997 clips, without emotions (Alencar and Alcaim 2008).

    Layout: ``<speaker>-<sentence>.wav`` (or ``.flac``) such as ``F003-0616.wav``, the sex's letter first, anywhere under the
    folder. One folder a speaker is assumed, as in ``Adriana_F000``, but folders' names are not read. Paper 01 prints 50 men and
    50 women; its data have 51 women's codes and 50,997 of their clips, which are the counts expected here.

    Args:
        root: the corpus' folder.

    Returns:
        The clips, ``emotion`` missing, and what is missing, odd or unreadable; none for the complete corpus. Sentences' numbers
        are not known beforehand, so a missing clip is known by counts.

    Source: Alencar and Alcaim 2008, LSF and LPC-derived features for large vocabulary distributed continuous speech
    recognition in Brazilian Portuguese, Asilomar; counts of Alves et al. 2022's data.
    """
    rows, odd = [], []
    for path in files(root):
        if match := NAME.fullmatch(path.stem):
            about = {
                "path": path,
                "gender": GENDERS[match["speaker"][0]],
                "language": "pt-BR",
                "emotion": None,
            }
            rows.append(match.groupdict() | about)
        else:
            odd.append(path.name)
    rows, copies = without_copies(rows, [row["path"].stem for row in rows])
    speakers = {row["speaker"]: row["gender"] for row in rows}
    problems = unmatched(odd, "<F|M><speaker>-<sentence>, as in F003-0616") + copies
    problems += counted(Counter(speakers.values()), SPEAKERS, what="speakers", by="gender")
    problems += counted(Counter(row["gender"] for row in rows), CLIPS, by="gender", kind="missing")
    return build("cetuc", rows, problems)
