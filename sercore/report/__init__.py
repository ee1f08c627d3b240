"""What several chapters show: ``tables``, ``figures``, ``diagrams`` of networks, and ``networks`` as tables of their layers."""
