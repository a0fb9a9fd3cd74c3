"""Tests of the AWS programs: what they declare, by Pulumi's mocks, and the logic of what they deploy."""
