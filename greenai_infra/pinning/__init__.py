"""From a plan to stack config: the regions of its ranking, each with its values."""
