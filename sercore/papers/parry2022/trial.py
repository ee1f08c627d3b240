"""One trial of Parry et al. 2022: one model, one seed, scored on unheard speakers and corpora.

``Row`` is a model of the grid, ``Recipe`` what all models share, ``Trial`` both with a seed.
``run`` trains and counts, ``look`` looks into what the shared layers of the network keep.
``Reference`` is a model without a network on the same clips, and ``refer`` trains it.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import partial

import numpy as np
import torch
from sklearn.metrics import recall_score, silhouette_score
from torch import Tensor
from torch.nn import functional

from sercore.augment.spectrogram import mask_bands, mask_time
from sercore.corpora.clips import WITHOUT
from sercore.evaluation import metrics
from sercore.evaluation.embeddings import neighbours
from sercore.evaluation.reference import reference_model, standardised
from sercore.models import attribute_network
from sercore.models.attribute_network import AttributeNetwork, SharedLayers, discriminators
from sercore.papers.parry2022.adversarial import Plan, fit, label_entropy
from sercore.papers.parry2022.data import MISSING, SIDES, Data, Labels, attribute_labels
from sercore.protocols.speakers import Split, pooled
from sercore.training import resumable
from sercore.training.devices import autocast, choose
from sercore.training.resumable import History

SIZES = {"published": attribute_network.SIZES, "small": attribute_network.SMALL}
UNITS = {"published": 1000, "small": 64}  # of a discriminator's hidden layers
CLIP = 5.0
# Frames and bands at most, one mask of each a clip: Parry et al. 2022, section 4.
TIME_MASK, BAND_MASK = 30, 3
SCORED = 64  # clips a batch where nothing is trained
# The paper's protocol; how another begins, before the corpus that is unseen; and where none is.
PROTOCOL, ELSEWHERE, NOWHERE = "held-out-speakers", "unseen ", "none"
# Positive, neutral, negative; a researcher's own classes go on.
SIGNS = "+o-abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One model.

    AD has two more variants: "fixed" cuts the discriminators' losses at the labels' entropy for the
    classifier, and in "on-representation" the discriminators read the 128 shared numbers.
    """

    approach: str  # "baseline", "MTL", "GR" or "AD"
    attributes: str = "none"  # one of ``data.SUBSETS``; "none" for the baseline
    variant: str = "as-described"
    alpha: float = -1.0  # weight of the attributes, of GR at the end; below 0 the paper's
    surprise: str = "positive"  # its class: also "negative" or "left out"
    calm: str = "neutral"  # its class: also "positive" or "left out"

    @property
    def name(self) -> str:
        """Name as ``-p only=…`` takes it: "baseline", "GR C+S", "GR C, alpha 0.25"."""
        parts = [self.approach]
        if self.approach != "baseline":
            parts = [f"{self.approach} {self.attributes}"]
        if self.variant != "as-described":
            parts.append(self.variant)
        if self.alpha >= 0:
            parts.append(f"alpha {self.alpha:g}")
        if self.surprise != "positive":
            parts.append(f"surprise {self.surprise}")
        if self.calm != "neutral":
            parts.append(f"calm {self.calm}")
        return ", ".join(parts)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What the paper leaves open, chosen once on the baseline's validation for all models."""

    initialisation: str = "he"  # of the shared layers
    rate: float = 0.002  # as printed
    batch: int = 8


@dataclass(frozen=True, kw_only=True)
class Trial(Recipe, Row):
    """One training of a row by a recipe.

    No speaker of validation or test trains, nor does a corpus called unseen: the paper's, or under
    the protocol "unseen ravdess" that one alone. The split is the same for all seeds.
    """

    protocol: str = PROTOCOL
    seed: int  # of weights, batches, masks and dropout
    edition: str
    epochs: int  # passes over the training clips at most, the same for all models
    size: str = "published"  # or "small", in the demo
    precision: str = "fp32"  # or "bf16"

    @property
    def row(self) -> Row:
        """Row of the grid."""
        return Row(**{field.name: getattr(self, field.name) for field in fields(Row)})

    @property
    def plan(self) -> Plan:
        """Plan of the training."""
        return Plan(
            approach=self.approach,
            epochs=self.epochs,
            batch=self.batch,
            rate=self.rate,
            clip=CLIP,
            precision=self.precision,
            alpha=None if self.alpha < 0 else self.alpha,
            bounded=self.variant == "fixed",
            reads="representation" if self.variant == "on-representation" else "softmax",
        )


