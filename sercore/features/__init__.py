"""Features of a clip: ``prosodic`` (56, with ``gne``) and ``gender`` (44), and as the authors ran them.

``sets`` names them and gives the features of many clips, ``embedding`` those of a pretrained encoder; ``keeping`` keeps both clip
by clip, ``packed`` the frames of many clips in one file. ``mel`` gives spectrograms and MFCCs, ``length`` trims a clip and fits its
length; ``names`` lists and groups the 56.
"""

from sercore.features.length import trim
from sercore.features.mel import MelSettings, mfcc
from sercore.features.sets import SETS, FeatureSet, compute

__all__ = ["SETS", "FeatureSet", "MelSettings", "compute", "mfcc", "trim"]
