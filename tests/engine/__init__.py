"""Tests that run on the real Pulumi engine, and the equipment for them.

There is no cloud behind the engine here: `provider_double` stands in for the cloud provider's plugin, `language_host`
for the Python language host. What they let pass has not been accepted by any cloud.
"""
