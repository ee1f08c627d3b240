"""What a page shows: ``shared`` by chapters, ``ser2022``, ``parry``, ``loopq``, ``padi`` for one each. Networks: ``diagrams``."""

from sercore.figures.loopq import curves, reliability, shares, windows
from sercore.figures.models import splits
from sercore.figures.padi import bars, effects, maps, masks
from sercore.figures.parry import alpha_curve, gains, learning, swing
from sercore.figures.predicted import probabilities
from sercore.figures.ser2022 import leakage, listening_notes, recalls, three_ways
from sercore.figures.shared import confusions, scatter
from sercore.figures.spectrograms import examples, saliency_map

__all__ = [
    "alpha_curve",
    "bars",
    "confusions",
    "curves",
    "effects",
    "examples",
    "gains",
    "leakage",
    "learning",
    "listening_notes",
    "maps",
    "masks",
    "probabilities",
    "recalls",
    "reliability",
    "saliency_map",
    "scatter",
    "shares",
    "splits",
    "swing",
    "three_ways",
    "windows",
]
