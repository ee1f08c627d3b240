"""What paper 03's five networks cost at inference on a clip of 3 s: parameters, weights, processor seconds, peak memory.

Usage: ``python -m benchmarks.costs [--record]``; ``--record`` keeps them in the ledger. Each network has a fresh
process, one after the other, and one thread; the largest takes some 2 GB.
"""

import datetime
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import torch
from tabulate import tabulate
from torch import Tensor, nn

from sercore import checkout, process, sealed, store
from sercore.models import hubertft, mmfusion
from sercore.papers.biagini2022 import models
from sercore.papers.biagini2022.inputs import SHAPES

COSTS = store.PROJECT / "book" / "ledger" / "recorded" / "03-loopq-models" / "costs.json"
NAMES = ("CNNLSTM fixed", "FCMFCC as-run", "CNNATT fixed", "HUBERTFT fixed", "MMFUSION fixed")
SAMPLES = 48_000  # of the clip that is read: 3 s
ROUNDS = 5
LONGEST = 600  # s: of one network
STATUS, RESET = (
    Path("/proc/self/status"),
    Path("/proc/self/clear_refs"),
)  # of this process: its memory, and what forgets the peak


def main() -> None:
    costs = [measured(name) for name in NAMES]
    heads = {
        "network": "network",
        "parameters": "parameters",
        "weights": "MB of weights",
        "seconds": "s a clip",
        "memory": "MB at most",
    }
    print(tabulate(costs, headers=heads, disable_numparse=True))
    if "--record" in sys.argv[1:]:
        about = {
            "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
            "processor": checkout.machine("cpu"),
            "torch": torch.__version__,
            "threads": 1,
        }
        text = json.dumps(about | {"networks": costs}, indent=1) + "\n"
        with sealed.locked(COSTS.parent):
            sealed.replace(COSTS.parent, {COSTS.name: text.encode()})
        print(f"Recorded: {COSTS}")


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
    torch.set_num_threads(1)
    with torch.device("meta"):  # imports what building needs, and fills nothing
        parameters, _ = sum(weight.numel() for weight in network(name).parameters()), inputs(name)
    with torch.inference_mode():  # their first use loads the libraries' own code
        torch.nn.LSTM(4, 4)(torch.nn.Conv2d(1, 4, 3)(torch.zeros(1, 1, 8, 6)).flatten(1, 2))
    libraries = _memory("VmRSS")
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
        "memory": round((_memory("VmHWM") - libraries) / 1e6, 1),
    }


def network(name: str) -> nn.Module:
    """One of ``NAMES`` in its published size, speech encoder included, on random weights."""
    model, variant = name.split()
    if model == "HUBERTFT":
        return hubertft.build(variant=variant)
    if model == "MMFUSION":
        return mmfusion.build(variant=variant)
    return models.build(model, variant, seed=0)


def inputs(name: str) -> tuple[Tensor, ...]:
    """Noise in the shape of one clip of 3 s: filled to 5 s, but for the two networks that read any length."""
    shape = SHAPES["published"]
    frames = 1 + SAMPLES // shape.mel.hop
    mel, mfcc = (
        torch.randn(1, shape.frames, shape.mel.bands),
        torch.randn(1, shape.frames, shape.coefficients),
    )
    return {
        "CNNLSTM fixed": (mel, torch.tensor([frames])),
        "FCMFCC as-run": (mfcc,),
        "CNNATT fixed": (mfcc[:, :frames], torch.tensor([frames])),
        "HUBERTFT fixed": (torch.randn(1, SAMPLES), torch.tensor([SAMPLES])),
        "MMFUSION fixed": (mel, mfcc, torch.randn(1, shape.samples)),
    }[name]


def _memory(field: str) -> int:
    """Bytes that this process holds in memory, now (VmRSS) or at most (VmHWM)."""
    lines = STATUS.read_text().splitlines() if STATUS.is_file() else []
    values = [line.split()[1] for line in lines if line.startswith(f"{field}:")]
    if not values:
        raise OSError(
            f"{STATUS}: no {field}; expected this process' memory there, as on Linux. Measure on a Linux machine."
        )
    return 1024 * int(values[0])


if __name__ == "__main__":
    main()
