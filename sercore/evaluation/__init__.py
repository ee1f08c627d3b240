"""Scores, intervals, calibration, verification, saliency and maps of embeddings."""

from sercore.evaluation.calibration import Reliability, reliability
from sercore.evaluation.effects import contrasts
from sercore.evaluation.embeddings import neighbours
from sercore.evaluation.intervals import prediction_interval, resampled_interval
from sercore.evaluation.metrics import accuracy, macro_f1, recalls, top_k_accuracy
from sercore.evaluation.verification import cosine, equal_error_rate

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
