"""Three jobs done with sercore, opensmile (with scikit-learn) and nkululeko: lines, seconds, and what each says of bad inputs.

Usage: ``python -m benchmarks.comparison [NAME ...]`` (default all three). The clips are 42 of EMOVO under ``SER_CORPORA`` or
``../shared/corpora``, all six speakers and seven emotions in one sentence, written as WAV; or else clips of the demo corpora.
Each job is the program that its user would write, run once by an interpreter of its own: reading the libraries counts. opensmile
comes with the extra ``bench``. nkululeko brings more packages than sercore and stays in an environment of its own, whose Python
``NKULULEKO_PYTHON`` names; a peer that is not there is not run.

Jobs: features of a folder as a CSV table (88 of eGeMAPSv02 by the peers, 56 prosodic ones by ours); a support vector machine
trained on four speakers and scored on two others by the mean recall of the classes (UAR); and the same with a split that is
wrong, for one speaker stands on both sides and one training clip, at half the level, is in the test under another name. Then the
first job with one bad file among three: a WAV that is cut short, a silent one, and one with a sample that is no number.
"""

import importlib.util
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import soundfile

from sercore.audio import RATE
from sercore.corpora.demo import synthetic

PYTHON = os.environ.get("NKULULEKO_PYTHON", "")
SENTENCES, TEST = ("n1",), 2  # of EMOVO; speakers of the test
WORDS = re.compile(r"[^\n]*\b(?:leak|overlap|both sides|twice|duplicate)[^\n]*", re.IGNORECASE)
ERROR = re.compile(r"^(?:\S*(?:Error|Exception)|ERROR)\b.*|^clips/.*", re.MULTILINE)


@dataclass(frozen=True)
class Program:
    """Files that a user writes, and the command that runs them; without files the command is the line."""

    command: Sequence[str]
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def lines(self) -> int:
        texts = [line for text in self.files.values() for line in text.splitlines()]
        return sum(bool(line.strip()) for line in texts) or 1


@dataclass(frozen=True)
class Run:
    """What a program did: its exit code, its words, and its time."""

    code: int
    words: str
    seconds: float
    processor: float


SERCORE_SVM = """
import pandas as pd
from sklearn.metrics import recall_score
from sercore import features
from sercore.evaluation import reference_model
from sercore.protocols import refuse_leaks

table = pd.read_csv("clips.csv")
refuse_leaks(table, table["side"])
values = features.compute("prosodic", list(table["path"]))
is_test = (table["side"] == "test").to_numpy()
model = reference_model("SVM, balanced").fit(values[~is_test], table["emotion"][~is_test])
print("UAR", recall_score(table["emotion"][is_test], model.predict(values[is_test]), average="macro"))
"""
OPENSMILE = """
from glob import glob
import opensmile

smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
smile.process_files(sorted(glob("clips/*.wav"))).to_csv("features.csv")
"""
OPENSMILE_SVM = """
import opensmile
import pandas as pd
from sklearn.metrics import recall_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

table = pd.read_csv("clips.csv")
smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
values = smile.process_files(table["path"]).to_numpy()
is_test = (table["side"] == "test").to_numpy()
model = make_pipeline(StandardScaler(), SVC()).fit(values[~is_test], table["emotion"][~is_test])
print("UAR", recall_score(table["emotion"][is_test], model.predict(values[is_test]), average="macro"))
"""
NKULULEKO_SVM = """
[EXP]
root = ./
name = results
[DATA]
databases = ['train', 'test']
train = train.csv
train.type = csv
train.split_strategy = train
test = test.csv
test.type = csv
test.split_strategy = test
target = emotion
[FEATS]
type = ['os']
scale = standard
[MODEL]
type = svm
"""
EGEMAPS = ["-m", "nkululeko.predict", "--folder", "clips", "--model", "opensmile"]
OURS = ["-m", "sercore.cli"]
SVM = "svm.py"
# By tool: the interpreter, and the programs of the three jobs.
TOOLS = {
    "sercore": (
        sys.executable,
        {
            "features": Program(
                ["sh", "-c", '"$0" -m sercore.cli features prosodic clips/*.wav > features.csv']
            ),
            "SVM": Program([SVM], {SVM: SERCORE_SVM}),
            "wrong split": Program([*OURS, "leaks", "clips.csv"]),
        },
    ),
    "opensmile": (
        sys.executable if importlib.util.find_spec("opensmile") else "",
        {
            "features": Program(["features.py"], {"features.py": OPENSMILE}),
            "SVM": Program([SVM], {SVM: OPENSMILE_SVM}),
            "wrong split": Program([SVM], {SVM: OPENSMILE_SVM}),
        },
    ),
    "nkululeko": (
        PYTHON,
        {
            "features": Program([*EGEMAPS, "--outfile", "features.csv"]),
            "SVM": Program(
                ["-m", "nkululeko.nkululeko", "--config", "svm.ini"], {"svm.ini": NKULULEKO_SVM}
            ),
            "wrong split": Program(
                ["-m", "nkululeko.nkululeko", "--config", "svm.ini"], {"svm.ini": NKULULEKO_SVM}
            ),
        },
    ),
}


