"""What paper 03's five networks cost at inference on a clip of 3 s: parameters, weights, processor seconds, peak memory.

Usage: ``python -m benchmarks.costs [--record]``; ``--record`` writes them where the chapter reads them. Each network has a fresh
process, one after the other, and one thread; the largest takes some 2 GB.
"""

import datetime
import json
import sys

import torch
from tabulate import tabulate

from sercore import checkout, sealed
from sercore.papers.biagini2022.costs import NAMES, RECORDED, measured


def main() -> None:
    networks = [measured(name) for name in NAMES]
    heads = {
        "network": "network",
        "parameters": "parameters",
        "weights": "MB of weights",
        "seconds": "s a clip",
        "memory": "MB at most",
    }
    print(tabulate(networks, headers=heads, disable_numparse=True))
    if "--record" in sys.argv[1:]:
        about = {
            "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
            "processor": checkout.machine("cpu"),
            "torch": torch.__version__,
            "threads": 1,
        }
        text = json.dumps(about | {"networks": networks}, indent=1) + "\n"
        with sealed.locked(RECORDED.parent):
            sealed.replace(RECORDED.parent, {RECORDED.name: text.encode()})
        print(f"Recorded: {RECORDED}")


if __name__ == "__main__":
    main()
