"""Arrow: the files of which a data set that `datasets` saved to disk is made, and Feather files.

    data-00000-of-00002.arrow beside dataset_info.json and state.json

Both forms are read, the stream that `datasets` writes and the file form; names and nesting as in Parquet. Each batch is
validated in full before a value of it is looked at; the rows from an invalid one on are one rejected record.
"""

from collections.abc import Iterator
from typing import Any

from pipelines.errors import CurationError
from pipelines.formats.column_rows import arrow_errors, damaged, reason_of, records_of
from pipelines.formats.registry import Format, Record, register_format
from pipelines.formats.source import Source


@register_format
def arrow() -> Format:
    """Describe Arrow files."""
    return Format(
        name="arrow",
        title="Arrow",
        description="Arrow stream or file, as Hugging Face data sets are saved to disk; nested messages included.",
        extensions=(".arrow", ".feather"),
        example={"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello."}]},
        kind="container",
        read_records=read_arrow,
    )


def read_arrow(source: Source) -> Iterator[Record]:
    """Yield a record for every row; its line is the number of the row.

    Raises:
        CurationError: the file is packed, or its beginning is damaged.
    """
    import pyarrow as pa

    if source.packed:
        raise CurationError(f"{source.path.name} is a packed Arrow file.", "Unpack it first.")
    number = 0
    try:
        file = pa.OSFile(str(source.path), "rb")
    except arrow_errors() as error:
        raise _unreadable(source, error) from None
    with file:
        try:
            batches = _batches(file, source)
        except arrow_errors() as error:
            raise _unreadable(source, error) from None
        while True:
            try:
                batch = next(batches, None)
                if batch is not None:
                    # Offsets of a hostile file could lead outside its own bytes, into the memory of this process.
                    batch.validate(full=True)
            except arrow_errors() as error:
                yield damaged(number + 1, 0, error)
                return
            if batch is None:
                return
            source.position = file.tell()
            for begin in range(0, batch.num_rows, 4096):
                yield from records_of(batch.slice(begin, 4096), number + begin + 1)
            number += batch.num_rows


def _batches(file: Any, source: Source) -> Iterator[Any]:
    import pyarrow as pa

    if not source.head.startswith(b"ARROW1"):
        stream = pa.ipc.open_stream(file)
        _check_names(stream.schema.names, source)
        return iter(stream)
    reader = pa.ipc.open_file(file)
    _check_names(reader.schema.names, source)
    return (reader.get_batch(place) for place in range(reader.num_record_batches))


def _check_names(names: list[str], source: Source) -> None:
    if len(set(names)) != len(names):
        raise CurationError(f"{source.path.name} has two columns of one name.", "Rename one of them.")


def _unreadable(source: Source, error: Exception) -> CurationError:
    return CurationError(f"{source.path.name} cannot be read as Arrow: {reason_of(error)}.", "Write the file again.")
