"""Tables of chapter 3: data, settings, networks, trainings and what models reach."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from IPython.display import HTML
from torch import nn

from sercore.evaluation.estimates import difference, level
from sercore.evaluation.scores import Trials
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.models.counts import built, parameters
from sercore.papers.biagini2022.data import ELSEWHERE, ORIGINS
from sercore.papers.biagini2022.difficulty import MODELS
from sercore.papers.biagini2022.models import GROUPS, RECIPES
from sercore.papers.biagini2022.page import (
    ENOUGH,
    LARGEST,
    OURS,
    PAIR,
    TABLE_4,
    beside_networks,
    by_difficulty,
    leads,
    steps,
)
from sercore.papers.biagini2022.paper import caps
from sercore.report.tables import DASH, NONE, html, number, plural, shown, span

ACCURACY, F1, RECALL = OURS
SPLITS = ("by-origin", "by-label", "speaker-independent")
NAMES = {**ORIGINS, **{name: name.upper() for name in ELSEWHERE}}
TRAININGS = ("models", "across corpora", "tuned")  # kinds of trial that train a network
THIRDS = ("low", "middle", "high")  # of the mel bands


def counts(ledger: Ledger) -> HTML:
    """Table 1: printed clips, of a part of each corpus, and those of whole corpora."""
    caption = "clips, printed and in the whole corpora at hand"
    return _beside(ledger, "Table 1", by="row", form="{:,.0f}", caption=caption)


def amplitudes(ledger: Ledger) -> HTML:
    """Table 2: printed mean clip maximum and minimum, and ours."""
    caption = "means of the clips' maxima and minima"
    return _beside(ledger, "Table 2", by="column", form="{:.3f}", caption=caption)


def durations(ledger: Ledger) -> HTML:
    """Durations that the text prints, of all corpora, and ours of those at hand."""
    name = ledger.paper.name
    measured = recorded.measurements(name)
    places = {"all": "all at hand"}
    for corpus in recorded.measured_on(name):
        places[ORIGINS[corpus]] = ORIGINS[corpus]
    rows = []
    for printed in (cell for cell in ledger.printed if cell.row == "duration"):
        ours = [measured.get(f"duration / {place} / {printed.metric}") for place in places]
        texts = [number(value, "{:.3f}") for value in ours]
        rows.append((printed.metric, f"{printed.value:g}", *texts))
    ours = number(measured.get("duration / all / p99"), "{:.3f}")
    rows.append(("p99", DASH, ours, *[DASH] * (len(places) - 1)))
    heads = [("", "duration, s"), ("paper", "all four corpora")]
    heads += [("measured", title) for title in places.values()]
    return html(heads, rows, caption="Durations before any trimming", folded=True)


def settings() -> HTML:
    """Table 3: what the paper prints and what the author's code has, beside the recorded epochs."""
    epochs = caps()
    heads = ["model", "optimiser", "batch", "rate cut, epochs without a better loss"]
    names = ("rate, new parts", "rate, tuned parts", "weight decay", "epochs")
    for name in names:
        heads += [(name, "paper"), (name, "code")]
    heads.append(("epochs", "ours, recorded"))
    rows = []
    for model, recipe in RECIPES.items():
        plateau = recipe.schedule
        row = [model, recipe.optimiser, recipe.batch]
        row.append(
            f"× {plateau.factor:g} after {plateau.patience + 1} (printed {plateau.patience})"
        )
        for field in ("head", "tuned", "weight_decay", "epochs"):
            row += [getattr(rates, field) or DASH for rates in (recipe.paper, recipe.code)]
        rows.append([*row, epochs.get(model, "not trained")])
    caption = "Table 3: settings in the paper and in the author's code, and our epochs"
    return html(heads, rows, caption=caption, folded=True)


def seen_texts(ledger: Ledger) -> HTML:
    """Share of the tested texts of the first fold that training has too, by corpus."""
    rows = []
    for name, share in sorted(recorded.measurements(ledger.paper.name).items()):
        if name.startswith("texts seen / "):
            corpus = name.split(" / ")[1]
            rows.append((ORIGINS.get(corpus, corpus), f"{share:.0%}"))
    heads = ("corpus", "tested texts that training has")
    return html(heads, rows or NONE, caption="Sentences of the first fold of speakers", folded=True)


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
    return html(heads, rows, caption=f"Parts of {model}, as built", folded=True)


