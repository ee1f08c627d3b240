"""Tables of chapter 2's trainings: how each went, and what its network keeps of the attributes."""

import pandas as pd
from IPython.display import HTML

from sercore.ledger.entries import Ledger
from sercore.papers.parry2022.attributes import ATTRIBUTES
from sercore.report.tables import NONE, html


def trainings(ledger: Ledger) -> HTML:
    """What each recorded training was: epochs, the selected one and its alpha, why it ended, clips a second, minutes."""
    trials, rows = ledger.recorded.trials, []
    table = ledger.numbers.arranged(trials) if len(trials) else pd.DataFrame(columns=["row", "variant", "control"])
    for (row, variant, control), found in table.groupby(["row", "variant", "control"], sort=False):
        rows.append(
            (
                row,
                ", ".join([variant] + [control] * (control != "none")),
                f"{_span(found['epochs_run'])} of {_span(found['epochs'])}",
                _span(found["best_epoch"]),
                _span(found["alpha_selected"], "{:.2f}"),
                "; ".join(found["ending"].unique()),
                f"{100 * found['validation_ua'].mean():.2f}",
                f"{found['training_loss'].mean():.3f}",
                f"{found['entropy_emotion'].mean():.3f}",
                f"{found['clips_per_second'].median():.0f}",
                f"{found['seconds'].sum() / 60:.0f}",
                found["seed"].nunique(),
            )
        )
    heads = [("", "model"), ("", "reading"), ("epochs", "run, of a cap of"), ("epochs", "selected"), ("epochs", "its alpha")]
    heads += [("", "ended by"), ("selected epoch", "validation UA, %"), ("selected epoch", "training loss")]
    heads += [("", "label entropy"), ("", "clips a second"), ("", "minutes"), ("", "seeds")]
    return html(heads, rows or NONE, caption="Recorded trainings: one cap of epochs for all; selected by validation UA alone")


def probes(ledger: Ledger, run: Ledger) -> HTML:
    """Accuracy of a linear probe on the shared output, that of one with shuffled labels, silhouette; by model and attribute."""
    rows = []
    for source, each in (("real speech", ledger), ("this run", run)):
        found = each.recorded.parts["probes"]
        if not len(found):
            continue
        table = each.recorded.kind("views").merge(found, on="trial")
        for (approach, attributes, letter), own in table.groupby(["approach", "attributes", "attribute"], sort=False):
            model = approach if attributes == "none" else f"{approach} {attributes}"
            numbers = [f"{own['probe'].mean():.3f}", f"{own['control'].mean():.3f}", f"{own['silhouette'].mean():+.3f}"]
            rows.append((source, model, ATTRIBUTES[letter], *numbers, own["seed"].nunique()))
    heads = ("clips of", "model", "attribute", "linear probe", "labels shuffled", "silhouette", "seeds")
    caption = "What the shared output tells of attributes: probes of training clips, scored on test speakers; classes weigh alike"
    return html(heads, rows or NONE, caption=caption)


def _span(values: pd.Series, form: str = "{:.0f}") -> str:
    """One number, or the least and the largest."""
    low, high = form.format(values.min()), form.format(values.max())
    return low if low == high else f"{low} to {high}"
