"""What the printed numbers of Padi et al. 2021 are, and the recorded systems beside them.

A row of the ledger is a system under an experiment, "exp1 111": the classes differ by experiment,
so that scores of two are never joined. Its variant says how it was trained. A printed result
stands beside trials that IEMOCAP scored; those of another corpus have the same rows, are shown as
an analogue, and judge no printed number.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
import pandas as pd

from sercore.augment.policies import POLICIES
from sercore.evaluation import estimates
from sercore.evaluation.estimates import Estimate
from sercore.evaluation.metrics import contrasts
from sercore.evaluation.scores import Trials
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.ledger.paper import Printed
from sercore.models import resnet
from sercore.papers.padi2021 import campplus, study, trial
from sercore.papers.padi2021.data import EXPERIMENTS, MEL, ORIGINS, VOXCELEB
from sercore.protocols import sessions
from sercore.training.chunks import LENGTHS
from sercore.training.sgd import Plan

NAME = study.NAME
UA, WA = "unweighted_accuracy", "weighted_accuracy"
APART, CLIPS = "speakers-apart", "clips"
SPLIT_TITLES = {APART: "speakers left out", CLIPS: "clips split at random"}
SPLITS = {"as-published": APART}  # Table 3's shares no speaker: there is no cleaner one
FOLDS = dict.fromkeys(SPLIT_TITLES, sessions.FOLDS)
SCORED = {title: (name,) for name, title in ORIGINS.items() if name != VOXCELEB}
IEMOCAP = "iemocap"
WIDTHS = {"published": "full width", "narrow": "half width", "small": "small"}
Where = tuple[str, str, str]  # row, column and metric of a printed number


def schedule() -> Plan:
    """Return the schedule of the whole system, as printed."""
    return trial.plan(epochs=Plan.epochs, size="published", precision=Plan.precision)


# Settings in the text, taken from the object that uses them.
SETTINGS: dict[Where, Callable[[], float]] = {
    ("protocol", "LOSO folds", "count"): lambda: sessions.FOLDS,
    ("features", "log-mel", "bins"): lambda: MEL.bands,
    ("features", "frame", "length"): lambda: 1000 * MEL.window / MEL.rate,
    ("features", "frame rate", "rate"): lambda: MEL.rate / MEL.hop,
    **{("chunks", "T", f"option {at}"): lambda at=at: LENGTHS[at - 1] for at in range(1, 5)},
    ("augmentation", "modified copies per segment", "count"): lambda: sum(
        policy != "plain" for policy in trial.VERSIONS[study.FULL.augmentation]
    ),
    ("model", "first-block channels", "count"): lambda: resnet.SIZES.channels[0],
    ("optimiser", "SGD momentum", "momentum"): lambda: schedule().momentum,
    ("optimiser", "initial learning rate", "rate"): lambda: schedule().rate,
    ("training", "batch size", "size"): lambda: schedule().batch,
    ("training", "constant-rate epochs", "count"): lambda: schedule().constant,
    ("training", "halving interval", "count"): lambda: schedule().every,
    ("ablation", "training share", "share"): lambda: 100 * (1 - sessions.TEST),
    ("ablation", "test share", "share"): lambda: 100 * sessions.TEST,
    ("ablation", "runs", "count"): lambda: sessions.FOLDS,
}
# Columns of Table 1, and of Table 2 those that are no class of ours in small letters.
POLICY = {"F": "bands", "W": "frames", "p": "share", "N_f": "count", "N_t": "count"}
NAMES = {"Excited+Happy": "happy+excited"}
# Numbers counted on IEMOCAP: their names among the measurements. Table 2's follow from the row.
COUNTED: dict[Where, str] = {
    ("IEMOCAP", "speakers", "count"): "speakers / all / count",
    ("IEMOCAP", "female speakers", "count"): "speakers / female / count",
    ("IEMOCAP", "male speakers", "count"): "speakers / male / count",
    ("IEMOCAP", "excited", "segments"): "exp2 / excited / clips",
    ("IEMOCAP", "happy+excited", "segments"): "exp3 / happy+excited / clips",
}


# What is compared on CAM++, by a name: heading, row, and two systems, the first less the second.
COMPARED = {
    "pooling_last": ("statistics minus flattened chunk", "last layer", "CAM++ 01", "CAM++ 00"),
    "pooling_middle": (
        "statistics minus flattened chunk", "middle layer", "CAM++ 01, middle", "CAM++ 00, middle",
    ),
    "deviation_last": ("statistics minus mean alone", "last layer", "CAM++ 01", "CAM++ 00, mean"),
    "deviation_middle": (
        "statistics minus mean alone", "middle layer", "CAM++ 01, middle", "CAM++ 00, middle, mean",
    ),
    "layer_statistics": (
        "middle minus last layer", "statistics pooling", "CAM++ 01, middle", "CAM++ 01",
    ),
    "layer_flatten": (
        "middle minus last layer", "flattened chunk", "CAM++ 00, middle", "CAM++ 00",
    ),
    "layer_regression": (
        "middle minus last layer", "logistic regression",
        "CAM++ regression, middle", "CAM++ regression",
    ),
}  # fmt: skip
# One system on CAM++ in two ways, the first less the second: heading, row, system, and both ways.
TWO_WAYS = {
    "decay": (
        "rate halved as printed minus never halved", "statistics pooling, last layer", "CAM++ 01",
        {}, {"control": "constant rate"},
    ),
    "split": (
        "clips split at random minus speakers left out", "logistic regression, last layer",
        "CAM++ regression", {"protocol": CLIPS}, {},
    ),
}  # fmt: skip
SHORT = f"{Plan.constant} epochs"  # trainings that end before the rate is first halved
LISTED = "list / "  # how measurements on a public list of IEMOCAP's clips begin


def policy(number: Printed) -> float:
    """Return our value of a number of Table 1; without masks the widest is 0."""
    chosen = POLICIES.get(number.row.lower())
    return 0 if chosen is None else getattr(chosen, POLICY[number.column])


def proposed(number: Printed) -> bool:
    """Tell whether a number is the paper's own result."""
    return number.table == "Table 3" and number.row.endswith("| Proposed")


