"""Rows of paper 03's grid whose pretrained parts are tuned, and which of them a run asks for."""

from collections.abc import Sequence
from dataclasses import dataclass

from sercore.papers.biagini2022.rows import Row


@dataclass(frozen=True, kw_only=True)
class TunedRow(Row):
    """One line of the grid, its pretrained parts tuned; see ``Row``."""

    @property
    def name(self) -> str:
        """Name on a page, as ``-p only=…`` takes it: "HUBERTFT fixed, tuned"."""
        return f"{super().name}, tuned"

    @property
    def inputs(self) -> tuple[str, ...]:
        """Kinds of ``loopq_inputs`` and ``loopq_waveforms`` that the network reads: samples where a frozen encoder gave frames."""
        return tuple(kind.replace("frames", "waveform") for kind in super().inputs)

    @property
    def weights(self) -> tuple[str, ...]:
        """Names in ``loopq_pretrained.PUBLISHED`` of what the network starts from."""
        return (self.model, "pictures") if self.model == "MMFUSION" else (self.model,)


_ALL = [
    TunedRow(model=model, variant=variant)
    for model in ("HUBERTFT", "MMFUSION")
    for variant in ("as-run", "fixed")
]
TUNED = {row.name: row for row in _ALL}


def asked(models: str, only: str, edition: str) -> list[TunedRow]:
    """Rows that a run asks for, whether their weights are there or not.

    Args:
        models: the chapter's parameter; "tuned" asks for them in every edition, "all" in the paper's alone.
        only: row or model, or empty; a tuned row's name asks for it in every edition.
        edition: "demo", "open" or "paper".
    """
    if models != "tuned" and (models != "all" or (edition != "paper" and only not in TUNED)):
        return []
    return [row for row in _ALL if only in ("", row.name, row.model)]


def weights_of(rows: Sequence[TunedRow]) -> list[str]:
    """Names of the weights that rows start from, each once."""
    return list(dict.fromkeys(what for row in rows for what in row.weights))
