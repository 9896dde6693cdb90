"""Parquet: a table whose column names say the shape inside; messages may be nested or JSON text.

    messages: list<struct<role: string, content: string>>

Read in batches through Arrow. A struct gives every message every key, so keys without a value are left out of messages.
Written flat for what a struct of fixed fields can hold: role and content, both text; conversations with tool calls,
content parts or weights are left out with their reason.
"""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from pipelines.errors import CurationError
from pipelines.examples import Message
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
    """Yield a record for every row; its line is the number of the row.

    Raises:
        CurationError: the file is damaged or no Parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if source.packed:
        raise CurationError(f"{source.path.name} is a packed Parquet file.", "Unpack it first: gunzip FILE.")
    number = 0
    try:
        with pq.ParquetFile(source.path) as file:
            names = file.schema_arrow.names
            if len(set(names)) != len(names):
                raise CurationError(f"{source.path.name} has two columns of one name.", "Rename one of them.")
            total = max(file.metadata.num_rows, 1)
            for batch in file.iter_batches(batch_size=_BATCH):
                for row in batch.to_pylist():
                    number += 1
                    raw = json.dumps(row, ensure_ascii=False, default=str)
                    cleaned = {name: _without_nulls(value) for name, value in row.items()}
                    yield Record(number, raw, cleaned)
                source.position = int(source.size * number / total)
    except (pa.ArrowException, OSError, ValueError, UnicodeDecodeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise CurationError(
            f"{source.path.name} cannot be read as Parquet after row {number}: {reason}", "Write the file again."
        ) from None


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


def _without_nulls(value: Any) -> Any:
    """Drop the keys that only the struct put there; a null content stays, for it says something."""
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None or key == "content"}
    return value
