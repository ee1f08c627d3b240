"""Tables of chapter 3: data, settings, networks and their costs; what each model reaches on which clips, and how it was trained."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch
from IPython.display import HTML
from torch import nn

from sercore import sealed, store
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import Estimate, difference, level
from sercore.models import cnnatt as loopq_cnnatt
from sercore.models import cnnlstm as loopq_cnnlstm
from sercore.models import counts as counts_of
from sercore.models import fcmfcc as loopq_fcmfcc
from sercore.papers.biagini2022.data import ELSEWHERE, ORIGINS
from sercore.papers.biagini2022.numbers import OURS, PAIR, TABLE_4, caps
from sercore.papers.biagini2022.rows import GROUPS, RECIPES
from sercore.report.tables import NONE, html, number, shown, this_run

ACCURACY, F1, RECALL = OURS
SPLITS = ("by-origin", "by-label", "speaker-independent")
NAMES = {**ORIGINS, **{name: name.upper() for name in ELSEWHERE}}

COSTS = store.PROJECT / "book" / "ledger" / "recorded" / "03-loopq-models" / "costs.json"


def counts(ledger: Ledger) -> HTML:
    """Table 1: printed clips, of a part of each corpus, and those of the whole corpora that were measured."""
    return _beside(ledger, "Table 1", by="row", form="{:,.0f}", caption="clips; printed are those of a part of each corpus")


def amplitudes(ledger: Ledger) -> HTML:
    """Table 2: printed mean clip maximum and minimum, and ours."""
    return _beside(ledger, "Table 2", by="column", form="{:.3f}", caption="mean of clip maxima and minima")


def durations(ledger: Ledger) -> HTML:
    """Durations that the text prints, of all corpora, and ours of those at hand."""
    measured, on = recorded.measurements(ledger.paper.name), recorded.measured_on(ledger.paper.name)
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


def costs(path: Path = COSTS) -> HTML:
    """Parameters, weights, time and memory of each model in its published size.

    Args:
        path: record that ``benchmarks/costs.py`` wrote.

    Raises:
        FileNotFoundError: There is no record.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; expected recorded costs. Measure them: python -m benchmarks.costs --record")
    about = json.loads(sealed.read(path))
    forms = {"network": "{}", "parameters": "{:,}", "weights": "{:.1f}", "seconds": "{:.3f}", "memory": "{:,.0f}"}
    rows = [tuple(form.format(network[name]) for name, form in forms.items()) for network in about["networks"]]
    heads = ("model", "parameters", "weights, MB", "seconds a clip", "peak memory, MB")
    return html(heads, rows, caption=f"One clip of 3 s, {about['processor']}, torch {about['torch']}, one thread, {about['date']}")


def seen_texts(ledger: Ledger) -> HTML:
    """Share of the tested texts of the first fold that training has too, by corpus."""
    measured = recorded.measurements(ledger.paper.name)
    found = {name.split(" / ")[1]: share for name, share in measured.items() if name.startswith("texts seen / ")}
    rows = [(ORIGINS.get(name, name), f"{share:.0%}") for name, share in sorted(found.items())]
    return html(("corpus", "tested texts that training has"), rows or NONE, caption="First fold of speakers")


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
            ("CNNLSTM as run: the LSTM's sequence is the batch", loopq_cnnlstm.CNNLSTMAsRun(), spectrogram),
            ("CNNLSTM fixed: the LSTM's sequence is the clip", loopq_cnnlstm.CNNLSTMFixed(), spectrogram),
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


def results(ledger: Ledger, *, metric: str = ACCURACY) -> HTML:
    """One column of Table 4: printed scores and ours by split on real speech, with the verdict.

    Args:
        ledger: of paper 03.
        metric: of ``OURS`` that the paper prints: accuracy (default) or macro F1.
    """
    printed = {number.row: number for number in ledger.printed if number.metric == metric}
    name = next(iter(printed.values())).column
    rows = []
    for model, variant in TABLE_4:
        encoder = _encoder(ledger, model, variant)
        ours = [_score(ledger, model, variant, split, metric) for split in SPLITS]
        reading = (variant, f"[{encoder}]") if encoder else variant
        rows.append((model, reading, f"{printed[model].value:.4f}", *ours, ledger.verdict(printed[model])[0]))
    heads = [("", "model"), ("", "reading"), ("paper", "printed"), *(("ours, on real speech", split) for split in SPLITS)]
    caption = f"Table 4, {name}. In brackets 95 %: by origin of one more run, by speaker of other speakers"
    return html([*heads, ("", "verdict")], rows, caption=caption)


def here(run: Ledger, *, edition: str) -> HTML:
    """Accuracy of this page's own trials, by split."""
    rows = [
        (model, variant, *(_score(run, model, variant, split, ACCURACY, bare=True) for split in SPLITS))
        for model, variant in TABLE_4
    ]
    return html(("model", "reading", *SPLITS), rows, caption=f"Accuracy, {this_run(edition)}; a dash where nothing was run")


