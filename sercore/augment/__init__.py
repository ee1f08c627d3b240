"""Augmentations of voices, waveforms and spectrograms."""

from sercore.augment.policies import Policy
from sercore.augment.spectrogram import mask_bands, mask_time
from sercore.augment.voice import Conversion, change_gender
from sercore.augment.waveform import stretch_factor, stretched

__all__ = [
    "Conversion",
    "Policy",
    "change_gender",
    "mask_bands",
    "mask_time",
    "stretch_factor",
    "stretched",
]
