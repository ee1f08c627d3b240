"""Features of a clip, one module a set: ``prosodic`` (56, with ``gne``), ``gender`` (44), each as the authors ran it and corrected.

``sets`` names them and gives the features of many clips, ``embedding`` those of a pretrained encoder; ``keeping`` keeps both.
"""

from sercore.features.sets import SETS, FeatureSet, compute

__all__ = ["SETS", "FeatureSet", "compute"]
