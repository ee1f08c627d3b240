"""What several chapters show: ``tables``, ``figures``, ``provenance`` and numbers for the ``prose``."""
