"""The console command: each subcommand calls one room, imported when it is called.

Tables for people and, with ``--json``, JSON go to standard output; bars and notes go to standard error.
"""

import csv
import errno
import math
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from sercore.printing import cell, dumped, note, show

BOOK = "Folder under which _build/html is made (default: the checkout, or the current folder)."
ROOT = "Folder of corpora (default: SER_CORPORA, else the synthetic demo corpora)."
SET = "prosodic or gender (sound), prosodic-as-run or gender-as-run (as the authors' code), or embedding."
LEAKS = "Table of clips in CSV (path; speaker, text… if known), or a corpus in SER_CORPORA."
SIDES = "CSV with path and side of each clip (default: the table's column `side`, if it has one)."
MANY = "A parameter of the chapter; may be repeated."
MODEL = 'A row of chapter 1 to 4 ("GR C+S", "CNNLSTM per-clip", "111"), or a model ("FCMFCC").'
TRIALS = "Trials of each paper (default: one of each code path)."
FINAL = "Chapter 3: train on every clip, as the report's final model."
ENCODER = "Of embedding: a pretrained speech encoder's folder or hub id, or random (untrained)."
# Faults of a place that is written to: full, over its quota, closed, or no folder.
PLACES = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS}
PLACES |= {errno.ENOTDIR, errno.EEXIST, errno.EISDIR}
GPU = "The GPU's memory was too small. Free some, or hide the GPU: CUDA_VISIBLE_DEVICES= sercore …"
VERSION = "Print the version and exit."
UNFINISHED = 3  # exit code of a run that stopped because its time was over
Json = Annotated[bool, typer.Option("--json", metavar="", help="Print JSON rather than a table.")]
Pairs = Annotated[
    list[str] | None, typer.Option("-p", "--parameter", metavar="KEY=VALUE", help=MANY)
]
Edition = Annotated[
    str | None, typer.Option(help="Which data: demo, open or paper. Short for -p edition=…")
]
Clips = Annotated[list[Path], typer.Argument(metavar="CLIP...", help="Audio files.")]
Chapter = Annotated[str, typer.Argument(help="Name, number or path of the chapter.")]
Chapters = Annotated[
    str | None, typer.Argument(help="Name, number or path of a chapter (default: all papers).")
]


class _OneLineErrors(TyperGroup):
    """A group of commands that tells errors in a line, with exit code 2.

    They are sercore's own, and those of a disk that is full or a place that cannot be written.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the subcommand; any other error keeps its traceback."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            message = str(error)
            if isinstance(error, OSError) and error.errno in PLACES:
                message = (
                    f"{error.filename or 'disk'}: {error.strerror}; expected a place with room that this user"
                    " can write. Free some, or name another with --out or SER_STORE. What was"
                    " finished is kept."
                )
            elif type(error).__name__ == "OutOfMemoryError":  # torch's
                message += f" {GPU}"
            elif not type(error).__module__.startswith("sercore."):
                raise
            note(message)
            raise typer.Exit(2) from None


app = typer.Typer(
    cls=_OneLineErrors, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


def _tell_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(version("sercore"))
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", metavar="", callback=_tell_version, is_eager=True, help=VERSION),
    ] = False,
) -> None:
    """Run four speech emotion recognition papers again."""
    if sys.platform == "win32":
        note(
            "Windows: sercore is neither tested nor supported there, for it copies running processes;"
            " expected Linux or macOS. Use the Windows Subsystem for Linux (wsl --install)."
        )
        raise typer.Exit(2)
    # Left to itself it ends this process alone, and those that it started go on.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


@app.command()
def corpora(
    root: Annotated[Path | None, typer.Argument(help=ROOT)] = None, json: Json = False
) -> None:
    """Count clips, hours, speakers and classes of every corpus, and say what is wrong with it."""
    from sercore.corpora import counting

    rows = counting.count(root, say=note)
    if not json:  # a corpus' own labels are for programs
        rows = [{name: row[name] for name in row if name != "labels"} for row in rows]
    show(rows, as_json=json)


@app.command()
def features(
    set_name: Annotated[str, typer.Argument(metavar="SET", help=SET)],
    clips: Clips,
    encoder: Annotated[str | None, typer.Option(help=ENCODER)] = None,
) -> None:
    """Compute a feature set of audio files, as CSV on standard output."""
    from sercore import features as room
    from sercore.parameters import ParameterError

    known = sorted([*room.SETS, "embedding"])
    if set_name not in known:
        raise ParameterError(f"{set_name}: no such feature set; expected {', '.join(known)}.")
    if set_name == "embedding":
        names, values = _embedded(encoder, clips)
    elif encoder is not None:
        raise ParameterError(
            f"--encoder {encoder}: {set_name} takes no encoder; only embedding does. Leave it out."
        )
    else:
        names, values = room.SETS[set_name].names, room.compute(set_name, clips)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["file", *names])
    writer.writerows([str(clip), *map(float, row)] for clip, row in zip(clips, values, strict=True))


@app.command()
def leaks(
    table: Annotated[str, typer.Argument(metavar="TABLE", help=LEAKS)],
    split: Annotated[Path | None, typer.Option(metavar="SPLIT.csv", help=SIDES)] = None,
    json: Json = False,
) -> None:
    """Find what the sides of a split share, or clips that stand twice in a table; exit with 1 if any."""
    import pandas as pd

    from sercore import corpora as room
    from sercore.corpora.table import usable_rows
    from sercore.protocols import leaks as hunter

    if table in room.LOADERS and not Path(table).is_file():
        clips = room.load(table).table
    else:
        clips = hunter.read(Path(table))
    if split is not None:
        clips[hunter.SIDE] = hunter.read_sides(split, clips)
    rows, problems = usable_rows(clips.to_dict("records"))
    for problem in problems:
        note(problem)
    clips = pd.DataFrame(rows, columns=clips.columns)
    sides = clips.get(hunter.SIDE)
    found = hunter.find_leaks(clips, sides)
    refused = [leak for leak in found if leak.is_refused]
    where = "in the whole table" if sides is None else "between the sides of the split"
    counts = f"{len(refused)} leaks, {len(found) - len(refused)} only told"
    note(f"{len(clips)} clips, compared {where}: {counts}")
    show([asdict(leak) for leak in found], as_json=json)
    if refused:
        raise typer.Exit(1)


@app.command()
def models(json: Json = False) -> None:
    """List every model with its paper, variant, inputs and parameter count."""
    from sercore.models import counts as room

    show([asdict(network) for network in room.table()], as_json=json)


@app.command()
def chapter(
    name: Chapter,
    edition: Edition = None,
    parameters: Pairs = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", metavar="", help="Execute it even if it is kept.")
    ] = False,
    json: Json = False,
) -> None:
    """Check a chapter's parameters, execute it, and say where the executed notebook is kept."""
    from sercore import chapters as room

    given = room.check(name, _given(edition, parameters))
    done = room.execute(name, given, fresh=fresh)
    note(f"{done.name}: " + (f"executed in {done.seconds:.0f} s" if done.ran else "kept"))
    rows = []
    if getattr(given, "only", ""):
        from sercore import papers
        from sercore.ledger.recording import again

        rows = again(papers.named(done.name), given)
    if json:
        fields = ("name", "path", "ran", "seconds", "peak", "parameters")
        print(dumped({field: getattr(done, field) for field in fields} | {"trials": rows}))
        return
    if rows:
        show(rows, as_json=False)
    print(done.path)


