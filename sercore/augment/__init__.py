"""Augmentations: ``voice`` changes a speaker's perceived gender with Praat."""