def results(ledger: Ledger, *, metric: str = ACCURACY, folded: bool | None = None) -> HTML:
    """One column of Table 4: printed scores and ours by split on real speech, with the verdict.

    A variant that was not run is left out where another one of its model was.
    """
    printed = {cell.row: cell for cell in ledger.printed if cell.metric == metric}
    rows = []
    for model, variant in TABLE_4:
        reading, trials = variant, ledger.trials(model, variant=variant, protocol="by-origin")
        encoder = "none" if trials is None else trials.table["encoder"].iloc[0]
        if encoder != "none":
            reading = (variant, f"[frozen {encoder}]")
        scores = [_score(ledger, model, variant, split, metric) for split in SPLITS]
        if scores == [DASH] * len(SPLITS) and ledger.runs(model):
            continue  # another variant of the model was run
        verdict = ledger.judged(printed[model])
        rows.append((model, reading, f"{printed[model].value:.4f}", *scores, verdict))
    heads = ["model", "reading", ("paper", "printed")]
    heads += [("ours, on real speech", split) for split in SPLITS]
    name = next(iter(printed.values())).column
    note = "brackets are 95 % intervals over the tested speakers and the seeds"
    caption = f"Table 4, {name}"
    return html([*heads, "verdict"], rows, caption=caption, note=note, folded=folded)


def here(run: Ledger) -> HTML:
    """Accuracy of this page's own trials, by split."""
    rows = []
    for model, variant in TABLE_4:
        scores = [_score(run, model, variant, split, ACCURACY, bare=True) for split in SPLITS]
        rows.append((model, variant, *scores))
    caption = f"Accuracy, {run.source}; a dash where nothing was run"
    return html(("model", "reading", *SPLITS), rows, caption=caption, folded=True)


def trainings(ledger: Ledger) -> HTML:
    """Recorded trainings: epochs and rates beside the paper's, endings, best and last epochs."""
    trials, rows = recorded.of_kind(ledger.recorded.trials, *TRAININGS), []
    if len(trials):
        keys = ["row", "variant", "control", "protocol"]
        rows = [
            _training(group) for _, group in ledger.paper.arranged(trials).groupby(keys, sort=False)
        ]
    heads = [
        "model",
        "reading",
        "split",
        ("epochs", "run, of a cap of"),
        ("epochs", "paper's"),
        ("rate", "ours"),
        ("rate", "paper's"),
        "ended by",
        "best epoch",
        ("accuracy", "best epoch"),
        ("accuracy", "last epoch"),
        ("accuracy", "training, best epoch"),
        "folds",
        "seeds",
        "minutes",
    ]
    return html(heads, rows or NONE, caption="Recorded trainings")


def _training(group: pd.DataFrame) -> tuple:
    """Summarise the trainings of one reading under one split."""
    first = group.iloc[0]
    printed = RECIPES[first["row"]].paper
    changed = [name for name in (first["variant"], first["control"]) if name != "none"]
    run, cap = span(group["epochs_run"], listed=3), span(group["epochs"], listed=3)
    scores = [group[name].mean() for name in ("accuracy", "accuracy_last", "training_accuracy")]
    return (
        first["row"],
        ", ".join(changed),
        first["protocol"],
        f"{run} of {cap}",
        printed.epochs,
        f"{first['rate']:g} to {group['rate_last'].min():g}",
        printed.head,
        "; ".join(group["ending"].unique()),
        span(group["best_epoch"], listed=3),
        *(number(score, "{:.3f}") for score in scores),
        span(group["fold"] + 1, listed=3),
        span(group["seed"], listed=3),
        f"{group['seconds'].sum() / 60:.0f}",
    )


def difficulty(ledger: Ledger) -> HTML:
    """Accuracy of the small classifiers under each protocol, over the corpora and on each."""
    rows, corpora = [], [name for name in NAMES if name in _tested(ledger)]
    for row, protocols in by_difficulty(ledger).items():
        for protocol, trials in protocols.items():
            means = trials.by_seed(ACCURACY).mean(), trials.pooled(ACCURACY)
            line = [row, protocol, f"{trials.table['training_clips'].mean():,.0f}"]
            line += [f"{mean:.3f}" for mean in means]
            for name in corpora:
                line.append(shown(level(trials.of(name), ACCURACY), 3, bare=name not in ENOUGH))
            rows.append(line)
    heads = ["classifier", "split", "training clips", ("accuracy", "mean of the corpora")]
    heads += [("accuracy", "all clips alike"), *(("accuracy", NAMES[name]) for name in corpora)]
    note = (
        "brackets are 95 % intervals over tested speakers and seeds, where there are six speakers"
    )
    return html(heads, rows or NONE, caption="From shared speakers to new corpora", note=note)


