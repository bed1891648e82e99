"""What is measured of a figure that was read, for its confidence and for the trace."""

from __future__ import annotations

from leadline.research.readers.extractive.asking import Asking
from leadline.research.readers.extractive.fitting import Fit
from leadline.research.readers.extractive.scene import Spot


def figure_features(measured: Fit, spot: Spot, distance: float, asking: Asking) -> dict[str, float]:
    return {
        "coverage": round(measured.coverage, 3),
        "own": round(measured.own, 3),
        "missing": float(len(measured.missing)),
        "met": float(measured.met),
        "wanted": float(len(asking.wanted)),
        "distance": distance,
        "rank": float(spot.rank),
        "region": spot.region_weight,
    }
