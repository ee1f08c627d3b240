"""Reference models: simple classifiers of a clip's statistics, beside which a network's score stands.

Nothing in them is tuned: but for class weights and more iterations all settings are scikit-learn's.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

PERCENTILES = (5, 25, 50, 75, 95)
CLASSIFIERS = ("logistic regression", "logistic regression, balanced", "SVM, balanced")


def clip_statistics(frames: np.ndarray) -> np.ndarray:
    """Describe a clip by six numbers a band: five percentiles, and how much it changes.

    The change is the root mean square of the step from one frame to the next. In frames of which
    each band has mean 0 and variance 1 these two would tell nothing, so they are not among them.

    Shape:
        - frames: ``(frames, bands)``, two frames or more
        - output: ``(6 * bands,)`` float64, the bands' 5th percentiles first, their changes last
    """
    if len(frames) < 2:
        raise ValueError(
            f"a clip has {len(frames)} frames; its change needs at least 2: leave short clips out"
        )
    change = np.sqrt(np.square(np.diff(frames, axis=0), dtype=np.float64).mean(0))
    return np.concatenate([*np.percentile(frames, PERCENTILES, axis=0), change])


def reference_model(name: str) -> Pipeline:
    """Make one of ``CLASSIFIERS`` behind a scaler, both to be fitted on training clips alone.

    A balanced one weighs each class alike.
    """
    if name not in CLASSIFIERS:
        raise ValueError(
            f"{name}: no such reference model; expected one of {'; '.join(CLASSIFIERS)}. Name one."
        )
    weight = "balanced" if name.endswith("balanced") else None
    model = LogisticRegression(class_weight=weight, max_iter=2000)
    if name.startswith("SVM"):
        model = SVC(class_weight=weight)
    return make_pipeline(StandardScaler(), model)


def standardised(features: np.ndarray, groups: Sequence[str]) -> np.ndarray:
    """Give each feature mean 0 and variance 1 within every group; a constant one becomes 0.

    Shape:
        - features and output: ``(clips, features)``; groups: ``(clips,)`` names
    """
    by_group = pd.DataFrame(np.asarray(features, np.float64)).groupby(np.asarray(groups))
    spread = by_group.transform("std", ddof=0)
    return ((features - by_group.transform("mean")) / spread.where(spread > 0, 1)).to_numpy()
