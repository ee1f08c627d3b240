"""Tables of chapter 2: data, scores beside the printed ones, trainings, probes.

``ledger`` is the paper's, with recorded trials or with those that a page has just run.
"""

import inspect
import itertools
from collections.abc import Sequence
from dataclasses import asdict

from IPython.display import HTML

from sercore.card import RARELY
from sercore.corpora import cremad, labels
from sercore.corpora.clips import WITHOUT
from sercore.evaluation.estimates import level
from sercore.evaluation.metrics import recalls
from sercore.evaluation.reference import CLASSIFIERS
from sercore.evaluation.scores import Trials
from sercore.ledger import claims as judging
from sercore.ledger import recorded
from sercore.ledger.claims import Gap
from sercore.ledger.entries import Ledger
from sercore.papers.parry2022 import data, evidence, numbers, study
from sercore.papers.parry2022.numbers import HOME, MEASURED, PROTOCOL, SCORED, TESS, UA, VARIANT
from sercore.papers.parry2022.study import APPROACHES, LABELS, NAME, READINGS, RECIPES
from sercore.report.tables import DASH, NONE, html, number, plural, span

SINGLES = ("baseline", *evidence.rows(APPROACHES, evidence.SINGLE))
UNJUDGED = "differences are shown, not judged"


def classes_map() -> HTML:
    """Show every label of the corpora, its class, and whether that is printed, ours or a switch.

    Source: Parry et al. 2022, section 4.1, which prints the classes of CREMA-D's labels.
    """
    classes, switches = labels.valences(), inspect.signature(labels.valences).parameters
    printed = {label.casefold() for label in cremad.EMOTIONS}
    rows = []
    for word, spellings in labels.SPELLINGS.items():
        source = "ours, a switch" if word in switches else "ours"
        if printed & set(spellings):
            source = "printed for CREMA-D"
        rows.append((word, ", ".join(spellings), classes[spellings[0]] or "left out", source))
    heads = ("emotion", "labels in the corpora", "class", "from")
    return html(heads, rows, caption="Emotion labels of the corpora, and their classes")


def corpora(ledger: Ledger) -> HTML:
    """Show corpora and sides of the split: speakers, clips and hours, measured and printed."""
    measured, at_hand = recorded.measurements(NAME), recorded.measured_on(NAME)
    cells = {(cell.row, cell.column, cell.metric): cell.value for cell in ledger.printed}
    printed = {name: cells[where] for where, (name, _) in MEASURED.items() if where in cells}
    absent = "not at hand" if at_hand else "not measured yet"
    known = []
    for name, title in data.ORIGINS.items():
        role = "pooled" if name in data.POOLED else "unseen"
        known.append(
            (title, role if name in at_hand else f"{role}, {absent}", data.LANGUAGES[name])
        )
    known += [(side, "side of the pool", "") for side in data.SIDES]
    rows = []
    for title, *about in known:
        row = [title, *about]
        for source in (printed, measured):
            row.append(number(source.get(f"{title} / speakers / count"), "{:,.0f}"))
        for gender in data.GENDERS:
            row.append(number(measured.get(f"{title} / {gender} / speakers"), "{:,.0f}"))
        for label in data.CLASSES:
            row.append(number(measured.get(f"{title} / {label} / clips"), "{:,.0f}"))
        for source in (printed, measured):
            row.append(number(source.get(f"{title} / duration / hours"), "{:.2f}"))
        rows.append(row)
    heads = ["", "role", "language"]
    heads += [("speakers", head) for head in ("printed", "measured", "women", "men")]
    heads += [("clips measured", label) for label in data.CLASSES]
    heads += [("hours", "printed"), ("hours", "measured")]
    caption = "The corpora, and the sides into which the pool at hand is split by speaker"
    return html(heads, rows, caption=caption)


def information() -> HTML:
    """Show what one attribute tells of another and of the emotion, in bits."""
    measured, names = recorded.measurements(NAME), (*data.ATTRIBUTES.values(), "emotion")
    rows = []
    for one in names:
        bits = [measured.get(f"{one} / {other} / bits") for other in names]
        if any(value is not None for value in bits):
            rows.append((one, *(number(value, "{:.3f}") for value in bits)))
    caption = "Mutual information over the training clips, in bits"
    return html(("", *names), rows or NONE, caption=caption, folded=True)


