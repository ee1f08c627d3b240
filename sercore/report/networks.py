"""A built network as a table of its layers."""

from collections.abc import Iterable

import torch
from IPython.display import HTML
from torch import nn

from sercore.models.counts import parameters
from sercore.report.tables import html

# Kinds of layers that stand in no row of their own.
PASSED_OVER = nn.ReLU | nn.Dropout | nn.BatchNorm2d | nn.Identity


def layers(title: str, network: nn.Module, *inputs: torch.Tensor) -> HTML:
    """List a network's layers that hold weights or change a shape, in the order of a clip's way.

    Args:
        title: caption of the table.
        network: network on the meta device or not; it is put into evaluation mode.
        inputs: tensors of one clip, on the same device.
    """
    names = {}
    for name, layer in network.named_modules():
        if not list(layer.children()) and not isinstance(layer, PASSED_OVER):
            names[layer] = name
    rows = []
    for layer, output in outputs(network, names, *inputs):
        count = parameters(layer)
        rows.append((names[layer], type(layer).__name__, output, f"{count:,}" if count else ""))
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    if norms:
        rows.append(("batch norms", "BatchNorm2d", "", f"{parameters(*norms):,}"))
    rows.append(("all", type(network).__name__, "", f"{parameters(network):,}"))
    return html(("layer", "kind", "output of one clip", "parameters"), rows, caption=title)


def outputs(
    network: nn.Module, watched: Iterable[nn.Module], *inputs: torch.Tensor
) -> list[tuple[nn.Module, str]]:
    """Return the watched layers in the order of their calls, with the shapes of their outputs.

    Args:
        network: network that is put into evaluation mode and called once.
        watched: layers of the network.
        inputs: tensors of one clip.
    """
    calls = []

    def hook(layer: nn.Module, given: object, output: object) -> None:
        calls.append((layer, shape(output[0] if isinstance(output, tuple) else output)))

    hooks = [layer.register_forward_hook(hook) for layer in watched]
    try:
        with torch.inference_mode():
            network.eval()(*inputs)
    finally:
        for handle in hooks:
            handle.remove()
    return calls


def shape(output: torch.Tensor) -> str:
    """Write the shape of one clip's tensor, without the batch: "32 × 128 × 300"."""
    return " × ".join(map(str, output.shape[1:]))
