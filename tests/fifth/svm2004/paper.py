"""What the ledger asks of the paper."""

from sercore.papers.svm2004 import study

from sercore.ledger.paper import Paper


class Svm2004(Paper, study=study):
    """A support vector machine on prosodic features."""

    folder = "svm2004"
    title = "The example (2004)"
    subject = "a support vector machine"
    classes = ("happy", "sad")
    metrics = ("unweighted_accuracy",)
    protocols = {"as-published": "as-published"}  # noqa: RUF012
    folds = {"as-published": 2}  # noqa: RUF012

    def table_of(self, row: str) -> str:
        """Name the one table."""
        return "Table 1"


PAPER = Svm2004()
