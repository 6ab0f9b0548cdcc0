"""Four arrays to try a policy on, A to D, as an example of Tiled's once had them."""

from __future__ import annotations

import numpy
from tiled.adapters.array import ArrayAdapter
from tiled.adapters.mapping import MapAdapter

tree = MapAdapter(
    {
        name: ArrayAdapter.from_array(number * numpy.ones((10, 10)))
        for name, number in zip("ABCD", (10, 20, 30, 40), strict=True)
    }
)
