"""What several chapters show: ``tables``, ``figures``, and ``networks`` as tables of their layers."""