def losses(ledger: Ledger, task: str = "difficulty") -> HTML:
    """Accuracy that each step of difficulty costs, on the corpora with six speakers or more."""
    rows = []
    for row, protocols in by_difficulty(ledger, task).items():
        for corpus in ENOUGH:
            line: list[object] = [(row, NAMES[corpus])]
            for loss, mark in steps(protocols, corpus).values():
                line += [shown(loss, 2, signed=True), mark]
            rows.append(line)
    heads = ["classifier"]
    for title in (
        "fewer training clips",
        "new speakers",
        "of which: other takes",
        "of which: the voice",
        "a new corpus",
    ):
        heads += [(title, "loss"), (title, "above zero")]
    caption = "Accuracy lost at each step"
    if task == "pretraining":
        caption = f"{caption}, RAVDESS and EMOVO alone"
    return html(heads, rows or NONE, caption=caption, folded=True)


def pretraining(ledger: Ledger) -> HTML:
    """Accuracy on a frozen encoder's frames beside that on MFCC, from known voices to new corpora."""
    rows, pools = [], by_difficulty(ledger, "pretraining")
    for model in MODELS:
        found = {corpus: leads(ledger, model, corpus) for corpus in ENOUGH}
        for protocol in next(iter(found.values())):
            line: list[object] = [(model, protocol)]
            for corpus, judged in found.items():
                for variant in ("mfcc", "frames"):
                    trials = pools[f"{model} {variant}"][protocol].of(corpus)
                    line.append(shown(level(trials, ACCURACY), 3, bare=True))
                lead, mark = judged[protocol]
                line += [shown(lead, 3, signed=True), mark]
            rows.append(line)
    heads = ["classifier"]
    for corpus in ENOUGH:
        heads += [(NAMES[corpus], name) for name in ("MFCC", "encoder", "lead", "above zero")]
    caption = "Accuracy on the frames of a frozen encoder and on MFCC, RAVDESS and EMOVO alone"
    return html(heads, rows or NONE, caption=caption, folded=True)


def networks(ledger: Ledger) -> HTML:
    """Accuracy of networks and of small classifiers on the same new speakers of RAVDESS."""
    rows = []
    for names, (pair, gap, mark) in beside_networks(ledger, LARGEST).items():
        scores = [shown(level(trials, ACCURACY), 3) for trials in pair]
        rows.append((*names, *scores, shown(gap, 3, signed=True), mark))
    heads = ["network", "classifier", ("accuracy", "network"), ("accuracy", "classifier")]
    heads += [("network minus classifier", name) for name in ("difference", "above zero")]
    caption = "Networks beside small classifiers, new speakers of RAVDESS"
    return html(heads, rows or NONE, caption=caption, folded=True)


def by_corpus(ledger: Ledger) -> HTML:
    """Accuracy and mean recall over the corpora, each counting once, and on each alone."""
    tested = [name for name in ORIGINS if name in _tested(ledger)]
    places = {"mean of the corpora": (), **{ORIGINS[name]: (name,) for name in tested}}
    rows = []
    for model, variant, split, trials in _scored(ledger, PAIR):
        row = [model, variant, split]
        for metric in (ACCURACY, RECALL):
            row += [_on(trials, metric, *corpora) for corpora in places.values()]
        rows.append(row)
    heads = ["model", "reading", "split"]
    for group in ("accuracy", "mean recall"):
        heads += [(group, title) for title in places]
    note = "in brackets: the number of speakers tested"
    return html(heads, rows or NONE, caption="Table 4 by corpus", note=note, folded=True)


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
                score = f"{level(changed, ACCURACY).value:.3f}"
                less = shown(difference(changed, plain, ACCURACY), 3, signed=True)
                best = span(changed.table["best_epoch"], listed=3)
                rows.append((control, split, score, less, best, len(changed.seeds)))
    heads = ("FCMFCC as run, with", "split", "accuracy", "change", "best epoch", "seeds")
    caption = "One thing changed; a difference on one seed is shown and not judged"
    return html(heads, rows or NONE, caption=caption, folded=True)


