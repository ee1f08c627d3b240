"""Tables of chapter 3: data, settings, networks, costs, trainings and what models reach."""

import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from IPython.display import HTML
from torch import nn

from sercore import sealed, store
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import Estimate, difference, level
from sercore.ledger.scores import Trials
from sercore.models.counts import built, parameters
from sercore.papers.biagini2022.data import ELSEWHERE, ORIGINS
from sercore.papers.biagini2022.models import GROUPS, RECIPES
from sercore.papers.biagini2022.paper import OURS, PAIR, TABLE_4, caps
from sercore.report.tables import (
    DASH,
    NONE,
    Column,
    html,
    number,
    plural,
    shown,
    span,
    table,
    this_run,
)

ACCURACY, F1, RECALL = OURS
SPLITS = ("by-origin", "by-label", "speaker-independent")
NAMES = {**ORIGINS, **{name: name.upper() for name in ELSEWHERE}}
THIRDS = ("low", "middle", "high")  # of the mel bands


class Scored(NamedTuple):
    """A reading of Table 4 and a split under which it was run."""

    model: str
    variant: str
    split: str
    trials: Trials


MODEL = Column("model", lambda row: row.model)
READING = Column("reading", lambda row: row.variant)
SPLIT = Column("split", lambda row: row.split)

COSTS = store.PROJECT / "book" / "ledger" / "recorded" / "03-loopq-models" / "costs.json"


def counts(ledger: Ledger) -> HTML:
    """Table 1: printed clips, of a part of each corpus, and those of whole corpora."""
    caption = "clips; printed are those of a part of each corpus"
    return _beside(ledger, "Table 1", by="row", form="{:,.0f}", caption=caption)


def amplitudes(ledger: Ledger) -> HTML:
    """Table 2: printed mean clip maximum and minimum, and ours."""
    caption = "mean of clip maxima and minima"
    return _beside(ledger, "Table 2", by="column", form="{:.3f}", caption=caption)


def durations(ledger: Ledger) -> HTML:
    """Durations that the text prints, of all corpora, and ours of those at hand."""
    measured = recorded.measurements(ledger.paper.name)
    places = {"all": "all at hand"}
    places |= {
        ORIGINS[corpus]: ORIGINS[corpus] for corpus in recorded.measured_on(ledger.paper.name)
    }
    rows = []
    for printed in (cell for cell in ledger.printed if cell.row == "duration"):
        ours = [measured.get(f"duration / {place} / {printed.metric}") for place in places]
        rows.append(
            (printed.metric, f"{printed.value:g}", *(number(value, "{:.3f}") for value in ours))
        )
    ours = number(measured.get("duration / all / p99"), "{:.3f}")
    rows.append(("p99", DASH, ours, *[DASH] * (len(places) - 1)))
    heads = [("", "duration, s"), ("paper", "all four corpora")]
    heads += [("measured", title) for title in places.values()]
    return html(heads, rows, caption="Durations before any trimming")


def settings() -> HTML:
    """Table 3: what the paper prints and what the author's code has, beside the recorded epochs."""
    fields: dict[str, Callable] = {
        "rate, new parts": lambda rates: rates.head,
        "rate, tuned parts": lambda rates: rates.tuned or DASH,
        "weight decay": lambda rates: rates.weight_decay or DASH,
        "epochs": lambda rates: rates.epochs,
    }

    def schedule(row: tuple) -> str:
        plateau = row[1].schedule
        return f"× {plateau.factor:g} after {plateau.patience + 1}"

    columns = [
        Column("model", lambda row: row[0]),
        Column("optimiser", lambda row: row[1].optimiser),
        Column("batch", lambda row: row[1].batch),
        Column("rate cut, epochs without a better loss", schedule),
    ]
    for name, read in fields.items():
        columns.append(Column((name, "paper"), lambda row, read=read: read(row[1].paper)))
        columns.append(Column((name, "code"), lambda row, read=read: read(row[1].code)))
    epochs = caps()
    columns.append(
        Column(("epochs", "ours, recorded"), lambda row: epochs.get(row[0], "not trained"))
    )
    caption = (
        "Table 3: the rates of the code are ten times those of the paper; ours are the code's, and"
        " no"
        " more epochs than recorded"
    )
    return table(columns, RECIPES.items(), caption=caption)


