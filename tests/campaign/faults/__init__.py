"""The faults, by kind; one file a family."""

from . import kept, labels, sequence, shape, statuses, times, transport, values
from .fault import Fault, Maker, Must, Setting, raw

KINDS: dict[str, Maker] = {
    **transport.MAKERS,
    **statuses.MAKERS,
    **values.MAKERS,
    **times.MAKERS,
    **sequence.MAKERS,
    **labels.MAKERS,
    **shape.MAKERS,
    **kept.MAKERS,
}

__all__ = ["KINDS", "Fault", "Maker", "Must", "Setting", "raw"]
