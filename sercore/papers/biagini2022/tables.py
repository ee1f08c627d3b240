"""Tables of chapter 3's data and models: clips, amplitudes, durations, settings, layers, costs. Its results: ``loopq_results``."""

from collections.abc import Callable

import torch
from IPython.display import HTML
from torch import nn

from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.models import cnnatt as loopq_cnnatt
from sercore.models import cnnlstm as loopq_cnnlstm
from sercore.models import counts as counts_of
from sercore.models import fcmfcc as loopq_fcmfcc
from sercore.papers.biagini2022 import costs as loopq_costs
from sercore.papers.biagini2022.data import ORIGINS
from sercore.papers.biagini2022.numbers import caps
from sercore.papers.biagini2022.rows import RECIPES
from sercore.tables.common import NONE, html, number
from sercore.tables.networks import layers

__all__ = [
    "amplitudes",
    "costs",
    "counts",
    "durations",
    "layers",
    "networks",
    "parts",
    "seen_texts",
    "settings",
    "shares",
]


def counts(ledger: Ledger) -> HTML:
    """Table 1: printed clips, of a part of each corpus, and those of the whole corpora that were measured."""
    return _beside(ledger, "Table 1", by="row", form="{:,.0f}", caption="clips; printed are those of a part of each corpus")


def amplitudes(ledger: Ledger) -> HTML:
    """Table 2: printed mean clip maximum and minimum, and ours."""
    return _beside(ledger, "Table 2", by="column", form="{:.3f}", caption="mean of clip maxima and minima")


def durations(ledger: Ledger) -> HTML:
    """Durations that the text prints, of all corpora, and ours of those at hand."""
    measured, on = recorded.measurements(ledger.paper), recorded.measured_on(ledger.paper)
    rows = []
    for printed in (each for each in ledger.printed if each.row == "duration"):
        name = printed.metric
        value = measured.get(f"duration / all / {name}")
        by = [measured.get(f"duration / {ORIGINS[corpus]} / {name}") for corpus in on]
        rows.append((name, f"{printed.value:g}", *(number(each, "{:.3f}") for each in (value, *by))))
    rows.append(("p99", "–", number(measured.get("duration / all / p99"), "{:.3f}"), *["–"] * len(on)))
    heads = [("", "duration, s"), ("paper", "all four corpora"), ("measured", "all at hand")]
    return html([*heads, *(("measured", ORIGINS[corpus]) for corpus in on)], rows, caption="Durations before any trimming")


def settings() -> HTML:
    """Table 3: what the paper prints and what the author's code has; ours are the code's, but for the recorded epochs."""
    columns: dict[str, Callable] = {
        "rate, new parts": lambda rates: rates.head,
        "rate, tuned parts": lambda rates: rates.tuned or "–",
        "weight decay": lambda rates: rates.weight_decay or "–",
        "epochs": lambda rates: rates.epochs,
    }
    rows = []
    for model, recipe in RECIPES.items():
        cells = [read(rates) for read in columns.values() for rates in (recipe.paper, recipe.code)]
        schedule = f"× {recipe.schedule.factor:g} after {recipe.schedule.patience + 1}"
        rows.append((model, recipe.optimiser, recipe.batch, schedule, *cells, caps().get(model, "not trained")))
    heads = [("", "model"), ("", "optimiser"), ("", "batch"), ("", "rate cut, epochs without a better loss")]
    heads += [(name, source) for name in columns for source in ("paper", "code")] + [("epochs", "ours, recorded")]
    caption = (
        "Table 3: the rates of the code are ten times those of the paper; ours are the code's, and no more epochs than recorded"
    )
    return html(heads, rows, caption=caption)


def costs() -> HTML:
    """Parameters, weights, time and memory of each model in its published size."""
    about = loopq_costs.costs()
    forms = {"network": "{}", "parameters": "{:,}", "weights": "{:.1f}", "seconds": "{:.3f}", "memory": "{:,.0f}"}
    rows = [tuple(form.format(each[name]) for name, form in forms.items()) for each in about["networks"]]
    heads = ("model", "parameters", "weights, MB", "seconds a clip", "peak memory, MB")
    return html(heads, rows, caption=f"One clip of 3 s, {about['processor']}, torch {about['torch']}, one thread, {about['date']}")


