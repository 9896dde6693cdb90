"""Cosines between the vectors of two splits: the whole product, block by block.

Float32 products of unit rows; a cosine's error is below 1e-6.
"""

import numpy as np
from numpy.typing import NDArray

from pipelines.splitting.similar import Similar

_BLOCK = 1_024


def cosine_pairs(
    left: NDArray[np.float32], right: NDArray[np.float32], threshold: float, closest: int
) -> tuple[float | None, Similar, int]:
    """Compare all rows of one side with all of the other.

    Args:
        left: (n, d) unit rows.
        right: (m, d) unit rows.
        threshold: cosine from which a pair is counted.
        closest: how many of the nearest pairs are returned.

    Returns:
        the highest cosine (None without pairs), the closest pairs, and the number at or above the threshold.
    """
    found = 0
    best = Similar(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64))
    highest: float | None = None
    for start in range(0, len(left), _BLOCK):
        block = left[start : start + _BLOCK] @ right.T
        if not block.size:
            break
        found += int((block >= threshold).sum())
        top = float(block.max())
        highest = top if highest is None else max(highest, top)
        best = _nearest(best, block, start, closest)
    return (None if highest is None else min(highest, 1.0)), best, found


def _nearest(best: Similar, block: NDArray[np.float32], start: int, count: int) -> Similar:
    flat = block.ravel()
    if count and len(best.similarity) == count:
        # Only what is nearer than the last so far can be among the nearest: of equals, the earlier row stays.
        places = np.flatnonzero(flat > np.float32(best.similarity[-1]))
    else:
        places = np.arange(flat.size)
    few = min(count, len(places))
    if few < len(places):
        places = places[np.argpartition(-flat[places], few - 1)[:few]] if few else places[:0]
    rows, columns = np.divmod(places, block.shape[1])
    left = np.concatenate([best.left, rows + start])
    right = np.concatenate([best.right, columns])
    value = np.concatenate([best.similarity, np.minimum(flat[places].astype(np.float64), 1.0)])
    order = np.lexsort((right, left, -value))[:count]
    return Similar(left[order], right[order], value[order])
