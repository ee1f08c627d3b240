"""Tables of chapter 2's data and networks: classes, corpora, layers, parts, attributes, recipes. Its results: ``parry_results``."""

import inspect
from collections.abc import Callable

import torch
from IPython.display import HTML
from torch import nn

from sercore.corpora import cremad, labels
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.models import attribute_network
from sercore.models.attribute_network import Discriminator
from sercore.papers.parry2022 import rows as parry_rows
from sercore.papers.parry2022 import study as parry
from sercore.papers.parry2022.attributes import ATTRIBUTES, GENDERS
from sercore.papers.parry2022.clips import Data
from sercore.papers.parry2022.data import ORIGINS, POOLED
from sercore.papers.parry2022.grid import RECIPES
from sercore.papers.parry2022.numbers import MEASURED, SIDES
from sercore.tables import networks
from sercore.tables.common import NONE, html, number

# Tag of what is spoken in each corpus, as its loader tells it.
LANGUAGES = {
    "emovo": "it-IT", "emodb": "de-DE", "iemocap": "en-US", "epst": "en-US", "ravdess": "en-US", "savee": "en-GB",
    "tess": "en-CA", "crema-d": "en-US",
}  # fmt: skip
SHOWN = 300  # frames of the clip whose layers are listed: 3 s


def classes_map() -> HTML:
    """Every label of the corpora, its class, and whether the paper prints it, we infer it, or a switch can change it.

    Source: Parry et al. 2022, section 4.1, which prints the classes of CREMA-D's labels.
    """
    classes, switches = labels.valences(), inspect.signature(labels.valences).parameters
    printed = {label.casefold() for label in cremad.EMOTIONS}
    rows = []
    for word, spellings in labels.SPELLINGS.items():
        found = classes[spellings[0]]
        inferred = "ours, a switch" if word in switches else "ours"
        source = "printed for CREMA-D" if printed & set(spellings) else inferred
        rows.append((word, ", ".join(spellings), found or "left out", source))
    heads = ("emotion", "labels in the corpora", "class", "from")
    return html(heads, rows, caption="From labels to three classes; of a printed class the other corpora's spellings are ours")


def corpora(ledger: Ledger) -> HTML:
    """Corpora and sides of the split: speakers, clips of each class and hours as measured, beside what is printed."""
    measured, there = recorded.measurements(ledger.paper), recorded.measured_on(ledger.paper)
    absent = "not at hand" if there else "not measured yet"
    about = {title: (_role(name), LANGUAGES[name], "" if name in there else absent) for name, title in ORIGINS.items()}
    about |= dict.fromkeys(SIDES, ("side of the pool", "", ""))
    given = {(number.row, number.column, number.metric): number.value for number in ledger.printed}
    printed = {name: given[where] for where, (name, _) in MEASURED.items() if where in given}
    rows = []
    for title, told in about.items():
        names = [f"{title} / speakers / count", *(f"{title} / {each} / speakers" for each in GENDERS)]
        counts = [measured.get(name) for name in (*names, *(f"{title} / {each} / clips" for each in parry.CLASSES))]
        hours = f"{title} / duration / hours"
        rows.append(
            (
                title,
                *told,
                number(printed.get(names[0]), "{:,.0f}"),
                *(number(value, "{:,.0f}") for value in counts),
                number(printed.get(hours), "{:.2f}"),
                number(measured.get(hours), "{:.2f}"),
            )
        )
    heads = [("", ""), ("", "role"), ("", "language"), ("", "here"), ("speakers", "printed"), ("speakers", "measured")]
    heads += [*(("speakers", {"female": "women", "male": "men"}[each]) for each in GENDERS)]
    heads += [*(("clips measured", each) for each in parry.CLASSES), ("hours", "printed"), ("hours", "measured")]
    return html(heads, rows, caption="Corpora, and the sides into which the pool is split by speaker; a side pools what is at hand")


def layers() -> HTML:
    """Layers that all models share, in their published size, of a clip of 3 s."""
    with torch.device("meta"):
        network, frames = attribute_network.SharedLayers(), torch.empty(1, SHOWN, attribute_network.SIZES.bands)
    title = f"Shared layers, a clip of {SHOWN} frames; the mean over time stands before the last, and dropout"
    return networks.layers(title, network, frames, torch.tensor([SHOWN]))


