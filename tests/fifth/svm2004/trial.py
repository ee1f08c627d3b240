"""One training of the machine, and what it answers."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sercore import store
from sercore.corpora.clips import Report
from sercore.protocols import splits

CLASSES = ("happy", "sad", "happiness", "sadness")
FOLDS = 2


@dataclass(frozen=True)
class Data:
    """Clips and their prosodic features ``(clips, 56)``."""

    table: pd.DataFrame
    values: np.ndarray
    reports: tuple[Report, ...]

    def content(self, trial: "Trial") -> str:
        """Digest what a trial reads."""
        return store.digest([self.values.tolist(), self.table["emotion"].tolist()])


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One training."""

    row: str
    fold: int
    seed: int
    edition: str
    variant: str = "as-described"
    protocol: str = "as-published"
    control: str = "none"
    encoder: str = "none"


def run(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Fit the scaler and the machine on the training clips, and count the answers by speaker."""
    labels = data.table["emotion"].str.startswith("sad").to_numpy(int)
    speakers = data.table["speaker"].to_numpy(str)
    if "independent" in trial.row:
        folds = splits.grouped_folds(labels, speakers, seed=trial.seed, folds=FOLDS)
    else:
        folds = splits.shuffled_folds(len(labels), seed=trial.seed, folds=FOLDS)
    training, test = folds[trial.fold]
    machine = make_pipeline(StandardScaler(), SVC()).fit(data.values[training], labels[training])
    answers = machine.predict(data.values[test])
    groups = (data.table["corpus"] + "/" + data.table["speaker"]).to_numpy(str)[test]
    counts = Counter(zip(groups, labels[test].tolist(), answers.tolist(), strict=True))
    return {
        "accuracy": float(np.mean(answers == labels[test])),
        "counts": [
            [str(group), true, predicted, n] for (group, true, predicted), n in counts.items()
        ],
    }
