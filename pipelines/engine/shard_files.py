"""Files between stages: written whole or not at all, and exchange files that are cut by partition.

A stage hands its rows to the next one by an *exchange file*: an Arrow file with one record batch a partition. A task
of the next stage reads its own batch of the file of every task before. So n tasks leave n files, not n times as many
as there are partitions, and each is there as a whole or not at all.

Not covered: object stores; all machines see the same folders.
"""

import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.errors import CurationError

Partitions = NDArray[np.int64]


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Offer a draft beside a file; when the block ends well, it takes the file's place.

    Raises:
        CurationError: the folder cannot be written to, or the disk is full.
    """
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield draft
        os.replace(draft, path)
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Offer a draft folder; when the block ends well, it takes the folder's place, if nobody was faster.

    Raises:
        CurationError: it cannot be written, or the disk is full.
    """
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        draft.mkdir(parents=True)
        yield draft
        if not path.is_dir():
            os.replace(draft, path)
    except OSError as error:
        if not path.is_dir():
            raise _not_written(path, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _not_written(path: Path, error: OSError) -> CurationError:
    return CurationError(
        f"{path} cannot be written: {error.strerror or error}.",
        "Free some space, or choose a folder that you may write to; shards that are finished are kept.",
    )


def write_frame(path: Path, frame: pl.DataFrame) -> None:
    """Write rows as Parquet, as a whole."""
    with whole_file(path) as draft:
        frame.write_parquet(draft)


def read_frames(paths: Iterable[Path], columns: list[str] | None = None) -> pl.DataFrame:
    """Read Parquet files of one schema, one after the other; at least one.

    Raises:
        CurationError: a file is missing or damaged.
    """
    frames = []
    for path in paths:
        try:
            frames.append(pl.read_parquet(path, columns=columns, glob=False))
        except (OSError, pl.exceptions.PolarsError) as error:
            raise _not_read(path, error) from error
    return pl.concat(frames)


def write_exchange(path: Path, frame: pl.DataFrame, partition: Partitions, partitions: int) -> None:
    """Write rows cut by partition; within one they keep their order.

    Args:
        path: of the exchange file.
        frame: n rows.
        partition: `(n,)` of each row, from 0.
        partitions: how many there are.
    """
    import pyarrow as pa

    order = np.argsort(partition, kind="stable")
    begins = np.searchsorted(partition[order], np.arange(partitions + 1))
    table = frame[order].to_arrow(compat_level=pl.CompatLevel.oldest()).combine_chunks()
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    empty = pa.RecordBatch.from_pylist([], schema=table.schema)
    with (
        whole_file(path) as draft,
        pa.OSFile(str(draft), "wb") as sink,
        pa.ipc.new_file(sink, table.schema, options=options) as writer,
    ):
        for number in range(partitions):
            part = table.slice(begins[number], begins[number + 1] - begins[number])
            writer.write_batch(part.to_batches()[0] if part.num_rows else empty)


def read_exchange(paths: Iterable[Path], partition: int) -> pl.DataFrame:
    """Read what exchange files of one schema hold for a partition, one after the other; at least one file.

    Raises:
        CurationError: a file is missing or damaged.
    """
    import pyarrow as pa

    batches = []
    for path in paths:
        try:
            with pa.OSFile(str(path)) as source:
                batches.append(pa.ipc.open_file(source).get_batch(partition))
        except (OSError, pa.ArrowInvalid) as error:
            raise _not_read(path, error) from error
    frame = pl.from_arrow(pa.Table.from_batches(batches))
    assert isinstance(frame, pl.DataFrame)
    return frame


def _not_read(path: Path, error: Exception) -> CurationError:
    return CurationError(
        f"{path} cannot be read: {error}.", "Delete it and run the same command again; what is missing is computed."
    )