@app.command()
def ledger(chapter: Chapters = None, json: Json = False) -> None:
    """List every printed number with ours, its interval and the verdict; --json gives all of it."""
    from sercore.ledger.entries import Ledger

    entries = []
    for paper in _papers(chapter):
        entries += Ledger(paper).entries()
    show(entries if json else list(map(_short, entries)), as_json=json)


@app.command()
def book(
    out: Annotated[Path | None, typer.Option(help=BOOK)] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", metavar="", help="Execute and render everything again.")
    ] = False,
) -> None:
    """Execute the chapters in the demo edition and render the book."""
    from sercore import press

    print(press.book(out=out, fresh=fresh))


@app.command()
def record(
    name: Chapter,
    edition: Edition = "open",
    parameters: Pairs = None,
    incomplete: Annotated[
        bool,
        typer.Option("--incomplete", metavar="", help="Record corpora that are not whole too."),
    ] = False,
    minutes: Annotated[
        float | None, typer.Option(min=0, help="Stop after so long; exit with 3 if work is left.")
    ] = None,
) -> None:
    """Run a chapter's whole grid on real corpora and write the ledger's recorded run."""
    from sercore import chapters, checkout, deadline, papers
    from sercore.ledger import recording

    checkout.require("record")
    given = chapters.check(name, _given(edition, parameters))
    paper = papers.named(chapters.find(name))
    try:
        recording.record(paper, given, incomplete=incomplete, minutes=minutes)
    except deadline.OutOfTime as error:
        note(f"{minutes:g} minutes are over: {error}. The same command goes on.")
        raise typer.Exit(UNFINISHED) from None


@app.command()
def verify(
    chapter: Chapters = None,
    trials: Annotated[int | None, typer.Option(min=1, help=TRIALS)] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0, help="Begin no trial after so long.")
    ] = None,
    parameters: Pairs = None,
    json: Json = False,
) -> None:
    """Run recorded trials again, compare and note in the ledger what agrees with what is recorded."""
    from sercore import store
    from sercore.ledger import verifying

    rows, given = [], _given(None, parameters)
    for paper in _papers(chapter):
        rows += verifying.verify(paper, given, trials=trials, minutes=minutes, say=note)
    outcomes = [row["outcome"] for row in rows]
    differ = [outcome for outcome in outcomes if outcome not in verifying.AGREED]
    counts = ", ".join(f"{outcomes.count(word)} {word}" for word in verifying.OUTCOMES)
    if not store.IS_CHECKOUT:
        counts += "; not noted, for only a checkout's ledger is written to"
    note(f"{len(rows)} trials run again: {counts}")
    if json:
        print(dumped(rows))
    if differ or not rows:
        raise typer.Exit(1)


