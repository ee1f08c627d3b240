"""Small copies of the corpora's layouts: every name of the grid, a few samples in each file."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from pathlib import Path

import numpy as np
import soundfile

from sercore.corpora.epst import EMOTIONS
from sercore.corpora.table import Corpus

LISTS = {"crema-d": "cremad", "emodb": "emodb", "iemocap": "iemocap-4class", "savee": "savee"}
TESS_WORDS = [f"word{number}" for number in range(200)]
CORAA_COUNTS = {"neutral": 491, "non-neutral-female": 89, "non-neutral-male": 45}
EMODB_SPEAKERS = {
    "03": 49,
    "08": 58,
    "09": 43,
    "10": 38,
    "11": 55,
    "12": 35,
    "13": 61,
    "14": 69,
    "15": 56,
    "16": 71,
}
EMODB_CLASSES = {"W": 127, "L": 81, "E": 46, "A": 69, "F": 71, "T": 62, "N": 79}
EMODB_TEXTS = ("a01", "a02", "a04", "a05", "a07", "b01", "b02", "b03", "b09", "b10")
IEMOCAP_CLIPS = 10_039
VOTES = ("Neutral", "Neutral", "Sadness")
EPST_SPEAKERS = {
    "cc": "male",
    "cl": "male",
    "gg": "female",
    "jg": "female",
    "mf": "female",
    "mk": "female",
    "mm": "male",
}


def clip(path: Path) -> Path:
    """A hundredth of a second of noise, no two alike, in the format that the name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(
        path, 0.1 * np.random.default_rng(zlib.crc32(str(path).encode())).normal(size=160), 16000
    )
    return path


def check_links(read: Callable[[Path], Corpus], tree: Path) -> None:
    """Spread a tree over disks: each folder is read once, and a link to the tree above ends."""
    whole, elsewhere = read(tree), tree.parent / "another disk"
    elsewhere.mkdir()
    for path in [path for path in tree.iterdir() if path.is_dir()]:
        path.rename(elsewhere / path.name)
        path.symlink_to(elsewhere / path.name)
        (elsewhere / path.name / "above").symlink_to(tree)
    linked = read(tree)
    assert linked.table.equals(whole.table)
    assert linked.problems == whole.problems


def plant(root: Path, names: Iterable[str], suffix: str = ".wav") -> Path:
    """One clip under many names, all links to it: unlink a name before another content is written there."""
    one = clip(root.parent / f"one{suffix}")
    paths = [root / f"{name}{suffix}" for name in names]
    for folder in {path.parent for path in paths}:
        folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        path.hardlink_to(one)
    return root


def coraa_ser() -> list[str]:
    return [
        f"data_train/rec{number % 30:02d}_segment{number}_{label}"
        for label, count in CORAA_COUNTS.items()
        for number in range(count)
    ]


def ravdess() -> list[str]:
    return [
        f"Actor_{actor:02d}/03-01-{emotion:02d}-{intensity:02d}-{statement:02d}-{repetition:02d}-{actor:02d}"
        for actor in range(1, 25)
        for emotion in range(1, 9)
        for intensity in ((1,) if emotion == 1 else (1, 2))
        for statement in (1, 2)
        for repetition in (1, 2)
    ]


def tess() -> list[str]:
    labels = ("angry", "disgust", "fear", "happy", "neutral", "ps", "sad")
    names = [
        f"{who}_{label}/{who}_{word}_{label}"
        for who in ("OAF", "YAF")
        for label in labels
        for word in TESS_WORDS
    ]
    return [name.replace("OAF_word7_sad", "OA_word7_sad") for name in names]


def emovo() -> list[str]:
    sentences = ("b1", "b2", "b3", "d1", "d2", "l1", "l2", "l3", "l4", "n1", "n2", "n3", "n4", "n5")
    labels, speakers = (
        ("dis", "gio", "neu", "pau", "rab", "sor", "tri"),
        ("f1", "f2", "f3", "m1", "m2", "m3"),
    )
    return [
        f"{who}/{label}-{who}-{sentence}"
        for who in speakers
        for label in labels
        for sentence in sentences
    ]


def savee() -> list[str]:
    takes = [(code, 15) for code in ("a", "d", "f", "h", "sa", "su")] + [("n", 30)]
    return [
        f"ALL/{who}_{code}{n:02d}"
        for who in ("DC", "JE", "JK", "KL")
        for code, last in takes
        for n in range(1, last + 1)
    ]