@dataclass(frozen=True)
class Prepared:
    """What a trial's training reads of the data."""

    target: np.ndarray  # (clips of the table,) class numbers, -1 where left out
    sides: Split  # rows of training, validation, test and of each unseen corpus
    labels: dict[str, Labels]  # of the model's attributes, by letter

    @property
    def widths(self) -> dict[str, int]:
        """Number of classes of each attribute."""
        return {letter: len(label.classes) for letter, label in self.labels.items()}

    @property
    def entropies(self) -> dict[str, float]:
        """Entropy of the training labels of ``emotion`` and of each attribute, in nats."""
        training = self.sides.training
        entropies = {"emotion": label_entropy(self.target[training])}
        for letter, label in self.labels.items():
            entropies[letter] = label_entropy(label.values[training])
        return entropies


def run(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Train one network, or go on with it, and count its predictions by speaker: plain values.

    The selected epoch is scored once: on the test speakers, and on every clip of each unseen corpus.
    """
    result, prepared = trained(trial, data, device=device), prepare(trial, data)
    scored = np.concatenate([prepared.sides.test, *prepared.sides.unseen.values()])
    started = time.perf_counter()
    logits = evaluate(result.network, data, scored, precision=trial.precision)
    seconds = (time.perf_counter() - started) / len(scored)
    return {
        **count(data, prepared.target, scored, logits.softmax(1).numpy()),
        **training_summary(result.history, prepared),
        "parameters": sum(weight.numel() for weight in result.network.parameters()),
        "seconds_per_clip": round(seconds, 6),
    }


def trained(trial: Trial, data: Data, *, device: str = "cpu") -> resumable.Trained:
    """Return the trial's network and history: from the store, trained now, or trained on."""
    prepared = prepare(trial, data)
    network, device = build(trial, data, prepared), choose(device)
    place = resumable.folder(__name__, trial, data.content(trial), device=device)

    def train() -> History:
        plan = trial.plan
        adversaries = discriminators(
            len(data.classes) if plan.reads == "softmax" else SIZES[trial.size].width,
            prepared.widths if trial.approach == "AD" else {},
            units=UNITS[trial.size],
            seed=trial.seed,
        )
        return fit(
            network,
            adversaries,
            partial(batches, trial, data, prepared),
            partial(_validate, trial, data, prepared),
            plan=plan,
            attributes=tuple(prepared.labels),
            entropies=prepared.entropies,
            folder=place,
            device=device,
            seed=trial.seed,
        )

    return resumable.trained(network, place, train, device=device)


def prepare(trial: Trial, data: Data) -> Prepared:
    """Split the clips; those that the trial's map gives no class are on no side."""
    target, sides = divide(trial, data)
    chosen = trial.attributes.split("+") if trial.attributes != "none" else ()
    labels = attribute_labels(data.table, sides.training)
    return Prepared(target, sides, {letter: labels[letter] for letter in chosen})


def divide(
    trial: "Trial | Reference", data: Data, *, fold: int = -1, seed: int | None = None
) -> tuple[np.ndarray, Split]:
    """Return class numbers ``(clips,)`` and the rows of each side; see ``pooled`` for the fold."""
    name = trial.protocol.removeprefix(ELSEWHERE)
    expected = () if name == NOWHERE else (name,)
    if trial.protocol != PROTOCOL and expected != data.unseen:
        raise ValueError(
            f"{trial.protocol}: these clips have {', '.join(data.unseen) or NOWHERE} unseen; expected"
            f" {name}."
            f" Load them with -p unseen={name}."
        )
    target = data.targets[trial.surprise, trial.calm]
    known = np.flatnonzero(target >= 0)
    table = data.named(target).iloc[known]
    split = pooled(table, unseen=data.unseen, fold=fold, seed=seed)
    unseen = {corpus: known[rows] for corpus, rows in split.unseen.items()}
    return target, Split(**{side: known[getattr(split, side)] for side in SIDES}, unseen=unseen)


def build(trial: Trial, data: Data, prepared: Prepared) -> AttributeNetwork:
    """Build the network: shared and emotion weights are the same for every model of a seed."""
    sizes = SIZES[trial.size]
    attributes = prepared.widths if trial.approach in ("MTL", "GR") else {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trial.seed)
        return AttributeNetwork(
            SharedLayers(sizes, initialisation=trial.initialisation),
            width=sizes.width,
            classes=len(data.classes),
            attributes=attributes,
            reverse=trial.approach == "GR",
            heads_seed=trial.seed,
        )


def batches(trial: Trial, data: Data, prepared: Prepared, epoch: int) -> Iterator[list[Tensor]]:
    """Yield the batches of one epoch: masked frames, lengths, emotion, attributes.

    All corpora are mixed: batches of clips of similar length would sort them by corpus.

    Shape:
        - frames: ``(batch, time, 40)``; lengths and targets: ``(batch,)``

    Source: Parry et al. 2022, section 4; the number of masks and their uniform width are ours.
    """
    order = np.random.default_rng([trial.seed, epoch]).permutation(prepared.sides.training)
    masks = torch.Generator().manual_seed(10_000 * trial.seed + epoch)
    targets = [prepared.target, *(label.values for label in prepared.labels.values())]
    for rows in np.split(order, range(trial.batch, len(order), trial.batch)):
        frames, lengths = data.frames.padded(rows)
        frames = mask_time(frames, width=TIME_MASK, generator=masks, lengths=lengths)
        frames = mask_bands(frames, width=BAND_MASK, generator=masks)
        yield [frames, lengths, *(torch.from_numpy(target[rows]) for target in targets)]


def evaluate(
    network: AttributeNetwork, data: Data, rows: np.ndarray, *, precision: str, shared: bool = False
) -> Tensor:
    """Return logits ``(clips, classes)``, or the output ``(clips, width)`` of the shared layers.

    Clips of similar length share a batch.
    """
    layers = network.represent if shared else network
    device = next(network.parameters()).device
    order = np.argsort(data.frames.sizes[rows], kind="stable")
    results = []
    with torch.inference_mode(), autocast(precision, device):
        for places in np.split(order, range(SCORED, len(order), SCORED)):
            frames, lengths = data.frames.padded(rows[places])
            results.append(layers(frames.to(device), lengths.to(device)).float().cpu())
    return torch.cat(results)[np.argsort(order)]


def _validate(
    trial: Trial, data: Data, prepared: Prepared, network: AttributeNetwork
) -> dict[str, float]:
    """Score the validation speakers; the baseline also on each unseen corpus, to be shown."""

    def scored(rows: np.ndarray) -> tuple[Tensor, Tensor, float]:
        logits = evaluate(network, data, rows, precision=trial.precision)
        truth = torch.from_numpy(prepared.target[rows])
        return logits, truth, ua(truth.numpy(), logits.argmax(1).numpy())

    logits, truth, accuracy = scored(prepared.sides.validation)
    scores = {"loss": float(functional.cross_entropy(logits, truth)), "ua": accuracy}
    if trial.name == "baseline":
        for corpus, rows in prepared.sides.unseen.items():
            scores[f"ua {corpus}"] = scored(rows)[2]
    return scores


def ua(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Return the unweighted accuracy: the mean recall of the classes that occur, in [0, 1].

    Source: Parry et al. 2022, section 4.
    """
    return float(recall_score(truth, predicted, labels=np.unique(truth), average="macro"))


def count(data: Data, target: np.ndarray, rows: np.ndarray, probabilities: np.ndarray) -> dict:
    """Count predictions ``(rows, classes)`` by corpus/speaker, as ``count_predictions`` does.

    An unseen corpus that has surprise is counted without it too, under its name and "without
    surprise". ``answers`` has, for each speaker and text of an unseen corpus, the classes of its
    clips and the answers to them, one of ``SIGNS`` a clip: where a corpus has two speakers, its
    texts are what an interval resamples.
    """
    table = data.table.iloc[rows]
    truth, predicted, groups = target[rows], probabilities.argmax(1), data.groups[rows]
    corpora, surprised = table["corpus"].to_numpy(str), table["surprised"].to_numpy(bool)
    unseen = np.isin(corpora, data.unseen)
    again = np.isin(corpora, corpora[unseen & surprised]) & ~surprised
    renamed = [group.replace("/", f"{WITHOUT}/", 1) for group in groups[again].tolist()]
    outcome = metrics.count_predictions(groups, truth, probabilities)
    outcome["counts"] += metrics.tally(np.array(renamed), truth[again], predicted[again])
    outcome["counts"].sort()
    answers: dict[tuple[str, str], list[str]] = {}
    texts = table["text"].fillna("").to_numpy(str)
    for at in np.flatnonzero(unseen):
        pair = answers.setdefault((str(groups[at]), str(texts[at])), ["", ""])
        pair[0] += SIGNS[truth[at]]
        pair[1] += SIGNS[predicted[at]]
    outcome["answers"] = [[*names, *pair] for names, pair in sorted(answers.items())]
    return outcome


def training_summary(history: History, prepared: Prepared) -> dict:
    """Summarise a training: its selected epoch and, in ``epochs``, rows (epoch, name, value)."""
    best, sides = history.epochs[history.best - 1], prepared.sides
    seconds = float(np.median([epoch["seconds"] for epoch in history.epochs]))
    rows = []
    for number, epoch in enumerate(history.epochs, 1):
        rows += [[number, name, value] for name, value in _numbers(epoch).items()]
    return {
        "epochs": rows,
        "best_epoch": history.best,
        "epochs_run": len(history.epochs),
        "ending": history.ending,
        "alpha_selected": best["alpha"],
        "validation_ua": best["validation"]["ua"],
        "training_loss": best["training"]["emotion"],
        **{f"entropy_{name}": value for name, value in prepared.entropies.items()},
        "training_clips": len(sides.training),
        "validation_clips": len(sides.validation),
        "test_clips": len(sides.test),
        "clips_per_second": round(len(sides.training) / seconds, 3),
    }


def _numbers(epoch: Mapping) -> dict[str, float]:
    """Flatten the numbers of one epoch, the attributes' by their letters."""
    training = epoch["training"]
    numbers = {
        "alpha": epoch["alpha"],
        "training loss": training["emotion"],
        "training accuracy": training["accuracy"],
    }
    for letter, value in training["attributes"].items():
        if value is not None:
            numbers[f"{letter} loss"] = value
    numbers |= {f"{name} norm": value for name, value in training["norms"].items()}
    return numbers | {f"validation {name}": value for name, value in epoch["validation"].items()}


def look(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Look into a trial's network, trained before or now, at the clips of the in-domain test.

    ``map`` has corpus/speaker, class and t-SNE place of each test clip's shared output. ``probes``
    has, for each attribute of the test speakers, the mean recall of a linear probe fitted to the
    training clips; the same with the training labels shuffled; and the silhouette of the classes.
    The paper does not name the clips of its figure.

    Source: Parry et al. 2022, section 6 and Figure 2; probe, silhouette and control are ours.
    """
    network, prepared = trained(trial, data, device=device).network, prepare(trial, data)
    sides = prepared.sides
    training, test = (
        evaluate(network, data, rows, precision=trial.precision, shared=True).numpy()
        for rows in (sides.training, sides.test)
    )
    generator = np.random.default_rng(trial.seed)
    probes = []
    for letter, label in attribute_labels(data.table, sides.training).items():
        train_labels, test_labels = label.values[sides.training], label.values[sides.test]
        for_fit, for_score = train_labels != MISSING, test_labels != MISSING
        train_labels, test_labels = train_labels[for_fit], test_labels[for_score]
        # Speakers of the test are in no training, and one language cannot be told apart.
        if min(len(set(train_labels)), len(set(test_labels))) < 2:
            continue
        scores = []
        for labels in (train_labels, generator.permutation(train_labels)):
            probe = reference_model("logistic regression, balanced").fit(training[for_fit], labels)
            scores.append(ua(test_labels, probe.predict(test[for_score])))
        silhouette = float(silhouette_score(test[for_score], test_labels))
        probes.append([letter, *scores, silhouette])
    places = neighbours(test, seed=trial.seed).round(3).tolist()
    groups, target = data.groups[sides.test].tolist(), prepared.target[sides.test]
    with torch.inference_mode():
        device = next(network.parameters()).device
        predicted = network.emotion(torch.from_numpy(test).to(device)).argmax(1).cpu().numpy()
    return {
        "map": [
            [group, data.classes[number], *place]
            for group, number, place in zip(groups, target, places, strict=True)
        ],
        "probes": probes,
        "accuracy": float((predicted == target).mean()),
    }


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One reference model: a simple classifier of the statistics of the network's input.

    ``scaling`` says over which clips a statistic is scaled to mean 0 and variance 1: those of the
    "training" side, or on either side those of each "corpus" or "speaker", without their labels.
    """

    model: str  # one of ``reference.CLASSIFIERS``
    scaling: str = "training"
    labels: str = "true"  # of the training clips: also "shuffled"
    surprise: str = "positive"
    calm: str = "neutral"
    protocol: str = PROTOCOL
    fold: int  # that is tested, of speakers dealt by the seed; -1 for the networks' held-out ones
    seed: int  # of the deal, and of shuffled labels
    edition: str


def refer(reference: Reference, data: Data, *, device: str = "cpu") -> dict:
    """Fit a reference model on the training side, and count its predictions by speaker.

    Scaler and classifier are fitted on that side alone; the speakers of validation are not used.
    """
    target, sides = divide(reference, data, fold=reference.fold, seed=reference.seed)
    training, tested = sides.training, np.concatenate([sides.test, *sides.unseen.values()])
    features, truth = (data.statistics()[training], data.statistics()[tested]), target[training]
    if reference.labels == "shuffled":
        truth = np.random.default_rng(reference.seed).permutation(truth)
    if reference.scaling != "training":
        groups = data.groups if reference.scaling == "speaker" else data.table["corpus"].to_numpy()
        pairs = zip(features, (training, tested), strict=True)
        features = [standardised(part, groups[rows]) for part, rows in pairs]
    predicted = reference_model(reference.model).fit(features[0], truth).predict(features[1])
    return {
        "counts": metrics.tally(data.groups[tested], target[tested], predicted),
        "training_clips": len(training),
        "test_clips": len(sides.test),
    }
