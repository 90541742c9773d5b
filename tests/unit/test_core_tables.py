"""Tables on disk: order, nulls, atomic writing, provenance; settings and their defaults."""

import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from liquidbiopsy.core.atomic import atomic_path, write_text
from liquidbiopsy.core.observations import Observation, count_over_volume, failed
from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.settings import check_settings, with_defaults
from liquidbiopsy.core.tables import OBSERVATIONS, QUALITY, SHARED_TABLES

MADE = Provenance("c" * 64, {"gates": "portable"}, {"b.tif": "2" * 64, "a.tif": "1" * 64})


def rows(n=40):
    return [
        {"specimen_id": f"S{i % 3}", "item": f"frame {i:02d}", "metric": "focus", "value": i / 7}
        for i in range(n)
    ]


def test_rows_are_sorted_and_bytes_do_not_hang_on_their_order(tmp_path):
    shuffled = random.Random(1).sample(rows(), 40)
    write_table(table_of(rows(), QUALITY), tmp_path / "a.parquet", QUALITY, MADE)
    write_table(table_of(shuffled, QUALITY), tmp_path / "b.parquet", QUALITY, MADE)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    found = read_table(tmp_path / "b.parquet").to_pylist()
    keys = [(r["specimen_id"], r["item"]) for r in found]
    assert keys == sorted(keys) and len(keys) == 40


def test_absent_keys_become_null_and_further_columns_go(tmp_path):
    table = table_of(rows(2), QUALITY).append_column("more", pa.array([1, 2]))
    write_table(table, tmp_path / "a.parquet", QUALITY, MADE)
    found = read_table(tmp_path / "a.parquet")
    assert found.column_names == QUALITY.schema.names
    assert found["limit"].null_count == 2 and found.schema.field("passed").type == pa.bool_()


def test_a_null_where_none_may_be_is_refused(tmp_path):
    table = table_of([{"specimen_id": "S", "metric": "focus"}], QUALITY)
    with pytest.raises(ValueError, match="nulls in item"):
        write_table(table, tmp_path / "a.parquet", QUALITY, MADE)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_column_is_refused(tmp_path):
    table = table_of(rows(), QUALITY).drop_columns(["unit", "limit"])
    with pytest.raises(ValueError, match="no column unit, limit"):
        write_table(table, tmp_path / "a.parquet", QUALITY, MADE)
    assert list(tmp_path.iterdir()) == []


def test_metadata_says_where_a_table_is_from(tmp_path):
    write_table(table_of([], QUALITY), tmp_path / "a.parquet", QUALITY, MADE)
    found = {
        k.decode(): v.decode() for k, v in pq.read_schema(tmp_path / "a.parquet").metadata.items()
    }
    assert found["schema_version"] == "1" and found["notice"] == "research use only"
    assert found["code_sha256"] == "c" * 64 and len(found["settings_sha256"]) == 64
    assert list(json.loads(found["inputs_sha256"])) == ["a.tif", "b.tif"]
    assert "pyarrow" in json.loads(found["packages"])


def test_an_input_that_cannot_be_read_says_so(tmp_path):
    assert checksums({"a": tmp_path / "nowhere.tif"}) == {"a": "unreadable"}


@pytest.mark.parametrize("table", SHARED_TABLES, ids=lambda t: t.name)
def test_every_column_is_described(table):
    for field in table.schema:
        assert field.metadata[b"description"] and field.metadata[b"unit"], field.name
    assert set(table.order) <= set(table.schema.names)


def test_an_exception_leaves_no_file(tmp_path):
    with pytest.raises(RuntimeError), atomic_path(tmp_path / "deep" / "a.txt") as partial:
        partial.write_text("half")
        raise RuntimeError
    assert list((tmp_path / "deep").iterdir()) == []


def test_an_exception_leaves_the_older_file(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(RuntimeError), atomic_path(tmp_path / "a.txt") as partial:
        partial.write_text("half")
        raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_what_a_killed_process_left_is_written_over(tmp_path):
    with pytest.raises(RuntimeError), atomic_path(tmp_path / "a.txt") as partial:
        raise RuntimeError
    partial.write_text("half of what an earlier process wanted to say")
    write_text(tmp_path / "a.txt", "whole\n")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_bytes() == b"whole\n"


def test_a_count_stands_over_its_volume_and_is_not_rescaled():
    made = count_over_volume("ctc_count", 0, 15.0)
    assert (made.value, made.count, made.denominator, made.unit) == (0.0, 0.0, 15.0, "{cells}")
    assert (made.ci_low, round(made.ci_high, 2), made.ci_method) == (0.0, 3.69, "exact_poisson")
    assert made.status == "measured"


def test_a_statement_takes_its_specimen_and_no_more():
    specimen = {"patient_id": "P", "specimen_id": "S", "assay": "ctc", "visit": None, "day": 3}
    row = failed("ctc_count", "gone").row({**specimen, "note": "x", "volume_ml": 7.5})
    assert set(row) == set(OBSERVATIONS.schema.names)
    assert (row["status"], row["reason"], row["value"], row["day"]) == ("failed", "gone", None, 3)
    assert Observation("a").row(specimen)["status"] == "measured"


SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "plain": {"type": "integer", "default": 3},
        "none": {"type": "integer"},
        "inner": {
            "type": "object",
            "default": {},
            "properties": {"a": {"default": [1]}, "b": {"default": {"c": 2}}},
        },
        "named": {
            "type": "object",
            "additionalProperties": {"properties": {"size": {"default": 7}}},
        },
        "listed": {"type": "array", "items": {"properties": {"kind": {"default": "k"}}}},
    },
}


def test_defaults_are_filled_in_everywhere():
    given = {"inner": {"a": 5}, "named": {"x": {}, "y": {"size": 1}}, "listed": [{}]}
    filled = with_defaults(given, SCHEMA)
    assert filled == {
        "plain": 3,
        "inner": {"a": 5, "b": {"c": 2}},
        "named": {"x": {"size": 7}, "y": {"size": 1}},
        "listed": [{"kind": "k"}],
    }
    assert given == {"inner": {"a": 5}, "named": {"x": {}, "y": {"size": 1}}, "listed": [{}]}
    assert with_defaults({}, SCHEMA) == {"plain": 3, "inner": {"a": [1], "b": {"c": 2}}}


def test_defaults_are_not_shared():
    first = with_defaults({}, SCHEMA)
    first["inner"]["b"]["c"] = 99
    assert with_defaults({}, SCHEMA)["inner"]["b"]["c"] == 2


def test_problems_carry_the_name_of_the_section():
    (problem,) = check_settings({"plain": "x"}, SCHEMA, "config.yaml", "assays.mine")
    assert str(problem) == "config.yaml: assays.mine.plain: 'x' is not of type 'integer'"
