"""Small data of paper 01's shape, without audio: clips with their copies, and the speakers of its gender task."""

from dataclasses import replace

import numpy as np

from sercore.corpora.gender_tables import GenderTable
from sercore.papers.alves2022.gender import UNKNOWN, GenderData
from sercore.papers.alves2022.trial import ACTORS, Data


def data() -> Data:
    """150 originals in 30 recordings, 90 neutral, 36 female, 24 male; 59 copies; features that separate the classes a little."""
    generator = np.random.default_rng(0)
    labels = generator.permutation(np.repeat([0, 1, 2], [90, 36, 24]))
    recordings = np.array([f"r{at % 30:02d}" for at in range(150)])
    sources = np.flatnonzero(labels)[:59]
    all_labels = np.concatenate([labels, 3 - labels[sources]])
    features = {
        name: generator.normal(all_labels[:, None] * (np.arange(width) % 3 == 0), 1.0, (209, width))
        for name, width in {
            "prosodic-as-run": 56,
            "prosodic": 56,
            "gender-as-run": 44,
            "gender": 44,
        }.items()
    }
    table = GenderTable(
        generator.normal(0, 1, (200, 44)),
        np.arange(200) % 2,
        np.array([f"s{at % 10}" for at in range(200)]),
        "toy",
    )
    names = [f"{recording}_{at}" for at, recording in enumerate(recordings)]
    return Data(
        names=(*names, *(names[at] for at in sources)),
        paths=("",) * 209,
        labels=all_labels,
        recordings=np.concatenate([recordings, recordings[sources]]),
        originals=np.concatenate([np.full(150, -1), sources]),
        notes=np.concatenate([np.where(np.arange(150) % 2, "n", "-"), np.full(59, "")]),
        features=features,
        embeddings={
            "toy": generator.normal(all_labels[:, None] * (np.arange(16) % 4 == 0), 1.0, (209, 16))
        },
        auxiliary={"gender-as-run": table, "gender": table},
        unconverted=(),
    )


def with_actors() -> Data:
    """Return the same, with actors beside the speakers of the gender task."""
    plain = data()
    return replace(plain, auxiliary=plain.auxiliary | {ACTORS: gender_table(distance=2.0, seed=2)})


def gender_table(
    *, distance: float, women: int = 5, men: int = 5, clips: int = 20, seed: int = 0
) -> GenderTable:
    """Speakers of ``clips`` clips each; the sexes lie ``distance`` standard deviations apart in every feature."""
    generator = np.random.default_rng(seed)
    speakers = np.repeat(
        [*(f"w{at}" for at in range(women)), *(f"m{at}" for at in range(men))], clips
    )
    male = np.char.startswith(speakers, "m").astype(np.int64)
    return GenderTable(
        generator.normal(distance * male[:, None], 1.0, (len(male), 44)), male, speakers, "toy"
    )


def gender_data(*, distance: float = 1.0) -> GenderData:
    """Ten known speakers, and a test set of four whom nobody names."""
    elsewhere = gender_table(distance=distance, women=1, men=3, seed=1)
    return GenderData(
        gender_table(distance=distance),
        replace(elsewhere, speakers=np.repeat(UNKNOWN, len(elsewhere.male))),
    )