def trainings(ledger: Ledger) -> HTML:
    """What each recorded training was: epochs run and the paper's, rate, why it ended, best and last epoch, folds, seeds."""
    table = _trainings(ledger)
    if not len(table):
        return html(("trainings",), [], caption="No training is recorded yet")
    rows = []
    keys = ["row", "variant", "control", "protocol"]
    for (model, variant, control, protocol), found in table.groupby(keys, sort=False):
        changed = "" if control == "none" else control
        recipe = RECIPES[model]
        rows.append(
            (
                model,
                ", ".join(filter(None, (variant, changed))),
                protocol,
                f"{_several(found['epochs_run'])} of {_several(found['epochs'])}",
                recipe.paper.epochs,
                f"{found['rate'].iloc[0]:g} to {found['rate_last'].min():g}",
                recipe.paper.head,
                "; ".join(found["ending"].unique()),
                _several(found["best_epoch"]),
                f"{found['accuracy'].mean():.3f}",
                "–" if found["accuracy_last"].isna().all() else f"{found['accuracy_last'].mean():.3f}",
                f"{found['training_accuracy'].mean():.3f}",
                _several(found["fold"] + 1),
                _several(found["seed"]),
                f"{found['seconds'].sum() / 60:.0f}",
            )
        )
    heads = [("", "model"), ("", "reading"), ("", "split"), ("epochs", "run, of a cap of"), ("epochs", "paper's")]
    heads += [("rate", "ours"), ("rate", "paper's"), ("", "ended by"), ("", "best epoch"), ("accuracy", "best epoch")]
    heads += [("accuracy", "last epoch"), ("accuracy", "training, best epoch"), ("", "folds"), ("", "seeds"), ("", "minutes")]
    return html(heads, rows, caption="Recorded trainings; one cap of epochs for all, an earlier end only at a plateau's second cut")


def by_corpus(ledger: Ledger) -> HTML:
    """Accuracy over the corpora, each counting once, and of each alone, by origin and speaker-independent, with the speakers."""
    corpora = [name for name in ORIGINS if name in _tested(ledger)]
    rows = []
    for model, variant in TABLE_4:
        for split in PAIR:
            trials = ledger.trials(model, variant=variant, protocol=split)
            if trials is None:
                continue
            cells = [level(trials, ACCURACY), *(level(trials.of(name), ACCURACY) for name in corpora)]
            cells += [level(trials, RECALL), *(level(trials.of(name), RECALL) for name in corpora)]
            rows.append((model, variant, split, *(_told(cell) for cell in cells)))
    names = ["mean of the corpora", *(ORIGINS[name] for name in corpora)]
    heads = [
        ("", "model"),
        ("", "reading"),
        ("", "split"),
        *(("accuracy", name) for name in names),
        *(("mean recall", name) for name in names),
    ]
    return html(heads, rows, caption="Table 4 by corpus; the smaller line is the number of speakers tested")


def switches(ledger: Ledger) -> HTML:
    """FCMFCC with one thing changed, less the same without, speakers resampled; with labels shuffled, what is left."""
    rows = []
    for row in GROUPS["switches"]:
        control = row.name.split(", ", 1)[1]
        for split in PAIR:
            plain = ledger.trials(row.model, variant=row.variant, protocol=split)
            changed = ledger.trials(row.model, variant=row.variant, protocol=split, control=control)
            if changed is None or plain is None:
                continue
            gap = difference(changed, plain, ACCURACY)
            best = _several(changed.table["best_epoch"])
            rows.append(
                (control, split, f"{level(changed, ACCURACY).value:.3f}", shown(gap, 3, signed=True), best, len(changed.seeds))
            )
    heads = ("FCMFCC as run, with", "split", "accuracy", "less without", "best epoch", "seeds")
    caption = "One thing changed; a difference without interval, or on one seed, is shown and not judged"
    return html(heads, rows or NONE, caption=caption)


def ranks(ledger: Ledger) -> HTML:
    """Top-1, 2 and 3 accuracy and expected calibration error under both splits."""
    table = _trainings(ledger)
    rows = []
    for model, variant in TABLE_4:
        for split in PAIR:
            found = table[(table["row"] == model) & (table["variant"] == variant) & (table["protocol"] == split)]
            found = found[found["control"] == "none"]
            if len(found):
                values = [f"{found[name].mean():.3f}" for name in ("accuracy", "top_2", "top_3", "calibration_error")]
                rows.append((model, variant, split, *values, len(found["seed"].unique())))
    heads = ("model", "reading", "split", "top 1", "top 2", "top 3", "calibration error", "seeds")
    return html(heads, rows or NONE, caption="Right among the first one, two, three; distance of confidence and accuracy")


