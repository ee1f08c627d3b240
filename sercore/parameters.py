"""Parameters of chapters: the types that chapters share, and the check of given values.

Each study's ``Parameters`` is a `ChapterParameters` with its fields in the order of its notebook's
cell.
"""

import ast
import difflib
import re
import typing
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo

Model = TypeVar("Model", bound=BaseModel)

# Messages by the beginning of pydantic's type of error.
KINDS = {
    "string_pattern": "has another form",
    "int": "is not a whole number",
    "float": "is not a number",
    "finite": "is not a finite number",
    "bool": "is neither true nor false",
    "string": "is not a text",
    "literal": "is not one of its values",
    "greater": "is too small",
    "less": "is too large",
}
# Values by the type of a field without bounds.
ANY = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def absolute(name: str) -> str:
    """Make a path absolute, as a kernel has another working folder; an empty text stays empty."""
    return str(Path(name).expanduser().absolute()) if name else name


def absolute_folder(name: str) -> str:
    """Make a folder's path absolute; a text that is no folder, such as a hub id, stays."""
    is_path = name.startswith((".", "~", "/")) or Path(name).is_dir()
    return absolute(name) if is_path and name not in WORDS else name


def available(device: str) -> str:
    """Refuse "cuda" where there is no GPU, before a kernel starts."""
    if device == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise ValueError("no GPU was found by this build of torch")
    return device


def computes_bf16(device: str) -> bool:
    """Tell whether a device, or for "auto" the one that is taken, has instructions for bf16.

    A processor without them computes several times slower in bf16 than in fp32.
    """
    import torch

    if device != "cpu" and torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()


def absolute_map(name: str) -> str:
    """Make a class map's path absolute; the word ``AS_THEY_ARE`` stays."""
    return name if name == AS_THEY_ARE else absolute(name)


AS_THEY_ARE = "own"  # in place of a class map: the labels of a table of one's own are its classes
WORDS = ("", "auto", "none", "random")  # names of weights beside hub ids and folders
FilePath = Annotated[str, AfterValidator(absolute)]
WeightsPath = Annotated[str, AfterValidator(absolute_folder)]

Edition = Annotated[Literal["demo", "open", "paper"], Field(description="which data a run uses")]
Seeds = Annotated[int, Field(ge=1, le=100, description="the number of repetitions")]
Seed = Annotated[int, Field(ge=-1, le=99, description="the one seed to run; -1 for all")]
Precision = Annotated[
    Literal["auto", "fp32", "bf16"],
    Field(
        description=(
            "of training; auto is fp32 in the demo, else bf16, of a table of your own where the"
            " device computes in it"
        )
    ),
]
Device = Annotated[
    Literal["auto", "cpu", "cuda"],
    AfterValidator(available),
    Field(description="where networks are trained"),
]
Scheduler = Annotated[
    str,
    Field(
        pattern=r"^(none|[a-z]+://\S+:\d+)$",
        description="the address of a Dask scheduler, such as tcp://127.0.0.1:8786, or none",
    ),
]
Encoder = Annotated[
    WeightsPath,
    Field(
        description="the speech encoder by hub id or folder, none, or auto for the edition's own"
    ),
]

INJECTED = "# Parameters\n"  # first line of the cell in which papermill sets parameters


class ParameterError(ValueError):
    """Parameters of a chapter that do not exist or have wrong values, one line each."""


class ChapterParameters(BaseModel):
    """Parameters of a chapter, checked before a kernel starts."""

    model_config = ConfigDict(extra="forbid")
    known_rows: ClassVar[Collection[str]] = ()  # names that ``only`` takes

    @field_validator("only", check_fields=False)
    @classmethod
    def _a_row_that_can_be_run(cls, name: str) -> str:
        if name and name not in cls.known_rows:
            near = nearest(name, cls.known_rows)
            raise ValueError(f'"{name}" is no row that can be run, the nearest is "{near}"')
        return name

    @model_validator(mode="after")
    def _one_seed_or_several(self) -> Self:
        if getattr(self, "seed", -1) >= 0 and "seeds" in type(self).model_fields:
            self.refuse_idle("seeds", beside=f"-p seed={self.seed}")
        return self

    def refuse_idle(self, *names: str, beside: str) -> None:
        """Refuse parameters that change nothing beside another one, but for their defaults.

        Raises:
            ValueError: one of them has another value than by default
        """
        for name in names:
            value = getattr(self, name)
            if value != type(self).model_fields[name].default:
                raise ValueError(
                    f"-p {name}={value}: changes nothing beside {beside}; expected one of the two."
                    " Leave the other out."
                )

    @classmethod
    def from_cell(cls, scope: Mapping[str, object]) -> Self:
        """Read the parameters that a notebook's cell tagged ``parameters``, or papermill, set.

        Args:
            scope: ``globals()`` of the notebook

        Raises:
            ParameterError: a parameter that is not set, one that papermill set and the chapter
                does not have, or a value that it does not take
        """
        if missing := [name for name in cls.model_fields if name not in scope]:
            raise ParameterError(
                f"{', '.join(missing)}: not set; expected a value in the cell tagged "
                "`parameters`. Run that cell first."
            )
        names = [*cls.model_fields, *_injected(scope)]
        return checked(cls, {name: scope.get(name) for name in names})

    @property
    def source(self) -> str:
        """Name the data of a run: the edition, or "own" where clips of one's own are given."""
        return "own" if getattr(self, "table", "") else self.edition

    @property
    def run_seeds(self) -> Sequence[int]:
        """Return the seeds of a run: the one of ``seed``, or as many as ``seeds`` says."""
        return range(self.seeds) if self.seed < 0 else (self.seed,)

    def training_precision(self, edition: str) -> str:
        """Return the precision of training in an edition, where ``precision`` is auto too."""
        if self.precision != "auto":
            return self.precision
        is_slow = edition == "own" and not computes_bf16(self.device)
        return "fp32" if edition == "demo" or is_slow else "bf16"


