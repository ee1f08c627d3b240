"""The one key, atomic write, verified read."""

import ast
import dataclasses
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sercore import store

PROGRAM = '''"""A module."""

import numpy as np  # arrays


class Thing:
    """A thing."""

    def value(self, x):
        """Its value."""
        # twice
        return 2 * x + len("# no comment")
'''


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """A tiny ``sercore`` of two modules, ``a`` importing ``b``, in place of the real one; a function that edits a file of it."""
    import grimp

    monkeypatch.setattr(store, "CODE", tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    files = {
        "__init__": "",
        "a": "from sercore import b\n\nb.f()\n",
        "b": PROGRAM,
        "c": "VALUE = 1\n",
    }
    for name, source in files.items():
        (tmp_path / "sercore").mkdir(exist_ok=True)
        (tmp_path / "sercore" / f"{name}.py").write_text(source)
    graph = grimp.ImportGraph()
    for name in ("sercore", "sercore.a", "sercore.b", "sercore.c", "numpy"):
        graph.add_module(name)
    graph.add_import(importer="sercore.a", imported="sercore.b")
    graph.add_import(importer="sercore.b", imported="numpy")
    monkeypatch.setattr(store, "_graph", lambda: graph)
    store._code.cache_clear()

    def edit(name, old, new):
        path = tmp_path / "sercore" / f"{name}.py"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
        store._code.cache_clear()

    yield edit
    store._code.cache_clear()


def key(settings=None, manifest=(("a.wav", "5f"),), modules="sercore.a"):
    return store.key(settings=settings or {"seed": 1}, manifest=manifest, modules=modules)


def test_key_is_the_same_for_the_same_things(modules):
    assert key() == key({"seed": 1}, [["a.wav", "5f"]], ["sercore.a"])
    assert len(key().hex) == 40


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"settings": {"seed": 2}}, "settings"),
        ({"manifest": [("a.wav", "60")]}, "data"),
        ({"manifest": []}, "data"),
        ({"modules": "sercore.b"}, "code"),
    ],
)
def test_each_part_changes_the_key_alone(modules, changed, part):
    before, after = key(), key(**changed)
    assert before.hex != after.hex
    assert [
        field.name
        for field in dataclasses.fields(before)
        if getattr(before, field.name) != getattr(after, field.name)
    ] == [part]


@pytest.mark.parametrize(
    ("edit", "changes"),
    [
        (("b", "2 * x", "3 * x"), True),
        (("b", '"# no comment"', '"# a comment"'), True),
        (("b", "A thing.", "Another thing."), False),
        (("b", '"""A module."""', '"""Words."""'), False),
        (("b", "        # twice\n", ""), False),
        (("b", "# twice", "# again"), False),
        (("b", "\n\nclass", "\n\n\n\nclass"), False),
        (("b", "  # arrays", ""), False),
        (("c", "VALUE = 1", "VALUE = 2"), False),  # no module of `a`
    ],
)
def test_code_changes_the_key_and_words_do_not(modules, edit, changes):
    before = key()
    modules(*edit)
    assert (key().hex != before.hex) is changes


def test_version_changes_the_key(modules, monkeypatch):
    before = key()
    assert dict(before.versions) == {"numpy": np.__version__}
    monkeypatch.setattr(store.importlib.metadata, "version", lambda name: "99.0")
    store._code.cache_clear()
    assert key().hex != before.hex


def test_unknown_module_is_refused(modules):
    with pytest.raises(ModuleNotFoundError, match=r"sercore\.nowhere: no such module"):
        key(modules="sercore.nowhere")


def test_closure_of_the_real_package():
    own, versions = store.closure(["sercore.audio"])
    assert own == ["sercore", "sercore.audio"]
    assert set(versions) == {"numpy", "soundfile", "soxr"}


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), PLAIN, min_size=2))
def test_digest_forgets_the_order_of_names(settings):
    assert store.digest(settings) == store.digest(dict(reversed(settings.items())))


@given(PLAIN, PLAIN)
def test_digests_of_different_values_differ(one, other):
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (store.digest(one) == store.digest(other)) is same


