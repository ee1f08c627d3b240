"""Alves et al. 2022 as the ledger and the pages ask for it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from matplotlib.figure import Figure

from sercore.ledger.entries import Ledger
from sercore.ledger.paper import Paper, Place, Plain, Printed
from sercore.papers.alves2022 import card, data, figures, numbers, page, study
from sercore.papers.alves2022.trial import ROWS, TABLES, Data
from sercore.protocols.splits import FOLDS
from sercore.training.loop import Recipe


class Alves2022(Paper, study=study):
    """Alves et al. 2022: transfer and augmentation at SE&R."""

    folder = study.STUDY
    title = "Alves et al. (2022)"
    subject = "transfer learning and augmentation for SE&R 2022"
    classes = study.CLASSES
    metrics = numbers.METRICS
    protocols: ClassVar = {protocol: protocol for protocol in study.PROTOCOLS}
    folds: ClassVar = dict.fromkeys(study.PROTOCOLS, FOLDS)
    asides = ("steps", "factorial", "transfer", "recordings", "layer")
    settings = numbers.SETTINGS
    built = numbers.BUILT
    alone: ClassVar = {"gender": study.gender_task}
    card = card.CARD
    quoted = staticmethod(page.quoted)
    note = staticmethod(numbers.displayed)

    def measure(self, parameters: study.Parameters, clips: Data) -> dict[str, float]:
        """Count and measure the corpus."""
        return data.measure(parameters.edition, clips)

    def measured_on(self, clips: Data) -> tuple[str, ...]:
        """Name the corpus that is measured."""
        return study.CORPORA[:1]

    def figures(self, ledger: Ledger) -> dict[str, Figure]:
        """Draw the steps between the two ways to score, which the first page shows."""
        return {"steps.svg": figures.waterfall(ledger)}

    def setting(self, number: Printed) -> Plain | None:
        """Compare a setting; of single files it is not published which got another value."""
        if number.row.startswith("change gender") and number.column.startswith("other"):
            reason = "ours has one value for all files: which file got another is not published"
            return Plain(verdict="setting", value=None, reason=reason)
        return super().setting(number)

    def place(self, number: Printed) -> Place:
        """Find where a result stands; a count of Table 5 is read as a share of its row's items."""
        place = super().place(number)
        if number.table.startswith("Table 5"):
            return replace(place, value=place.value / numbers.items_of(number))
        return place

    def has(self, metric: str, row: str, variant: str) -> bool:
        """Tell whether a metric means the same: a summed error needs two heads on emotion."""
        if row.startswith("gender"):
            return metric in numbers.GENDER_METRICS
        is_summed = metric == "summed_mse_two_heads_cv5_mean"
        return not is_summed or (variant == "as-run" and "Multi-task" in row)

    def ours(self, row: str, metric: str) -> bool:
        """Tell whether a cell that the paper does not print is filled for a row."""
        if metric == "accuracy_cv5_mean":
            return True
        return (metric in numbers.GENDER_METRICS) == row.startswith("gender")

    def unfinished(self, trial: Mapping[str, Any]) -> str:
        """Say that an emotion network ran fewer epochs than are printed."""
        epochs = Recipe().epochs
        if str(trial["row"]).startswith("gender") or trial["epochs"] >= epochs:
            return ""
        return f"unfinished: {trial['epochs']:g} of the printed {epochs} epochs"

    def meaningless(self, metric: str) -> str:
        """Say why the summed error is empty in the text's reading."""
        return (
            "as described, the second head learns gender by another loss: there is no sum of two "
            "emotion errors"
        )

    def substitute(self, row: str, variant: str, encoder: str) -> str:
        """Say what stands in for the paper's data; ``as-run`` never reads the gender data."""
        if row == numbers.COMMON_VOICE:
            return "Common Voice in place of noisy MLS"
        if row.startswith("gender"):
            return "MLS in place of CETUC"
        parts = []
        if encoder != "none":
            parts.append(f"embeddings of {encoder} in place of wav2vec 2.0's")
        if variant != "as-run":
            parts.append("MLS in place of CETUC")
        return " and ".join(parts)

    def steps(self, row: str) -> list[tuple[str, list[tuple[str, str]]]]:
        """Name the steps of a row of Tables 2 to 4, forwards and backwards."""
        if row not in ROWS:
            return []
        return [("as-run", list(steps.items())) for steps in study.waterfalls(row).values()]

    def table_of(self, row: str) -> str:
        """Name the table in which a row is printed."""
        return next((table for table, rows in TABLES.items() if row in rows), "")


PAPER = Alves2022()
