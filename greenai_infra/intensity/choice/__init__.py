"""Which source answers: what the user names, what is live, what is embedded."""