def across(ledger: Ledger) -> HTML:
    """Trained on one corpus alone: mean recall on every other, beside that of other speakers of the same corpora."""
    rows = []
    there = [name for name in NAMES if name != "ravdess" and name in _tested(ledger)]
    for model, variant in TABLE_4:
        trials = ledger.trials(model, variant=variant, protocol="across-corpora")
        if trials is None:
            continue
        same = ledger.trials(model, variant=variant, protocol="speaker-independent")
        cells = []
        for name in there:
            within = None if same is None or name in ELSEWHERE else level(same.of(name), RECALL)
            cells += [_told(level(trials.of(name), RECALL)), shown(within, 3, bare=True)]
        rows.append((model, variant, _told(level(trials, RECALL)), *cells))
    heads = [("", "model"), ("", "reading"), ("all others", "from RAVDESS alone")]
    heads += [(NAMES[name], source) for name in there for source in ("from RAVDESS alone", "other speakers of it seen")]
    return html(heads, rows or NONE, caption="Mean recall across corpora; a seventh is chance")


def thirds(ledger: Ledger) -> HTML:
    """Saliency and energy by mel third for each emotion: trained, untrained, the data themselves."""
    rows = []
    table, energy = ledger.recorded.parts["saliency"], ledger.recorded.parts["energy"]
    views = ledger.recorded.kind("views")
    for split in PAIR if len(table) else ():
        chosen = views[views["protocol"] == split]["trial"]
        for name, found in table[table["trial"].isin(chosen)].groupby("class"):
            cells = []
            for network in ("trained", "untrained"):
                of = found[found["network"] == network]
                cells += [f"{of[column].mean():.3f}" for column in ("low", "middle", "high")]
                cells.append(f"{of['correlation'].mean():+.3f}")
            power = energy[energy["trial"].isin(chosen) & (energy["class"] == name)]
            cells += [f"{power[column].mean():.3f}" for column in ("low", "middle", "high")]
            rows.append((split, name, int(found["clips"].min()), *cells))
    columns = ("low", "middle", "high", "with change")
    heads = [("", "split"), ("", "emotion"), ("", "clips"), *(("saliency, trained", name) for name in columns)]
    heads += [*(("saliency, untrained", name) for name in columns), *(("energy of the clips", name) for name in columns[:3])]
    return html(heads, rows or NONE, caption="CNNLSTM fixed: shares of the mel thirds, correlation with change in time")


def _beside(ledger: Ledger, table: str, *, by: str, form: str, caption: str) -> HTML:
    """A printed table, each number with ours beside it; ``by`` says whether its rows or its columns become our rows."""
    other = "column" if by == "row" else "row"
    cells: dict[str, dict[str, tuple[str, str]]] = {}
    for given in (each for each in ledger.printed if each.table == table):
        plain = ledger.paper.plain(given)
        pair = (form.format(given.value), "–" if plain is None else form.format(plain.value))
        cells.setdefault(getattr(given, by), {})[getattr(given, other)] = pair
    groups = list(next(iter(cells.values())))
    rows = [(name, *(value for group in groups for value in found[group])) for name, found in cells.items()]
    heads = [("", ""), *((group, source) for group in groups for source in ("printed", "ours"))]
    return html(heads, rows, caption=f"{table}, {caption}")


def _divided(name: str, part: nn.Module) -> list[tuple[str, list[nn.Parameter]]]:
    """A part's children where it is a speech encoder, else the part itself."""
    if name != "speech":
        return [(name, list(part.parameters()))]
    own = [(f"{name}, {child}", list(module.parameters())) for child, module in part.named_children()]
    return own + [(f"{name}, {each}", [weight]) for each, weight in part.named_parameters(recurse=False)]


def _trainings(ledger: Ledger) -> pd.DataFrame:
    table = ledger.recorded.trials
    return ledger.paper.arranged(table) if len(table) else table.reindex(columns=["row", "variant", "protocol", "control"])


def _tested(ledger: Ledger) -> set[str]:
    """Corpora of which any clip was scored."""
    return set(ledger.recorded.counts["group"].str.split("/").str[0])


def _score(ledger: Ledger, model: str, variant: str, split: str, metric: str, *, bare: bool = False) -> object:
    trials = ledger.trials(model, variant=variant, protocol=split)
    return shown(None if trials is None else level(trials, metric), 3, bare=bare)


def _told(cell: Estimate) -> tuple[str, str]:
    return (f"{cell.value:.3f}", f"[{cell.groups} speaker{'s' * (cell.groups > 1)}]")


def _encoder(ledger: Ledger, model: str, variant: str) -> str:
    """Speech encoder that a recorded model reads the frames of; empty where it reads none."""
    trials = ledger.trials(model, variant=variant, protocol="by-origin")
    name = "none" if trials is None else trials.table["encoder"].iloc[0]
    return "" if name == "none" else f"frozen {name}"


def _several(values: pd.Series) -> str:
    """Different numbers, or their range where there are many."""
    found = sorted(values.astype(int).unique())
    return ", ".join(map(str, found)) if len(found) < 4 else f"{found[0]} to {found[-1]}"
