"""What each printed number of paper 04 is: a result, a setting of ours, a count to measure, or out of reach, and why.

A row of the ledger is a system under an experiment, "exp1 111": the classes differ by experiment, so that scores of two are never
joined. Its variant says how it was trained (``variant``). A printed result stands beside trials that IEMOCAP scored; those of
another corpus have the same rows, are shown as an analogue, and judge no printed number.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields

import pandas as pd

from sercore.augment.policies import POLICIES
from sercore.ledger import recorded
from sercore.ledger.paper import Plain
from sercore.ledger.published import Printed
from sercore.models import resnet
from sercore.papers.padi2021 import campplus_trial as padi_campplus_trial
from sercore.papers.padi2021 import rows as padi_rows
from sercore.papers.padi2021 import study as padi
from sercore.papers.padi2021.data import ORIGINS
from sercore.papers.padi2021.inputs import MEL
from sercore.papers.padi2021.rows import Row
from sercore.protocols import sessions
from sercore.training.chunks import LENGTHS
from sercore.training.sgd import Plan

NAME = padi.NAME
UA, WA = "unweighted_accuracy", "weighted_accuracy"
APART, CLIPS = "speakers-apart", "clips"
SPLITS = {"as-published": APART}  # Table 3's shares no speaker: there is no cleaner one
FOLDS = {APART: sessions.FOLDS, CLIPS: sessions.FOLDS}
SCORED = {title: (name,) for name, title in ORIGINS.items() if name != "voxceleb"}
IEMOCAP = "iemocap"
WIDTHS = {"published": "full width", "narrow": "half width", "small": "small"}
TRANSFERRED = ("frozen", "finetune")
Where = tuple[str, str, str]  # row, column and metric of a printed number


# Settings in the text, taken from the object that uses them.
SETTINGS: dict[Where, Callable[[], float]] = {
    ("protocol", "LOSO folds", "count"): lambda: sessions.FOLDS,
    ("features", "log-mel", "bins"): lambda: MEL.bands,
    ("features", "frame", "length"): lambda: 1000 * MEL.window / MEL.rate,
    ("features", "frame rate", "rate"): lambda: MEL.rate / MEL.hop,
    **{("chunks", "T", f"option {at}"): lambda at=at: LENGTHS[at - 1] for at in range(1, 5)},
    ("augmentation", "modified copies per segment", "count"): lambda: sum(
        each != "plain" for each in padi_rows.versions(padi.FULL.augmentation)
    ),
    ("model", "first-block channels", "count"): lambda: resnet.SIZES.channels[0],
    ("optimiser", "SGD momentum", "momentum"): lambda: schedule().momentum,
    ("optimiser", "initial learning rate", "rate"): lambda: schedule().rate,
    ("training", "batch size", "size"): lambda: schedule().batch,
    ("training", "constant-rate epochs", "count"): lambda: schedule().constant,
    ("ablation", "training share", "share"): lambda: 100 * (1 - sessions.TEST),
    ("ablation", "test share", "share"): lambda: 100 * sessions.TEST,
    ("ablation", "runs", "count"): lambda: sessions.FOLDS,
}
POLICY = {
    "F": "bands",
    "W": "frames",
    "p": "share",
    "N_f": "count",
    "N_t": "count",
}  # columns of Table 1
NAMES = {
    "Excited+Happy": "happy+excited"
}  # columns of Table 2 that are no class of ours in small letters
# Numbers counted on IEMOCAP: their names among the measurements. Those of Table 2 follow from row and column.
COUNTED: dict[Where, str] = {
    ("IEMOCAP", "speakers", "count"): "speakers / all / count",
    ("IEMOCAP", "excited", "segments"): "exp2 / excited / clips",
    ("IEMOCAP", "happy+excited", "segments"): "exp3 / happy+excited / clips",
}
TAUGHT = ("speaker pre-training", "VoxCeleb speakers (more than)", "count")


def policy(number: Printed) -> float:
    """Ours beside a number of Table 1; without masks the widest is 0."""
    chosen = POLICIES.get(number.row.lower())
    return 0 if chosen is None else getattr(chosen, POLICY[number.column])


def proposed(number: Printed) -> bool:
    """Whether a number is the paper's own result."""
    return number.table == "Table 3" and number.row.endswith("| Proposed")


def experiment(number: Printed) -> str:
    """Experiment of a number of Table 2 or 3, "exp1"."""
    return number.row[:5].replace(" ", "").lower()


def arranged(trials: pd.DataFrame) -> pd.DataFrame:
    """Recorded trainings with the ``row`` and ``variant`` that they stand for: of the grid, and of the pretrained encoder.

    Speaker recognisers and looks into networks are runs of their own, and stand beside nothing printed.
    """
    chosen = recorded.of_kind(trials, "models", "campplus")
    told = chosen.to_dict("records")
    names = [f"{each['experiment']} {system(each)}" for each in told]
    encoders = [each["encoder"] if on_encoder(each) else "none" for each in told]
    return chosen.assign(row=names, variant=[variant(each) for each in told], encoder=encoders)


