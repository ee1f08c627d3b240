"""Which rows make a batch, and in which order."""

from collections.abc import Iterator

import torch
from torch import Tensor


def in_order(*tensors: Tensor, batch: int) -> Iterator[tuple[Tensor, ...]]:
    """Batches of consecutive rows; the last one may be smaller."""
    return zip(*(tensor.split(batch) for tensor in tensors), strict=True)


def shuffled(*tensors: Tensor, batch: int, generator: torch.Generator) -> Iterator[tuple[Tensor, ...]]:
    """Batches of rows in a new random order."""
    order = torch.randperm(len(tensors[0]), generator=generator).to(tensors[0].device)
    return in_order(*(tensor[order] for tensor in tensors), batch=batch)


def drawn(*tensors: Tensor, rows: int, batch: int, generator: torch.Generator) -> Iterator[tuple[Tensor, ...]]:
    """Batches over a random part of the rows, without return; with return where there are fewer than asked for."""
    there = len(tensors[0])
    order = torch.randperm(there, generator=generator) if rows <= there else torch.randint(there, (rows,), generator=generator)
    order = order[:rows].to(tensors[0].device)
    return in_order(*(tensor[order] for tensor in tensors), batch=batch)
