"""What a page shows: ``shared`` by chapters, ``ser2022`` for chapter 1, ``loopq`` for chapter 3. Networks: ``diagrams``."""

from sercore.figures.loopq import curves, reliability, shares, windows
from sercore.figures.models import splits
from sercore.figures.predicted import probabilities
from sercore.figures.ser2022 import leakage, listening_notes, recalls, three_ways
from sercore.figures.shared import confusions, scatter
from sercore.figures.spectrograms import examples, saliency_map

__all__ = [
    "confusions",
    "curves",
    "examples",
    "leakage",
    "listening_notes",
    "probabilities",
    "recalls",
    "reliability",
    "saliency_map",
    "scatter",
    "shares",
    "splits",
    "three_ways",
    "windows",
]
