"""The scripts of the page "In ten lines" run as they are printed: from the wheel, in an empty folder, without network."""

import ast
import re

import numpy as np
import pandas as pd
import pytest
import soundfile

from sercore import store
from tests.installed import Installed

PAGE = (store.PROJECT / "book" / "scripts.md").read_text(encoding="utf-8")
SECTIONS = re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL)
SCRIPTS = {name: re.findall(r"```python\n(.*?)```", text, re.DOTALL) for name, text in SECTIONS}
RATE = 16_000
SPEAKERS = {"anna": 210, "ben": 110, "cleo": 190, "dan": 125, "eve": 225, "finn": 100}  # Hz
EMOTIONS = {"neutral": (1.0, 3), "happy": (1.3, 2), "angry": (1.15, 2)}  # pitch, clips


def voice(pitch, generator):
    """A second and a half of a wavering tone with formants and some noise."""
    time = np.arange(int(1.5 * RATE)) / RATE
    wander = np.interp(time, np.linspace(0, 1.5, 9), generator.normal(0, 0.05, 9))
    phase = 2 * np.pi * np.cumsum(pitch * (1 + wander)) / RATE
    tone = sum(np.sin(number * phase) / number for number in range(1, 20))
    swell = np.sin(np.pi * time / 1.5) ** 0.3
    return 0.1 * swell * (tone + 0.3 * generator.standard_normal(len(time)))


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The wheel beside a folder with what the page says is there, and a clip that is none."""
    result = Installed(tmp_path_factory.mktemp("wheel"))
    home = result.folder
    (home / "recordings").mkdir()
    generator, rows = np.random.default_rng(0), []
    for speaker, pitch in SPEAKERS.items():
        for emotion, (factor, clips) in EMOTIONS.items():
            for take in range(clips):
                path = f"recordings/{speaker}-{emotion}-{take}.wav"
                soundfile.write(home / path, voice(pitch * factor, generator), RATE)
                gender = "female" if pitch > 150 else "male"
                rows.append((path, "office", speaker, emotion, gender))
    columns = ["path", "corpus", "speaker", "emotion", "gender"]
    pd.DataFrame(rows, columns=columns).to_csv(home / "clips.csv", index=False)
    soundfile.write(home / "talk.wav", voice(150, generator), RATE)
    for name, right in (("ours", 0.8), ("theirs", 0.5)):
        table = pd.DataFrame(
            [
                (f"s{n}", "ab"[k % 2], seed)
                for seed in range(5)
                for n in range(12)
                for k in range(20)
            ],
            columns=["speaker", "truth", "seed"],
        )
        is_right = generator.random(len(table)) < right
        other = table["truth"].map({"a": "b", "b": "a"})
        table["prediction"] = table["truth"].where(is_right, other)
        table.to_csv(home / f"{name}.csv", index=False)
    (home / "recordings" / "words.wav").write_text("words")
    return result


def run(installed, script):
    """Run a script in the folder."""
    (installed.folder / "script.py").write_text(script, encoding="utf-8")
    done = installed.python("script.py")
    assert done.returncode == 0, done.stderr
    return done


# What a script says at the end, as a pattern.
SAYS = {
    "Features of a folder as a table": r"words\.wav: not readable as audio",
    "SMOTE inside the folds": r"^\[[\d. ]+\]$",
    "A model of chapter 1 that also learns gender": r"'angry': .*'happy': .*'neutral': ",
    "A model of each paper, saved and asked": r"(?s)CG\n.*\nbaseline\n.*\nFCMFCC\n.*\n001\n.*own",
    "A split by speaker, and its leaks": r"^\d+ clips train, 14 test$",
    "A published network in a loop of one's own": r"^$",
    "An interval for anybody's predictions": r"ours less theirs: 0\.\d+, \[0\.2.*\np = 0\.000",
}


def test_every_section_has_one_script_of_ten_lines():
    assert list(SCRIPTS) == list(SAYS)
    for name, scripts in SCRIPTS.items():
        assert len(scripts) == 1, name
        tree = ast.parse(scripts[0])
        imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        lines = [line for line in scripts[0].splitlines() if line.strip()]
        assert len(lines) - len(imports) <= 10, name
        assert max(map(len, lines)) <= 100, name


def test_they_run_with_the_installed_package_and_reach_nothing(installed):
    done = run(installed, "import sercore\nprint(sercore.__file__)")
    assert done.stdout.strip() == str(installed.code / "sercore" / "__init__.py")
    with pytest.raises(AssertionError, match=r"192\.0\.2\.1: the tests reach no other machine"):
        run(installed, "import socket\nsocket.create_connection(('192.0.2.1', 80))")


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_runs_as_printed(installed, name):
    done = run(installed, SCRIPTS[name][0])
    assert re.search(SAYS[name], done.stdout, flags=re.MULTILINE), done.stdout
    assert "Traceback" not in done.stderr


def test_what_a_bad_clip_gets_is_asked_for(installed):
    script = (
        'from sercore.features import extract\ntable = extract("recordings", {})\nprint(len(table))'
    )
    quiet = run(installed, script.format('"gender", on_error="skip", quiet=True'))
    assert (quiet.stdout, quiet.stderr) == ("42\n", "")
    told = run(installed, script.format('"gender", on_error="warn"'))
    assert "words.wav: not readable as audio" in told.stderr
    with pytest.raises(AssertionError, match=r"AudioError: .*words\.wav: not readable"):
        run(installed, script.format('"gender"'))