def costs(path: Path = COSTS) -> HTML:
    """Parameters, weights, time and memory of each model, as ``benchmarks/costs.py`` wrote them.

    Raises:
        FileNotFoundError: There is no record.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such file; expected recorded costs. Measure them: python -m"
            f" benchmarks.costs --record"
        )
    measured = json.loads(sealed.read(path))
    columns = [
        Column("model", lambda network: network["network"]),
        Column("parameters", lambda network: f"{network['parameters']:,}"),
        Column("weights, MB", lambda network: f"{network['weights']:.1f}"),
        Column("seconds a clip", lambda network: f"{network['seconds']:.3f}"),
        Column("peak memory, MB", lambda network: f"{network['memory']:,.0f}"),
    ]
    caption = (
        f"One clip of 3 s, {measured['processor']}, torch {measured['torch']}, one thread,"
        f" {measured['date']}"
    )
    return table(columns, measured["networks"], caption=caption)


def seen_texts(ledger: Ledger) -> HTML:
    """Share of the tested texts of the first fold that training has too, by corpus."""
    measured = recorded.measurements(ledger.paper.name)
    shares = {
        name.split(" / ")[1]: share
        for name, share in measured.items()
        if name.startswith("texts seen / ")
    }
    rows = [(ORIGINS.get(name, name), f"{share:.0%}") for name, share in sorted(shares.items())]
    heads = ("corpus", "tested texts that training has")
    return html(heads, rows or NONE, caption="First fold of speakers")


def parts(model: str) -> HTML:
    """Parameters of the parts of HUBERTFT or MMFUSION, and whether they are in the optimiser."""
    network = built(model)
    optimised = {weight for group in network.groups(1.0, 1.0) for weight in group["params"]}

    def tuned(weights: Sequence[nn.Parameter]) -> str:
        total = _size(weights)
        part = _size(weight for weight in weights if weight in optimised)
        if part == total:
            return "yes"
        return f"{part:,} of them" if part else "no"

    rows = [
        (title, f"{_size(weights):,}", tuned(weights))
        for name, part in network.named_children()
        for title, weights in _divided(name, part)
    ]
    rows.append(("all", f"{parameters(network):,}", ""))
    heads = ("part", "parameters", "in the optimiser, as run")
    return html(heads, rows, caption=f"{model}, from the built module")


def results(ledger: Ledger, *, metric: str = ACCURACY) -> HTML:
    """One column of Table 4: printed scores and ours by split on real speech, with the verdict.

    Args:
        ledger: ledger of paper 03.
        metric: metric of ``OURS`` that the paper prints: accuracy (default) or macro F1.
    """
    printed = {cell.row: cell for cell in ledger.printed if cell.metric == metric}

    def reading(row: tuple[str, str]) -> object:
        encoder = _encoder(ledger, *row)
        return (row[1], f"[frozen {encoder}]") if encoder else row[1]

    columns = [
        Column("model", lambda row: row[0]),
        Column("reading", reading),
        Column(("paper", "printed"), lambda row: f"{printed[row[0]].value:.4f}"),
    ]
    for split in SPLITS:
        fill = partial(_score, ledger, split=split, metric=metric)
        columns.append(Column(("ours, on real speech", split), fill))
    columns.append(Column("verdict", lambda row: ledger.verdict(printed[row[0]])[0]))
    name = next(iter(printed.values())).column
    caption = (
        f"Table 4, {name}. In brackets 95 %: by origin of one more run, by speaker of other"
        " speakers"
    )
    return table(columns, TABLE_4, caption=caption)


def here(run: Ledger, *, edition: str) -> HTML:
    """Accuracy of this page's own trials, by split."""
    columns = [Column("model", lambda row: row[0]), Column("reading", lambda row: row[1])]
    for split in SPLITS:
        fill = partial(_score, run, split=split, metric=ACCURACY, bare=True)
        columns.append(Column(split, fill))
    caption = f"Accuracy, {this_run(edition)}; a dash where nothing was run"
    return table(columns, TABLE_4, caption=caption)


