"""Saved models of Alves et al. 2022: a row of Tables 2 to 4, scored on recordings not heard.

A model is trained as the authors' notebooks train it, and scored under the clean protocol: SMOTE,
copies and scaler are of the training recordings alone.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from sercore import audio, card, encoders
from sercore.audio import RATE
from sercore.encoders import Encoder, EncoderError
from sercore.features import SETS
from sercore.features.names import SUBSETS
from sercore.models.multi_task_mlp import SIZES, MultiTaskMLP, Sizes
from sercore.models.sequential_mlp import SequentialMLP, hidden_units
from sercore.papers.alves2022 import data as alves_data
from sercore.papers.alves2022 import study, trial
from sercore.papers.alves2022.splitting import SYNTHETIC
from sercore.papers.alves2022.trial import ROWS, Configuration, Data, Fitted, Trial
from sercore.parameters import ParameterError
from sercore.protocols import leaks

TAKEN = ("edition", "seed", "encoder", "device", *card.OWN, "unseen")
LEAST = 1e-6  # of an output, before its logarithm
# Features that a model reads of a clip, in this order, behind the embedding if it reads one.
SETS_READ = ("prosodic-as-run", "gender-as-run")
READS = (
    "Learnt from and reads statistics of pitch, loudness and spectrum of a whole clip: windows"
    " should be as long as the clips that it learnt from."
)
OUTPUTS = (
    "Its outputs learnt targets of 0 and 1 by squared error; what is called probabilities are these"
    " outputs, scaled to the sum 1."
)


class Classifier(nn.Module):
    """A network as run behind its scaler; gives the logarithms of its outputs.

    Shape:
        - features: ``(batch, n + 44)``, emotion features, then those of gender, as measured
        - output: ``(batch, classes)``
    """

    def __init__(self, kind: str, width: int, classes: int):
        super().__init__()
        sizes = Sizes(classes=classes)
        if kind == "multi-task":
            self.network = MultiTaskMLP(width, sizes, variant="as-run")
        else:
            hidden = hidden_units(width)
            self.network = SequentialMLP(width, hidden, None, sizes, variant="as-run")
        self.register_buffer("scale", torch.ones(width + SIZES.gender, dtype=torch.float64))
        self.register_buffer("offset", torch.zeros(width + SIZES.gender, dtype=torch.float64))

    def forward(self, features: Tensor) -> Tensor:
        """Scale the features, and return what a softmax turns into outputs of the sum 1."""
        scaled = (features * self.scale + self.offset).float()
        width = features.shape[1] - SIZES.gender
        answer = self.network(scaled[:, :width], scaled[:, width:])
        first = answer[0] if isinstance(answer, tuple) else answer
        return first.clamp(min=LEAST).log()


class AlvesCard(card.Card):
    """Rows of chapter 1."""

    paper = "Alves et al. 2022 (01-ser2022-transfer)"
    chapter = "1"
    names = ROWS

    def parameters(
        self, name: str, given: Mapping[str, object], *, final: bool
    ) -> study.Parameters:
        """Check the parameters of a row's one trial, among ``TAKEN``."""
        row = Configuration.of(name)
        if row.network == "sequential" and not row.balancer and row.copies:
            raise ParameterError(
                f"{name}: as the authors ran it, its copies have the labels of other clips; expected"
                " a row with SMOTE, or without CG. Name another one."
            )
        return card.training_parameters(study.Parameters, given, taken=TAKEN, only=name)

    def fit(self, parameters: study.Parameters, *, final: bool) -> tuple[nn.Module, dict[str, Any]]:
        """Train the row on the recordings of one fold's training side, scored on the others."""
        data = study.load(parameters)
        chosen = Trial(
            row=parameters.only,
            variant="as-run",
            protocol="clean",
            fold=0,
            seed=max(parameters.seed, 0),
            edition=parameters.source,
            encoder=next(iter(data.embeddings), "none"),
        )
        with card.of_table(parameters):
            if parameters.table:
                alves_data.own_trials(parameters, [chosen], data)
            fitted = trial.fit(chosen, data, device=parameters.device)
        clips = _clips(parameters, data)
        _check_leaks(clips, fitted)
        about = describe(parameters, chosen, data, clips, fitted)
        network = self.network(about)
        network.network.load_state_dict(fitted.network.network_.state_dict())
        network.scale.copy_(torch.from_numpy(fitted.scaler.scale_))
        network.offset.copy_(torch.from_numpy(fitted.scaler.min_))
        return network, about

    def sentences(self, about: Mapping[str, Any]) -> list[str]:
        """Say for people what a model is, its scores and its limits."""
        tested = about["speaker_independent"]
        return [
            f"{about['model']}: trained on {card.corpora(about)}.",
            card.scored(
                f"{about['groups']} not heard in training",
                tested,
                clips=f"{tested['clips']} clips of {tested['speakers']} {about['groups']}",
            ),
            *card.unseen(about),
            *about["limits"],
        ]

    def network(self, about: Mapping[str, Any]) -> Classifier:
        """Build the saved network with random weights."""
        recipe = about["recipe"]
        with torch.random.fork_rng(devices=[]):  # leaves torch's own generator as it was
            return Classifier(recipe["network"], recipe["width"], len(about["classes"])).eval()

    def reader(self, about: Mapping[str, Any]) -> Callable[..., list[Tensor]]:
        """Make the function that turns a window, and ``encoder=``, into ``(1, n + 44)`` features."""
        recipe = about["recipe"]
        return partial(_inputs, subset=recipe["subset"], embedding=recipe["embedding"])