def system(trial: Mapping) -> str:
    """Name of a recorded trial's system: "111, energy", or on the pretrained encoder "CAM++ 01"."""
    if on_encoder(trial):
        return padi_campplus_trial.Row(
            **{name: trial[name] for name in asdict(padi_campplus_trial.LINEAR)}
        ).name
    values = {each.name: trial[each.name] for each in fields(Row)}
    return Row(**values | {"evaluate": str(values["evaluate"]).removesuffix(".0")}).name


def on_encoder(trial: Mapping) -> bool:
    """Whether a recorded trial reads a pretrained speaker encoder."""
    return isinstance(trial.get("encoder"), str) and trial["encoder"] != "none"


def variant(trial: Mapping) -> str:
    """How a recorded trial was trained: "open, full width, 8 epochs, bf16; one recogniser of 20 epochs"."""
    told = [
        trial["edition"],
        WIDTHS.get(trial.get("size")),
        f"{trial['epochs']:g} epochs",
        trial.get("precision"),
    ]
    base = ", ".join(each for each in told if isinstance(each, str))
    return f"{base}; {taught(trial)}" if trial.get("transfer") in TRANSFERRED else base


def taught(trial: Mapping) -> str:
    """Which speaker recogniser a recorded trial started from."""
    if trial["speakers"] == "given":
        return "a recogniser from elsewhere"
    which = {"shared": "one recogniser", "strict": "a recogniser each"}[trial["speakers"]]
    return f"{which} of {trial['pretraining']:g} epochs"


def nearest(row: str) -> str:
    """Choose among the recorded variants on IEMOCAP the nearest to the paper's; empty without one."""
    runs = [name for name, about in recorded.runs(NAME).items() if IEMOCAP in about["corpora"]]
    trials = recorded.read(NAME).trials if runs else pd.DataFrame(columns=["run"])
    table = arranged(trials[trials["run"].isin(runs)]) if len(trials) else trials
    candidates = [
        trial
        for trial in table.to_dict("records")
        if row.endswith("| Proposed") and trial["row"].endswith(f" {padi.FULL.name}")
    ]
    return max(candidates, key=nearness)["variant"] if candidates else ""


def counted(number: Printed) -> float | None:
    """Look up a count that was measured on IEMOCAP; None where it was not, or is none."""
    name = COUNTED.get((number.row, number.column, number.metric))
    if number.table == "Table 2":
        name = f"{experiment(number)} / {NAMES.get(number.column, number.column.lower())} / clips"
    return recorded.measurements(NAME).get(name) if IEMOCAP in recorded.measured_on(NAME) else None


def nearness(trial: Mapping) -> tuple:
    """What sorts recorded trainings, the largest the nearest to the paper: edition, width, epochs, speakers' epochs."""
    widths = list(WIDTHS)[::-1]
    width = widths.index(trial["size"]) if trial.get("size") in widths else -1
    pretraining = trial.get("pretraining", 0)
    return (
        trial["edition"] == "paper",
        width,
        trial["epochs"],
        0 if pd.isna(pretraining) else pretraining,
    )


def corpora() -> tuple[str, ...]:
    """Corpora that were measured, or that a recorded run read."""
    read = {name for about in recorded.runs(NAME).values() for name in about["corpora"]}
    return tuple(sorted(read | set(recorded.measured_on(NAME))))


def never_decays() -> str:
    """What keeps the printed decay of the rate from running: no recorded training is that long. Empty where one is."""
    trials = recorded.read(NAME).trials
    epochs = recorded.of_kind(trials, "models")["epochs"] if len(trials) else pd.Series(dtype=float)
    if not len(epochs) or epochs.max() > schedule().constant:
        return ""
    counts = " or ".join(f"{each:g}" for each in sorted(epochs.unique()))
    return f"every recorded training ends after {counts} epochs, so that the halving which follows never runs"


def taught_speakers(number: Printed) -> Plain | None:
    """Speakers that were learnt, where they are VoxCeleb's: more than are printed, or not."""
    value = recorded.measurements(NAME).get("taught / speakers / count")
    if value is None or "voxceleb" not in recorded.measured_on(NAME):
        return None
    return Plain(
        verdict="measured",
        value=value,
        reason="agrees" if value > number.value else f"differs: measured {value:g}",
    )


def schedule() -> Plan:
    """Give the schedule of the whole system, as printed."""
    return padi_rows.plan(epochs=Plan.epochs, size="published", precision=Plan.precision)
