"""What the status page says: how every page and every recorded run was made, from what is kept of it and never from the clock."""

from collections.abc import Mapping, Sequence

from IPython.display import HTML

from sercore.ledger.entries import Ledger
from sercore.report import tables
from sercore.report.tables import commit

INSTALLATION, DEMO, RENDERING = "installation", "demo corpora", "rendering"
UNKNOWN = "seconds of this rendering"  # what the page has in their place until it is rendered


def parts(runs: Sequence[Mapping[str, object]], times: Mapping[str, float]) -> HTML:
    """Seconds of each part of the book, in the order in which they are made; a part that was not timed is said.

    Args:
        runs: what is kept of each executed chapter's run: chapter and seconds.
        times: seconds of the other parts, by their names.
    """
    kept = {
        name: f"{times[name]:.0f}" if name in times else "not timed here"
        for name in (INSTALLATION, DEMO)
    }
    rows = [
        *kept.items(),
        *((run["chapter"], f"{run['seconds']:.0f}") for run in runs),
        (RENDERING, UNKNOWN),
    ]
    return tables.html(
        ("part", "seconds"),
        rows,
        caption="The book from nothing, part by part, one after the other",
    )


def chapters(runs: Sequence[Mapping[str, object]]) -> HTML:
    """When each page was executed, for how long, with how much memory, on what, with which versions, from which commit.

    Args:
        runs: what is kept of each executed chapter's run: chapter, seconds, peak in MiB, date, machine, cores, python,
            versions, commit, clean.
    """
    rows = [
        (
            run["chapter"],
            str(run["date"])[:16].replace("T", " "),
            f"{run['seconds']:.0f}",
            f"{run['peak']:.0f}",
            commit(run),
            (f"{run['machine']}, {run['cores']} cores", versions(run)),
        )
        for run in runs
    ]
    heads = ("page", "executed, UTC", "seconds", "peak, MiB", "commit", "machine and versions")
    return tables.html(heads, rows, caption="Pages, as executed in the demo edition")


def recorded(ledgers: Mapping[str, Ledger]) -> HTML:
    """Every recorded run on real corpora: trials, hours of computing, date, method or why it is stale, and how it was made.

    Args:
        ledgers: ledger of each paper, by its name; one without a recorded run gets a line that says so.
    """
    rows = []
    for paper, ledger in ledgers.items():
        trials = ledger.recorded.trials
        for name, run in ledger.recorded.runs.items():
            chosen = trials[trials["run"] == name]
            made = f"{', '.join(run['corpora'])}; {run['device']}; {versions(run)}"
            method = (
                f"stale, {ledger.stale[name]}" if ledger.stale[name] else f"method {run['method']}"
            )
            rows.append(
                (
                    (f"{paper}, {name}", made),
                    len(chosen),
                    f"{chosen['seconds'].sum() / 3600:.2f}",
                    (run["date"], f"[{method}; {commit(run)}]"),
                    tables.verified(run, len(chosen)),
                )
            )
        if not ledger.recorded.runs:
            rows.append((paper, tables.DASH, tables.DASH, "none recorded", tables.DASH))
    heads = ("run", "trials", "hours", "recorded", "run again since")
    caption = (
        "Recorded runs on real corpora, each with its corpora, device and versions; hours are summed over trials; run again:"
        " trials that were trained anew since, and what came out beside what is recorded"
    )
    return tables.html(heads, rows, caption=caption)


def versions(run: Mapping) -> str:
    """Python's and the libraries' versions of a run, in a line."""
    return ", ".join(
        [
            f"Python {run['python']}",
            *(f"{name} {version}" for name, version in sorted(run["versions"].items())),
        ]
    )
