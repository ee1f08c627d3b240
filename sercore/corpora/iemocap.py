"""IEMOCAP: acted dialogues in American English, improvised and scripted, with the annotators' majority labels."""

import re
from collections import Counter
from pathlib import Path

from sercore.corpora import Corpus, build, files, missing, unmatched
from sercore.corpora.reports import Problem
from sercore.corpora.table import some, without_copies

# The letter after the session wears the markers in this recording; the letter before the number speaks.
NAME = re.compile(
    r"(?P<dialogue>Ses0(?P<session>[1-5])[FM]_(?P<part>impro|script)\d\d[a-z]?(?:_\d[a-z]?)?)_(?P<speaker>[FM])\d{3}"
)
GRAMMAR = "Ses0<session><F|M>_<impro|script><scene>_<F|M><number>"
SUMMARY = re.compile(r"\[[\d.]+ - [\d.]+\]\s+(?P<clip>\S+)\s+(?P<label>\S+)\s+\[")
ANNOTATOR = re.compile(r"C-E\d+:\s*(?P<labels>[^()]*)")
LABELS = {"ang", "hap", "exc", "neu", "sad", "fru", "fea", "sur", "dis", "oth"}
UNDECIDED = "xxx"
CLIPS = 10_039
PARTS = {"impro": "improvised", "script": "scripted"}


def read(root: Path) -> Corpus:
    """IEMOCAP: 5 sessions of 2 actors, 10,039 clips, 10 labels and two kinds of disagreement (Busso et al. 2008).

    Layout: ``Session<s>/sentences/wav/<dialogue>/<clip>.wav`` (or ``.flac``), labels in the files directly in
    ``Session<s>/dialog/EmoEvaluation``. A label is that of the summary line, by which most annotators agreed: ang, hap, exc, neu,
    sad, fru, fea, sur, dis, oth. Where it is ``xxx`` the annotators' own lines tell more: "tie" where the labels given most
    often, by two annotators or more, are several; "no-majority" otherwise, and where there is no such line. A speaker is the
    session and the letter before the clip's number; the text is the dialogue.

    Args:
        root: the corpus' folder.

    Returns:
        The clips that have a label, with three columns more: ``part``, "improvised" or "scripted"; ``session``, 1 to 5;
        ``dialogue``. And what is missing, odd, unlabelled or unreadable; none for the complete corpus. A label that is not
        IEMOCAP's is told and kept.

    Source: Busso et al. 2008, IEMOCAP: interactive emotional dyadic motion capture database, Language Resources and
    Evaluation 42(4).
    """
    sessions = sorted(root.glob("Session[1-5]"))
    found = sorted(
        (path for session in sessions for path in files(session / "sentences" / "wav")),
        key=lambda path: path.stem,
    )
    labels, problems = _labels(sessions)
    rows, forks, odd, unlabelled = [], 0, [], []
    for path in found:
        if path.name.startswith("._"):
            forks += 1
        elif (match := NAME.fullmatch(path.stem)) is None:
            odd.append(path.name)
        elif path.stem not in labels:
            unlabelled.append(path.stem)
        else:
            rows.append(_row(path, match) | {"emotion": labels[path.stem]})
    names = [row["path"].stem for row in rows]
    rows, copies = without_copies(rows, names)
    absent = missing(names, set(labels), what="labelled clips")
    if len(rows) != CLIPS:
        unnamed = CLIPS - len(rows) - len(unlabelled) - sum(problem.count for problem in absent)
        problems.append(
            Problem(_count(Counter(row["session"] for row in rows)), "missing", max(0, unnamed))
        )
    if forks:
        sentence = f"{forks} files left out, their names start with `._`: a Mac's notes beside the clips, no audio"
        problems.append(Problem(sentence, "misnamed", forks))
    if unlabelled:
        sentence = f"{len(unlabelled)} clips left out, no line of dialog/EmoEvaluation labels them: {some(unlabelled)}"
        problems.append(Problem(sentence, "unlabelled", len(unlabelled)))
    problems += unmatched(odd, GRAMMAR) + copies + absent
    return build("iemocap", rows, problems, extra=("part", "session", "dialogue"))


def _row(path: Path, match: re.Match) -> dict:
    gender = "female" if match["speaker"] == "F" else "male"
    about = {
        "path": path,
        "speaker": f"Ses0{match['session']}_{match['speaker']}",
        "gender": gender,
        "language": "en-US",
    }
    place = {"text": match["dialogue"], "dialogue": match["dialogue"]}
    return about | place | {"part": PARTS[match["part"]], "session": int(match["session"])}


def _labels(sessions: list[Path]) -> tuple[dict[str, str], list[str]]:
    """Label of each clip by the evaluation files, and what is odd in them."""
    labels, votes, twice = {}, {}, []
    for path in (
        path
        for session in sessions
        for path in sorted((session / "dialog" / "EmoEvaluation").glob("[!.]*.txt"))
    ):
        clip = None
        for line in path.read_text(
            encoding="utf-8", errors="replace"
        ).splitlines():  # some remarks are in another encoding
            if match := SUMMARY.match(line):
                clip = match["clip"]
                if clip in labels:
                    twice.append(clip)
                    clip = None
                else:
                    labels[clip], votes[clip] = match["label"], Counter()
            elif clip and (match := ANNOTATOR.match(line)):
                votes[clip].update(
                    {label.strip().casefold() for label in match["labels"].split(";")} - {""}
                )
    problems = (
        [f"{len(twice)} clips are labelled more than once, the first label stands: {some(twice)}"]
        if twice
        else []
    )
    strange = sorted(clip for clip, label in labels.items() if label not in LABELS | {UNDECIDED})
    if strange:
        told = some([f"{clip} {labels[clip]}" for clip in strange])
        problems.append(
            f"{len(strange)} clips have a label that is not IEMOCAP's, kept as it is: {told}"
        )
    return {
        clip: _undecided(votes[clip]) if label == UNDECIDED else label
        for clip, label in labels.items()
    }, problems


def _undecided(votes: Counter) -> str:
    most = max(votes.values(), default=0)
    leading = [label for label, count in votes.items() if count == most]
    return "tie" if most > 1 and len(leading) > 1 else "no-majority"


def _count(found: Counter) -> str:
    told = ", ".join(f"session {session} {found[session]}" for session in range(1, 6))
    return f"{found.total()} clips, expected {CLIPS} (an excerpt loads too): {told}"
