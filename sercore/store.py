"""Keys of results, atomic writes and verified reads.

A result is named by the digest of four things: its settings, the rows it reads, the code that makes
it, and the versions of the numeric libraries that code imports. If one of them changes, the result
is made again.
"""

import ast
import dataclasses
import hashlib
import importlib.metadata
import io
import json
import os
import re
import time
import tokenize
import uuid
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import platformdirs

HALF_WRITTEN = re.compile(r"\..+\.[0-9a-f]{32}")  # name of a file before it gets its own
CODE = Path(__file__).resolve().parents[1]  # folder that holds the package
_CARRIED = CODE / "sercore_book"  # the book's sources in a wheel, put there by setup.py
IS_CHECKOUT = not _CARRIED.is_dir()
PROJECT = CODE if IS_CHECKOUT else _CARRIED  # folder of ``book`` and ``notebooks``

# Import name and distribution of every library that computes a number.
NUMERIC = {
    "imblearn": "imbalanced-learn",
    "librosa": "librosa",
    "numpy": "numpy",
    "parselmouth": "praat-parselmouth",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "soundfile": "soundfile",
    "soxr": "soxr",
    "torch": "torch",
    "transformers": "transformers",
}


@dataclass(frozen=True)
class Key:
    """Key of a result.

    Args:
        settings: digest of the plain values that the result depends on.
        data: digest of the manifest, the content hashes and labels of the rows that it reads.
        code: digest of the modules that make it, docstrings and comments aside.
        versions: names and versions of the numeric libraries that those modules import.
    """

    settings: str
    data: str
    code: str
    versions: tuple[tuple[str, str], ...]

    @property
    def hex(self) -> str:
        """Digest of the key, 40 hexadecimal digits."""
        return digest([self.settings, self.data, self.code, self.versions])


def key(
    *, settings: Mapping[str, object], manifest: Iterable[object], modules: str | Iterable[str]
) -> Key:
    """Make the key of a result before it is computed.

    Args:
        settings: plain values (numbers, strings, lists, dataclasses) that the result depends on.
        manifest: one plain value per row that it reads, with the content's hash in it.
        modules: dotted name or names of the ``sercore`` modules that make it; modules that they
            import count too.
    """
    names = (modules,) if isinstance(modules, str) else tuple(sorted(modules))
    code, versions = _code(names)
    return Key(settings=digest(settings), data=digest(list(manifest)), code=code, versions=versions)


def digest(value: object) -> str:
    """Hash a plain value in canonical JSON: 40 hexadecimal digits."""
    text = json.dumps(value, sort_keys=True, default=_plain, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def content(path: Path | str) -> str:
    """Hash a file's bytes: 40 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:40]


def values(array: Any) -> str:
    """Hash a numpy array's shape, type and values: 40 hexadecimal digits."""
    header = f"{array.shape} {array.dtype.str}".encode()
    return hashlib.sha256(header + array.tobytes()).hexdigest()[:40]


def root() -> Path:
    """Folder of results: that of ``SER_STORE``, else ``_build/store`` of this checkout.

    Without a checkout it is the folder of the user's cache.
    """
    if named := os.environ.get("SER_STORE"):
        return Path(named).expanduser()
    if IS_CHECKOUT:
        return PROJECT / "_build" / "store"
    return platformdirs.user_cache_path("sercore", appauthor=False)


def path(kind: str, name: Key, suffix: str) -> Path:
    """Path of a result, whether it is kept or not."""
    return root() / kind / name.hex[:2] / (name.hex + suffix)


def write(target: Path, payload: bytes) -> None:
    """Write a file whole or not at all: to a temporary name beside it, on the disk, then renamed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("xb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())  # else a power cut can leave the name with an empty file
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def keep(kind: str, name: Key, payload: bytes, suffix: str) -> Path:
    """Keep a result's bytes, with their hash in a file beside it, and return the path."""
    target = path(kind, name, suffix)
    write(target.with_name(target.name + ".sha256"), hashlib.sha256(payload).hexdigest().encode())
    write(target, payload)
    return target


def kept(kind: str, name: Key, suffix: str) -> bytes | None:
    """Read a result; None if it is not kept or, with a warning, damaged."""
    target = path(kind, name, suffix)
    try:
        payload = target.read_bytes()
        written = target.with_name(target.name + ".sha256").read_bytes()
    except FileNotFoundError:
        return None
    if hashlib.sha256(payload).hexdigest().encode() != written:
        warnings.warn(
            f"{target}: damaged, {len(payload)} bytes that are not those written; made again",
            stacklevel=2,
        )
        return None
    return payload


def leftovers(*, older: float = 3600.0) -> list[Path]:
    """Find what killed processes left half-written, files or folders, unchanged for so many seconds."""
    moment = time.time() - older
    left = [path for path in root().rglob(".*") if HALF_WRITTEN.fullmatch(path.name)]
    return [path for path in left if path.stat().st_mtime < moment]


def closure(modules: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Find the ``sercore`` modules and numeric libraries that modules import, directly or not.

    Packages on the way count with their ``__init__``. Imports inside functions count too. A
    version's local part, such as "+cpu", does not count.

    Raises:
        ModuleNotFoundError: a name is no module of ``sercore``.
    """
    graph = _graph()
    imported: set[str] = set()
    for module in modules:
        if module not in graph.modules:
            raise ModuleNotFoundError(
                f"{module}: no such module in sercore; a key needs the module that makes the result"
            )
        imported |= {module} | graph.find_upstream_modules(module)
    sources = set()
    for name in imported:
        parts = name.split(".")
        if parts[0] == "sercore":
            sources |= {".".join(parts[:depth]) for depth in range(1, len(parts) + 1)}
    libraries = sorted(NUMERIC[name] for name in imported if name in NUMERIC)
    versions = {name: importlib.metadata.version(name).split("+")[0] for name in libraries}
    return sorted(sources), versions


def normalised(source: str) -> str:
    """Remove comments, docstrings, blank lines and trailing blanks from source text.

    Lines inside a string that is no docstring stay as they are.
    """
    lines, spans, inside = source.splitlines(), [], set()
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            text = node.body[0]
            start = len(lines[text.lineno - 1].encode()[: text.col_offset].decode())
            spans.append((text.lineno, start, text.end_lineno))
        elif isinstance(node, ast.JoinedStr) or (
            isinstance(node, ast.Constant) and isinstance(node.value, str)
        ):
            inside |= set(range(node.lineno, node.end_lineno))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            spans.append((token.start[0], token.start[1], token.end[0]))
    for first, start, last in spans:
        lines[first - 1] = lines[first - 1][:start]
        for line in range(first, last):
            lines[line] = ""
            inside.discard(line)
    kept = (line if number in inside else line.rstrip() for number, line in enumerate(lines, 1))
    return "\n".join(line for number, line in enumerate(kept, 1) if line or number in inside)


@cache
def _code(modules: tuple[str, ...]) -> tuple[str, tuple[tuple[str, str], ...]]:
    sources, versions = closure(modules)
    return digest([(name, normalised(_source(name))) for name in sources]), tuple(versions.items())


def _source(module: str) -> str:
    place = CODE.joinpath(*module.split("."))
    package = place / "__init__.py"
    return (package if package.is_file() else place.with_suffix(".py")).read_text(encoding="utf-8")


@cache
def _graph():
    import grimp  # slow to import

    return grimp.build_graph("sercore", include_external_packages=True, cache_dir=None)


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value):
        return dataclasses.asdict(value)
    if isinstance(value, Path):
        return value.name
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(
        f"a key takes plain values, not {type(value).__name__}: turn it into numbers, strings or "
        "lists first"
    )