def test_digest_takes_plain_values_only():
    assert store.digest(np.float64(0.5)) == store.digest(0.5)
    with pytest.raises(TypeError, match="a key takes plain values, not object"):
        store.digest(object())


@given(st.lists(st.sampled_from(["", "   ", "# words", "    # words"]), min_size=13, max_size=13))
def test_blank_and_comment_lines_count_for_nothing(extra):
    lines = PROGRAM.splitlines()
    filled = "\n".join(f"{line}\n{more}" for line, more in zip(lines, extra, strict=False))
    assert store.normalised(filled) == store.normalised(PROGRAM)


def test_what_is_left_is_the_program():
    left = store.normalised(PROGRAM)
    assert [
        node.name
        for node in ast.walk(ast.parse(left))
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
    ] == ["Thing", "value"]
    assert '"# no comment"' in left


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ('def f(): """A."""\n', 'def f(): """B."""\n', True),
        ('def f(): """A."""\n', 'def g(): """A."""\n', False),
        ('x = """a\n\nb"""\n', 'x = """a\nb"""\n', False),
        ('x = """a  \nb"""\n', 'x = """a\nb"""\n', False),
        ('x = """a\n# b"""\n', 'x = """a\n"""\n', False),
        (
            'def f():\n    """A.\n\n    More.\n    """\n    return 1\n',
            "def f():\n\n    return 1  # one\n",
            True,
        ),
        ('def f():\n    é = "ü"; return é  # ö\n', 'def f():\n    é = "ü"; return é\n', True),
    ],
)
def test_what_counts_as_the_same_program(one, other, same):
    assert (store.normalised(one) == store.normalised(other)) is same


def test_a_kept_file_is_as_readable_as_any_other(kept, tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("")
    assert kept[1].stat().st_mode == plain.stat().st_mode


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setenv("SER_STORE", str(tmp_path / "store"))
    name = store.key(settings={"seed": 1}, manifest=[], modules="sercore.audio")
    return name, store.keep("things", name, b"payload", ".bin")


def test_kept_bytes_are_found(kept):
    name, path = kept
    assert path == store.path("things", name, ".bin")
    assert store.kept("things", name, ".bin") == b"payload"
    assert store.kept("others", name, ".bin") is None


@pytest.mark.parametrize("damage", [b"", b"pay", b"payloae", b"payload and more"])
def test_damaged_bytes_are_noticed(kept, damage):
    name, path = kept
    path.write_bytes(damage)
    with pytest.warns(UserWarning, match="damaged"):
        assert store.kept("things", name, ".bin") is None
    store.keep("things", name, b"payload", ".bin")
    assert store.kept("things", name, ".bin") == b"payload"


@given(st.binary(max_size=1000))
def test_what_is_written_is_read(tmp_path_factory, payload):
    target = tmp_path_factory.getbasetemp() / "written.bin"
    store.write(target, payload)
    assert target.read_bytes() == payload
    assert store.content(target) == hashlib.sha256(payload).hexdigest()[:40]


KILLED_BEFORE_THE_RENAME = """
import os, signal, sys
from pathlib import Path
from sercore import store
store.os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
store.write(Path(sys.argv[1]), b"new" * 100_000)
"""


def test_a_write_that_is_killed_leaves_the_old_bytes(tmp_path):
    target = tmp_path / "result.bin"
    store.write(target, b"old")
    environment = os.environ | {"PYTHONPATH": str(Path(store.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", KILLED_BEFORE_THE_RENAME, str(target)], env=environment, check=False
    )
    assert done.returncode < 0
    assert target.read_bytes() == b"old"


def test_a_write_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    target, sizes = tmp_path / "result.bin", []
    store.write(target, b"old")

    def flushed(number):
        sizes.append(os.fstat(number).st_size)
        assert target.read_bytes() == b"old"

    monkeypatch.setattr(store.os, "fsync", flushed)
    store.write(target, b"new " * 100_000)
    assert sizes == [400_000]
    assert target.read_bytes() == b"new " * 100_000


def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("disk full")

    monkeypatch.setattr(store.os, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        store.write(tmp_path / "result.bin", b"new")
    assert list(tmp_path.iterdir()) == []
