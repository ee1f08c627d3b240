"""A built network as a table of its layers."""

from collections.abc import Callable

import torch
from IPython.display import HTML
from torch import nn

from sercore.report.tables import html


def layers(title: str, network: nn.Module, *inputs: torch.Tensor) -> HTML:
    """Layers of a built network that hold weights or change a shape, in the order in which a clip passes them.

    Args:
        title: of the table.
        network: on the meta device or not; put into evaluation mode.
        inputs: of one clip, on the same device.
    """
    rows, hooks = [], []

    def note(name: str) -> Callable:
        def hook(layer: nn.Module, given: object, output: object) -> None:
            shape = output[0].shape if isinstance(output, tuple) else output.shape
            count = sum(weight.numel() for weight in layer.parameters())
            rows.append((name, type(layer).__name__, " × ".join(map(str, shape[1:])), f"{count:,}" if count else ""))

        return hook

    for name, layer in network.named_modules():
        if not list(layer.children()) and not isinstance(layer, nn.ReLU | nn.Dropout | nn.BatchNorm2d | nn.Identity):
            hooks.append(layer.register_forward_hook(note(name)))
    try:
        with torch.inference_mode():
            network.eval()(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    norms = sum(w.numel() for each in network.modules() if isinstance(each, nn.BatchNorm2d) for w in each.parameters())
    if norms:
        rows.append(("batch norms", "BatchNorm2d", "", f"{norms:,}"))
    total = sum(weight.numel() for weight in network.parameters())
    rows.append(("all", type(network).__name__, "", f"{total:,}"))
    return html(("layer", "kind", "output of one clip", "parameters"), rows, caption=title)