def table() -> tuple[str, pd.DataFrame]:
    """Name of the speech, and its clips with path, speaker and emotion."""
    named = os.environ.get("SER_CORPORA")
    home = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "corpora"
    paths = [path for end in SENTENCES for path in sorted((home / "emovo").glob(f"*/*-{end}.*"))]
    if paths:
        parts = [path.stem.split("-") for path in paths]
        rows = {"speaker": [part[1] for part in parts], "emotion": [part[0] for part in parts]}
        return "EMOVO", pd.DataFrame({"path": paths} | rows)
    print(f"{home}/emovo: no such clips; those of demo-studio instead. Set SER_CORPORA.")
    clips = synthetic.load("demo-studio").table
    return "demo-studio", clips[["path", "speaker", "emotion"]].iloc[:42]


def lay_out(folder: Path, clips: pd.DataFrame, *, is_wrong: bool = False) -> None:
    """Write clips and the tables of a split by speaker, or of a wrong one, into an empty folder."""
    (folder / "clips").mkdir()
    rows = []
    speakers = sorted(clips["speaker"].unique())
    for clip in clips.itertuples():
        samples, rate = soundfile.read(clip.path, always_2d=True)
        path = f"clips/{Path(clip.path).stem}.wav"
        soundfile.write(folder / path, samples.mean(1), rate)
        side = "test" if clip.speaker in speakers[-TEST:] else "train"
        rows.append([path, clip.speaker, clip.emotion, side])
    written = pd.DataFrame(rows, columns=["path", "speaker", "emotion", "side"])
    if is_wrong:
        training = written[written["side"] == "train"]
        written.loc[training.index[0], "side"] = "test"
        copied = training.iloc[-1]
        samples, rate = soundfile.read(folder / copied["path"])
        soundfile.write(folder / "clips/copy.wav", 0.5 * samples, rate)
        written.loc[len(written)] = ["clips/copy.wav", speakers[-1], copied["emotion"], "test"]
    written.to_csv(folder / "clips.csv", index=False)
    for side in ("train", "test"):
        part = written[written["side"] == side].rename(columns={"path": "file"})
        part.drop(columns="side").to_csv(folder / f"{side}.csv", index=False)


