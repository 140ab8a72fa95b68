"""A tracking store whose cases have other names: for whoever may see results, but not whose they are."""

import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.parquet as pq

from segsweep.records.manifest import Manifest
from segsweep.tracking.protocol import SWEEP_FILE, Curve, Reader, RunRecord, SweepRecord

_DIGITS = 12
"""Hexadecimal: among ten thousand cases two are called the same once in five million keys."""


@dataclass(frozen=True)
class Pseudonymous:
    """What can be asked of a store, with pseudonyms for cases and groups, and of reasons their class alone.

    Equal names have equal pseudonyms under one key, in every table and after every restart; without the key nobody can
    tell by trying whose they are. A case that is its own group stays so.

    Args:
        store: with the names.
        key: secret.
    """

    store: Reader
    key: bytes

    def pseudonym(self, name: str) -> str:
        """Of a case or a group."""
        return f"p-{hmac.digest(self.key, name.encode(), 'sha256').hex()[:_DIGITS]}"

    def sweeps(self) -> tuple[SweepRecord, ...]:
        """As the store has them."""
        return self.store.sweeps()

    def find_sweep(self, name: str) -> str | None:
        """As the store has it."""
        return self.store.find_sweep(name)

    def find(self, cohorts: Iterable[str]) -> dict[str, RunRecord]:
        """A reason may name a case: its class does not."""
        return {trial: replace(run, reason=run.kind) for trial, run in self.store.find(cohorts).items()}

    def read_curves(self, run_id: str) -> dict[str, Curve]:
        """As the store has them."""
        return self.store.read_curves(run_id)

    def read_table(self, run_id: str, name: str) -> pa.Table:
        """With pseudonyms."""
        return self._renamed(self.store.read_table(run_id, name))

    def read_file(self, run_id: str, name: str) -> bytes:
        """With pseudonyms where it is a table, and without reasons."""
        content = self.store.read_file(run_id, name)
        if name == SWEEP_FILE:
            manifest = Manifest.from_json(content)
            return replace(
                manifest, entries=tuple(replace(entry, reason=entry.kind) for entry in manifest.entries)
            ).to_json()
        if name.endswith(".parquet"):
            sink = pa.BufferOutputStream()
            pq.write_table(self._renamed(pq.read_table(pa.BufferReader(content))), sink)
            return bytes(sink.getvalue())
        return content

    def _renamed(self, table: pa.Table) -> pa.Table:
        if "meta" in table.column_names:
            table = self._with(table, "meta", self._metas(table))
        for column in ("case", "group"):
            if column in table.column_names:
                names = table[column].to_pylist()
                pseudonyms = {name: self.pseudonym(name) for name in set(names)}
                table = self._with(table, column, [pseudonyms[name] for name in names])
        if "reason" in table.column_names:
            classes = "reason_class" in table.column_names
            table = self._with(table, "reason", table["reason_class"].to_pylist() if classes else [None] * len(table))
        return table

    def _metas(self, table: pa.Table) -> list[str | None]:
        """Columns of a dataset's meta table; some hold the case or the group once more."""
        rows = zip(table["meta"].to_pylist(), table["case"].to_pylist(), table["group"].to_pylist(), strict=True)
        return [self._meta(text, {case, group}) for text, case, group in rows]

    def _meta(self, text: str | None, names: set[str]) -> str | None:
        if text is None:
            return None
        values = json.loads(text)
        shown = {column: self.pseudonym(value) if value in names else value for column, value in values.items()}
        return json.dumps(shown, ensure_ascii=False)

    @staticmethod
    def _with(table: pa.Table, column: str, values: list[str | None]) -> pa.Table:
        place = table.schema.get_field_index(column)
        return table.set_column(place, table.schema.field(column), pa.array(values, pa.string()))
