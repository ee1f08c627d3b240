"""Maps of hidden layers onto the plane."""

import numpy as np
from sklearn.manifold import TSNE


def neighbours(points: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Map rows ``(rows, width)`` onto the plane ``(rows, 2)`` by t-SNE of scaled columns."""
    spread = points.std(0)
    scaled = (points - points.mean(0)) / np.where(spread > 0, spread, 1)
    perplexity = min(30.0, (len(points) - 1) / 3)
    return TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(scaled)
