"""What several chapters show: ``tables``, ``figures`` and numbers for the ``prose``."""