class OwnTable(ChapterParameters):
    """Parameters of a chapter that reads clips of one's own, too."""

    of_a_table: ClassVar[Sequence[str]] = ("classes", "speaker_pattern")  # nothing without one

    table: FilePath = Field(
        "",
        description=(
            "clips of your own in place of the edition's: a CSV table, a folder of folders"
            " (emotion/clip.wav or corpus/emotion/clip.wav) or an audformat database; empty for none"
        ),
    )
    classes: Annotated[str, AfterValidator(absolute_map)] = Field(
        "",
        description=(
            "a CSV or JSON map from that table's emotions to classes, or own for the emotions as"
            " they are; empty for the paper's classes"
        ),
    )
    speaker_pattern: str = Field(
        "",
        description=(
            "a regular expression that finds the speaker in the path of a clip below a folder of"
            " folders; empty where speakers are named, or not known"
        ),
    )

    @field_validator("speaker_pattern")
    @classmethod
    def _a_regular_expression(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern} is no regular expression ({error})") from None
        return pattern

    @model_validator(mode="after")
    def _of_a_table(self) -> Self:
        for name in self.of_a_table:
            if getattr(self, name) and not self.table:
                raise ValueError(
                    f"-p {name}={getattr(self, name)}: is of a table of your own, and none is"
                    " given. Give -p table=…"
                )
        if self.table and "edition" in type(self).model_fields:
            self.refuse_idle("edition", beside=f"-p table={self.table}")
        return self


class OwnCorpora(OwnTable):
    """Parameters of a chapter that trains on one's own corpora together, but for unseen ones."""

    of_a_table: ClassVar[Sequence[str]] = (*OwnTable.of_a_table, "unseen")

    unseen: str = Field(
        "",
        description=(
            "the corpora of a table of your own that training never sees, parted by commas; empty"
            " for none"
        ),
    )


def checked(model: type[Model], given: Mapping[str, object]) -> Model:
    """Check values, as strings from a command line or as they are; complete them with the defaults.

    Raises:
        ParameterError: the chapter has no such parameter, or does not take the value.
    """
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        first = {fault["loc"][:1]: fault for fault in reversed(error.errors())}
        lines = [_message(model, given, first[place]) for place in sorted(first)]
        raise ParameterError("\n".join(lines)) from None


def pairs(texts: Sequence[str]) -> dict[str, str]:
    """Parse ``key=value`` texts.

    Raises:
        ParameterError: a text has no ``=``, or a name stands twice.
    """
    values: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise ParameterError(
                f"-p {text}: no value; expected key=value, for example -p seeds=3."
            )
        if name in values:
            raise ParameterError(
                f"-p {text}: `{name}` is given twice, first as {values[name]}; give it once."
            )
        values[name] = value
    return values


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is most similar."""
    return difflib.get_close_matches(name, [*known], 1, cutoff=0)[0]


def _injected(scope: Mapping[str, object]) -> list[str]:
    """List the names that papermill set in its own cell of the notebook's history, ``In``."""
    names = []
    for source in scope.get("In", ()):
        if source.startswith(INJECTED):
            nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)]
            names += [node.id for node in nodes if isinstance(node.ctx, ast.Store)]
    return names


def _message(model: type[BaseModel], given: Mapping[str, object], error: Mapping) -> str:
    reason = error["msg"].removeprefix("Value error, ")
    if not error["loc"]:
        return reason
    name = str(error["loc"][0])
    value = given.get(name, "")
    if error["type"] == "extra_forbidden":
        return f"-p {name}={value}: this chapter has no `{name}`" + _alternative(model, name)
    field = model.model_fields[name]
    for kind, text in KINDS.items():
        if error["type"].startswith(kind):
            reason = f'"{value}" {text}'
            break
    close = difflib.get_close_matches(str(value), _choices(field), 1)
    if close and error["type"] == "literal_error":
        reason += f' (did you mean "{close[0]}"?)'
    meaning = f"is {field.description}," if field.description else "takes"
    default = str(field.default).lower() if isinstance(field.default, bool) else field.default
    return (
        f"-p {name}={value}: {reason}; `{name}` {meaning} {_values(field)} "
        f"(default {'empty' if default == '' else default})."
    )


def _alternative(model: type[BaseModel], name: str) -> str:
    if not model.model_fields:
        return ". It has no parameters."
    if close := difflib.get_close_matches(name, model.model_fields, 1):
        return f"; did you mean `{close[0]}`? It takes {_values(model.model_fields[close[0]])}."
    return f". It has {_listed([f'`{field}`' for field in model.model_fields], 'and')}."


def _values(field: FieldInfo) -> str:
    """Write the values of a field in words: ``1 to 100``, ``demo, open or paper``, ``a text``."""
    if choices := _choices(field):
        return _listed(choices, "or")
    low = next((mark.ge for mark in field.metadata if hasattr(mark, "ge")), None)
    high = next((mark.le for mark in field.metadata if hasattr(mark, "le")), None)
    if low is None:
        return ANY.get(field.annotation, "another value")
    return f"at least {low}" if high is None else f"{low} to {high}"


def _choices(field: FieldInfo) -> list[str]:
    is_literal = typing.get_origin(field.annotation) is Literal
    return [str(value) for value in typing.get_args(field.annotation)] if is_literal else []


def _listed(words: Sequence[str], last: str) -> str:
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
