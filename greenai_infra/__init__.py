"""Put AI workloads on the cleanest grid that can run them, build them with Pulumi, and prove what was saved."""

__version__ = "0.1.0"