def left_out(clips: data.Data) -> HTML:
    """Show what a page's data cannot train: damaged clips, attributes, sets that have a twin."""
    rows = [("clips", problem) for problem in clips.problems]
    rows += [("an attribute", why) for why in clips.lacking.values()]
    for name, twin in clips.stands_for.items():
        rows.append((name, f"has the labels of {twin}, which stands for it"))
    caption = "What this page's data cannot train"
    heads = ("left out", "because")
    return html(heads, rows, caption=caption, folded=True) if rows else HTML("")


def recipes(ledger: Ledger) -> HTML:
    """Show the candidates for initial weights, rate and batch, by the baseline's validation."""
    rows = []
    for trial in ledger.recorded.kind("recipe").to_dict("records"):
        is_chosen = asdict(RECIPES["published"]).items() <= trial.items()
        rows.append(
            (
                trial["initialisation"],
                f"{trial['rate']:g}",
                trial["batch"],
                trial["seed"],
                f"{trial['epochs_run']:.0f} of {trial['epochs']:.0f}",
                f"{trial['best_epoch']:.0f}",
                f"{trial['training_loss']:.3f}",
                f"{trial['entropy_emotion']:.3f}",
                f"{100 * trial['validation_ua']:.2f}",
                "chosen" if is_chosen else "",
            )
        )
    heads = ("initial weights", "rate", "batch", "seed", "epochs", "best epoch")
    heads += ("training loss", "label entropy", "validation UA, %", "")
    caption = "Recipes tried on the baseline, chosen by UA on the validation speakers"
    return html(heads, rows or NONE, caption=caption)


def single(ledger: Ledger, *, on: str = TESS) -> HTML:
    """Show Table 2: models of one attribute, scored on one of ``SCORED``."""
    return _printed("Table 2", evidence.SINGLE, ledger, on)


def several(ledger: Ledger, *, on: str = TESS) -> HTML:
    """Show Table 3: models of the sets of several attributes that are printed or were run."""
    return _printed("Table 3", evidence.SEVERAL, ledger, on)


def _printed(title: str, sets: Sequence[str], ledger: Ledger, on: str) -> HTML:
    printed, rows = evidence.printed_numbers(ledger), []
    for name in ("baseline", *evidence.rows(APPROACHES, sets)):
        cell = printed.get((on, name))
        score = accuracy_cell(numbers.row_trials(ledger, name), SCORED[on])
        row = [row_cell(name), DASH if cell is None else f"{cell.value:.2f}", score]
        row += [gain_cell(ledger, name, on), DASH if cell is None else ledger.judged(cell)]
        if any(cell != DASH for cell in row[1:]):
            rows.append(row)
    heads = (
        "model",
        "printed",
        "ours: UA ± sd",
        "difference from the baseline's mean, points",
        "verdict",
    )
    words = [f"{title} on {on}: UA in %, mean ± standard deviation over seeds", UNJUDGED]
    if on == TESS:
        words.append(numbers.QUOTED)
    return html(heads, rows, caption="; ".join(words))


def references(ledger: Ledger) -> HTML:
    """Show the reference models beside the network, and on each corpus that is left out."""
    rows, network = [], numbers.row_trials(ledger, "baseline")
    heads = ["model", "scaled by", "labels", *(("one split for all", on) for on in (TESS, HOME))]
    heads.append(("drawn speakers", f"{HOME}, TESS unseen"))
    heads += [("drawn speakers", f"{data.ORIGINS[name]} unseen") for name in evidence.LEFT_OUT]
    if network is not None:
        cells = [accuracy_cell(network, SCORED[on]) for on in (TESS, HOME)]
        rows.append(("the network without attributes", *[DASH] * 2, *cells, *[DASH] * 5))
    for model, scaling, given in study.REFERENCES:
        settings = {"scaling": scaling, "labels": given}
        split = evidence.reference(ledger, model, is_drawn=False, **settings)
        drawn = numbers.scored(evidence.reference(ledger, model, **settings), SCORED[HOME])
        unseen = [evidence.where_unseen(ledger, model, on, **settings) for on in evidence.LEFT_OUT]
        if split is not None:
            cells = [accuracy_cell(split, SCORED[on]) for on in (TESS, HOME)]
            rows.append((model, scaling, given, *cells, *map(level_cell, [drawn, *unseen])))
    caption = "UA in % of simple classifiers: in brackets the 95 % interval of the mean, if judged"
    return html(heads, rows or NONE, caption=caption)


