import io
import re
from enum import StrEnum
from typing import Annotated, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import BaseModel, Field, StrictInt, StrictStr, ValidationError

from resources.parquet import (
    ROWS_AT_ONCE,
    column_schema,
    from_parquet,
    preview,
    rows_holding,
    schema_of,
    to_parquet,
    without_rows,
)

Pair = Annotated[list[float], Field(min_length=2, max_length=2)]


class Colour(StrEnum):
    RED = "red"


class Inner(BaseModel):
    source: StrictStr = "unknown"
    tags: list[StrictStr] = []


class Row(BaseModel):
    name: Annotated[StrictStr, Field(pattern=".*")]
    count: Annotated[StrictInt, Field(ge=0)]
    share: Annotated[float, Field(ge=0, le=1)]
    done: bool
    kind: Literal["a", "b"]
    colour: Colour
    inner: Inner
    note: str | None = None
    vector: Pair | None = None
    numbers: list[float] = []


ROW = Row(
    name="caf\u00e9 \U0001f600\n",
    count=2**53,
    share=0.1,
    done=True,
    kind="a",
    colour=Colour.RED,
    inner=Inner(tags=["x", "y"]),
)


@pytest.mark.parametrize("count", [0, 1, ROWS_AT_ONCE, 2 * ROWS_AT_ONCE + 1])
def test_rows_come_back_in_their_order_from_groups_that_are_small_enough_to_hold(count):
    rows = [ROW.model_copy(update={"count": number}) for number in range(count)]

    body = to_parquet(Row, rows)

    assert from_parquet(Row, body) == rows
    groups = pq.ParquetFile(io.BytesIO(body)).metadata
    assert all(groups.row_group(n).num_rows <= ROWS_AT_ONCE for n in range(groups.num_row_groups))


def test_each_field_has_its_arrow_type():
    schema = schema_of(Row)

    assert {field.name: (field.type, field.nullable) for field in schema} == {
        "name": (pa.string(), False),
        "count": (pa.int64(), False),
        "share": (pa.float64(), False),
        "done": (pa.bool_(), False),
        "kind": (pa.string(), False),
        "colour": (pa.string(), False),
        "inner": (
            pa.struct(
                [
                    pa.field("source", pa.string(), nullable=False),
                    pa.field("tags", pa.list_(pa.string()), nullable=False),
                ]
            ),
            False,
        ),
        "note": (pa.string(), True),
        "vector": (pa.list_(pa.float32(), 2), True),
        "numbers": (pa.list_(pa.float64()), False),
    }


def test_rows_survive_the_way_to_a_file_and_back():
    rows = [ROW, ROW.model_copy(update={"note": "", "vector": [0.5, -1.0], "numbers": [0.1]})]

    assert from_parquet(Row, to_parquet(Row, rows)) == rows


def test_a_missing_vector_may_stand_between_others():
    rows = [ROW.model_copy(update={"vector": vector}) for vector in ([1.0, 2.0], None, None, [3.0, 4.0])]

    assert [row.vector for row in from_parquet(Row, to_parquet(Row, rows))] == [[1.0, 2.0], None, None, [3.0, 4.0]]


def test_a_file_of_no_rows_keeps_its_schema():
    body = to_parquet(Row, [])

    assert from_parquet(Row, body) == []
    assert pq.read_schema(io.BytesIO(body)).names == list(Row.model_fields)


def test_vectors_are_fixed_size_lists_of_float32_for_other_readers():
    body = to_parquet(Row, [ROW.model_copy(update={"vector": [0.5, 0.25]})])

    assert pq.read_table(io.BytesIO(body)).schema.field("vector").type == pa.list_(pa.float32(), 2)


def test_rows_that_the_model_refuses_are_not_returned():
    class Narrow(BaseModel):
        count: Annotated[int, Field(lt=5)]

    with pytest.raises(ValidationError):
        from_parquet(Narrow, to_parquet(Row, [ROW]))


def test_a_field_without_an_arrow_type_is_refused_with_what_to_use():
    class Odd(BaseModel):
        pairs: dict[str, int]

    with pytest.raises(TypeError, match="use str, int"):
        schema_of(Odd)


