"""Parquet: a table whose column names say the shape inside; messages may be nested or JSON text.

    messages: list<struct<role: string, content: string>>

Read in batches through Arrow; `column_rows.py` says how values are taken.
Written flat for what a struct of fixed fields can hold: role and content, both text; conversations with tool calls,
content parts or weights are left out with their reason.
"""

from collections.abc import Iterator
from typing import BinaryIO

from pipelines.errors import CurationError
from pipelines.examples import Message
from pipelines.formats.column_rows import arrow_errors, damaged, reason_of, records_of
from pipelines.formats.registry import Format, Record, Row, Unfit, register_format
from pipelines.formats.source import Source

_BATCH = 4096


@register_format
def parquet() -> Format:
    """Describe Parquet."""
    return Format(
        name="parquet",
        title="Parquet",
        description="A table of any known shape, nested messages included; written with nested messages.",
        extensions=(".parquet",),
        example={"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello."}]},
        kind="container",
        read_records=read_parquet,
        write_row=plain_messages_row,
        write_rows=write_parquet,
    )


def read_parquet(source: Source) -> Iterator[Record]:
    """Yield a record for every row; its line is the number of the row. A damaged row group is one rejected record.

    Raises:
        CurationError: the file is packed, or cannot be read as Parquet at all.
    """
    import pyarrow.parquet as pq

    if source.packed:
        raise CurationError(f"{source.path.name} is a packed Parquet file.", "Unpack it first: gunzip FILE.")
    try:
        file = pq.ParquetFile(source.path)
        names = file.schema_arrow.names
        groups = [file.metadata.row_group(place).num_rows for place in range(file.metadata.num_row_groups)]
    except arrow_errors() as error:
        raise CurationError(
            f"{source.path.name} cannot be read as Parquet: {reason_of(error)}.", "Write the file again."
        ) from None
    with file:
        if len(set(names)) != len(names):
            raise CurationError(f"{source.path.name} has two columns of one name.", "Rename one of them.")
        before, total = 0, max(sum(groups), 1)
        for place, rows in enumerate(groups):
            number = before
            try:
                for batch in file.iter_batches(batch_size=_BATCH, row_groups=[place]):
                    yield from records_of(batch, number + 1)
                    number += batch.num_rows
                    source.position = int(source.size * number / total)
            except arrow_errors() as error:
                yield damaged(number + 1, before + rows - number, error)
            before += rows


def plain_messages_row(messages: list[Message], with_system: bool) -> Row:
    """Return the row of a conversation of plain text.

    Raises:
        Unfit: a message holds more than role and text.
    """
    for message in messages:
        if not isinstance(message.get("content"), str):
            raise Unfit("has a message whose content is not plain text", "Export it as chat.")
        if extra := sorted(set(message) - {"role", "content"}):
            raise Unfit(
                f"has messages with {', '.join(extra)}, which the table has no column for", "Export it as chat."
            )
    return {"messages": [{"role": message["role"], "content": message["content"]} for message in messages]}


def write_parquet(rows: Iterator[Row], file: BinaryIO) -> list[str]:
    """Write the rows in groups, compressed with zstd."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    message = pa.struct([("role", pa.string()), ("content", pa.string())])
    schema = pa.schema([("messages", pa.list_(message))])
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        group: list[Row] = []
        for row in rows:
            group.append(row)
            if len(group) >= _BATCH:
                writer.write_table(pa.Table.from_pylist(group, schema=schema))
                group = []
        if group:
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
    return []