def costs(ledger: Ledger) -> HTML:
    """Show what a reference model loses on a corpus of which no speaker trains."""
    rows, choices = [], (evidence.where_pooled, evidence.where_unseen)
    for corpus, model in itertools.product(evidence.LEFT_OUT, CLASSIFIERS):
        trials = [choose(ledger, model, corpus) for choose in choices]
        if None not in trials:
            gap = evidence.cost(ledger, model, corpus)
            change = f"{gap.value:+.2f}" if gap.doubt else judging.with_interval(gap)
            rows.append(
                (data.ORIGINS[corpus], model, *map(level_cell, trials), (change, gap.doubt))
            )
    heads = ("corpus", "model", "UA, % where other speakers of it train", "unseen", "lost")
    return html(
        heads, rows or NONE, caption="What it costs that no speaker of a corpus trains", folded=True
    )


def unseen(ledger: Ledger) -> HTML:
    """Show the networks where RAVDESS is unseen, and what attributes add to the baseline."""
    corpus, rows = evidence.LEFT_OUT[0], []
    gaps = evidence.gains_unseen(ledger, corpus)
    marks = dict(zip(gaps, judging.marks(list(gaps.values())), strict=True))
    for row in ("baseline", *gaps):
        trials = evidence.network_unseen(ledger, corpus, row)
        if trials is not None:
            epochs = span(trials.table["epochs_run"])
            change = [judging.with_interval(gaps[row]), marks[row]] if row in gaps else [DASH] * 2
            rows.append((row, len(trials.seeds), epochs, level_cell(trials), *change))
    heads = (
        "model",
        "seeds",
        "epochs run",
        "UA, %",
        "difference from the baseline, points",
        "sign",
    )
    caption = f"Networks where {data.ORIGINS[corpus]} is unseen; signs are judged together"
    return html(heads, rows or NONE, caption=caption, folded=True)


def here(run: Ledger) -> HTML:
    """Show the UA of every model that a page has run, on each unseen corpus and in domain."""
    scored, rows = places(run), []
    if len(run.recorded.trials):
        arranged = numbers.arranged(run.recorded.trials)[["row", "control"]].drop_duplicates()
        for row, control in arranged.itertuples(index=False):
            for (variant, *_), trials in run.runs(row, control).items():
                scores = [accuracy_cell(trials, names) for names in scored.values()]
                rows.append((row, variant, "" if control == "none" else control, *scores))
    heads = ("model", "reading", "changed", *scored)
    return html(heads, rows or NONE, caption=f"UA in %, {run.source}", folded=True)


def places(run: Ledger) -> dict[str, tuple[str, ...]]:
    """Name the corpora that a run scored: each unseen one, then those of the pool together."""
    tested = {group.split("/")[0] for group in run.recorded.counts["group"]}
    unseen = {group.split("/")[0] for group in run.recorded.parts["answers"]["group"]}
    pool = {name for name in tested if name.removesuffix(WITHOUT) not in unseen}
    scored = {name: (name,) for name in sorted(unseen)}
    return scored | ({HOME: tuple(sorted(pool))} if pool else {})


def per_class(ledger: Ledger) -> HTML:
    """Show the recall of each class, by the baseline and the models of one attribute."""
    baseline = numbers.row_trials(ledger, "baseline")
    tested = [on for on in SCORED if numbers.scored(baseline, SCORED[on]) is not None]
    rows = []
    for row in SINGLES if tested else ():
        trials = numbers.row_trials(ledger, row)
        if trials is None:
            continue
        cells = [row_cell(row), len(trials.seeds)]
        for on in tested:
            cells += [recall_cell(trials, SCORED[on], at) for at in range(len(data.CLASSES))]
        rows.append(cells)
    heads = ["model", "seeds", *((on, name) for on in tested for name in data.CLASSES)]
    caption = f"Recall of each class in %, all seeds together; collapsed: under {RARELY:.0%}"
    return html(heads, rows or NONE, caption=caption)


