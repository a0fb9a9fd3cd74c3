"""The carbon ledger that a team shares."""
