"""Scores, estimates with intervals over speakers and seeds, calibration, verification, saliency, maps of embeddings, simple classifiers."""

from sercore.evaluation.calibration import Reliability, reliability
from sercore.evaluation.embeddings import cosine, equal_error_rate, neighbours
from sercore.evaluation.estimates import Estimate
from sercore.evaluation.metrics import (
    accuracy,
    contrasts,
    macro_f1,
    prediction_interval,
    recalls,
    resampled_interval,
    top_k_accuracy,
)
from sercore.evaluation.predictions import estimate
from sercore.evaluation.reference import clip_statistics, reference_model

__all__ = [
    "Estimate",
    "Reliability",
    "accuracy",
    "clip_statistics",
    "contrasts",
    "cosine",
    "equal_error_rate",
    "estimate",
    "macro_f1",
    "neighbours",
    "prediction_interval",
    "recalls",
    "reference_model",
    "reliability",
    "resampled_interval",
    "top_k_accuracy",
]
