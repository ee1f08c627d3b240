"""What the five networks of paper 03 cost when they read one clip, in their published sizes on random weights.

Parameters, megabytes, seconds and memory; features are made beforehand and count in none. What ``benchmarks/costs.py`` measured and
recorded is read by ``costs``.
"""

import json
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sercore import process, sealed, store

if TYPE_CHECKING:
    from torch import Tensor, nn

RECORDED = store.PROJECT / "book" / "ledger" / "recorded" / "03-loopq-models" / "costs.json"
NAMES = ("CNNLSTM fixed", "FCMFCC as-run", "CNNATT fixed", "HUBERTFT fixed", "MMFUSION fixed")
SAMPLES = 48_000  # of the clip that is read: 3 s
ROUNDS = 5
LONGEST = 600  # s: of one network
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")  # of this process: its memory, and what forgets the peak


def costs(path: Path = RECORDED) -> dict[str, Any]:
    """The recorded costs: date, processor, torch, threads, and ``networks``, a list of what ``cost`` gives.

    Args:
        path: of the record (default: the ledger's).

    Raises:
        FileNotFoundError: nothing is recorded.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; expected recorded costs. Measure them: python benchmarks/costs.py --record")
    return json.loads(sealed.read(path))


def measured(name: str) -> dict[str, Any]:
    """``cost`` of a network in a fresh process, where no other's memory counts.

    Args:
        name: one of ``NAMES``.
    """
    return process.isolated(cost, name, seconds=LONGEST)


def cost(name: str) -> dict[str, Any]:
    """Costs of a network in this process, on one thread.

    Args:
        name: one of ``NAMES``.

    Returns:
        ``network``; ``parameters``; ``weights`` in megabytes of fp32; ``seconds`` of the processor that a clip takes, the median of
        five; ``memory``, megabytes at most while clips are read, weights included, above what the libraries take. A megabyte is
        10^6 bytes.

    Raises:
        OSError: the operating system does not tell a process' peak.
    """
    import torch

    torch.set_num_threads(1)
    with torch.device("meta"):  # imports what is needed, and fills nothing
        parameters, _ = sum(weight.numel() for weight in network(name).parameters()), inputs(name)
    with torch.inference_mode():  # their first use loads the libraries' own code
        torch.nn.LSTM(4, 4)(torch.nn.Conv2d(1, 4, 3)(torch.zeros(1, 1, 8, 6)).flatten(1, 2))
    libraries = _held("VmRSS")
    built, clip, times = network(name).eval(), inputs(name), []
    RESET.write_text("5")  # building may have taken more
    with torch.inference_mode():
        built(*clip)  # the first call prepares kernels
        for _ in range(ROUNDS):
            start = time.process_time()
            built(*clip)
            times.append(time.process_time() - start)
    return {
        "network": name,
        "parameters": parameters,
        "weights": round(4 * parameters / 1e6, 2),
        "seconds": float(f"{statistics.median(times):.3g}"),
        "memory": round((_held("VmHWM") - libraries) / 1e6, 1),
    }


def network(name: str) -> "nn.Module":
    """One of ``NAMES`` in its published size, speech encoder included, on random weights."""
    from sercore.models import hubertft as loopq_hubertft
    from sercore.models import mmfusion as loopq_mmfusion
    from sercore.papers.biagini2022 import networks as loopq_networks

    model, variant = name.split()
    if model == "HUBERTFT":
        return loopq_hubertft.build(variant=variant)
    if model == "MMFUSION":
        return loopq_mmfusion.build(variant=variant)
    return loopq_networks.build(model, variant, seed=0)


def inputs(name: str) -> tuple["Tensor", ...]:
    """Noise in the shape of one clip of 3 s: filled to 5 s, but for the two networks that read any length."""
    from torch import randn, tensor

    from sercore.papers.biagini2022.inputs import SHAPES

    shape = SHAPES["published"]
    own = 1 + SAMPLES // shape.mel.hop
    mel, mfcc = randn(1, shape.frames, shape.mel.bands), randn(1, shape.frames, shape.coefficients)
    return {
        "CNNLSTM fixed": (mel, tensor([own])),
        "FCMFCC as-run": (mfcc,),
        "CNNATT fixed": (mfcc[:, :own], tensor([own])),
        "HUBERTFT fixed": (randn(1, SAMPLES), tensor([SAMPLES])),
        "MMFUSION fixed": (mel, mfcc, randn(1, shape.samples)),
    }[name]


def _held(field: str) -> int:
    """Bytes that this process holds in memory, now (VmRSS) or at most (VmHWM)."""
    lines = STATUS.read_text().splitlines() if STATUS.is_file() else []
    found = [line.split()[1] for line in lines if line.startswith(f"{field}:")]
    if not found:
        raise OSError(f"{STATUS}: no {field}; expected this process' memory there, as on Linux. Measure on a Linux machine.")
    return 1024 * int(found[0])
