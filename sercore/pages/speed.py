"""The page on speed: the ratios that the benchmarks printed, drawn, and each benchmark's output."""

import ast
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.figure import Figure

from sercore import sealed, store
from sercore.ledger.recorded import FOLDER
from sercore.pages.status import versions
from sercore.report.provenance import commit

BENCHMARKS = store.PROJECT / "benchmarks"
RECORDED = FOLDER / "speed"
TIMES = r"(\S+) times \((\S+) to (\S+)\)"  # the median of the rounds' ratios, and their range
PROCESSES = rf"[^\n]*\n +two processes of one thread +{TIMES}"


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A ratio of speeds, ours to a peer's, in what a benchmark printed.

    Args:
        name: what is compared, in words.
        program: name of the benchmark.
        pattern: regular expression with the ratio as its first group; a second and a third are its
            lowest and highest.
        goal: ratio that was aimed at; None where no goal was set.
        of_seconds: the printed ratio and the goal are of seconds, and are turned round.
    """

    name: str
    program: str
    pattern: str
    goal: float | None = None
    of_seconds: bool = False


@dataclass(frozen=True)
class Point:
    """A ratio as drawn: its name, value, lowest and highest value, and goal."""

    name: str
    value: float
    low: float
    high: float
    goal: float | None

    @property
    def is_missed(self) -> bool:
        """Tell whether a goal was set and is not reached."""
        return self.goal is not None and self.value < self.goal


# The first on top.
RATIOS = (
    Ratio(
        name="prosodic features, two processes, to Praat in one",
        program="features",
        pattern=rf"prosodic, 2 processes: {TIMES.replace(' times', ' times Praat in one')}",
        goal=12,
    ),
    Ratio(
        name="prosodic features, one process, to openSMILE's eGeMAPS",
        program="features",
        pattern=r"openSMILE eGeMAPSv02 .* (\S+) of ours",
        goal=1,
    ),
    Ratio(
        name="mel spectrogram, to librosa", program="mel", pattern=r"mel, dB .* (\S+) times ours"
    ),
    Ratio(name="MFCC, to librosa", program="mel", pattern=r"MFCC .* (\S+) times ours"),
    Ratio(
        name="small networks on 8 to 56 features, to a plain loop",
        program="grid",
        pattern=rf"8 to 56 inputs +{TIMES}",
        goal=2,
    ),
    Ratio(
        name="small networks on embeddings, to a plain loop",
        program="grid",
        pattern=rf"embeddings, 768 or 824 inputs +{TIMES}",
        goal=2,
    ),
    Ratio(
        name="CNN-LSTM of chapter 2, to a plain loop",
        program="adversarial",
        pattern=rf"ours +{TIMES}",
        goal=2,
    ),
    Ratio(
        name="ResNet34, full width, to a plain loop",
        program="resnet",
        pattern=f"full width: {PROCESSES}",
        goal=2,
    ),
    Ratio(
        name="ResNet34, full width and frozen, to a plain loop",
        program="resnet",
        pattern=f"full width, frozen: {PROCESSES}",
        goal=2,
    ),
    Ratio(
        name="ResNet34, half width, to a plain loop",
        program="resnet",
        pattern=f"width 16: {PROCESSES}",
        goal=2,
    ),
    Ratio(
        name="ResNet34, evaluation in buckets, to clip by clip",
        program="resnet",
        pattern=r"typical batches [^\n]*fp32: (\S+) times in buckets",
    ),
    Ratio(
        name="reading the kept frames of 100,000 clips, to numpy's mapping",
        program="keeping",
        pattern=r"Second pass of 100,000 clips: (\S+) times numpy's seconds",
        goal=2,
        of_seconds=True,
    ),
)


def points(ratios: Sequence[Ratio] = RATIOS, *, recorded: Path = RECORDED) -> list[Point]:
    """Read the ratios out of the recorded outputs; those of a benchmark without output are left out.

    Raises:
        LookupError: an output does not hold the ratio's line exactly once.
    """
    results = []
    for ratio in ratios:
        run = _run(recorded / f"{ratio.program}.json")
        if run is None:
            continue
        matches = re.findall(ratio.pattern, "\n".join(run["printed"]))
        if len(matches) != 1:
            raise LookupError(
                f"{ratio.program}: {len(matches)} lines say {ratio.name!r}; expected one that "
                f"matches {ratio.pattern!r}. Change the pattern in sercore/pages/speed.py."
            )
        texts = [matches[0]] if isinstance(matches[0], str) else matches[0]
        values, goal = [float(text) for text in texts], ratio.goal
        if ratio.of_seconds:
            values, goal = [1 / value for value in values], goal and 1 / goal
        results.append(Point(ratio.name, values[0], min(values), max(values), goal))
    return results


def draw(drawn: Sequence[Point]) -> Figure:
    """Draw ratios on a logarithmic axis, each with its goal; a missed goal leaves its point hollow."""
    reached, missed = sns.color_palette("colorblind")[0], sns.color_palette("colorblind")[3]
    figure, axes = plt.subplots(figsize=(8, 0.8 + 0.32 * len(drawn)), layout="constrained")
    axes.axvline(1, color="0.6", linewidth=1, zorder=0)
    for height, point in enumerate(reversed(drawn)):
        colour = missed if point.is_missed else reached
        face = "white" if point.is_missed else colour
        axes.plot([point.low, point.high], [height, height], color=colour, linewidth=1.5)
        axes.plot(point.value, height, "o", color=colour, markerfacecolor=face, markersize=6)
        if point.goal is not None:
            axes.plot(point.goal, height, "|", color="0.2", markersize=13, markeredgewidth=1.6)
    axes.set_xscale("log", base=2)
    ticks = (0.25, 0.5, 1, 2, 4, 8, 16)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks(range(len(drawn)), [point.name for point in reversed(drawn)], fontsize=8)
    axes.set(xlabel="speed of ours, in times the peer's (1: as fast)", xlim=(0.25, 18))
    axes.grid(axis="x", color="0.93", linewidth=0.8)
    axes.set_axisbelow(True)
    sns.despine(figure, left=True)
    return figure


def outputs(*, recorded: Path = RECORDED, programs: Path = BENCHMARKS) -> Mapping[str, str]:
    """Describe every benchmark in Markdown: purpose, usage and recorded output, if any.

    Each can be folded; open is that of the comparison, whose page is of nothing else.
    """
    texts = {}
    for path in sorted(programs.glob("[a-z]*.py")):
        texts[path.stem] = _folded(path, _run(recorded / f"{path.stem}.json"))
    return texts


def _run(path: Path) -> Mapping | None:
    return json.loads(sealed.read(path, name=sealed.DIGESTS)) if path.is_file() else None


def _folded(program: Path, run: Mapping | None) -> str:
    docstring = ast.get_docstring(ast.parse(program.read_text())) or ""
    paragraphs = [" ".join(paragraph.split()) for paragraph in docstring.split("\n\n")]
    if run is None:
        state = "no output is recorded"
        parts = [f"`python -m benchmarks {program.stem} --record` runs and records it."]
    else:
        state = f"recorded on {run['date'][:10]}"
        made = f"{run['machine']}, {run['cores']} cores; commit {commit(run)}; {versions(run)}."
        parts = ["\n".join(["```text", *run["printed"], "```"]), made]
    tag = "<details open>" if program.stem == "comparison" else "<details>"
    summary = f"{tag}<summary>{program.name}: {state}</summary>"
    return "\n\n".join([summary, *paragraphs, *parts, "</details>"])