def emodb() -> list[str]:
    """As many clips of each speaker and each class as the corpus has; which go together is not the corpus'."""
    speakers = [speaker for speaker, count in EMODB_SPEAKERS.items() for _ in range(count)]
    letters = [letter for letter, count in EMODB_CLASSES.items() for _ in range(count)]
    letters = [
        letters[place * 7 % len(letters)] for place in range(len(letters))
    ]  # each speaker has some of each
    texts = [f"{text}{{}}{version}" for text in EMODB_TEXTS for version in "abcdef"]
    spare = {pair: iter(texts) for pair in product(EMODB_SPEAKERS, EMODB_CLASSES)}
    return [
        f"wav/{who}{next(spare[who, letter]).format(letter)}"
        for who, letter in zip(speakers, letters, strict=True)
    ]


def cremad() -> list[str]:
    never = {f"1008_WSI_{each}" for each in ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")} | {
        "1002_TIE_NEU",
        "1076_ITS_NEU",
    }
    never |= {
        name.replace("1008_WSI", other)
        for name in never
        if "WSI" in name
        for other in ("1009_MTI", "1019_ITH")
    }
    names = []
    for actor in range(1001, 1092):
        for sentence in (
            "IEO",
            "TIE",
            "IOM",
            "IWW",
            "TAI",
            "MTI",
            "IWL",
            "ITH",
            "DFA",
            "ITS",
            "TSI",
            "WSI",
        ):
            for emotion in ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD"):
                levels = ("LO", "MD", "HI") if sentence == "IEO" and emotion != "NEU" else ("XX",)
                names += [f"{actor}_{sentence}_{emotion}_{level}" for level in levels]
    return [f"AudioWAV/{name}" for name in names if name[:12] not in never]


def epst() -> list[str]:
    """Seven made-up actors, each of whom says two dates in every emotion."""
    dates = ("August-second", "June-tenth")
    return [
        f"{who}_001_{label}_{at}.5_{date}"
        for who in EPST_SPEAKERS
        for at, date in enumerate(dates)
        for label in EMOTIONS
    ]


def parry(root: Path, lists: Path) -> Path:
    """All eight corpora of paper 02: IEMOCAP, Emo-DB, CREMA-D and SAVEE by their public lists.

    IEMOCAP's list has four classes; its other clips are labelled other.
    """
    listed = {name: on_list(lists / f"{file}.jsonl.gz") for name, file in LISTS.items()}
    places = {name: [*found] for name, found in listed.items()} | {
        "savee": [f"ALL/{place}" for place in listed["savee"]]
    }
    others = iemocap_others(len(listed["iemocap"]))
    places["iemocap"] += [iemocap_place(name) for name in others]
    places |= {"emovo": emovo(), "epst": epst(), "ravdess": ravdess(), "tess": tess()}
    for name, each in places.items():
        plant(root / name, each)
    labels = {place.rsplit("/", 1)[1]: label for place, label in listed["iemocap"].items()}
    iemocap(root / "iemocap", labels | dict.fromkeys(others, "oth"))
    told = "".join(f"{who},{gender}\n" for who, gender in EPST_SPEAKERS.items())
    (root / "epst" / "speakers.csv").write_text(f"speaker,gender\n{told}")
    return root


def iemocap(
    root: Path, labels: Mapping[str, str], *, votes: Mapping[str, Iterable[str]] | None = None
) -> Path:
    """Evaluation files in the official form for these clips: summary line, annotators' lines, a line on the three scales."""
    dialogues: dict[str, list[str]] = {}
    for number, (clip_name, label) in enumerate(labels.items()):
        given = VOTES if votes is None else votes.get(clip_name, VOTES)
        lines = [f"[{number}.0000 - {number}.5000]\t{clip_name}\t{label}\t[2.5000, 2.5000, 2.5000]"]
        lines += [
            f"C-E{rater}:\t{answer};\t(a remark; in brackets)"
            for rater, answer in enumerate(given, 2)
        ]
        lines += ["C-F1:\tAnger;\t(herself)", "A-E2:\tval 3; act 2; dom  2;\t()", ""]
        dialogues.setdefault(clip_name.rsplit("_", 1)[0], []).extend(lines)
    for dialogue, lines in dialogues.items():
        path = root / f"Session{dialogue[4]}/dialog/EmoEvaluation/{dialogue}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "\n".join(["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", "", *lines])
        )
    return root


def iemocap_others(count: int) -> list[str]:
    """Names for the clips that IEMOCAP has beside so many: with them a tree is whole."""
    return [
        f"Ses0{1 + number % 5}F_impro60_M{number // 5:03d}"
        for number in range(IEMOCAP_CLIPS - count)
    ]


def iemocap_place(clip_name: str) -> str:
    """Where IEMOCAP has this clip, without the ending."""
    return f"Session{clip_name[4]}/sentences/wav/{clip_name.rsplit('_', 1)[0]}/{clip_name}"


def on_list(path: Path) -> dict[str, str]:
    """Place, without the ending, and label of every clip of a public file list."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return {row["wav"].split("/", 2)[2].removesuffix(".wav"): row["emo"] for row in rows}
