"""Rules over what a program declares: pure functions that know no engine."""
