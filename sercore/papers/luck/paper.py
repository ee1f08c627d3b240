"""Chapter 5 as the ledger and the pages ask for it: recorded trials, and no printed number."""

from typing import ClassVar

import pandas as pd

from sercore.ledger.paper import Paper
from sercore.papers.luck import page, study
from sercore.papers.luck.trial import CLEAN


class Luck(Paper, study=study):
    """Leaks and luck: a chapter across the papers."""

    is_paper = False
    folder = study.STUDY
    title = "Leaks and luck"
    subject = "what scores owe to leaks and to luck"
    classes = ()
    metrics = ()
    protocols: ClassVar = {"clean": CLEAN}
    quoted = staticmethod(page.quoted)

    def arranged(self, trials: pd.DataFrame) -> pd.DataFrame:
        """Name a row by corpus, model and, where one thing alone varies, that."""
        varies = trials["varies"].map({"all": "", "start": ", start", "split": ", split"})
        return trials.assign(row=trials["corpus"] + ", " + trials["model"] + varies)


PAPER = Luck()
