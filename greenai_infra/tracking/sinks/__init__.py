"""Where a run is told as it goes on: each sink optional, none able to break the run or to slow it."""
