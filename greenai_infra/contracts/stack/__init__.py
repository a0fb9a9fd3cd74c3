"""The sections of a stack's config, one module a kind of stack."""