CARD = AlvesCard()


def describe(
    parameters: study.Parameters, chosen: Trial, data: Data, clips: pd.DataFrame, fitted: Fitted
) -> dict[str, Any]:
    """Describe a trained model: recipe, input, classes, training clips, scores, limits."""
    row, training = Configuration.of(chosen.row), _known(fitted)
    learnt = clips[clips["group"].isin(training)]
    counts = trial.count(fitted, chosen)["counts"]
    corpus_of = dict(zip(clips["group"], clips["corpus"], strict=True))
    unseen = set(data.own.unseen) if data.own else set()
    away: dict[str, list] = {}
    home = []
    for group, *rest in counts:
        name = group if "/" in group else f"{corpus_of[group]}/{group}"
        place = away.setdefault(corpus_of[group], []) if group in unseen else home
        place.append((name, *rest))
    longest = max(audio.seconds(path) for path in learnt["path"])
    speech = None
    if row.embedding:
        address = study.encoder(parameters)
        speech = {"name": chosen.encoder, "content": encoders.content(address)}
    about = {
        "model": chosen.row,
        "groups": "speakers" if data.own else "recordings",
        "recipe": {
            "paper": CARD.paper,
            "network": row.network,
            "width": fitted.training.values.shape[1] - SIZES.gender,
            "subset": row.subset,
            "embedding": row.embedding,
            "balancer": row.balancer or "none",
            "copies": row.copies,
            "variant": chosen.variant,
            "protocol": chosen.protocol,
            "epochs": chosen.epochs,
            "seed": chosen.seed,
            "precision": "fp32",
        },
        "input": {"rate": RATE, "seconds": longest, "encoder": speech},
        "classes": list(data.classes),
        "training": {
            "edition": chosen.edition,
            "corpora": learnt.groupby("corpus").size().to_dict(),
            "clips": len(learnt),
            "speakers": learnt["group"].nunique(),
            "languages": sorted(learnt["language"].dropna().unique().tolist()),
        },
        "speaker_independent": card.score(home, data.classes),
        "unseen": {name: card.score(rows, data.classes) for name, rows in away.items()},
        "versions": card.versions(),
    }
    return about | {"limits": limits(about)}


def limits(about: Mapping[str, Any]) -> list[str]:
    """Sentences on what a model is not made for."""
    training, tested = about["training"], about["speaker_independent"]
    lines = [
        *(card.trained_on(training) if about["groups"] == "speakers" else _conversations(training)),
        f"Names one of {len(about['classes'])} classes always, also where there is another emotion,"
        f" or none: {', '.join(about['classes'])}.",
        READS,
        OUTPUTS,
    ]
    if not about["unseen"]:
        lines.append(card.ONE_PLACE)
    if tested["collapsed"]:
        lines.append(f"It finds {' and '.join(tested['collapsed'])} less than one time in twenty.")
    return lines


def _conversations(training: Mapping[str, Any]) -> list[str]:
    if training["edition"] == "demo":
        return card.trained_on(training)
    clips, recordings = training["clips"], training["speakers"]
    return [
        f"Trained on informal conversations, {clips} clips of {recordings} recordings, in"
        f" {', '.join(training['languages'])}.",
        "Several people speak in some clips; who speaks in several recordings is not known.",
    ]


def _clips(parameters: study.Parameters, data: Data) -> pd.DataFrame:
    """Return the originals with ``path``, ``corpus``, ``language`` and ``group``, in their order."""
    if data.own is not None:
        return data.own.clips
    table = alves_data.clips(alves_data.conversations(parameters.edition))
    return table.assign(group=table["speaker"])


def _known(fitted: Fitted) -> set[str]:
    return set(fitted.training.recordings.tolist()) - {SYNTHETIC}


def _check_leaks(clips: pd.DataFrame, fitted: Fitted) -> None:
    """Refuse a split that shares a recording, or sound; see ``protocols.leaks.refuse_leaks``."""
    training, tested = _known(fitted), set(fitted.test.recordings.tolist())
    sides = np.full(len(clips), None, object)
    sides[clips["group"].isin(training)] = "training"
    sides[clips["group"].isin(tested)] = "test"
    leaks.refuse_leaks(clips[["path", "corpus", "speaker"]], sides)


def _inputs(
    samples: np.ndarray, *, encoder: Encoder | None, subset: str, embedding: bool
) -> list[Tensor]:
    """Measure a window as a clip is measured: prosodic features, embedding, gender features."""
    prosodic, gender = (_measured(name, samples) for name in SETS_READ)
    parts = [prosodic[[SUBSETS["56"].index(name) for name in SUBSETS.get(subset, ())]]]
    if embedding:
        try:
            encoder.check(samples)
        except EncoderError as error:
            raise audio.AudioError(str(error)) from error
        parts.append(encoder.frames([samples], batch=1)[0].mean(axis=0, dtype=np.float64))
    values = np.concatenate([*parts, gender])
    return [torch.from_numpy(values)[None]]


def _measured(name: str, samples: np.ndarray) -> np.ndarray:
    features = SETS[name]
    values = np.asarray(features.function(samples, rate=RATE, **features.options), np.float64)
    return values if features.columns is None else values[list(features.columns)]