def experiment(number: Printed) -> str:
    """Return the experiment of a number of Table 2 or 3, "exp1"."""
    return number.row[:5].replace(" ", "").lower()


def printed_by_row(ledger: Ledger, title: str) -> dict[str, dict[str, Printed]]:
    """Return the printed numbers of a table by row and column."""
    rows: dict[str, dict[str, Printed]] = {}
    for cell in ledger.printed:
        if cell.table == title:
            rows.setdefault(cell.row, {})[cell.column] = cell
    return rows


def arranged(trials: pd.DataFrame) -> pd.DataFrame:
    """Add row, variant and encoder to recorded trainings of the grid and of the encoder."""
    chosen = recorded.of_kind(trials, "models", "campplus")
    # A regression has no epochs: the same one under another number of them counts once.
    about = [field.name for field in fields(campplus.Trial) if field.name != "epochs"]
    known = [name for name in about if name in chosen]
    is_regression = chosen["pooling"].isin(campplus.REGRESSIONS)
    chosen = chosen[~(is_regression & chosen.duplicated(known, keep="last"))]
    records = chosen.to_dict("records")
    return chosen.assign(
        row=[f"{record['experiment']} {system(record)}" for record in records],
        variant=[variant(record) for record in records],
        encoder=[record["encoder"] if on_encoder(record) else "none" for record in records],
    )


def system(record: Mapping) -> str:
    """Name a recorded trial's system: "111, energy", or on the encoder "CAM++ 01"."""
    kind = campplus.Row if on_encoder(record) else trial.Row
    known = {name: value for name, value in record.items() if not pd.isna(value)}
    values = {field.name: known.get(field.name, field.default) for field in fields(kind)}
    return kind(**values | {"evaluate": str(values["evaluate"]).removesuffix(".0")}).name


