"""Features of clips: prosodic and gender features, embeddings, mel spectrograms and MFCCs.

``sets`` computes feature sets by name, ``embedding`` those of a pretrained encoder; ``keeping``
keeps what an ``Extractor`` measures, clip by clip or the frames of many clips in one file.
``ClipFeatures`` is a transformer of scikit-learn, which is loaded when it is asked for: the processes
that measure clips start without it.
"""

from typing import Any

from sercore.features.length import trim
from sercore.features.mel import MelSettings, mfcc
from sercore.features.sets import SETS, FeatureSet, compute, describe, extract

__all__ = [
    "SETS",
    "ClipFeatures",
    "FeatureSet",
    "MelSettings",
    "compute",
    "describe",
    "extract",
    "mfcc",
    "trim",
]


def __getattr__(name: str) -> Any:
    if name == "ClipFeatures":
        from sercore.features.transformers import ClipFeatures

        return ClipFeatures
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
