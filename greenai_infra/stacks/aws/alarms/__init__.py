"""Carbon budget alarms: what watches a project's emissions, tells people, and on request stops its jobs."""