def on_encoder(record: Mapping) -> bool:
    """Tell whether a recorded trial reads a pretrained speaker encoder."""
    return isinstance(record.get("encoder"), str) and record["encoder"] != "none"


def variant(record: Mapping) -> str:
    """Say how a trial was trained: "open, full width, 8 epochs; one recogniser of 20 epochs"."""
    width, epochs = WIDTHS.get(record.get("size")), f"{record['epochs']:g} epochs"
    if record["pooling"] in campplus.REGRESSIONS:
        epochs = "to convergence"
    parts = (record["edition"], width, epochs, record.get("precision"))
    base = ", ".join(part for part in parts if isinstance(part, str))
    return "; ".join(filter(None, (base, taught(record), elsewhere(record))))


def elsewhere(record: Mapping) -> str:
    """Say which corpus is scored in place of the edition's own; empty for that."""
    corpus = record.get("corpus")
    return f"scored on {corpus}" if isinstance(corpus, str) and corpus else ""


def taught(record: Mapping) -> str:
    """Say which speaker recogniser a recorded trial started from; empty without transfer."""
    if record.get("transfer") not in ("frozen", "finetune"):
        return ""
    if record["speakers"] == "given":
        return "a recogniser from elsewhere"
    which = {"shared": "one recogniser", "strict": "a recogniser each"}[record["speakers"]]
    return f"{which} of {record['pretraining']:g} epochs"


def nearness(record: Mapping) -> tuple:
    """Return what sorts recorded trainings, the largest the nearest to the paper."""
    widths = list(WIDTHS)[::-1]
    width = widths.index(record["size"]) if record.get("size") in widths else -1
    pretraining = record.get("pretraining", np.nan)
    return record["edition"] == "paper", width, record["epochs"], np.nan_to_num(pretraining)


def clips_of(number: Printed) -> str:
    """Name the measurement of a count of Table 2, "exp1 / angry / clips"."""
    name = NAMES.get(number.column, number.column.lower())
    return f"{experiment(number)} / {name} / clips"


def counted(number: Printed) -> tuple[float | None, str]:
    """Return what IEMOCAP has of a count, and where it was counted; see ``of_iemocap``."""
    name = COUNTED.get((number.row, number.column, number.metric))
    return of_iemocap(clips_of(number) if number.table == "Table 2" else name)


def of_iemocap(name: str | None) -> tuple[float | None, str]:
    """Return a measurement of IEMOCAP, else of the public list of its clips, which is then named."""
    measured = recorded.measurements(NAME)
    if IEMOCAP in recorded.measured_on(NAME):
        return measured.get(name), ""
    return measured.get(f"{LISTED}{name}"), ", counted on EmoBox's public list of its clips"


def corpora() -> set[str]:
    """Name the corpora that were measured, or that a recorded run read."""
    read = {name for run in recorded.runs(NAME).values() for name in run["corpora"]}
    return read | set(recorded.measured_on(NAME))


def epochs_before_decay(trials: pd.DataFrame) -> str:
    """Name the epochs, "6 or 8", of recorded trainings; empty if one reaches the rate's decay."""
    epochs = recorded.of_kind(trials, "models")["epochs"] if len(trials) else ()
    if not len(epochs) or epochs.max() > Plan.constant:
        return ""
    return " or ".join(f"{count:g}" for count in sorted(epochs.unique()))


