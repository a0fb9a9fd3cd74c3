"""What the SDKs, providers and AWS's service models say of resource types."""
