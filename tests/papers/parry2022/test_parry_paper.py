"""The paper's edition on trees of all eight corpora: one epoch of a model with all four attributes."""

import dataclasses

import numpy as np
import pytest
import soundfile

from sercore.papers.parry2022 import study as parry
from sercore.parameters import checked
from tests.corpora import trees


def test_the_paper_s_edition_runs_for_an_epoch(speech, tmp_path, monkeypatch):
    if not (speech / "lists").is_dir():
        pytest.skip(f"needs the file lists: no folder {speech / 'lists'}")
    root = trees.parry(tmp_path / "corpora", speech / "lists")
    noise = 0.1 * np.random.default_rng(0).normal(size=4000)
    soundfile.write(root / "one.wav", noise, 16_000)  # every clip is a link to this one
    monkeypatch.setenv("SER_CORPORA", str(root))
    monkeypatch.setenv("SER_STORE", str(tmp_path / "store"))
    parameters = checked(parry.Parameters, {"edition": "paper", "only": "GR C+S+G+L", "epochs": 1})
    data = parry.load(parameters)
    (trial,) = parry.runnable(parry.grid(parameters), data)
    found = parry.run(dataclasses.replace(trial, size="small", precision="fp32"), data)
    assert data.unseen == ("tess", "crema-d")
    assert data.lacking == data.stands_for == {}
    counted = {}
    for group, _, _, number in found["counts"]:
        counted[group.split("/")[0]] = counted.get(group.split("/")[0], 0) + number
    assert counted["tess"] == 2800
    assert counted["crema-d"] == 7442
    assert counted["tess without surprise"] == 2400
    assert {"emodb", "emovo", "epst", "iemocap", "ravdess", "savee"} <= set(counted)
    measured = parry.measure(parameters, data)
    assert [
        measured[f"{name} / speakers / count"] for name in ("training", "validation", "test")
    ] == [47, 7, 7]
    assert [
        measured[f"CREMA-D / {name} / clips"] for name in ("positive", "neutral", "negative")
    ] == [1271, 1087, 5084]
    entropies = [found[f"entropy_{letter}"] for letter in "CSGL"]
    assert entropies[1] > entropies[0] > entropies[3] > 0