def seen_texts(ledger: Ledger) -> HTML:
    """Share of the tested texts of the first fold that training has too, by corpus."""
    measured = recorded.measurements(ledger.paper)
    found = {name.split(" / ")[1]: share for name, share in measured.items() if name.startswith("texts seen / ")}
    rows = [(ORIGINS.get(name, name), f"{share:.0%}") for name, share in sorted(found.items())]
    return html(("corpus", "tested texts that training has"), rows or NONE, caption="First fold of speakers")


def _beside(ledger: Ledger, table: str, *, by: str, form: str, caption: str) -> HTML:
    """A printed table, each number with ours beside it; ``by`` says whether its rows or its columns become our rows."""
    other = "column" if by == "row" else "row"
    cells: dict[str, dict[str, tuple[str, str]]] = {}
    for given in (each for each in ledger.printed if each.table == table):
        plain = ledger.numbers.plain(given)
        pair = (form.format(given.value), "–" if plain is None else form.format(plain.value))
        cells.setdefault(getattr(given, by), {})[getattr(given, other)] = pair
    groups = list(next(iter(cells.values())))
    rows = [(name, *(value for group in groups for value in found[group])) for name, found in cells.items()]
    heads = [("", ""), *((group, source) for group in groups for source in ("printed", "ours"))]
    return html(heads, rows, caption=f"{table}, {caption}")


def shares(ledger: Ledger) -> tuple[dict[str, int], dict[str, int]]:
    """Printed clips by emotion and by origin, from the margins of Table 1."""
    cells = {(each.row, each.column): int(each.value) for each in ledger.printed if each.table == "Table 1"}
    by_emotion = {row: count for (row, column), count in cells.items() if column == "total" and row != "total"}
    return by_emotion, {column: count for (row, column), count in cells.items() if row == "total" and column != "total"}


def networks() -> list[tuple[str, nn.Module, torch.Tensor]]:
    """Title, network and one clip's input of what is trained from scratch, in the published sizes and without memory."""
    with torch.device("meta"):
        spectrogram, coefficients = torch.empty(1, 313, 128), torch.empty(1, 313, 40)
        return [
            ("CNNLSTM as run: the LSTM's sequence is the batch", loopq_cnnlstm.CNNLSTM(variant="as-run"), spectrogram),
            ("CNNLSTM fixed: the LSTM's sequence is the clip", loopq_cnnlstm.CNNLSTM(variant="fixed"), spectrogram),
            ("FCMFCC as run", loopq_fcmfcc.FCMFCC(), coefficients),
            ("CNNATT fixed, a clip of 5 s", loopq_cnnatt.CNNATT(), coefficients),
        ]


def parts(model: str) -> HTML:
    """Parameters of the parts of HUBERTFT or MMFUSION, and whether the author's optimiser holds them.

    Args:
        model: printed name.
    """
    network = counts_of.built(model)
    held = {weight for group in network.groups(1.0, 1.0) for weight in group["params"]}
    rows = []
    for name, part in network.named_children():
        for title, weights in _divided(name, part):
            total, tuned = sum(w.numel() for w in weights), sum(w.numel() for w in weights if w in held)
            rows.append((title, f"{total:,}", "yes" if tuned == total else "no" if not tuned else f"{tuned:,} of them"))
    rows.append(("all", f"{sum(w.numel() for w in network.parameters()):,}", ""))
    return html(("part", "parameters", "in the optimiser, as run"), rows, caption=f"{model}, from the built module")


def _divided(name: str, part: nn.Module) -> list[tuple[str, list[nn.Parameter]]]:
    """A part's children where it is a speech encoder, else the part itself."""
    if name != "speech":
        return [(name, list(part.parameters()))]
    own = [(f"{name}, {child}", list(module.parameters())) for child, module in part.named_children()]
    return own + [(f"{name}, {each}", [weight]) for each, weight in part.named_parameters(recurse=False)]
