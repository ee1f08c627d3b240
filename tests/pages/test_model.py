"""The model that the book leaves beside its pages answers a clip."""

import os
from pathlib import Path

import pytest

from sercore import predict
from sercore.corpora.demo import synthetic

HTML = os.environ.get("SER_HTML", "")


@pytest.mark.skipif(not HTML, reason="SER_HTML names no rendered book")
def test_the_demo_model_answers_a_demo_clip():
    model = predict.load(Path(HTML).parent / "model")
    clip = synthetic.load("demo-studio").table["path"].iloc[0]
    (found,) = predict.predicted(model, [clip])
    assert found["error"] is None
    assert sum(found["probabilities"].values()) == pytest.approx(1)
    assert any("synthetic" in each for each in model.about["limits"])
