"""Augmentations: ``voice`` changes a speaker's perceived gender with Praat, ``waveform`` stretches time, ``spectrogram`` masks."""
