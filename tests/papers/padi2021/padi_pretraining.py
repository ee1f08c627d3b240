"""The console command on toy clips of paper 04, as a process of ``torchrun`` runs it: ``padi_pretraining.py ARGUMENT…``."""

import sys
from pathlib import Path

import torch


def main() -> None:
    """Run the command with another data set and a narrow network."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from papers.padi2021 import padi_toy

    from sercore.cli import app
    from sercore.papers.padi2021 import study as padi
    from sercore.papers.padi2021 import trial as padi_trial

    torch.set_num_threads(1)
    padi.load = lambda parameters: padi_toy.data()
    padi_trial.SIZES["small"] = padi_toy.SIZES
    app(sys.argv[1:])


if __name__ == "__main__":
    main()
