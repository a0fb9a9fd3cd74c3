"""What can be rented where, at which price, on which grid: read from `greenai_infra/data`. A low layer."""
