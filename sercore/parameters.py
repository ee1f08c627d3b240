"""A chapter's parameters: what all chapters share, and the check of given values.

Each study's ``Parameters`` is a `ChapterParameters`. It declares its fields in the order of its
notebook's cell, those that chapters share by the types below. An error says what was given, what
was expected, and what to do.
"""

import ast
import difflib
import types
import typing
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.fields import FieldInfo

Model = TypeVar("Model", bound=BaseModel)

# What a value is not, by the kind of error that pydantic finds.
KINDS = {
    "int": "is not a whole number",
    "float": "is not a number",
    "finite": "is not a finite number",
    "bool": "is neither true nor false",
    "string": "is not a text",
    "literal": "is not one of its values",
    "greater": "is too small",
    "less": "is too large",
    "none": "is not none",
}


def absolute(name: str) -> str:
    """A file's path from the folder of who names it, for a kernel has another one; an empty text stays empty."""
    return str(Path(name).expanduser().absolute()) if name else name


def absolute_folder(name: str) -> str:
    """A folder's path from the folder of who names it; a text that is no folder there, such as a hub id or a word, stays."""
    is_path = name.startswith((".", "~", "/")) or Path(name).is_dir()
    return absolute(name) if is_path and name not in WORDS else name


WORDS = ("", "auto", "none", "random")  # what weights may be named in place of a hub id or folder
FilePath = Annotated[str, AfterValidator(absolute)]  # a parameter that names a file
WeightsPath = Annotated[
    str, AfterValidator(absolute_folder)
]  # one that names weights by hub id or folder

Edition = Annotated[Literal["demo", "open", "paper"], Field(description="which data a run uses")]
Seeds = Annotated[int, Field(ge=1, le=100, description="the number of repetitions")]
Seed = Annotated[int, Field(ge=-1, le=99, description="the one seed to run; -1 for all")]
Precision = Annotated[
    Literal["auto", "fp32", "bf16"],
    Field(description="of training; auto is fp32 in the demo, else bf16"),
]
Device = Annotated[Literal["auto", "cpu", "cuda"], Field(description="where networks are trained")]
Scheduler = Annotated[str, Field(description="the address of a Dask scheduler, or none")]
Encoder = Annotated[
    WeightsPath,
    Field(
        description="the speech encoder by hub id or folder, none, or auto for the edition's own"
    ),
]

INJECTED = "# Parameters\n"  # the first line of the cell in which papermill sets parameters


class ParameterError(ValueError):
    """A chapter's parameter that does not exist or has a wrong value: one line for each."""


class ChapterParameters(BaseModel):
    """Parameters of a chapter, checked before a kernel starts.

    Attributes:
        known_rows: names that ``only`` takes
    """

    model_config = ConfigDict(extra="forbid")
    known_rows: ClassVar[Collection[str]] = ()

    @field_validator("only", check_fields=False)
    @classmethod
    def _a_row_that_can_be_run(cls, name: str) -> str:
        return row_among(name, cls.known_rows)

    @classmethod
    def from_cell(cls, scope: Mapping[str, object]) -> Self:
        """Parameters as a notebook's cell tagged ``parameters``, or papermill, set them.

        Args:
            scope: ``globals()`` of the notebook

        Raises:
            ParameterError: a parameter that is not set, one that papermill set and the chapter
                does not have, or a value that it does not take
        """
        if missing := [name for name in cls.model_fields if name not in scope]:
            raise ParameterError(
                f"{', '.join(missing)}: not set; expected a value in the cell tagged `parameters`. Run that cell first."
            )
        names = [*cls.model_fields, *_injected(scope)]
        return checked(cls, {name: scope.get(name) for name in names})

    @property
    def run_seeds(self) -> Sequence[int]:
        """Seeds of a run: the one of ``seed``, or as many as ``seeds`` says."""
        return range(self.seeds) if self.seed < 0 else (self.seed,)

    def training_precision(self, edition: str) -> str:
        """Precision of training in an edition, where ``precision`` is auto too."""
        if self.precision != "auto":
            return self.precision
        return "fp32" if edition == "demo" else "bf16"


def checked(model: type[Model], given: Mapping[str, object]) -> Model:
    """Values of a chapter's parameters, complete and in range.

    Args:
        model: the study's ``Parameters``.
        given: the values to set, as strings from a command line or as they are; ``"none"`` stands for none where that is allowed.

    Raises:
        ParameterError: a name the chapter does not have, or a value it does not take.
    """
    values = {
        name: None if _is_none(model.model_fields.get(name), value) else value
        for name, value in given.items()
    }
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = {each["loc"][:1]: each for each in reversed(error.errors())}
        raise ParameterError(
            "\n".join(_told(model, given, first[place]) for place in sorted(first))
        ) from None


