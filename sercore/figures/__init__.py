"""Figures that several chapters show; those of one paper are in its folder. Networks are drawn by ``diagrams``."""

from sercore.figures.models import splits
from sercore.figures.shared import confusions, scatter
from sercore.figures.spectrograms import examples, saliency_map

__all__ = ["confusions", "examples", "saliency_map", "scatter", "splits"]
