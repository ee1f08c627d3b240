"""Where a training runs: its device and precision, its memory, and the processes that share it.

A process that ``torchrun`` did not start trains alone: it is rank 0 of 1.
"""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

TRIM_THRESHOLD, MMAP_MAX = -1, -4  # parameters of glibc's mallopt
USUAL = {TRIM_THRESHOLD: 128 * 1024, MMAP_MAX: 65_536}


def choose(device: str) -> torch.device:
    """Return the device for "cpu", "cuda" or "auto", the GPU if there is one."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            "device=cuda: no CUDA device was found; expected a GPU and a CUDA build of torch. Use "
            "device=auto or cpu."
        )
    return torch.device(device)


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """Return the context for a precision, "fp32" or "bf16"; weights stay fp32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")


@contextmanager
def kept_memory() -> Iterator[None]:
    """Let this process keep the memory that it frees, and give it back at the end.

    A step of a CNN on a CPU asks for some hundred megabytes at a time and frees them, which GNU's
    allocator gives back to the system, and the system clears before the next step: half of the
    step's time. Memory that is kept is fragmented: a process holds about half as much again.
    Where the C library is another than GNU's, nothing is done.

    Source: none of the papers; ``mallopt`` of the GNU C library. The gain is in
    ``benchmarks/training.py``.
    """
    library = ctypes.CDLL(None) if sys.platform.startswith("linux") else None
    if not hasattr(library, "mallopt"):
        yield
        return
    library.mallopt(MMAP_MAX, 0)
    library.mallopt(TRIM_THRESHOLD, -1)
    try:
        yield
    finally:
        for parameter, value in USUAL.items():
            library.mallopt(parameter, value)
        library.malloc_trim(0)


def rank() -> int:
    """Return this process' number, from 0."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def n_ranks() -> int:
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
    if n_ranks() == 1:
        return network
    return DistributedDataParallel(network, device_ids=[device] if device.type == "cuda" else None)


def agree(network: nn.Module) -> None:
    """Give every process the buffers of process 0: after a step each has its own."""
    if n_ranks() > 1:
        for buffer in network.buffers():
            distributed.broadcast(buffer, 0)


def summed(*values: float, device: torch.device) -> list[float]:
    """Sum each value over the processes."""
    if n_ranks() == 1:
        return [*values]
    sums = torch.tensor(values, dtype=torch.float64, device=device)
    distributed.all_reduce(sums)
    return sums.tolist()


def wait() -> None:
    """Wait for every process."""
    if n_ranks() > 1:
        distributed.barrier()
