"""Carbon intensity as values: series, points, questions, and the limits of what is plausible."""