@dataclass(frozen=True)
class Systems:
    """Recorded systems of one experiment that were trained alike, on the folds and seeds of all."""

    trials: dict[str, Trials]  # by the system's name
    experiment: str
    split: str  # in words
    corpus: str  # that is scored
    base: str  # settings that all trainings share, in words

    @property
    def first(self) -> Trials:
        """Trials of any system, for what all share."""
        return next(iter(self.trials.values()))

    @property
    def seeds(self) -> int:
        """Number of seeds."""
        return len(self.first.seeds)

    @property
    def folds(self) -> int:
        """Number of folds."""
        return self.first.table["fold"].nunique()

    @property
    def title(self) -> str:
        """What is scored: "IEMOCAP, exp1", or of another corpus "RAVDESS, an analogue of exp1"."""
        analogue = "" if self.corpus == IEMOCAP else "an analogue of "
        return f"{ORIGINS.get(self.corpus, self.corpus)}, {analogue}{self.experiment}"

    @property
    def about(self) -> str:
        """How much was run: "half width, 6 epochs, bf16; 2 folds, 1 seed"."""
        folds = f"{self.folds} fold{'s' * (self.folds > 1)}"
        return f"{self.base}; {folds}, {self.seeds} seed{'s' * (self.seeds > 1)}"

    def less(self, one: str, other: str, metric: str = WA) -> Estimate:
        """Return a system's score less another's, in points."""
        return estimates.difference(self.trials[one], self.trials[other], metric)

    def steadier(self, one: str, metric: str = WA) -> Estimate:
        """Return the mean spread over folds of all other systems less this one's, in points."""
        others = [trials for name, trials in self.trials.items() if name != one]
        return estimates.contrast(
            [self.trials[one], *others],
            metric,
            lambda spreads: spreads[1:].mean(0) - spreads[0],
            folds="spread",
        )

    def effects(self, metric: str = WA) -> dict[str, Estimate]:
        """Return the main effects of the grid in points, and the differences of neighbours."""
        trials = [self.trials[name] for name in study.EIGHT]
        effects = {}
        for name, weights in contrasts().items():
            effects[name] = estimates.contrast(
                trials, metric, lambda scores, weights=weights: weights @ scores
            )
        return effects


def systems(ledger: Ledger, rows: tuple[str, ...], **where: str) -> Systems | None:
    """Return the first of ``ways_of_training`` that has all rows; None where none has."""
    ways = ways_of_training(ledger, rows, **where)
    return next((way for way in ways if set(way.trials) == set(rows)), None)


@lru_cache(maxsize=64)
def ways_of_training(
    ledger: Ledger,
    rows: tuple[str, ...],
    *,
    experiment: str,
    protocol: str = APART,
    control: str = "none",
) -> tuple[Systems, ...]:
    """Return for each way of training its recorded systems, the nearest to the paper's first.

    The paper's edition comes before others, then the widest networks, then the longest trained.
    ``rows`` are names of systems, "111".
    """
    kinds: dict[tuple, list[tuple[str, str, Trials]]] = {}
    for row in rows:
        for (_, split, run, encoder), trials in ledger.runs(f"{experiment} {row}", control).items():
            if split == protocol and len(trials.counts):
                first = trials.table.iloc[0]
                settings = [first.get(name) for name in ("edition", "size", "epochs", "precision")]
                member = (row, taught(first), trials)
                kinds.setdefault((run, encoder, elsewhere(first), *settings), []).append(member)
    ways = []
    for members in kinds.values():
        ways += _with_each_teacher(members, experiment, protocol)
    return tuple(sorted(ways, key=_rank, reverse=True))


def _with_each_teacher(
    members: Sequence[tuple[str, str, Trials]], experiment: str, protocol: str
) -> list[Systems]:
    """Return the systems of one setting for each speaker recogniser that they start from.

    ``members`` are row, recogniser and trials; systems without a recogniser stand beside each.
    """
    ways = []
    teachers = dict.fromkeys(teacher for _, teacher, _ in members if teacher)
    for teacher in teachers or [""]:
        chosen: dict[str, Trials] = {}
        for row, taught_by, trials in members:
            if taught_by in ("", teacher):
                chosen.setdefault(row, trials)
        if not set.intersection(*(trials.runs for trials in chosen.values())):
            continue
        common = dict(zip(chosen, estimates.shared([*chosen.values()]), strict=True))
        first = next(iter(common.values()))
        training = first.table.iloc[0]["variant"].partition("; ")[0].partition(", ")[2]
        ways.append(
            Systems(
                common,
                experiment,
                SPLIT_TITLES[protocol],
                corpus=str(first.counts["group"].iloc[0]).split("/")[0],
                base=", ".join(filter(None, (training, teacher))),
            )
        )
    return ways