def each_speaker(ledger: Ledger) -> HTML:
    """Show the UA on each TESS speaker with an interval over words, and without surprise."""
    answers = ledger.recorded.parts["answers"]
    trials, scores = {}, {}
    for row in SINGLES:
        trials[row] = numbers.row_trials(ledger, row)
        if trials[row] is None:
            continue
        seeds = trials[row].table.set_index("trial")["seed"].to_dict()
        chosen = answers[answers["trial"].isin(seeds)]
        if chosen["group"].astype("string").str.startswith("tess/").any():
            scores[row] = numbers.by_speaker(chosen, seeds, "tess")
    speakers = list(dict.fromkeys(name for by_name in scores.values() for name in by_name))
    rows = []
    for row, by_name in scores.items():
        cells = [row_cell(row), accuracy_cell(trials[row], SCORED[TESS])]
        for speaker in speakers:
            score, cell = by_name.get(speaker), DASH
            if score is not None:
                cell = f"{score.value:.2f}", f"[{score.low:.2f}, {score.high:.2f}]"
            cells.append(cell)
        rows.append([*cells, accuracy_cell(trials[row], (f"tess{WITHOUT}",))])
    heads = ["model", ("TESS", "both speakers")]
    heads += [("for these two speakers", speaker) for speaker in speakers]
    heads.append(("TESS", "both, without surprise"))
    caption = "UA in % on TESS; brackets are 95 % intervals over words and seeds"
    return html(heads, rows or NONE, caption=caption)


def switches(ledger: Ledger) -> HTML:
    """Show the baseline and GR with corpus under other classes of surprise and calm."""
    runs = []
    for name in dict.fromkeys(row.name.partition(", ")[0] for row in LABELS):
        usual = numbers.row_trials(ledger, name)
        if usual is None:
            continue
        runs.append((name, "as in the tables", usual, ""))
        for row in LABELS:
            model, _, control = row.name.partition(", ")
            trials = ledger.trials(name, variant=VARIANT, protocol=PROTOCOL, control=control)
            if model == name and trials is not None:
                moved = gap_cell(numbers.moved(name, trials, usual, *SCORED[TESS]))
                runs.append((name, control, trials, moved))
    rows = []
    for name, control, trials, moved in runs:
        places = (SCORED[TESS], (f"tess{WITHOUT}",), SCORED[HOME])
        rows.append((name, control, *(accuracy_cell(trials, place) for place in places), moved))
    heads = ("model", "classes", "TESS", "TESS without surprise", HOME)
    heads += ("on TESS, difference from the tables",)
    return html(heads, rows or NONE, caption=f"UA in % with other classes; {UNJUDGED}")


def readings(ledger: Ledger) -> HTML:
    """Show discriminators of corpus in three readings, with their last loss beside the entropy."""
    epochs = ledger.recorded.parts["epochs"]
    losses = epochs[epochs["what"] == "C loss"].sort_values("epoch")
    rows = []
    for variant in (VARIANT, *(row.variant for row in READINGS)):
        trials = ledger.trials("AD C", variant=variant, protocol=PROTOCOL)
        if trials is None:
            continue
        of_variant = losses[losses["trial"].isin(trials.table["trial"])]
        last = of_variant.drop_duplicates("trial", keep="last")["value"].mean()
        scores = [accuracy_cell(trials, SCORED[on]) for on in (TESS, HOME)]
        entropy = number(trials.table.reindex(columns=["entropy_C"]).mean().iloc[0], "{:.3f}")
        rows.append(("AD C", variant, *scores, number(last, "{:.3f}"), entropy))
    heads = ("model", "reading", ("UA, %", TESS), ("UA, %", HOME))
    heads += (("nats", "discriminator's last loss"), ("nats", "entropy of the labels"))
    caption = "AD with corpus, read three ways"
    return html(heads, rows or NONE, caption=caption, folded=True)


