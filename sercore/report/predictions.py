"""Pictures of predictions over time, of clips and of a recording whose parts are known."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure

from sercore import store
from sercore.parameters import ParameterError
from sercore.report.figures import FONT, WIDTH, colours

HEIGHT, MOST = 1.6, 100  # inches a clip; clips in a picture, which a renderer still holds


def probabilities(
    panels: Sequence[tuple[str, np.ndarray, np.ndarray]], classes: Sequence[str]
) -> Figure:
    """Stacked probabilities over time, one clip under the other; a silent window is left white.

    A window's bar stands around its middle and reaches half-way to its neighbours'; the first and
    the last reach the clip's ends.

    Args:
        panels: title, ``(windows, 2)`` start and end of each window in seconds, in order, and
            ``(windows, classes)`` probabilities, NaN where a window is silent.
        classes: names, in the order of the columns.

    Raises:
        ValueError: no clip or more than ``MOST``, another number of classes, or probabilities that
            do not sum to 1.
    """
    if not 1 <= len(panels) <= MOST:
        raise ValueError(f"{len(panels)} clips; a picture holds 1 to {MOST}: draw fewer at a time")
    figure, axes = plt.subplots(
        len(panels),
        1,
        figsize=(WIDTH, 0.9 + HEIGHT * len(panels)),
        layout="constrained",
        squeeze=False,
    )
    shades = colours(classes)
    for place, (title, times, values) in zip(axes[:, 0], panels, strict=True):
        _check(title, np.asarray(times), np.asarray(values), len(classes))
        middles = np.mean(times, axis=1)
        edges = np.concatenate([[times[0][0]], (middles[1:] + middles[:-1]) / 2, [times[-1][1]]])
        heights = np.nan_to_num(np.asarray(values, float))
        floors = np.cumsum(heights, axis=1) - heights  # (windows, classes)
        for number, name in enumerate(classes):
            place.bar(
                edges[:-1],
                heights[:, number],
                np.diff(edges),
                floors[:, number],
                align="edge",
                color=shades[name],
                edgecolor="white",
                linewidth=0.5,
                label=name,
            )
        place.set_title(title, fontsize=FONT + 1, loc="left", parse_math=False)
        place.set(xlim=(edges[0], edges[-1]), ylim=(0, 1), yticks=[0, 0.5, 1])
        place.tick_params(labelsize=FONT)
        place.set_ylabel("probability", fontsize=FONT)
        sns.despine(ax=place)
    axes[-1, 0].set_xlabel("time (s)", fontsize=FONT)
    bars = [bars[0] for bars in axes[0, 0].containers]
    # Names come last: matplotlib hides a label that begins with _, and reads $ as mathematics.
    place = {"loc": "outside upper center", "ncols": min(len(classes), 7), "frameon": False}
    drawn = figure.legend(bars, [str(at) for at in range(len(classes))], fontsize=FONT, **place)
    for text, name in zip(drawn.get_texts(), classes, strict=True):
        text.set_parse_math(False)
        text.set_text(name)
    return figure


def save_probabilities(answers: Sequence[Mapping], path: Path) -> None:
    """Draw what ``sercore.predict.predicted`` gave of clips, but for errors, into a PNG file.

    Args:
        answers: answers for one clip or more.
        path: file, which ends in ``.png``.

    Raises:
        ParameterError: another ending, too many clips, or a place where no file can be written.
    """
    answered = [answer for answer in answers if not answer["error"]]
    if path.suffix.lower() != ".png":
        raise ParameterError(
            f"--plot {path}: no PNG file by its name; expected one that ends in .png. Name it so."
        )
    if len(answered) > MOST:
        raise ParameterError(
            f"--plot {path}: {len(answered)} clips; a picture holds {MOST} at most. Name fewer, or"
            f" leave --plot out."
        )
    figure = probabilities(
        [_panel(answer) for answer in answered], list(answered[0]["probabilities"])
    )
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=150)
    plt.close(figure)
    try:
        store.write(path, file.getvalue())
    except OSError as error:
        raise ParameterError(
            f"--plot {path}: cannot be written ({error.strerror}). Name another file."
        ) from None


def _panel(clip: Mapping) -> tuple[str, np.ndarray, np.ndarray]:
    silent = dict.fromkeys(clip["probabilities"], np.nan)
    times = [[part["start"], part["end"]] for part in clip["windows"]]
    values = [list((part["probabilities"] or silent).values()) for part in clip["windows"]]
    return Path(clip["clip"]).name, np.array(times), np.array(values)


def _check(title: str, times: np.ndarray, values: np.ndarray, classes: int) -> None:
    if times.shape != (len(values), 2) or values.shape[1:] != (classes,) or not len(values):
        raise ValueError(
            f"{title}: times are {times.shape} and probabilities {values.shape}; expected a start,"
            f" an end and {classes} classes "
            "for each of one or more windows"
        )
    answered = values[~np.isnan(values).any(axis=1)]
    if (answered < 0).any() or not np.allclose(answered.sum(axis=1), 1, atol=1e-3):
        raise ValueError(
            f"{title}: probabilities that do not sum to 1, or are below 0; give each window's own"
        )
