"""Scores, intervals, calibration, verification, saliency and maps of embeddings."""

from sercore.evaluation.calibration import Reliability, reliability
from sercore.evaluation.embeddings import cosine, equal_error_rate, neighbours
from sercore.evaluation.metrics import (
    accuracy,
    contrasts,
    macro_f1,
    prediction_interval,
    recalls,
    resampled_interval,
    top_k_accuracy,
)

__all__ = [
    "Reliability",
    "accuracy",
    "contrasts",
    "cosine",
    "equal_error_rate",
    "macro_f1",
    "neighbours",
    "prediction_interval",
    "recalls",
    "reliability",
    "resampled_interval",
    "top_k_accuracy",
]