def bad_files(good: Path) -> dict[str, bytes | np.ndarray]:
    """By what is wrong: a file's bytes, or samples."""
    samples, _ = soundfile.read(good)
    spoilt = samples.copy()
    spoilt[len(spoilt) // 2] = np.nan
    whole = good.read_bytes()
    return {
        "cut short": whole[: len(whole) // 2],
        "silent": np.zeros(2 * RATE),
        "with a NaN": spoilt,
    }


def run(program: Program, python: str, folder: Path) -> Run:
    """Run a program of one tool in a folder, with an empty store."""
    for name, text in program.files.items():
        (folder / name).write_text(text)
    command = (
        [*program.command, python] if program.command[0] == "sh" else [python, *program.command]
    )
    environment = os.environ | {"SER_STORE": str(folder / "store"), "HF_HUB_OFFLINE": "1"}
    if python != sys.executable:
        environment.pop("PYTHONPATH", None)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(done.returncode, f"{done.stdout}\n{done.stderr}", seconds, processor)


def reason(done: Run, folder: Path) -> str:
    """Last line that looks like an error, without the temporary folder."""
    lines = ERROR.findall(done.words) or done.words.strip().splitlines() or ["nothing was said"]
    return lines[-1].replace(f"{folder}/", "")[:160]


def score(done: Run) -> str:
    """Mean recall that a program printed."""
    values = re.findall(r"(?:UAR|uar)\W+(?:test:? *)?(\d*\.\d+)", done.words)
    return f"UAR {float(values[-1]):.2f}" if values else "no UAR was found in what it printed"


def told(done: Run, folder: Path) -> str:
    """What was said of a wrong split."""
    if found := WORDS.findall(done.words):
        return f"exit code {done.code}, {found[0].strip()[:140]}"
    return (
        f"not noticed: exit code {done.code}, {score(done)}"
        if not done.code
        else reason(done, folder)
    )


def of_a_bad_file(done: Run, folder: Path) -> str:
    """Whether the bad file was refused, left out, or measured."""
    target = folder / "features.csv"
    try:
        values = pd.read_csv(target)
    except (FileNotFoundError, pd.errors.EmptyDataError):
        return f"refused, no table: {reason(done, folder)}"
    is_bad = values.iloc[:, 0].astype(str).str.contains("bad")
    if not is_bad.any():
        return f"left out, {len(values)} rows: {reason(done, folder)}"
    row = values[is_bad].iloc[0].drop(["file", "start", "end"], errors="ignore")
    missing = pd.to_numeric(row, errors="coerce").isna().sum()
    return f"measured as any other, {missing} of {len(row)} values missing"


def main() -> None:
    names = sys.argv[1:] or list(TOOLS)
    speech, clips = table()
    print(f"{len(clips)} clips of {speech}, {clips['speaker'].nunique()} speakers; one run each")
    missing = [name for name in names if not TOOLS[name][0]]
    print(", ".join(version(name) for name in names if name not in missing))
    print(f"{'':12s}{'tool':12s}{'lines':>6s}{'seconds':>9s}{'of processors':>15s}  result")
    for job in ("features", "SVM", "wrong split"):
        for name in names:
            if name not in missing:
                one_job(job, name, clips)
    print("One bad file among three, features of the folder")
    for name in names:
        if name not in missing:
            bad_inputs(name, clips.iloc[:2])
    for name in missing:
        print(f"{name}: not run, it is not installed (see the docstring)")


def version(name: str) -> str:
    """Name a tool with the version that its interpreter has."""
    program = f"from importlib.metadata import version; print(version({name!r}))"
    command = [TOOLS[name][0], "-c", program]
    return f"{name} {subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()}"


def one_job(job: str, name: str, clips: pd.DataFrame) -> None:
    python, programs = TOOLS[name]
    program = programs[job]
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        lay_out(folder, clips, is_wrong=job == "wrong split")
        done = run(program, python, folder)
        if job == "wrong split":
            result = told(done, folder)
        elif done.code:
            result = reason(done, folder)
        elif job == "SVM":
            result = score(done)
        else:
            values = pd.read_csv(folder / "features.csv")
            result = f"{len(values)} rows, {len(values.columns)} columns"
    times = f"{done.seconds:9.1f}{done.processor:15.1f}"
    print(f"{job:12s}{name:12s}{program.lines:6d}{times}  {result}", flush=True)


def bad_inputs(name: str, clips: pd.DataFrame) -> None:
    python, programs = TOOLS[name]
    with TemporaryDirectory() as temporary:
        place = Path(temporary)
        (place / "good").mkdir()
        lay_out(place / "good", clips)
        files = bad_files(next((place / "good" / "clips").iterdir()))
        for kind, content in files.items():
            folder = place / kind
            folder.mkdir()
            lay_out(folder, clips)
            bad = folder / "clips" / "bad.wav"
            if isinstance(content, bytes):
                bad.write_bytes(content)
            else:
                soundfile.write(bad, content, RATE, subtype="FLOAT")
            done = run(programs["features"], python, folder)
            print(f"  {kind:12s}{name:12s}{of_a_bad_file(done, folder)}", flush=True)


if __name__ == "__main__":
    main()
