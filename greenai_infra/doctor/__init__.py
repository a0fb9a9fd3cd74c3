"""Checks what `up` needs: on this machine, in the account, in the region. Read-only."""
