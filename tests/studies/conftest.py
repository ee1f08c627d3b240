"""A small corpus of paper 01's shape, without audio."""

import numpy as np
import pytest

from sercore.corpora.gender_tables import GenderTable
from sercore.studies.ser2022_trial import Data


@pytest.fixture
def data() -> Data:
    """150 originals in 30 recordings, 90 neutral, 36 female, 24 male; 59 copies; features that separate the classes a little."""
    generator = np.random.default_rng(0)
    labels = generator.permutation(np.repeat([0, 1, 2], [90, 36, 24]))
    recordings = np.array([f"r{at % 30:02d}" for at in range(150)])
    sources = np.flatnonzero(labels)[:59]
    all_labels = np.concatenate([labels, 3 - labels[sources]])
    features = {
        name: generator.normal(all_labels[:, None] * (np.arange(width) % 3 == 0), 1.0, (209, width))
        for name, width in {"prosodic": 56, "prosodic-corrected": 56, "gender": 44, "gender-corrected": 44}.items()
    }
    table = GenderTable(
        generator.normal(0, 1, (200, 44)), np.arange(200) % 2, np.array([f"s{at % 10}" for at in range(200)]), "toy"
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
        embeddings={"toy": generator.normal(all_labels[:, None] * (np.arange(16) % 4 == 0), 1.0, (209, 16))},
        auxiliary={"gender": table, "gender-corrected": table},
        unconverted=(),
    )
