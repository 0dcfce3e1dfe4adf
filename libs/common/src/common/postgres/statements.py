"""Statements made ready to be sent: compiled once, with what turns their values and their rows.

SQLAlchemy offers its cache of compiled statements to nobody but its own engine, hence the private names of it read here;
its release is pinned, and every test that says something to a database would notice their change.
"""
# ruff: noqa: SLF001

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast
from weakref import WeakKeyDictionary

from psycopg.pq.abc import PGresult
from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine
from sqlalchemy.util import LRUCache

Values = Mapping[str, Any]

DIALECT: Any = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
_KEPT = 1000
_compiled: LRUCache[Any, Any] = LRUCache(_KEPT)
_shapes: LRUCache[SQLCompiler, "Shape"] = LRUCache(_KEPT)
_constants: WeakKeyDictionary[Executable, dict[tuple[str, ...], "Shape | None"]] = WeakKeyDictionary()


class Ready(NamedTuple):
    """A statement with its values, as the wire takes them."""

    sql: bytes
    values: Sequence[Any]
    shape: "Shape"


class Columns(NamedTuple):
    """What makes rows of what the server sends."""

    names: SimpleResultMetaData
    processors: Sequence[Any] | None


def _reader(kind: TypeEngine[Any]) -> Any:
    return kind.dialect_impl(DIALECT).result_processor(DIALECT, None)


class Shape:
    """What statements of one text have in common."""

    __slots__ = ("_by_name", "_columns", "_compiled", "_fixed", "_names", "_processors", "_sql")

    def __init__(self, compiled: SQLCompiler) -> None:
        self._compiled = compiled
        self._sql = compiled.string.encode()
        self._names: tuple[str, ...] = tuple(compiled.positiontup or ())
        self._processors: dict[str, Any] = dict(compiled._bind_processors)
        self._fixed: dict[str, Any] | None = None
        self._by_name = False
        self._columns: Columns | None = None

    def columns(self, result: PGresult) -> Columns:
        """The columns of a result, as the statement declares them and, where it is mere text, as the server names them."""
        if self._columns is None:
            names = [(result.fname(place) or b"").decode() for place in range(result.nfields)]
            entries = self._compiled._result_columns
            if len(entries) == len(names) and not self._compiled._loose_column_name_matching:
                declared: list[Any] = list(entries)
            else:
                by_name = {entry.keyname: entry for entry in entries}
                declared = [by_name.get(name) for name in names]
            metadata = SimpleResultMetaData(
                [entry.keyname if entry else name for entry, name in zip(declared, names, strict=True)],
                extra=[entry.objects if entry else () for entry in declared],
            )
            processors = [_reader(entry.type) if entry else None for entry in declared]
            self._columns = Columns(metadata, processors if any(processors) else None)
        return self._columns

    def constant(self, given: Values) -> Ready:
        """A statement that is kept, with the values of this time."""
        if self._fixed is None:
            # The first time says whether a value is missing; from then on the names are the same.
            self._fixed = self._filled_in(given)
            self._by_name = not self._varies() and all(
                bind.callable is None and (bind.key == name or bind.key not in given)
                for bind, name in self._compiled.bind_names.items()
            )
        if not self._by_name:
            return self.filled(self._filled_in(given))
        fixed, processors, values = self._fixed, self._processors, []
        for name in self._names:
            value = given[name] if name in given else fixed[name]
            process = processors.get(name)
            values.append(value if process is None else process(value))
        return Ready(self._sql, values, self)

    def filled(self, values: dict[str, Any]) -> Ready:
        """A statement with all its values by name."""
        sql, names, processors = self._sql, self._names, self._processors
        if self._varies():
            expanded = self._compiled._process_parameters_for_postcompile(values)
            sql, names = expanded.statement.encode(), tuple(expanded.positiontup or ())
            processors = {**processors, **expanded.processors}
            values = {**values, **expanded.additional_parameters}
        turned = [processors[name](values[name]) if name in processors else values[name] for name in names]
        return Ready(sql, turned, self)

    def _filled_in(self, given: Values) -> dict[str, Any]:
        return dict(self._compiled.construct_params(dict(given), escape_names=False))

    def _varies(self) -> bool:
        """Whether the text itself depends on the values: `IN` takes as many places as there are."""
        return bool(self._compiled.post_compile_params or self._compiled.literal_execute_params)


def ready(statement: Executable, given: Values | None) -> Ready:
    """Make a statement ready.

    One that takes values by name and comes a second time is a constant of its module. Its text is found by its identity: even
    finding out that two statements say the same costs more than sending one.
    """
    if given is None:
        return _written_anew(statement, {})
    keys = tuple(given)
    seen = _constants.setdefault(statement, {})
    if keys not in seen:
        seen[keys] = None
        return _written_anew(statement, given)
    shape = seen[keys]
    if shape is None:
        shape = seen[keys] = Shape(cast(Any, statement).compile(dialect=DIALECT, column_keys=sorted(keys)))
    return shape.constant(given)


def _written_anew(statement: Executable, given: Values) -> Ready:
    compiled, extracted, collected, _ = cast(Any, statement)._compile_w_cache(
        DIALECT, compiled_cache=_compiled, column_keys=sorted(given)
    )
    shape = _shapes.get(compiled)
    if shape is None:
        shape = _shapes[compiled] = Shape(compiled)
    values = compiled.construct_params(
        dict(given), extracted_parameters=extracted, escape_names=False, _collected_params=collected
    )
    return shape.filled(values)
