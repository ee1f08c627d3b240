"""Recorded files with digests: a changed file is refused, and files are replaced as a set.

A folder's manifest (``runs.json`` of a paper, ``digests.json`` elsewhere) holds the digest of every
recorded file, and a seal, the digest of the manifest itself. Files are replaced as a set: the new
ones are written beside the old ones, then a journal names them, then they are renamed, the manifest
last. A process that is killed on the way leaves the old set or, with the journal, the new one,
which the next reader or writer puts in place.

Usage: ``python -m sercore.sealed FOLDER FILE ...`` takes corrected files into the manifest.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from sercore import store

RUNS, DIGESTS = "runs.json", "digests.json"
JOURNAL, NEW, LOCK = ".replacing.json", ".new", ".lock"
REMEDY = "Restore the folder from the repository, or record again."


class SealError(ValueError):
    """A recorded file that is not what was written."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock, which one process can take several times.

    A folder that cannot be written needs none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        yield
        return
    with FileLock(folder / LOCK, is_singleton=True):
        yield


def manifest(folder: Path, *, name: str = RUNS) -> dict:
    """Read the manifest of a folder and check its seal; empty if nothing is recorded.

    Raises:
        SealError: the manifest is missing beside files, cannot be read, or is not what was written.
    """
    _recover(folder)
    path = folder / name
    if not path.is_file():
        if files := sorted(file.name for file in folder.glob("*.csv.gz")):
            raise SealError(
                f"{path}: missing, beside {', '.join(files)}; expected the manifest of these "
                f"files. {REMEDY}"
            )
        return {}
    try:
        about = json.loads(path.read_bytes())
    except ValueError as error:
        raise SealError(
            f"{path}: cannot be read as JSON ({error}); expected what was recorded. {REMEDY}"
        ) from None
    if not isinstance(about, dict) or about.get("seal") != _seal(about):
        raise SealError(
            f"{path}: is not what was written, its seal does not fit; expected what was recorded. "
            f"{REMEDY}"
        )
    return about


def read(path: Path, *, name: str = RUNS) -> bytes:
    """Read a recorded file and check its digest in the manifest of that name.

    Raises:
        SealError: the file is missing, in no manifest, or not what was written.
    """
    digests = manifest(path.parent, name=name).get("digests", {})
    if path.name not in digests:
        raise SealError(
            f"{path}: stands in no manifest; expected one of "
            f"{', '.join(sorted(digests)) or 'none'}. {REMEDY}"
        )
    try:
        payload = path.read_bytes()
    except FileNotFoundError:
        raise SealError(f"{path}: missing; {name} expects it. {REMEDY}") from None
    if hashlib.sha256(payload).hexdigest() != digests[path.name]:
        raise SealError(
            f"{path}: is not what was written, {len(payload)} bytes whose digest does not fit "
            f"{name}. {REMEDY}"
        )
    return payload


def replace(
    folder: Path,
    files: Mapping[str, bytes | None],
    about: Mapping | None = None,
    *,
    name: str = RUNS,
) -> None:
    """Replace files of a folder as a set, the manifest with them; the folder's lock must be held.

    New contents come by name, None to remove a file; ``about`` are further entries of the manifest,
    by default those that it has.
    """
    old = manifest(folder, name=name)
    digests = dict(old.get("digests", {}))
    for file, payload in files.items():
        if payload is None:
            digests.pop(file, None)
        else:
            digests[file] = hashlib.sha256(payload).hexdigest()
    new = {**(old if about is None else about), "digests": digests}
    new["seal"] = _seal(new)
    text = json.dumps(new, indent=1, sort_keys=True) + "\n"
    steps = []
    for file, payload in {**files, name: text.encode()}.items():
        if payload is not None:
            store.write(folder / (file + NEW), payload)
        steps.append([file, payload is not None])
    store.write(folder / JOURNAL, json.dumps(steps).encode())
    _finish(folder)


def _recover(folder: Path) -> None:
    """Finish a replacement of a killed process, and wait for that of a live one."""
    if (folder / JOURNAL).is_file():
        with locked(folder):
            _finish(folder)


def _finish(folder: Path) -> None:
    try:
        steps = json.loads((folder / JOURNAL).read_bytes())
    except FileNotFoundError:  # another process has finished it
        return
    for file, is_kept in steps:
        if not is_kept:
            (folder / file).unlink(missing_ok=True)
        elif (folder / (file + NEW)).exists():
            (folder / (file + NEW)).replace(folder / file)
    (folder / JOURNAL).unlink()


def sign(folder: Path, names: Sequence[str]) -> None:
    """Take corrected files into the folder's manifest."""
    name = RUNS if (folder / RUNS).is_file() else DIGESTS
    with locked(folder):
        replace(folder, {file: (folder / file).read_bytes() for file in names}, name=name)


def _seal(about: Mapping) -> str:
    return store.digest({key: value for key, value in about.items() if key != "seal"})


if __name__ == "__main__":
    sign(Path(sys.argv[1]), sys.argv[2:])
