"""Biagini 2022 as the ledger asks for it: what its printed numbers are, and what stands beside them."""

from collections.abc import Mapping
from typing import Any

from sercore.ledger.entries import Ledger
from sercore.ledger.paper import Paper, Plain
from sercore.ledger.published import Printed
from sercore.papers.biagini2022 import card, data, numbers, page, study
from sercore.papers.biagini2022.pretrained import PUBLISHED
from sercore.papers.biagini2022.rows import RECIPES


class Biagini2022(Paper):
    """Biagini 2022: five models compared."""

    name = study.NAME
    folder = study.STUDY
    title = "Biagini (2022)"
    subject = "five models compared"
    about = "five networks on acted speech, four of them trained on real clips, with speakers shared and not"
    methods = study.METHODS
    classes = study.CLASSES
    metrics = numbers.OURS
    protocols = numbers.SPLITS
    others = numbers.OTHERS
    folds = numbers.FOLDS
    settings = numbers.TEXT
    built = numbers.BUILT
    Parameters = study.Parameters
    card = card.CARD

    load = staticmethod(study.load)
    tasks = staticmethod(study.tasks)
    outcomes = staticmethod(study.outcomes)
    manifest = staticmethod(study.manifest)
    code_path = staticmethod(study.code_path)
    verified_with = staticmethod(study.verified_with)
    measure = staticmethod(study.measure)
    measured_on = staticmethod(study.measured_on)
    arranged = staticmethod(numbers.arranged)

    def headline(self, ledger: Ledger) -> str:
        """Say what was found."""
        return f"Biagini (2022) compares five networks. {page.lead(ledger)}"

    def setting(self, number: Printed) -> Plain | None:
        """Compare a setting; those of Table 3 with what the recorded trainings were given."""
        if number.table == "Table 3":
            return numbers.trained_with(number)
        return numbers.as_the_code(
            number, self.settings[number.row, number.column, number.metric]()
        )

    def counted(self, number: Printed) -> Plain | None:
        """Compare a count: of a built object, or of the corpora where they are all there."""
        where = (number.row, number.column, number.metric)
        if where in self.built:
            make, places = self.built[where]
            return numbers.built_count(number, make(), places)
        value = numbers.measured(where)
        return None if value is None else numbers.on_audio(number, value)

    def why_not(self, number: Printed) -> str:
        """Say why a number has no run."""
        if number.table == "Table 4":
            needs = "tuning HuBERT and ConvNeXt needs their weights and a GPU, and a frozen encoder has not been tried"
            return f"{numbers.UNTRAINED}: {needs}"
        return super().why_not(number)

    def reading(self, row: str) -> str:
        """Choose the code's reading, where that can be run."""
        return numbers.READINGS.get(row, "as-run")

    def unfinished(self, trial: Mapping[str, Any]) -> str:
        """Say why a training is not finished: its cap came before the schedule's end."""
        if not str(trial.get("ending", "")).startswith("all "):
            return ""
        recipe = RECIPES[trial["model"]]
        most = (recipe.paper if trial["rates"] == "paper" else recipe.code).epochs
        if trial["epochs"] >= most:
            return ""
        return f"unfinished: ended at a cap of {trial['epochs']:g} epochs; the schedule has up to {most}"

    def substitute(self, row: str, variant: str, encoder: str) -> str:
        """Say what stands in for the paper's data or weights."""
        missing = [
            origin for corpus, origin in data.ORIGINS.items() if corpus not in numbers.corpora()
        ]
        parts = []
        if missing:
            parts.append(f"the corpora without {', '.join(missing)}")
        if encoder.startswith("tuned "):
            if encoder.removeprefix("tuned ") != PUBLISHED[row].split("/")[-1]:
                parts.append(f"{encoder} in place of the paper's")
        elif encoder != "none":
            parts.append(f"a frozen {encoder} in place of the tuned encoder")
        return " and ".join(parts)

    def table_of(self, row: str) -> str:
        """Name the table in which a row is printed."""
        return "Table 4"


PAPER = Biagini2022()
