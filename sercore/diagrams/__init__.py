"""Networks drawn from the built modules: ``graph`` traces what is computed, ``drawing`` draws what was traced."""

from sercore.diagrams.drawing import network, networks, transfer_networks

__all__ = ["network", "networks", "transfer_networks"]
