"""Tables of a page that ran on a researcher's own clips: what was left out, and the scores.

No printed number stands beside them: these are other clips, and may have other classes.
"""

from collections.abc import Iterable

from IPython.display import HTML

from sercore.corpora.clips import Report
from sercore.evaluation.estimates import level
from sercore.ledger.entries import Ledger
from sercore.report.tables import html, plural, shown

UA, WA = "unweighted_accuracy", "weighted_accuracy"


def problems(reports: Iterable[Report]) -> HTML:
    """Show what is missing, odd or left out in a page's own data, and what was not run for it."""
    rows = [(report.corpus, problem) for report in reports for problem in report.problems]
    caption = "What the data of this page lack"
    return html(("data", "problem"), rows, caption=caption) if rows else HTML("")


def scores(run: Ledger) -> HTML:
    """Show UA and accuracy of a page's trials on each corpus of a researcher's clips."""
    if not any(about["edition"] == "own" for about in run.recorded.runs.values()):
        return HTML("")
    rows = []
    pairs = run.paper.arranged(run.recorded.trials)[["row", "control"]].drop_duplicates()
    for row, control in pairs.itertuples(index=False):
        for (variant, protocol, *_), trials in run.runs(row, control).items():
            name = row if control == "none" else f"{row}, {control}"
            for corpus in filter(None, trials.corpora):  # a row that SMOTE made up is of none
                of_corpus = trials.of(corpus)
                estimates = [shown(level(of_corpus, metric), 1) for metric in (UA, WA)]
                count = plural(len(of_corpus.groups), "speaker")
                rows.append((name, variant, protocol, corpus, count, *estimates))
    heads = ("model", "reading", "protocol", "scored on", "tested", "UA, %", "accuracy, %")
    note = (
        "UA is the mean of the classes' recalls; in brackets 95 % intervals of the mean; rows that"
        " SMOTE made up are not counted"
    )
    caption = f"Scores on your own clips, {run.source}"
    return html(heads, rows, caption=caption, note=note)
