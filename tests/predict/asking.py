"""What every saved model is asked, whatever its paper: in another process, by the command, on recordings that are odd."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from sercore import predict, store
from sercore.audio import RATE
from sercore.cli import app
from sercore.training import checkpoints


def in_a_new_process(folder: Path, clips: Sequence[str]) -> None:
    """The command answers there with the bits that the room answers with here."""
    command = [sys.executable, "-m", "sercore.cli", "predict", str(folder), *clips, "--json"]
    one = os.environ | {"OMP_NUM_THREADS": "1"}  # sums of two threads end in other bits
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=store.PROJECT, env=one
    )
    asked = predict.load(folder)
    assert json.loads(done.stdout) == {
        "model": asked.about,
        "clips": predict.predicted(asked, clips),
    }


def by_command(given: Sequence[str], trained: Path, *, clip: Path, out: Path) -> None:
    """Training by the command says what training in Python said, and the model answers in a table and a picture.

    Args:
        given: the command's arguments.
        trained: folder of the same model, trained in Python.
        clip: audio file of one window.
        out: an empty folder.
    """
    told, folder, picture = (
        json.loads((trained / checkpoints.ABOUT).read_text()),
        str(out / "model"),
        out / "picture.png",
    )
    done = CliRunner().invoke(app, ["train", *given, "--out", folder, "--json"])
    assert (done.exit_code, json.loads(done.stdout)) == (0, told), done.stderr
    assert done.stderr.endswith("\n".join(predict.sentences(told)) + "\n")
    done = CliRunner().invoke(app, ["predict", folder, str(clip), "--plot", str(picture)])
    assert done.exit_code == 0, done.stderr
    assert [line.split()[3] for line in done.stdout.splitlines()[2:]] == ["predicted", "mean"]
    assert picture.read_bytes().startswith(b"\x89PNG")


def silence_short_clips_and_stereo(
    asked: predict.Model, speech: np.ndarray, clip: Callable[..., Path]
) -> None:
    """Silence and less than half a second are told, half a second is enough, and two equal channels answer as one.

    Args:
        asked: the model.
        speech: half a second or more at 16 kHz.
        clip: writes samples into a file of a name.
    """
    silent, short = clip(np.zeros(RATE), "zeros.wav"), clip(speech[: RATE // 2 - 1], "short.wav")
    least = clip(speech[: RATE // 2], "least.wav")
    good, stereo = clip(speech, "good.wav"), clip(np.stack([speech, speech], 1), "stereo.wav")
    nothing, brief, enough, mono, both = predict.predicted(
        asked, [silent, short, least, good, stereo]
    )
    assert nothing["error"].startswith(f"{silent}: silent")
    assert brief["error"].startswith(f"{short}: 0.499937 s of audio; expected 0.5 s or more")
    assert enough["error"] is None
    assert both["probabilities"] == mono["probabilities"]
