"""A built network as a table of its layers."""

from collections.abc import Iterable

import torch
from IPython.display import HTML
from torch import nn

from sercore.models.counts import parameters
from sercore.report.tables import html

PASSED_OVER = (
    nn.ReLU | nn.Dropout | nn.BatchNorm2d | nn.Identity
)  # kinds of layers that stand in no row of their own


def layers(title: str, network: nn.Module, *inputs: torch.Tensor) -> HTML:
    """Layers of a built network that hold weights or change a shape, in the order in which a clip passes them.

    Args:
        title: caption of the table.
        network: network on the meta device or not; it is put into evaluation mode.
        inputs: tensors of one clip, on the same device.
    """
    names = {
        layer: name
        for name, layer in network.named_modules()
        if not list(layer.children()) and not isinstance(layer, PASSED_OVER)
    }
    rows = [
        (
            names[layer],
            type(layer).__name__,
            output,
            f"{parameters(layer):,}" if parameters(layer) else "",
        )
        for layer, output in outputs(network, names, *inputs)
    ]
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    if norms:
        rows.append(("batch norms", "BatchNorm2d", "", f"{parameters(*norms):,}"))
    rows.append(("all", type(network).__name__, "", f"{parameters(network):,}"))
    return html(("layer", "kind", "output of one clip", "parameters"), rows, caption=title)


def outputs(
    network: nn.Module, watched: Iterable[nn.Module], *inputs: torch.Tensor
) -> list[tuple[nn.Module, str]]:
    """What some layers of a network give for one clip, as their shapes, in the order of the calls.

    Args:
        network: network that is put into evaluation mode and called once.
        watched: layers of it.
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
    """Shape of one clip's tensor, without the batch: "32 × 128 × 300"."""
    return " × ".join(map(str, output.shape[1:]))
