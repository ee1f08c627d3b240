"""A researcher's own clips for any chapter: read, given classes, and searched for leaks."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sercore import store
from sercore.corpora import Corpus, own
from sercore.corpora.cells import TableError, one_form
from sercore.corpora.clips import SPLIT, Problem
from sercore.corpora.labels import Map
from sercore.corpora.table import some
from sercore.parameters import AS_THEY_ARE, OwnTable
from sercore.protocols import leaks
from sercore.protocols.speakers import LeakError, is_given


def read(parameters: OwnTable, *, classes: Map, unseen: Sequence[str] = ()) -> Corpus:
    """Read the clips that parameters name, sorted by corpus, speaker and ``name``, with ``class``.

    Its problems say what is left out, and which copies stay.

    Args:
        parameters: those of a chapter.
        classes: the paper's class of each label, where the parameters give no other map.
        unseen: names of corpora that are only tested.

    Raises:
        TableError: ``corpora.own`` refuses the clips or the map.
        LeakError: the same sound stands under two corpora, speakers or emotions, one speaker under
            two spellings, or a speaker or a recording on two sides of the split that is given.
    """
    source = Path(parameters.table)
    corpus = own.read(
        source,
        classes=_class_map(parameters) or classes,
        unseen=unseen,
        speaker=parameters.speaker_pattern,
    )
    copies = leaks.refuse_leaks(corpus.table, where=str(source))
    if is_given(corpus.table):
        leaks.refuse_leaks(corpus.table, corpus.table[SPLIT], where=f"{source}, column {SPLIT}")
    table = corpus.table.assign(name=[Path(path).stem for path in corpus.table["path"]])
    table = table.sort_values(["corpus", "speaker", "name"], ignore_index=True)
    return replace(corpus, table=table, problems=[*corpus.problems, *map(Problem, copies)])


def contents(corpus: Corpus) -> list:
    """Name a researcher's clips by plain values: hashes, labels, and what is told of them."""
    rows = []
    for clip in corpus.table.to_dict("records"):
        labels = [str(clip[name]) for name in sorted(clip) if name != "path"]
        rows.append([store.content(clip["path"]), *labels])
    return [rows, list(map(str, corpus.problems))]


def names(given: str) -> tuple[str, ...]:
    """Part names of corpora by commas, without blanks and empty ones."""
    return tuple(filter(None, (one_form(name).strip() for name in given.split(","))))


def possible(
    parameters: OwnTable,
    trials: Sequence[Any],
    split: Callable[[Any], object],
    *,
    by: Sequence[str] = ("experiment", "protocol", "source"),
) -> tuple[list[Any], list[str]]:
    """Leave out trials whose split the clips do not allow, and say why of each.

    Args:
        parameters: those of a chapter.
        trials: trials of a run, with ``protocol`` and ``fold``.
        split: function that splits the clips for a trial, or raises a ``ValueError``.
        by: fields, beside the fold, on which a trial's split depends.

    Raises:
        TableError: no trial is left.
    """
    reasons: dict[str, str] = {}
    for name, trial in {_place(trial, by): trial for trial in trials}.items():
        try:
            split(trial)
        except LeakError:
            raise
        except ValueError as error:
            reasons[name] = str(error)
    chosen = [trial for trial in trials if _place(trial, by) not in reasons]
    by_reason: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        by_reason.setdefault(reason, []).append(name)
    sentences = [f"not run, {some(names)}: {reason}" for reason, names in by_reason.items()]
    if sentences and not chosen:
        raise TableError(f"{parameters.table}: {'; '.join(sentences)}")
    return chosen, sentences


def _place(trial: Any, by: Sequence[str]) -> str:
    names = [getattr(trial, name, "all") for name in by]
    return " ".join([*(name for name in names if name != "all"), f"fold {trial.fold}"])


def _class_map(parameters: OwnTable) -> Map | str:
    if parameters.classes in ("", AS_THEY_ARE):
        return parameters.classes
    return own.class_map(Path(parameters.classes))
