"""A cache of answers on AWS: ElastiCache for Valkey."""