def trainings(ledger: Ledger) -> HTML:
    """Recorded trainings: epochs and rates beside the paper's, endings, best and last epochs."""

    def first(name: str) -> Callable[[pd.DataFrame], object]:
        return lambda group: group[name].iloc[0]

    def mean(name: str) -> Callable[[pd.DataFrame], str]:
        return lambda group: number(group[name].mean(), "{:.3f}")

    def different(name: str, add: int = 0) -> Callable[[pd.DataFrame], str]:
        return lambda group: span(group[name] + add, listed=3)

    def reading(group: pd.DataFrame) -> str:
        names = [first("variant")(group), first("control")(group)]
        return ", ".join(name for name in names if name != "none")

    def epochs(group: pd.DataFrame) -> str:
        return f"{different('epochs_run')(group)} of {different('epochs')(group)}"

    def rate(group: pd.DataFrame) -> str:
        return f"{first('rate')(group):g} to {group['rate_last'].min():g}"

    def printed(group: pd.DataFrame) -> object:
        return RECIPES[first("row")(group)].paper

    columns = [
        Column("model", first("row")),
        Column("reading", reading),
        Column("split", first("protocol")),
        Column(("epochs", "run, of a cap of"), epochs),
        Column(("epochs", "paper's"), lambda group: printed(group).epochs),
        Column(("rate", "ours"), rate),
        Column(("rate", "paper's"), lambda group: printed(group).head),
        Column("ended by", lambda group: "; ".join(group["ending"].unique())),
        Column("best epoch", different("best_epoch")),
        Column(("accuracy", "best epoch"), mean("accuracy")),
        Column(("accuracy", "last epoch"), mean("accuracy_last")),
        Column(("accuracy", "training, best epoch"), mean("training_accuracy")),
        Column("folds", different("fold", add=1)),
        Column("seeds", different("seed")),
        Column("minutes", lambda group: f"{group['seconds'].sum() / 60:.0f}"),
    ]
    trials = ledger.recorded.trials
    groups = []
    if len(trials):
        keys = ["row", "variant", "control", "protocol"]
        groups = [group for _, group in ledger.paper.arranged(trials).groupby(keys, sort=False)]
    caption = (
        "Recorded trainings; one cap of epochs for all, an earlier end only at a plateau's second"
        " cut"
    )
    return table(columns, groups, caption=caption)


def by_corpus(ledger: Ledger) -> HTML:
    """Accuracy and mean recall over the corpora, each counting once, and on each alone."""
    places = {"mean of the corpora": ()}
    places |= {ORIGINS[name]: (name,) for name in ORIGINS if name in _tested(ledger)}
    columns = [MODEL, READING, SPLIT]
    for group, metric in (("accuracy", ACCURACY), ("mean recall", RECALL)):
        for title, corpora in places.items():
            columns.append(Column((group, title), partial(_on, corpora=corpora, metric=metric)))
    caption = "Table 4 by corpus; the smaller line is the number of speakers tested"
    return table(columns, _scored(ledger, PAIR), caption=caption)


def switches(ledger: Ledger) -> HTML:
    """FCMFCC with one thing changed, less the same without, speakers resampled."""
    rows = []
    for row in GROUPS["switches"]:
        control = row.name.split(", ", 1)[1]
        for split in PAIR:
            where = {"variant": row.variant, "protocol": split}
            changed = ledger.trials(row.model, control=control, **where)
            plain = ledger.trials(row.model, **where)
            if changed is not None and plain is not None:
                less = difference(changed, plain, ACCURACY)
                rows.append({"control": control, "split": split, "trials": changed, "less": less})
    columns = [
        Column("FCMFCC as run, with", lambda row: row["control"]),
        Column("split", lambda row: row["split"]),
        Column("accuracy", lambda row: f"{level(row['trials'], ACCURACY).value:.3f}"),
        Column("less without", lambda row: shown(row["less"], 3, signed=True)),
        Column("best epoch", lambda row: span(row["trials"].table["best_epoch"], listed=3)),
        Column("seeds", lambda row: len(row["trials"].seeds)),
    ]
    caption = (
        "One thing changed; a difference without interval, or on one seed, is shown and not judged"
    )
    return table(columns, rows, caption=caption)


def ranks(ledger: Ledger) -> HTML:
    """Top-1, 2 and 3 accuracy and expected calibration error under both splits."""
    metrics = {
        "top 1": "accuracy",
        "top 2": "top_2",
        "top 3": "top_3",
        "calibration error": "calibration_error",
    }
    columns = [MODEL, READING, SPLIT]
    for head, name in metrics.items():
        columns.append(Column(head, lambda row, name=name: f"{row.trials.table[name].mean():.3f}"))
    columns.append(Column("seeds", lambda row: len(row.trials.seeds)))
    caption = "Right among the first one, two, three; distance of confidence and accuracy"
    return table(columns, _scored(ledger, PAIR), caption=caption)


def across(ledger: Ledger) -> HTML:
    """Mean recall on unseen corpora, beside that on other speakers of the same corpora."""
    same = {row[:2]: row.trials for row in _scored(ledger, ("speaker-independent",))}

    def seen(name: str) -> Callable[[Scored], object]:
        def fill(row: Scored) -> object:
            trials = None if name in ELSEWHERE else same.get(row[:2])
            return shown(None if trials is None else level(trials.of(name), RECALL), 3, bare=True)

        return fill

    alone = "from RAVDESS alone"
    columns = [MODEL, READING, Column(("all others", alone), partial(_on, metric=RECALL))]
    for name in NAMES:
        if name != "ravdess" and name in _tested(ledger):
            fill = partial(_on, corpora=(name,), metric=RECALL)
            columns.append(Column((NAMES[name], alone), fill))
            columns.append(Column((NAMES[name], "other speakers of it seen"), seen(name)))
    caption = "Mean recall across corpora; a seventh is chance"
    return table(columns, _scored(ledger, ("across-corpora",)), caption=caption)


