"""Processes that train one network together, as ``torchrun`` starts them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel


def number() -> int:
    """Return this process' number, from 0."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def count() -> int:
    """Return the number of processes that train together; 1 where this one trains alone."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


@contextmanager
def joined(device: torch.device) -> Iterator[None]:
    """Join the other processes of ``torchrun``, if it started this one, and leave at the end.

    Of several GPUs each process gets its own, which is then torch's current one.
    """
    if "LOCAL_RANK" not in os.environ or distributed.is_initialized():
        yield
        return
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def shared(network: nn.Module, device: torch.device) -> nn.Module:
    """Wrap the network so that its gradients are averaged over the processes.

    Running statistics of batch normalisation are those of process 0, which sends them before every
    forward pass.
    """
    if count() == 1:
        return network
    return DistributedDataParallel(network, device_ids=[device] if device.type == "cuda" else None)


def agree(network: nn.Module) -> None:
    """Give every process the buffers of process 0: after a step each has its own."""
    if count() > 1:
        for buffer in network.buffers():
            distributed.broadcast(buffer, 0)


def summed(*values: float, device: torch.device) -> list[float]:
    """Sum each value over the processes."""
    if count() == 1:
        return [*values]
    sums = torch.tensor(values, dtype=torch.float64, device=device)
    distributed.all_reduce(sums)
    return sums.tolist()


def wait() -> None:
    """Wait for every process."""
    if count() > 1:
        distributed.barrier()
