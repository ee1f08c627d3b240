"""sercore: corpora, features, augmentations, models and protocols of four speech-emotion-recognition papers."""

__version__ = "0.1.0"
