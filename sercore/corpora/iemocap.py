"""IEMOCAP: acted dialogues in American English with the annotators' majority labels."""

import re
from collections import Counter
from pathlib import Path

from sercore.corpora.clips import Problem
from sercore.corpora.table import Corpus, build, files, missing, some, unmatched, without_copies

# The letter after the session wears the motion capture markers; the one before the number speaks.
NAME = re.compile(
    r"(?P<dialogue>Ses0(?P<session>[1-5])[FM]_(?P<part>impro|script)\d\d[a-z]?(?:_\d[a-z]?)?)"
    r"_(?P<speaker>[FM])\d{3}"
)
GRAMMAR = "Ses0<session><F|M>_<impro|script><scene>_<F|M><number>"
SUMMARY = re.compile(r"\[[\d.]+ - [\d.]+\]\s+(?P<clip>\S+)\s+(?P<label>\S+)\s+\[")
ANNOTATOR = re.compile(r"C-E\d+:\s*(?P<labels>[^()]*)")
LABELS = {"ang", "hap", "exc", "neu", "sad", "fru", "fea", "sur", "dis", "oth"}
UNDECIDED = "xxx"
CLIPS = 10_039
PARTS = {"impro": "improvised", "script": "scripted"}


def read(root: Path) -> Corpus:
    """IEMOCAP: 5 sessions of 2 actors, 10,039 clips, 10 labels (Busso et al. 2008).

    Layout: ``Session<s>/sentences/wav/<dialogue>/<clip>.wav`` (or ``.flac``), labels in the files
    directly in ``Session<s>/dialog/EmoEvaluation``. A label is that of the summary line, on which
    most annotators agreed: ang, hap, exc, neu, sad, fru, fea, sur, dis, oth. Where it is ``xxx``,
    the annotators' own lines decide: "tie" if two labels or more are equally frequent and given by
    two annotators or more; "no-majority" otherwise. A speaker is the session and the letter before
    the clip's number; the text is the dialogue.

    A label that is not IEMOCAP's is reported and kept. Three columns more are ``part``, "improvised"
    or "scripted"; ``session``, 1 to 5; ``dialogue``.

    Source: Busso et al. 2008, IEMOCAP: interactive emotional dyadic motion capture database,
    Language Resources and Evaluation 42(4).
    """
    sessions = sorted(root.glob("Session[1-5]"))
    paths = [path for session in sessions for path in files(session / "sentences" / "wav")]
    labels, problems = _labels(sessions)
    rows, forks, odd, unlabelled = [], 0, [], []
    for path in sorted(paths, key=lambda path: path.stem):
        if path.name.startswith("._"):
            forks += 1
        elif (match := NAME.fullmatch(path.stem)) is None:
            odd.append(path.name)
        elif path.stem not in labels:
            unlabelled.append(path.stem)
        else:
            rows.append(_row(path, match) | {"emotion": labels[path.stem]})
    clips, copies = without_copies(rows, [row["path"].stem for row in rows])
    absent = missing(clips, set(labels), what="labelled clips")
    if len(clips) != CLIPS:
        unnamed = CLIPS - len(clips) - len(unlabelled) - sum(problem.count for problem in absent)
        counts = Counter(row["session"] for row in clips.values())
        by_session = ", ".join(f"session {number} {counts[number]}" for number in range(1, 6))
        sentence = f"{len(clips)} clips, expected {CLIPS} (an excerpt loads too): {by_session}"
        problems.append(Problem(sentence, "missing", max(0, unnamed)))
    if forks:
        sentence = (
            f"{forks} files left out, their names start with `._`: a Mac's notes beside the clips,"
            " no audio"
        )
        problems.append(Problem(sentence, "misnamed", forks))
    if unlabelled:
        sentence = (
            f"{len(unlabelled)} clips left out, no line of dialog/EmoEvaluation labels them:"
            f" {some(unlabelled)}"
        )
        problems.append(Problem(sentence, "unlabelled", len(unlabelled)))
    problems += unmatched(odd, GRAMMAR) + copies + absent
    return build("iemocap", clips.values(), problems, extra=("part", "session", "dialogue"))


def _row(path: Path, match: re.Match) -> dict:
    speaker = f"Ses0{match['session']}_{match['speaker']}"
    gender = "female" if match["speaker"] == "F" else "male"
    row = {"path": path, "speaker": speaker, "gender": gender, "language": "en-US"}
    row |= {"text": match["dialogue"], "dialogue": match["dialogue"]}
    return row | {"part": PARTS[match["part"]], "session": int(match["session"])}


def _labels(sessions: list[Path]) -> tuple[dict[str, str], list[str]]:
    """Read the label of each clip from the evaluation files, and what is odd in them."""
    labels, votes, twice = {}, {}, []
    for session in sessions:
        for path in sorted((session / "dialog" / "EmoEvaluation").glob("[!.]*.txt")):
            twice += _read_evaluation(path, labels, votes)
    problems = []
    if twice:
        problems.append(
            f"{len(twice)} clips are labelled more than once, the first label stands: {some(twice)}"
        )
    if strange := sorted(clip for clip in labels if labels[clip] not in LABELS | {UNDECIDED}):
        listed = some([f"{clip} {labels[clip]}" for clip in strange])
        problems.append(
            f"{len(strange)} clips have a label that is not IEMOCAP's, kept as it is: {listed}"
        )
    for clip, label in labels.items():
        if label == UNDECIDED:
            labels[clip] = _undecided(votes[clip])
    return labels, problems


def _read_evaluation(path: Path, labels: dict[str, str], votes: dict[str, Counter]) -> list[str]:
    """Add a file's labels and annotators' votes; return clips that had a label before."""
    twice, clip = [], None
    # Some remarks are in another encoding.
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if match := SUMMARY.match(line):
            clip = match["clip"]
            if clip in labels:
                twice.append(clip)
                clip = None
            else:
                labels[clip], votes[clip] = match["label"], Counter()
        elif clip and (match := ANNOTATOR.match(line)):
            given = {label.strip().casefold() for label in match["labels"].split(";")}
            votes[clip].update(given - {""})
    return twice


def _undecided(votes: Counter) -> str:
    most = max(votes.values(), default=0)
    leading = [label for label, count in votes.items() if count == most]
    return "tie" if most > 1 and len(leading) > 1 else "no-majority"