def ranks(ledger: Ledger) -> HTML:
    """Top-1, 2 and 3 accuracy and expected calibration error under both splits."""
    rows = []
    for model, variant, split, trials in _scored(ledger, PAIR):
        means = trials.table[["accuracy", "top_2", "top_3", "calibration_error"]].mean()
        scores = [f"{mean:.3f}" for mean in means]
        rows.append((model, variant, split, *scores, len(trials.seeds)))
    scores = ("top 1", "top 2", "top 3", "calibration error")
    heads = ("model", "reading", "split", *scores, "seeds")
    caption = "Top-k accuracy and expected calibration error"
    return html(heads, rows or NONE, caption=caption, folded=True)


def across(ledger: Ledger) -> HTML:
    """Mean recall on unseen corpora, beside that on other speakers of the same corpora."""
    same = {row[:2]: row[3] for row in _scored(ledger, ("speaker-independent",))}
    corpora = [name for name in NAMES if name != "ravdess" and name in _tested(ledger)]
    rows = []
    for model, variant, _, trials in _scored(ledger, ("across-corpora",)):
        row = [model, variant, _on(trials, RECALL)]
        for name in corpora:
            seen, score = same.get((model, variant)), None
            if seen is not None and name not in ELSEWHERE:
                score = level(seen.of(name), RECALL)
            row += [_on(trials, RECALL, name), shown(score, 3, bare=True)]
        rows.append(row)
    alone = "from RAVDESS alone"
    heads = ["model", "reading", ("all others", alone)]
    for name in corpora:
        heads += [(NAMES[name], alone), (NAMES[name], "other speakers of it seen")]
    caption = "Mean recall on corpora that training never had; guessing gives 1/7"
    return html(heads, rows or NONE, caption=caption, folded=True)


def thirds(ledger: Ledger) -> HTML:
    """Saliency by mel third for each emotion, of trained and untrained networks."""
    saliency, rows = ledger.recorded.parts["saliency"], []
    if not ledger.is_synthetic:
        saliency = saliency[saliency["group"].str.startswith(f"{LARGEST}/")]
    for name, group in saliency.groupby("class"):
        trained = group[group["network"] == "trained"]
        row = [name, int(trained["clips"].sum())]
        for network in ("trained", "untrained"):
            one = group[group["network"] == network].dropna()
            means = {
                part: np.average(one[part], weights=one["clips"])
                for part in (*THIRDS, "correlation")
            }
            row += [f"{means[third]:.3f}" for third in THIRDS]
            row.append(f"{means['correlation']:+.3f}")
        rows.append(row)
    heads = ["emotion", "maps"]
    for network in ("trained", "untrained"):
        heads += [(network, name) for name in (*THIRDS, "with change")]
    caption = "CNNLSTM fixed: shares of the mel thirds, and correlation with change over frequency"
    return html(heads, rows or NONE, caption=caption, folded=True)


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
    return html(heads, rows, caption=f"{title}, {caption}", folded=True)


def _scored(ledger: Ledger, splits: Sequence[str]) -> list[tuple[str, str, str, Trials]]:
    """Each reading of Table 4 under each of these splits, where it was run."""
    rows = []
    for model, variant in TABLE_4:
        for split in splits:
            trials = ledger.trials(model, variant=variant, protocol=split)
            if trials is not None:
                rows.append((model, variant, split, trials))
    return rows


def _tested(ledger: Ledger) -> set[str]:
    """Corpora of which any clip was scored."""
    return set(ledger.recorded.counts["group"].str.split("/").str[0])


def _score(
    ledger: Ledger, model: str, variant: str, split: str, metric: str, *, bare: bool = False
) -> object:
    trials = ledger.trials(model, variant=variant, protocol=split)
    return shown(None if trials is None else level(trials, metric), 3, bare=bare)


def _on(trials: Trials, metric: str, *corpora: str) -> tuple[str, str]:
    """A score on some corpora, or on all, and how many speakers were tested."""
    estimate = level(trials.of(*corpora) if corpora else trials, metric)
    return f"{estimate.value:.3f}", f"[{plural(estimate.groups, 'speaker')}]"


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
