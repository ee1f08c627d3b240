"""Tables of the status page: how every page and every recorded run was made."""

from collections.abc import Mapping, Sequence

from IPython.display import HTML

from sercore.ledger.entries import Ledger
from sercore.report import tables
from sercore.report.provenance import commit, verified

INSTALLATION, DEMO, RENDERING = "installation", "demo corpora", "rendering"
UNKNOWN = "seconds of this rendering"  # what the page has in their place until it is rendered


def parts(runs: Sequence[Mapping[str, object]], times: Mapping[str, float]) -> HTML:
    """List the seconds of each part of the book, chapters and others, in the order of making."""
    rows = []
    for name in (INSTALLATION, DEMO):
        rows.append((name, f"{times[name]:.0f}" if name in times else "not timed here"))
    rows += [(run["chapter"], f"{run['seconds']:.0f}") for run in runs]
    rows.append((RENDERING, UNKNOWN))
    caption = "The book from nothing, part by part, one after the other"
    return tables.html(("part", "seconds"), rows, caption=caption, folded=False)


def chapters(runs: Sequence[Mapping[str, object]]) -> HTML:
    """List when each page was executed, for how long, with how much memory, and on what."""
    rows = []
    for run in runs:
        date = str(run["date"])[:16].replace("T", " ")
        costs = f"{run['seconds']:.0f}", f"{run['peak']:.0f}"
        machine = f"{run['machine']}, {run['cores']} cores", versions(run)
        rows.append((run["chapter"], date, *costs, commit(run), machine))
    heads = ("page", "executed, UTC", "seconds", "peak, MiB", "commit", "machine and versions")
    return tables.html(heads, rows, caption="Pages, as executed in the demo edition")


def recorded(ledgers: Mapping[str, Ledger]) -> HTML:
    """List every recorded run on real corpora, and how it was made; say which paper has none."""
    rows = []
    for paper, ledger in ledgers.items():
        trials = ledger.recorded.trials
        for name, run in ledger.recorded.runs.items():
            chosen = trials[trials["run"] == name]
            hours = f"{chosen['seconds'].sum() / 3600:.2f}"
            made = f"{', '.join(run['corpora'])}; {run['device']}; {versions(run)}"
            method = f"method {run['method']}"
            if ledger.stale[name]:
                method = f"stale, {ledger.stale[name]}"
            when = run["date"], f"[{method}; {commit(run)}]"
            again = verified(run, len(chosen))
            rows.append(((f"{paper}, {name}", made), len(chosen), hours, when, again))
        if not ledger.recorded.runs:
            rows.append((paper, tables.DASH, tables.DASH, "none recorded", tables.DASH))
    heads = ("run", "trials", "hours", "recorded", "run again since")
    caption = (
        "Recorded runs on real corpora, each with its corpora, device and versions; hours are "
        "summed over trials; run again: trials that were trained anew since, and what came out "
        "beside what is recorded"
    )
    return tables.html(heads, rows, caption=caption)


def versions(run: Mapping) -> str:
    """Write Python's and the libraries' versions of a run in a line."""
    libraries = [f"{name} {version}" for name, version in sorted(run["versions"].items())]
    return ", ".join([f"Python {run['python']}", *libraries])
