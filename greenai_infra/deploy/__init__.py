"""From a plan to a running stack: stack config, the Pulumi engine, and the preview that needs neither."""
