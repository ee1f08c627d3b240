"""Scores, intervals, and maps of hidden layers; nothing here knows audio files."""
