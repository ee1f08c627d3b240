"""A speaker encoder in ONNX format, written byte by byte: the inputs and outputs of CAM++, three layers of fixed weights."""

from pathlib import Path

import numpy as np

FLOAT = 1  # ONNX's number for float32
WIDE = np.random.default_rng(0).normal(scale=0.1, size=(80, 512)).astype(np.float32)
NARROW = np.random.default_rng(1).normal(scale=0.1, size=(512, 192)).astype(np.float32)


def write(folder: Path, *, name: str = "tiny.onnx", source: str = "fbank") -> Path:
    """A folder with the encoder in it; ``source`` is the name of its input."""
    folder.mkdir(parents=True, exist_ok=True)
    nodes = [
        _node("MatMul", [source, "wide"], "tall"),  # (1, time, 512)
        _node("Transpose", ["tall"], "turned", perm=[0, 2, 1]),
        _node(
            "MaxPool", ["turned"], "frames_middle", kernel_shape=[1], strides=[2]
        ),  # every second frame
        _node("Tanh", ["frames_middle"], "frames_last"),
        _node("ReduceMean", ["frames_last"], "mean", axes=[2], keepdims=0),
        _node("MatMul", ["mean", "narrow"], "embedding"),
    ]
    outputs = [
        _field(12, _value(each, shape))
        for each, shape in (
            ("frames_middle", [1, 512, "steps"]),
            ("frames_last", [1, 512, "steps"]),
            ("embedding", [1, 192]),
        )
    ]
    weights = [_field(5, _tensor("wide", WIDE)), _field(5, _tensor("narrow", NARROW))]
    graph = b"".join(
        [
            *nodes,
            _field(2, b"tiny"),
            *weights,
            _field(11, _value(source, [1, "time", 80])),
            *outputs,
        ]
    )
    (folder / name).write_bytes(_field(1, 8) + _field(7, graph) + _field(8, _field(2, 13)))
    return folder


def heard(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The three outputs in closed form."""
    middle = (frames @ WIDE)[::2]
    return middle, np.tanh(middle), np.tanh(middle).mean(axis=0) @ NARROW


def _node(kind: str, inputs: list[str], output: str, **attributes) -> bytes:
    parts = [_field(1, each.encode()) for each in inputs] + [
        _field(2, output.encode()),
        _field(4, kind.encode()),
    ]
    for name, value in attributes.items():
        several = isinstance(value, list)
        numbers = b"".join(_field(8, each) for each in value) if several else _field(3, value)
        parts.append(
            _field(5, _field(1, name.encode()) + numbers + _field(20, 7 if several else 2))
        )
    return _field(1, b"".join(parts))


def _tensor(name: str, array: np.ndarray) -> bytes:
    sizes = b"".join(_field(1, size) for size in array.shape)
    return sizes + _field(2, FLOAT) + _field(8, name.encode()) + _field(9, array.tobytes())


def _value(name: str, shape: list[int | str]) -> bytes:
    sizes = [
        _field(1, _field(1, size) if isinstance(size, int) else _field(2, size.encode()))
        for size in shape
    ]
    return _field(1, name.encode()) + _field(
        2, _field(1, _field(1, FLOAT) + _field(2, b"".join(sizes)))
    )


def _field(number: int, value: int | bytes) -> bytes:
    """One field of a protocol buffer: a whole number, or bytes with their length before them."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    low, rest = value & 127, value >> 7
    return bytes([low | 128]) + _varint(rest) if rest else bytes([low])
