"""What several chapters show: ``tables``, ``figures``, and built ``networks`` as tables and pictures."""