def trainings(ledger: Ledger) -> HTML:
    """Show the recorded trainings: epochs, the selected one and its alpha, endings, time."""
    groups, rows = [], []
    if len(ledger.recorded.trials):
        arranged = numbers.arranged(ledger.recorded.trials)
        groups = arranged.groupby(["row", "variant", "control"], sort=False)
    for (row, variant, control), group in groups:
        rows.append(
            (
                row,
                variant if control == "none" else f"{variant}, {control}",
                f"{span(group['epochs_run'])} of {span(group['epochs'])}",
                span(group["best_epoch"]),
                span(group["alpha_selected"], "{:.2f}"),
                "; ".join(group["ending"].unique()),
                f"{100 * group['validation_ua'].mean():.2f}",
                f"{group['training_loss'].mean():.3f}",
                f"{group['entropy_emotion'].mean():.3f}",
                f"{group['clips_per_second'].median():.0f}",
                f"{group['seconds'].sum() / 60:.0f}",
                group["seed"].nunique(),
            )
        )
    heads = ["model", "reading"]
    heads += [("epochs", head) for head in ("run, of a cap of", "selected", "its alpha")]
    heads.append("ended by")
    heads += [("selected epoch", head) for head in ("validation UA, %", "training loss")]
    heads += ["label entropy", "clips a second", "minutes", "seeds"]
    caption = "Recorded trainings; the epoch is selected by UA on the validation speakers"
    return html(heads, rows or NONE, caption=caption, once=("run, of a cap of", "ended by"))


def probes(ledger: Ledger) -> HTML:
    """Show what the shared output tells of each attribute, by linear probe and silhouette."""
    scores, rows = ledger.recorded.parts["probes"], []
    keys = ["approach", "attributes", "attribute"]
    groups = ()
    if len(scores):
        viewed = numbers.in_layout(ledger.recorded.kind("views")).merge(scores, on="trial")
        groups = viewed.groupby(keys, sort=False)
    for (approach, attributes, letter), group in groups:
        rows.append(
            (
                approach if attributes == "none" else f"{approach} {attributes}",
                data.ATTRIBUTES[letter],
                f"{group['probe'].mean():.3f}",
                f"{group['control'].mean():.3f}",
                f"{group['silhouette'].mean():+.3f}",
                group["seed"].nunique(),
            )
        )
    heads = ("model", "attribute", "linear probe", "labels shuffled", "silhouette", "seeds")
    caption = (
        f"What the output of the shared layers tells of the attributes, {ledger.source}, on test "
        "speakers"
    )
    return html(heads, rows or NONE, caption=caption)


def row_cell(row: str) -> str:
    """Write a row, and the set of attributes whose training stands for it: "GR L = C"."""
    other = numbers.trained_as(row)
    return row if other == row else f"{row} = {other.partition(' ')[2]}"


def accuracy_cell(trials: Trials | None, corpora: Sequence[str]) -> object:
    """Write mean and standard deviation over seeds, and how many seeds are collapsed."""
    scored = numbers.scored(trials, corpora)
    if scored is None:
        return DASH
    gap = judging.estimated(UA, level(scored, UA))
    flat = sum(bool(numbers.collapsed(trials.sown([seed]), corpora)) for seed in trials.seeds)
    words = ", collapsed" if flat else ""
    if 0 < flat < len(gap.by_seed):
        words += f" in {flat}"
    return gap_cell(gap, "{:.2f}", words)


def level_cell(trials: Trials | None) -> object:
    """Write a mean over seeds and folds with its interval, or with what keeps it from judgement."""
    if trials is None:
        return DASH
    score = level(trials, UA)
    about = score.doubt.partition(",")[0] or f"{score.low:.1f}, {score.high:.1f}"
    return f"{score.value:.1f}", f"[{about}]"


def gain_cell(ledger: Ledger, row: str, on: str) -> object:
    """Write a row's mean UA less that of the baseline; nothing above one that is collapsed."""
    value = evidence.trained(ledger).above(on, numbers.trained_as(row))
    if row == "baseline" or value is None:
        return DASH
    if numbers.collapsed(numbers.row_trials(ledger, "baseline"), SCORED[on]):
        return DASH, "[baseline collapsed]"
    return f"{value:+.2f}"


def gap_cell(gap: Gap, form: str = "{:+.2f}", words: str = "") -> object:
    """Write a value with its spread over seeds, and the number of seeds."""
    if not gap.by_seed:
        return DASH
    spread = f" ± {gap.spread:.2f}" if len(gap.by_seed) > 1 else ""
    return form.format(gap.value) + spread, f"[{plural(len(gap.by_seed), 'seed')}{words}]"


def recall_cell(trials: Trials, corpora: Sequence[str], at: int) -> object:
    """Write the recall of a class in %, and whether the model hardly ever finds it."""
    scored = numbers.scored(trials, corpora)
    if scored is None:
        return DASH
    share = f"{100 * recalls(scored.confusion())[at]:.1f}"
    if data.CLASSES[at] in numbers.collapsed(trials, corpora):
        return share, "[collapsed]"
    return share