def test_the_ui_sees_names_types_and_which_may_be_null():
    columns = {column.name: column for column in column_schema(Row).columns}

    assert list(columns) == list(Row.model_fields)
    assert columns["vector"].type == "fixed_size_list<element: float>[2]" or "float" in columns["vector"].type
    assert columns["note"].constraints.nullable
    assert not columns["name"].constraints.nullable


def test_the_preview_is_a_table_of_the_first_rows():
    rows = [ROW.model_copy(update={"count": count}) for count in range(9)]

    lines = str(preview(rows, limit=3).value).splitlines()

    assert len(lines) == 2 + 3
    assert lines[0].startswith("| name | count |")


def test_a_previews_cells_break_no_table():
    row = ROW.model_copy(update={"name": "a|b\nc" + "d" * 100, "vector": [0.5, 1.0]})

    cells = str(preview([row], width=20).value).splitlines()[2]

    assert r"a\|b c" in cells
    assert "d" * 20 not in cells
    assert "[0.500, \u2026 2]" in cells


NASTY = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](http://e/p.png)",
    "&lt;b&gt; &#124; |",
    "a | b || c",
    "`code` ```fence```",
    "# head\n---\n- [ ] list",
    "**bold** __under__ ~~gone~~",
    "\\| \\\\|",
    "\x1b[31mred\x1b[0m",
    "safe\u202eexe.txt",
    "zero\x00byte \ud800",
    "<!-- -->",
    "http\n://e",
]
ESCAPABLE = set("\\`*_[]<>|#!~&")


@pytest.mark.parametrize("text", NASTY)
def test_whatever_a_text_holds_a_cell_is_one_line_of_plain_signs(text):
    row = ROW.model_copy(update={"name": text})

    head, _, line = str(preview([row]).value).split("\n")

    assert line.isprintable()
    bare = re.sub(r"\\[\\`*_\[\]<>|#!~&]", "", line)  # what is left when the escaped signs are gone
    assert bare.count("|") == head.count("|") == len(Row.model_fields) + 1
    assert not (ESCAPABLE - {"|"}) & set(bare)


class Told(BaseModel):
    place: str
    text: str = Field(json_schema_extra={"sensitive": True})
    tags: list[str] = Field(default=[], json_schema_extra={"sensitive": True})
    note: str | None = Field(default=None, json_schema_extra={"sensitive": True})


def test_of_a_sensitive_field_a_preview_shows_the_length_alone():
    cells = str(preview([Told(place="here", text="It is ann@example.com", tags=["a"])]).value).splitlines()[2]

    assert cells == "| here | … 21 characters | … |  |"


def test_a_preview_that_may_show_texts_masks_what_is_a_persons_before_it_is_cut():
    row = Told(place="here", text="Write to ann.of.the.long.name@example.com", tags=["0171 1234567"])

    cells = str(preview([row], width=20, show_text=True).value).splitlines()[2]

    assert "Write to \\[e-mail\\]" in cells
    assert "phone" in cells


def test_a_preview_of_no_rows_says_so():
    assert preview([]).value == "no rows"


class Note(BaseModel):
    ticket_id: str
    text: str | None


NOTES = [Note(ticket_id="a", text="x"), Note(ticket_id="b", text=None), Note(ticket_id="c", text="a")]


def test_rows_are_found_and_left_out_by_the_texts_of_their_columns():
    body = to_parquet(Note, NOTES)
    texts = {"ticket_id": {"a", "z"}, "text": {"a"}, "no_such_column": {"b"}}

    assert [row["ticket_id"] for row in rows_holding(body, texts)] == ["a", "c"]
    kept = without_rows(body, texts)

    assert from_parquet(Note, kept) == [NOTES[1]]
    assert pq.read_schema(io.BytesIO(kept)).equals(schema_of(Note))


def test_a_file_without_such_rows_stays_byte_for_byte_as_it_is():
    body = to_parquet(Note, NOTES)

    assert rows_holding(body, {"ticket_id": {"z"}}) == []
    assert without_rows(body, {"ticket_id": {"z"}}) is body
    assert without_rows(body, {"no_such_column": {"a"}}) is body


def test_what_is_no_parquet_file_is_refused():
    with pytest.raises(ValueError, match="[Pp]arquet"):
        rows_holding(b"not one", {"ticket_id": {"a"}})