def parts(ledger: Ledger) -> HTML:
    """Parameters of shared layers, heads and discriminators, with as many labels as the measured training clips have."""
    width, classes = attribute_network.SIZES.width, len(parry.CLASSES)
    rows = [("shared layers", attribute_network.SIZES.bands, width, f"{_weights(attribute_network.SharedLayers):,}")]
    rows.append(("emotion head", width, classes, f"{_weights(lambda: nn.Linear(width, classes)):,}"))
    for kind, reads in (("head", width), ("discriminator", classes), ("discriminator, on the representation", width)):
        for letter, count in outputs(ledger).items():
            made = _weights(lambda kind=kind, reads=reads, count=count: _part(kind, reads, count)) if count else None
            rows.append((f"{ATTRIBUTES[letter]} {kind}", reads, count or "–", number(made, "{:,}")))
    caption = "Parameters of the parts; attributes have the labels of the training clips measured here"
    return html(("part", "reads", "gives", "parameters"), rows, caption=caption)


def outputs(ledger: Ledger) -> dict[str, int]:
    """Labels of each attribute in the measured training clips, by letter; 0 where nothing was measured."""
    pool = [name for name in POOLED if name in recorded.measured_on(ledger.paper)]
    speakers = int(recorded.measurements(ledger.paper).get("training / speakers / count", 0))
    spoken = {LANGUAGES[name].split("-")[0] for name in pool}
    return {"C": len(pool), "S": speakers, "G": len(GENDERS) if pool else 0, "L": len(spoken)}


def information(ledger: Ledger) -> HTML:
    """What one attribute tells of another and of the emotion over the training clips, in bits."""
    measured, names = recorded.measurements(ledger.paper), (*ATTRIBUTES.values(), "emotion")
    rows = []
    for one in names:
        cells = [measured.get(f"{one} / {other} / bits") for other in names]
        if any(cell is not None for cell in cells):
            rows.append((one, *(number(cell, "{:.3f}") for cell in cells)))
    caption = "Mutual information over the training clips, bits; on the diagonal each one's own entropy"
    return html(("", *names), rows or NONE, caption=caption)


def left_out(data: Data) -> HTML:
    """What this page's trainings leave out: clips with something wrong, attributes without two classes, sets that have a twin.

    Args:
        data: that they read.
    """
    rows = [("clips", problem) for problem in data.problems]
    rows += [("an attribute", why) for why in parry.lacking(data).values()]
    rows += [(name, f"has the labels of {twin}, which stands for it") for name, twin in parry.stands_for(data).items()]
    return html(("left out", "because"), rows or [("nothing", "")], caption="What this page's data cannot train")


def recipes(ledger: Ledger) -> HTML:
    """Candidates for initial weights, rate and batch: the baseline's validation, on which one was chosen for all models."""
    names = list(parry_rows.Recipe.__dataclass_fields__)
    rows = []
    for each in ledger.recorded.kind("recipe").to_dict("records"):
        chosen = parry_rows.Recipe(**{name: each[name] for name in names}) == RECIPES["published"]
        rows.append(
            (
                each["initialisation"],
                f"{each['rate']:g}",
                each["batch"],
                each["seed"],
                f"{each['epochs_run']:.0f} of {each['epochs']:.0f}",
                f"{each['best_epoch']:.0f}",
                f"{each['training_loss']:.3f}",
                f"{each['entropy_emotion']:.3f}",
                f"{100 * each['validation_ua']:.2f}",
                "chosen" if chosen else "",
            )
        )
    heads = ("initial weights", "rate", "batch", "seed", "epochs", "best epoch", "training loss", "label entropy")
    caption = "Recipes tried on the baseline; epoch and recipe chosen by UA of the validation speakers, nothing by an unseen corpus"
    return html((*heads, "validation UA, %", ""), rows or NONE, caption=caption)


def _role(name: str) -> str:
    return "pooled" if name in POOLED else "unseen"


def _part(kind: str, reads: int, count: int) -> nn.Module:
    return nn.Linear(reads, count) if kind == "head" else Discriminator(reads, count)


def _weights(make: Callable[[], nn.Module]) -> int:
    with torch.device("meta"):
        return sum(weight.numel() for weight in make().parameters())