def pairs(texts: Sequence[str]) -> dict[str, str]:
    """Names and values of ``key=value`` texts.

    Raises:
        ParameterError: a text without ``=``, or a name that stands twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise ParameterError(
                f"-p {text}: no value; expected key=value, for example -p seeds=3."
            )
        if name in found:
            raise ParameterError(
                f"-p {text}: `{name}` is given twice, first as {found[name]}; give it once."
            )
        found[name] = value
    return found


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like this one, however unlike."""
    return difflib.get_close_matches(name, [*known], 1, cutoff=0)[0]


def row_among(name: str, known: Collection[str]) -> str:
    """The name of a row to run, for a validator of ``only``: empty for all rows, or one that is known.

    Raises:
        ValueError: another name; the nearest one is told.
    """
    if name and name not in known:
        raise ValueError(
            f'"{name}" is no row that can be run, the nearest is "{nearest(name, known)}"'
        )
    return name


def _injected(scope: Mapping[str, object]) -> list[str]:
    """Names that papermill set: it adds a cell of its own to the notebook's history, ``In``."""
    names = []
    for source in scope.get("In", ()):
        if source.startswith(INJECTED):
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    names.append(node.id)
    return names


def _told(model: type[BaseModel], given: Mapping[str, object], error: Mapping) -> str:
    reason = error["msg"].removeprefix("Value error, ")
    if not error["loc"]:
        return reason
    name = str(error["loc"][0])
    value = given.get(name, "")
    if error["type"] == "extra_forbidden":
        return f"-p {name}={value}: this chapter has no `{name}`" + _alternative(model, name)
    field = model.model_fields[name]
    reason = next(
        (f'"{value}" {text}' for kind, text in KINDS.items() if error["type"].startswith(kind)),
        reason,
    )
    if error["type"] == "literal_error" and (
        close := difflib.get_close_matches(str(value), _choices(field), 1)
    ):
        reason += f' (did you mean "{close[0]}"?)'
    meaning = (
        f"is {field.description}, {_values(field)}"
        if field.description
        else f"takes {_values(field)}"
    )
    default = (
        ""
        if field.is_required()
        else f" (default {_shown(field.get_default(call_default_factory=True))})"
    )
    return f"-p {name}={value}: {reason}; `{name}` {meaning}{default}."


def _alternative(model: type[BaseModel], name: str) -> str:
    if not model.model_fields:
        return ". It has no parameters."
    if close := difflib.get_close_matches(name, model.model_fields, 1):
        return f"; did you mean `{close[0]}`? It takes {_values(model.model_fields[close[0]])}."
    return f". It has {_listed([f'`{each}`' for each in model.model_fields], 'and')}."


def _values(field: FieldInfo) -> str:
    """What a field takes, in words: ``1 to 100``, ``demo, open or paper``, ``a text or none``."""
    kinds = _kinds(field)
    low = next(
        (mark for mark in field.metadata if hasattr(mark, "ge") or hasattr(mark, "gt")), None
    )
    high = next(
        (mark for mark in field.metadata if hasattr(mark, "le") or hasattr(mark, "lt")), None
    )
    words = _choices(field)
    if low or high:
        bounds = (
            low and _bound(low, "ge", "gt", "above"),
            high and _bound(high, "le", "lt", "below"),
        )
        words.append(
            " to ".join(bounds)
            if low and high
            else _alone("at least", bounds[0])
            if low
            else _alone("at most", bounds[1])
        )
    elif bool in kinds:
        words += ["true", "false"]
    else:
        names = {int: "a whole number", float: "a number", str: "a text"}
        words += [names[kind] for kind in kinds if kind in names]
    return _listed(words + ["none"] * (type(None) in kinds), "or") or "other values"


def _bound(mark: object, closed: str, opened: str, word: str) -> str:
    return (
        str(getattr(mark, closed)) if hasattr(mark, closed) else f"{word} {getattr(mark, opened)}"
    )


def _alone(word: str, bound: str) -> str:
    return bound if " " in bound else f"{word} {bound}"


def _kinds(field: FieldInfo) -> list[object]:
    """Members of the field's type: ``int | None`` has two."""
    union = typing.get_origin(field.annotation) in (typing.Union, types.UnionType)
    return list(typing.get_args(field.annotation)) if union else [field.annotation]


def _choices(field: FieldInfo) -> list[str]:
    return [
        str(value)
        for kind in _kinds(field)
        if typing.get_origin(kind) is Literal
        for value in typing.get_args(kind)
    ]


def _is_none(field: FieldInfo | None, value: object) -> bool:
    return (
        field is not None
        and isinstance(value, str)
        and value.lower() == "none"
        and type(None) in _kinds(field)
    )


def _listed(words: Sequence[str], last: str) -> str:
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def _shown(value: object) -> str:
    return (
        "empty"
        if value == ""
        else "none"
        if value is None
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )
