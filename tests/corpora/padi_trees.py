"""Trees of paper 04's two corpora: IEMOCAP with every clip of the four classes and some beside them, and a small VoxCeleb."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from tests.corpora import trees

LENGTHS = (
    0.6,
    0.9,
    1.2,
    1.6,
    2.0,
    2.5,
    3.2,
    4.0,
)  # s, of the files that IEMOCAP's clips are links to
# Clips of sessions 1 to 5.
SESSIONS = {
    "angry": (229, 137, 240, 327, 170),
    "happy": (135, 117, 135, 65, 143),
    "excited": (143, 210, 151, 238, 299),
    "neutral": (384, 362, 320, 258, 384),
    "sad": (194, 197, 305, 143, 245),
}
CLASSES = {
    "exp1": {"angry": ("angry",), "happy": ("happy",), "neutral": ("neutral",), "sad": ("sad",)},
    "exp2": {
        "angry": ("angry",),
        "excited": ("excited",),
        "neutral": ("neutral",),
        "sad": ("sad",),
    },
    "exp3": {
        "angry": ("angry",),
        "happy+excited": ("happy", "excited"),
        "neutral": ("neutral",),
        "sad": ("sad",),
    },
}
WORDS = {
    "ang": "Anger",
    "hap": "Happiness",
    "exc": "Excited",
    "neu": "Neutral state",
    "sad": "Sadness",
}
# Beside the listed clips, in each session: summary label, annotators' answers, and the label that they come to.
BESIDE = {
    "F900": ("fru", ("Frustration", "Frustration", "Frustration"), "fru"),
    "M901": ("fru", ("Frustration", "Anger", "Frustration"), "fru"),
    "F902": ("sur", ("Surprise", "Happiness", "Surprise"), "sur"),
    "M903": ("xxx", ("Anger", "Frustration", "Anger; Frustration"), "tie"),
    "F904": ("xxx", ("Happiness", "Happiness", "Excited", "Excited"), "tie"),
    "M905": ("xxx", ("Neutral state", "Sadness", "Anger"), "no-majority"),
}


def iemocap(root: Path, lists: Path, *, whole: bool = False) -> Path:
    """All 5531 clips of the four classes by the public list, and those of ``BESIDE``: links to eight short files of noise.

    Every other clip has its label from two of three annotators, the others from all three.

    Args:
        root: the corpus' folder, made here.
        lists: folder of the public file lists.
        whole: whether there are all 10,039 clips, those that are nowhere listed labelled other (default no).
    """
    listed = {
        place.rsplit("/", 1)[1]: label
        for place, label in trees.on_list(lists / "iemocap-4class.jsonl.gz").items()
    }
    labels = listed | {name: label for name, (label, _, _) in beside().items()}
    votes = {
        name: _votes(label, agreed=place % 2 == 0)
        for place, (name, label) in enumerate(listed.items())
    }
    votes |= {name: answers for name, (_, answers, _) in beside().items()}
    if whole:
        others = trees.iemocap_others(len(labels))
        labels |= dict.fromkeys(others, "oth")
        votes |= dict.fromkeys(others, ("Other", "Other", "Other"))
    _link(root, [trees.iemocap_place(name) for name in labels])
    return trees.iemocap(root, labels, votes=votes)


def beside() -> dict[str, tuple[str, tuple[str, ...], str]]:
    """Clips that are in no class, by name: summary label, annotators' answers, label as it is read."""
    return {
        f"Ses0{session}F_impro01_{number}": told
        for session in range(1, 6)
        for number, told in BESIDE.items()
    }


def table_2(experiment: str) -> pd.DataFrame:
    """Clips of one experiment of Table 2: sessions 1 to 5 by class.

    Args:
        experiment: "exp1", "exp2" or "exp3".
    """
    counts = pd.DataFrame(SESSIONS, index=pd.Index(range(1, 6), name="session"))
    return pd.DataFrame(
        {name: counts[list(parts)].sum(axis=1) for name, parts in CLASSES[experiment].items()}
    )


def voxceleb(root: Path, *, speakers: int, videos: int = 2, clips: int = 2) -> Path:
    """Some speakers of VoxCeleb 1, as many or one less of VoxCeleb 2, and both sheets; a speaker has a pitch of their own.

    VoxCeleb 1's are id10001 and on, under ``wav``; VoxCeleb 2's are id00012 and on, under ``dev/wav``.

    Args:
        root: the corpus' folder, made here.
        speakers: 2 or more; women and men in turn.
        videos: of each speaker (default 2).
        clips: of each video (default 2), 1 to 2 s each, no two alike.
    """
    draw = np.random.default_rng(0)
    first = [f"id{10001 + place}" for place in range(-(-speakers // 2))]
    second = [f"id{12 + place:05d}" for place in range(speakers // 2)]
    sex = {}
    for place, speaker in enumerate([*first, *second]):
        sex[speaker] = "fm"[place % 2]
        folder = root / ("wav" if speaker in first else "dev/wav") / speaker
        for video in range(videos):
            for clip in range(1, clips + 1):
                path = folder / f"video{video:06d}" / f"{clip:05d}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(
                    path, _voice(draw.uniform(1, 2), draw, hertz=90 + 10 * place), 16000
                )
    rows = [f"{who}\tname_{who}\t{sex[who]}\tItaly\tdev\n" for who in first]
    (root / "vox1_meta.csv").write_text(
        "VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet\n" + "".join(rows)
    )
    rows = [f"{who} ,n{who[2:]} ,{sex[who]} ,dev \n" for who in second]
    (root / "vox2_meta.csv").write_text("VoxCeleb2 ID ,VGGFace2 ID ,Gender ,Set \n" + "".join(rows))
    return root


def _votes(label: str, *, agreed: bool) -> tuple[str, ...]:
    return (WORDS[label], WORDS[label] if agreed else "Other", WORDS[label])


def _link(root: Path, places: Iterable[str]) -> None:
    """Links to a few short files, each place to the next of them."""
    draw, files = np.random.default_rng(0), []
    for seconds in LENGTHS:
        files.append(root.parent / f"{root.name}-{seconds}s.wav")
        files[-1].parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(files[-1], _voice(seconds, draw, hertz=None), 16000)
    for number, place in enumerate(places):
        path = root / f"{place}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.hardlink_to(files[number % len(files)])


def _voice(seconds: float, draw: np.random.Generator, *, hertz: float | None) -> np.ndarray:
    """Noise, and under it a tone with its overtones."""
    times = np.arange(int(seconds * 16000)) / 16000
    tones = (
        [np.sin(2 * np.pi * hertz * number * times) / number for number in range(1, 6)]
        if hertz
        else []
    )
    return 0.1 * sum(tones, draw.normal(0, 0.3, len(times)))
