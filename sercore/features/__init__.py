"""Features of a clip, one module a set: ``prosodic`` (56, with ``gne``), ``gender`` (44), each as the authors ran it and corrected.

``sets`` names them, and gives and keeps the features of many clips.
"""

from sercore.features.sets import SETS, FeatureSet, compute

__all__ = ["SETS", "FeatureSet", "compute"]
