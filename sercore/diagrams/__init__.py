"""Networks drawn from the built modules: ``graph`` traces what is computed, ``drawing`` draws what was traced."""

from sercore.diagrams.attributes import attribute_networks
from sercore.diagrams.drawing import network, networks, transfer_networks
from sercore.diagrams.speakers import transferred

__all__ = ["attribute_networks", "network", "networks", "transfer_networks", "transferred"]