@app.command("store")
def kept(
    clean: Annotated[
        bool, typer.Option("--clean", metavar="", help="Remove what is half-written.")
    ] = False,
    json: Json = False,
) -> None:
    """Measure what is kept, by kind, and what killed processes left half-written an hour ago."""
    from sercore import store

    left = store.leftovers()
    kinds = sorted(path for path in store.root().glob("*") if path.is_dir())
    groups = {kind.name: [path for path in kind.rglob("*") if path.is_file()] for kind in kinds}
    table = []
    for kind, files in (groups | {"half-written": left}).items():
        megabytes = round(sum(path.stat().st_size for path in files) / 1e6, 1)
        table.append({"kind": kind, "files": len(files), "MB": megabytes})
    show(table, as_json=json)
    if clean:
        for path in left:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        note(f"{store.root()}: {len(left)} half-written files removed.")


@app.command()
def train(
    model: Annotated[str, typer.Argument(help=MODEL)],
    out: Annotated[Path, typer.Option(help="Folder of the saved model.")],
    edition: Edition = None,
    final: Annotated[bool, typer.Option("--final", metavar="", help=FINAL)] = False,
    parameters: Pairs = None,
    json: Json = False,
) -> None:
    """Train a model of a chapter and save it with its score on unheard speakers and its limits."""
    from sercore import predict

    about = predict.train(model, _given(edition, parameters), out=out, final=final)
    note("\n".join(predict.sentences(about)))
    print(dumped(about) if json else out)


@app.command()
def pretrain(
    edition: Edition = None,
    parameters: Pairs = None,
    workers: Annotated[
        int, typer.Option(min=0, help="Processes that read VoxCeleb's clips ahead.")
    ] = 0,
    json: Json = False,
) -> None:
    """Train chapter 4's speaker recogniser and keep it; GPUs share it where torchrun starts this."""
    from sercore.papers.padi2021 import study

    if scores := study.pretrain(_given(edition, parameters), workers=workers):
        show(scores, as_json=json)


@app.command()
def predict(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a saved model.")],
    clips: Clips,
    window: Annotated[
        float | None,
        typer.Option(help="Seconds of a window (default: the most that the model reads)."),
    ] = None,
    hop: Annotated[
        float | None, typer.Option(help="Seconds from window to window (default: half a window).")
    ] = None,
    top_k: Annotated[int, typer.Option(min=1, help="Likeliest classes in the table.")] = 3,
    encoder: Annotated[
        str | None, typer.Option(help="The model's speech encoder, by folder or hub id.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the probabilities into this PNG file.")
    ] = None,
    json: Json = False,
) -> None:
    """Give the probabilities of each window of audio files, and of each file, by a saved model."""
    from sercore import predict as room

    model = room.load(folder, encoder=encoder)
    answers = room.predicted(model, clips, window=window, hop=hop)
    problems = [answer["error"] for answer in answers if answer["error"]]
    if json:
        print(dumped({"model": model.about, "clips": answers}))
    else:
        note("\n".join(room.sentences(model.about)))
        show(room.rows(answers, top_k=top_k), as_json=False)
    for problem in problems:
        note(problem)
    if plot and len(problems) < len(answers):
        from sercore.report import predictions

        predictions.save_probabilities(answers, plot)
    if problems:
        raise typer.Exit(2)


def _embedded(encoder: str | None, clips: Sequence[Path]) -> tuple[range, Any]:
    from sercore.parameters import ParameterError

    if encoder is None:
        raise ParameterError(
            "embedding: no encoder; expected a speech encoder's folder, a hub id that is cached, "
            "or random. Add --encoder."
        )
    from sercore import encoders
    from sercore.features import embedding

    if encoder == "random":
        note("random: an untrained encoder; its embeddings tell nothing about speech.")
    loaded = encoders.load(encoder)
    return range(loaded.width), embedding.compute(loaded, clips)


def _papers(chapter: str | None) -> Sequence[Any]:
    """Return the paper of a chapter's name, number or path, or all papers."""
    from sercore import papers

    return papers.every() if chapter is None else [papers.named(Path(chapter).stem)]


def _given(edition: str | None, parameters: Sequence[str] | None) -> dict[str, str]:
    from sercore.parameters import pairs

    texts = list(parameters or [])
    if edition is not None:
        texts.insert(0, f"edition={edition}")
    return pairs(texts)


def _short(entry: dict[str, Any]) -> dict[str, Any]:
    """Tell of an entry of the ledger what fits a line."""
    ours, reading = cell(entry["value"]), " ".join((entry["variant"], entry["protocol"])).strip()
    bounds = [entry[name] for name in ("low", "high")]
    is_known = None not in bounds and not any(map(math.isnan, bounds))
    return {
        "number": f"{entry['table']}: {entry['row']}, {entry['column']}",
        "printed": cell(entry["published"]),
        "ours": f"{ours} ({reading})" if ours and reading else ours,
        "mean's 95 %": " to ".join(map(cell, bounds)) if is_known else "",
        "verdict": entry["verdict"],
    }


if __name__ == "__main__":
    app()