def thirds(ledger: Ledger) -> HTML:
    """Saliency by mel third for each emotion, trained and untrained, and energy of the clips."""
    saliency, energy = ledger.recorded.parts["saliency"], ledger.recorded.parts["energy"]
    views, rows = ledger.recorded.kind("views"), []
    for split in PAIR if len(saliency) else ():
        viewed = views[views["protocol"] == split]["trial"]
        for name, group in saliency[saliency["trial"].isin(viewed)].groupby("class"):
            power = energy[energy["trial"].isin(viewed) & (energy["class"] == name)]
            means = {"energy": power[[*THIRDS]].mean()}
            for network, values in group.groupby("network"):
                means[network] = values[[*THIRDS, "correlation"]].mean()
            rows.append(
                {"split": split, "emotion": name, "clips": int(group["clips"].min())} | means
            )

    def mean(what: str, name: str, form: str = "{:.3f}") -> Callable[[dict], str]:
        return lambda row: form.format(row[what][name])

    columns = [
        Column(name, lambda row, name=name: row[name]) for name in ("split", "emotion", "clips")
    ]
    for network in ("trained", "untrained"):
        group = f"saliency, {network}"
        columns += [Column((group, third), mean(network, third)) for third in THIRDS]
        columns.append(Column((group, "with change"), mean(network, "correlation", "{:+.3f}")))
    columns += [Column(("energy of the clips", third), mean("energy", third)) for third in THIRDS]
    caption = "CNNLSTM fixed: shares of the mel thirds, correlation with change in time"
    return table(columns, rows, caption=caption)


def _beside(ledger: Ledger, title: str, *, by: str, form: str, caption: str) -> HTML:
    """A printed table, ours beside each number; ``by`` is what becomes our rows, row or column."""
    other = "column" if by == "row" else "row"
    cells: dict[str, dict[str, tuple[str, str]]] = {}
    for printed in (cell for cell in ledger.printed if cell.table == title):
        plain = ledger.paper.plain(printed)
        ours = DASH if plain is None else form.format(plain.value)
        row = cells.setdefault(getattr(printed, by), {})
        row[getattr(printed, other)] = (form.format(printed.value), ours)
    groups = list(next(iter(cells.values())))
    rows = [
        (name, *(value for group in groups for value in row[group])) for name, row in cells.items()
    ]
    heads = [("", ""), *((group, source) for group in groups for source in ("printed", "ours"))]
    return html(heads, rows, caption=f"{title}, {caption}")


def _scored(ledger: Ledger, splits: Sequence[str]) -> list[Scored]:
    """Each reading of Table 4 under each of these splits, where it was run."""
    rows = []
    for model, variant in TABLE_4:
        for split in splits:
            trials = ledger.trials(model, variant=variant, protocol=split)
            if trials is not None:
                rows.append(Scored(model, variant, split, trials))
    return rows


def _tested(ledger: Ledger) -> set[str]:
    """Corpora of which any clip was scored."""
    return set(ledger.recorded.counts["group"].str.split("/").str[0])


def _score(
    ledger: Ledger, row: tuple[str, str], *, split: str, metric: str, bare: bool = False
) -> object:
    trials = ledger.trials(row[0], variant=row[1], protocol=split)
    return shown(None if trials is None else level(trials, metric), 3, bare=bare)


def _on(row: Scored, *, metric: str, corpora: Sequence[str] = ()) -> tuple[str, str]:
    """A score on some corpora, or on all, and how many speakers were tested."""
    estimate: Estimate = level(row.trials.of(*corpora) if corpora else row.trials, metric)
    return f"{estimate.value:.3f}", f"[{plural(estimate.groups, 'speaker')}]"


def _encoder(ledger: Ledger, model: str, variant: str) -> str:
    """Speech encoder whose frames a recorded model reads; empty where it reads none."""
    trials = ledger.trials(model, variant=variant, protocol="by-origin")
    name = "none" if trials is None else trials.table["encoder"].iloc[0]
    return "" if name == "none" else name


def _divided(name: str, part: nn.Module) -> list[tuple[str, list[nn.Parameter]]]:
    """A part's children where it is a speech encoder, else the part itself."""
    if name != "speech":
        return [(name, list(part.parameters()))]
    children = [
        (f"{name}, {child}", list(module.parameters())) for child, module in part.named_children()
    ]
    weights = part.named_parameters(recurse=False)
    return children + [(f"{name}, {title}", [weight]) for title, weight in weights]


def _size(weights: Iterable[nn.Parameter]) -> int:
    return sum(weight.numel() for weight in weights)
