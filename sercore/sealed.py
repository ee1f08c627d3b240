"""Recorded files that are refused when a byte of them was changed, and that one process at a time replaces.

A folder's manifest (``runs.json`` of a paper, ``digests.json`` elsewhere) holds the digest of every recorded file of the folder,
and a seal, the digest of the manifest itself. Files are replaced as a set: the new ones are written beside the old ones, then a
journal names them, then they are renamed, the manifest last. A process that is killed on the way leaves the old set or, with the
journal, the new one, which the next reader or writer puts in place.

Usage: ``python -m sercore.sealed FOLDER FILE ...`` takes files as they stand into the manifest, after a correction that was meant.
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
    """Hold a folder's lock, which one process can take several times; a folder that cannot be written needs none."""
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        yield
        return
    with FileLock(folder / LOCK, is_singleton=True):
        yield


def manifest(folder: Path, *, name: str = RUNS) -> dict:
    """The manifest of a folder, its seal checked; empty where nothing is recorded.

    Args:
        folder: of recorded files.
        name: "runs.json" (default) or "digests.json".

    Raises:
        SealError: a manifest that is missing beside recorded files, cannot be read, or is not what was written.
    """
    _recover(folder)
    path = folder / name
    if not path.is_file():
        if left := sorted(each.name for each in folder.glob("*.csv.gz")):
            raise SealError(
                f"{path}: missing, beside {', '.join(left)}; expected the manifest of these files. {REMEDY}"
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
            f"{path}: is not what was written, its seal does not fit; expected what was recorded. {REMEDY}"
        )
    return about


def read(path: Path, *, name: str = RUNS) -> bytes:
    """Bytes of a recorded file.

    Args:
        path: of the file.
        name: of the manifest that holds its digest (default "runs.json").

    Raises:
        SealError: a file that is missing, in no manifest, or not what was written.
    """
    digests = manifest(path.parent, name=name).get("digests", {})
    if path.name not in digests:
        raise SealError(
            f"{path}: stands in no manifest; expected one of {', '.join(sorted(digests)) or 'none'}. {REMEDY}"
        )
    try:
        payload = path.read_bytes()
    except FileNotFoundError:
        raise SealError(f"{path}: missing; {name} expects it. {REMEDY}") from None
    if hashlib.sha256(payload).hexdigest() != digests[path.name]:
        raise SealError(
            f"{path}: is not what was written, {len(payload)} bytes whose digest does not fit {name}. {REMEDY}"
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

    Args:
        folder: of recorded files.
        files: new contents by name; None removes a file.
        about: what else the manifest holds (default: what it held).
        name: of the manifest (default "runs.json").
    """
    old = manifest(folder, name=name)
    digests = {
        each: digest
        for each, digest in old.get("digests", {}).items()
        if files.get(each, b"") is not None
    }
    digests |= {
        each: hashlib.sha256(payload).hexdigest()
        for each, payload in files.items()
        if payload is not None
    }
    rest = (
        {key: value for key, value in old.items() if key not in ("digests", "seal")}
        if about is None
        else dict(about)
    )
    new = rest | {"digests": digests}
    text = json.dumps(new | {"seal": _seal(new)}, indent=1, sort_keys=True) + "\n"
    whole = dict(files) | {name: text.encode()}
    for each, payload in whole.items():
        if payload is not None:
            store.write(folder / (each + NEW), payload)
    store.write(
        folder / JOURNAL,
        json.dumps([[each, payload is not None] for each, payload in whole.items()]).encode(),
    )
    _finish(folder)


def _recover(folder: Path) -> None:
    """Finish what a killed process had begun to put in place; a live one holds the lock, and is waited for."""
    if (folder / JOURNAL).is_file():
        with locked(folder):
            _finish(folder)


def _finish(folder: Path) -> None:
    try:
        steps = json.loads((folder / JOURNAL).read_bytes())
    except FileNotFoundError:  # another process has
        return
    for each, is_kept in steps:
        if not is_kept:
            (folder / each).unlink(missing_ok=True)
        elif (folder / (each + NEW)).exists():
            (folder / (each + NEW)).replace(folder / each)
    (folder / JOURNAL).unlink()


def _seal(about: Mapping) -> str:
    return store.digest({key: value for key, value in about.items() if key != "seal"})


def sign(folder: Path, names: Sequence[str]) -> None:
    """Take files as they stand into the folder's manifest: after a correction that was meant.

    Args:
        folder: of recorded files.
        names: of the files.
    """
    name = RUNS if (folder / RUNS).is_file() else DIGESTS
    with locked(folder):
        replace(folder, {each: (folder / each).read_bytes() for each in names}, name=name)


if __name__ == "__main__":
    sign(Path(sys.argv[1]), sys.argv[2:])
