"""The fault campaign: seeded faults over every live source, the CSV source and the order of sources (`auto`).

    pytest -m campaign [--campaign-seed N] [--campaign-cases N]

A local server (`wire`) speaks each API (`apis`) with values that no two places share (`world`). A fault (`faults`) is
a mutation of the correct answer, of the bytes that carry it, or of the connection. What may be believed of the answer
is noted while it is made, and `oracle` holds what a source says against these notes; it imports no reader, limit or
label from the code under test. `test_bad_sources` and `test_lost_guards` break things on purpose and see it fail.

`test_soak` kills a worker and the store of a cache under load (`--soak-requests N`, in full 100000), `test_killed_runs`
tracked runs and writers of a ledger.
"""