def ways(
    ledger: Ledger, rows: tuple[str, ...], protocols: Sequence[str] = tuple(SPLIT_TITLES)
) -> list[Systems]:
    """Return these systems, where recorded, of every way of training, by split and experiment."""
    results = []
    for protocol in protocols:
        for name in EXPERIMENTS:
            results += ways_of_training(ledger, rows, experiment=name, protocol=protocol)
    return results


def recorded_as(ledger: Ledger, row: str, control: str = "none") -> list[Systems]:
    """Return a ledger's row, "exp1 111", as one system of each split under which it is recorded."""
    name, _, system = row.partition(" ")
    where = {"experiment": name, "control": control}
    by_split = [systems(ledger, (system,), protocol=split, **where) for split in SPLIT_TITLES]
    return [way for way in by_split if way is not None]


@dataclass(frozen=True)
class Compared:
    """A difference in WA between two systems on CAM++, in points."""

    name: str  # of ``COMPARED`` or ``TWO_WAYS``
    group: str
    row: str
    training: str  # "8 epochs", "20 epochs", or "to convergence"
    estimate: Estimate
    mark: str  # "holds", "fails" or "inconclusive": whether it is above zero


def on_encoder_compared(ledger: Ledger) -> list[Compared]:
    """Return the differences on CAM++, of which those of finished trainings are judged together."""
    found = []
    for name, (group, row, *pair) in COMPARED.items():
        for way in ways_of_training(ledger, tuple(pair), experiment=EXPERIMENTS[0]):
            if set(way.trials) == set(pair):
                found.append((name, group, row, way.base, way.less(*pair)))
    for name, (group, row, system, *pair) in TWO_WAYS.items():
        ways = [
            ways_of_training(ledger, (system,), experiment=EXPERIMENTS[0], **where)[:1]
            for where in pair
        ]
        if all(ways) and len({way.base for (way,) in ways}) == 1:
            one, other = (way for (way,) in ways)
            estimate = estimates.difference(one.first, other.first, WA)
            found.append((name, group, row, one.base, estimate))
    finished = [estimate for *_, estimate in found if not estimate.unfinished]
    marks = iter(estimates.signs(finished))
    return [
        Compared(*about, mark="inconclusive" if about[-1].unfinished else next(marks))
        for about in found
    ]


def by_training(ledger: Ledger, row: str, protocol: str = APART) -> dict[str, Systems]:
    """Return a system on CAM++ by how long it was trained, the longest first."""
    name, _, system = row.partition(" ")
    ways = ways_of_training(ledger, (system,), experiment=name, protocol=protocol)
    return {way.base: way for way in ways}


def by_fold(trials: Trials, metric: str = WA) -> dict[int, float]:
    """Return the score of each fold, its mean over seeds."""
    return {
        int(fold): float(trials.fold(fold).by_seed(metric).mean())
        for fold in sorted(trials.table["fold"].unique())
    }


def by_run(trials: Trials) -> list[float]:
    """Return the WA of each seed and fold."""
    seeds = [by_fold(trials.sown([seed])) for seed in trials.seeds]
    return [value for folds in seeds for value in folds.values()]


def deviation(values: Sequence[float]) -> float:
    """Return the standard deviation of a sample; NaN of one value."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else np.nan


def _rank(systems: Systems) -> tuple:
    nearest = max(nearness(trials.table.iloc[0]) for trials in systems.trials.values())
    return (*nearest[:3], len(systems.first.table), nearest[3])
