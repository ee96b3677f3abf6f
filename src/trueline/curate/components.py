"""Groups of documents that pairs hold together, joined many pairs at a time.

>>> groups = Components(4)
>>> groups.join(np.array([0, 2]), np.array([1, 1]))
>>> groups.roots(np.arange(4)).tolist()
[0, 0, 0, 3]
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


class Components:
    """A union-find over the rows 0..size-1; the root of a group is its smallest row."""

    __slots__ = ("_parent",)

    def __init__(self, size: int) -> None:
        self._parent = np.arange(size, dtype=np.int64)

    def roots(self, rows: Rows) -> Rows:
        """Root of the group of each row."""
        found = self._parent[rows]
        while True:
            above = self._parent[found]
            if np.array_equal(above, found):
                self._parent[rows] = found
                return found
            found = above

    def join(self, first: Rows, second: Rows) -> None:
        """Make one group of the groups of `first[k]` and `second[k]`, for every k."""
        while len(first):
            one, other = self.roots(first), self.roots(second)
            apart = one != other
            first, second = one[apart], other[apart]
            np.minimum.at(self._parent, np.maximum(first, second), np.minimum(first, second))
