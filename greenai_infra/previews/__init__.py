"""What a stack would declare, cost and break: found with no Pulumi CLI, no account and no network."""
