"""The one claim."""

from sercore.papers.svm2004.study import ROWS

from sercore.ledger.claims import Claim, Ordered, Reading

READINGS = tuple(Reading(name, "as-published", "as-described") for name in ("published", "clean"))
CLAIMS = [
    Claim(
        "E1",
        "Known speakers are easier",
        source="Table 1",
        judge=Ordered(pairs=[ROWS], metric="unweighted_accuracy", readings=READINGS),
    )
]
