"""A run of one row measures what that row reads, and nothing else."""

import numpy as np
import pandas as pd
import pytest

from sercore.papers.alves2022 import data, study
from sercore.parameters import checked

GENDER = ["gender-as-run", "gender"]
ALL = ["prosodic-as-run", "prosodic", *GENDER]
SPEECH = "(5) Seq. wav2vec + SMOTE - CG"
PROSODIC = "(3) Multi-task all prosodic + SMOTE - CG"
BOTH = "(7) Multi-task all prosodic and wav2vec + SMOTE - CG"


@pytest.mark.parametrize(
    ("given", "sets", "encoder"),
    [
        ({}, ALL, "random"),
        ({"only": SPEECH}, GENDER, "random"),
        ({"only": PROSODIC}, ALL, "none"),
        ({"only": BOTH}, ALL, "random"),
        ({"only": PROSODIC, "models": "steps"}, ALL, "none"),
        ({"models": "factorial"}, ALL, "none"),
        ({"models": "all"}, ALL, "random"),
    ],
)
def test_a_run_asks_for_what_its_rows_read(monkeypatch, given, sets, encoder):
    monkeypatch.setattr(study, "load_edition", lambda edition, **about: about)
    asked = study.load(checked(study.Parameters, given))
    assert (list(asked["sets"]), asked["encoder"]) == (sets, encoder)


def test_what_is_asked_for_is_measured(monkeypatch):
    monkeypatch.setattr(data.features, "compute", lambda name, paths: np.ones((len(paths), 3)))
    row = {"name": "a", "path": "a.wav", "label": 0, "speaker": "s", "original": -1, "notes": ""}
    about = {"sets": GENDER, "encoder": "none", "device": "cpu", "unconverted": ()}
    read = data._measured_data(pd.DataFrame([row]), {}, **about)
    assert (list(read.features), read.embeddings) == (GENDER, {})


def test_the_papers_edition_needs_no_encoder_where_none_is_read(monkeypatch):
    monkeypatch.setattr(study, "lacking", lambda names: [])
    monkeypatch.setattr(study.encoders, "cached", lambda name: False)
    study.refuse_paper(checked(study.Parameters, {"edition": "paper", "only": PROSODIC}))
    with pytest.raises(study.corpora.CorpusError, match=r"missing wav2vec 2\.0 base embeddings"):
        study.refuse_paper(checked(study.Parameters, {"edition": "paper", "models": "all"}))
