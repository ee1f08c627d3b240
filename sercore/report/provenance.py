"""Where recorded values come from, and how far a page's own trials agree with them."""

from collections.abc import Mapping, Sequence

from IPython.display import HTML

from sercore.ledger import recording, verifying
from sercore.ledger.entries import Ledger
from sercore.report.tables import html
from sercore.sweep import Task

# Outcomes of trials that were run again, in words.
OUTCOMES = {
    verifying.SAME: "the same to the digit",
    verifying.WITHIN: "within the noise between seeds",
    verifying.ALONE: "other numbers, with one recorded seed to judge by",
    verifying.DIFFERS: "different",
}


def runs(ledger: Ledger) -> HTML:
    """List the recorded runs: where they come from, and what changed since."""
    rows = []
    for name, run in ledger.recorded.runs.items():
        count = int((ledger.recorded.trials["run"] == name).sum())
        versions = ", ".join(f"{library} {version}" for library, version in run["versions"].items())
        where = run["date"], commit(run), run["device"], versions
        method = ledger.stale[name] or f"method {run['method']}"
        rows.append((name, ", ".join(run["corpora"]), count, *where, method, verified(run, count)))
    about = ("run", "corpora", "trials", "date", "commit", "device", "versions", "method")
    return html((*about, "run again since"), rows, caption="Recorded runs", folded=True)


def verified(run: Mapping, count: int) -> object:
    """Say how many of a run's trials were run again, and with what outcomes, date and commit."""
    outcomes = list(verifying.verified(run).values())
    if not outcomes:
        return "none"
    words = []
    for word in verifying.OUTCOMES:
        if word in outcomes:
            words.append(f"{outcomes.count(word)} {OUTCOMES[word]}")
    last = run["verified"][-1]
    where = f"last on {last['date']}, {last['commit'][:10]}, {last['processor']}"
    return f"{len(outcomes)} of {count}", f"{', '.join(words)}; {where}"


def commit(run: Mapping) -> str:
    """Name the commit of a run, and whether its tree was clean: "0123456789, clean tree"."""
    return f"{run['commit'][:10]}, {'clean' if run['clean'] else 'changed'} tree"


def agreement(
    ledger: Ledger,
    tasks: Sequence[Task],
    outcomes: Sequence[Sequence[dict]],
    *,
    settings: Sequence[str] = ("row", "control", "variant", "protocol", "fold", "seed"),
) -> HTML:
    """Show the emotion head's error, then and now, of this page's trials that are recorded too.

    Where this page has run none of them, nothing is shown.

    Args:
        ledger: ledger of the paper with the recorded trials.
        tasks: tasks of the page.
        outcomes: outcomes of each task's trials.
        settings: settings that tell one trial from another; trials without them are left out.
    """
    rows, cells = [], []
    for task, results in zip(tasks, outcomes, strict=True):
        rows += recording.beside(ledger.recorded, task, results)
    for row in rows:
        if row["recorded"] is not None and set(settings) <= row.keys():
            errors = f"{row['recorded']:.6f}", f"{row['this run']:.6f}"
            cells.append((*(row[name] for name in settings), *errors, f"{row['difference']:+.1e}"))
    heads = (*settings, "recorded", "this run", "difference")
    caption = "Emotion-head error of trials that are recorded and were run on this page"
    return html(heads, cells, caption=caption) if cells else HTML("")
