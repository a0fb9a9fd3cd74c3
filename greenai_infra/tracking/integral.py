"""The integral of energy and intensity, as the rest of this part names it."""

from greenai_infra.footprint.integral import Integral, MeanOf

__all__ = ["Integral", "MeanOf"]
