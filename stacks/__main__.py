"""What `pulumi up` runs: the program that the stack's config names, on the config that the plan wrote."""

import importlib

import pulumi

from programs import PROGRAMS

program = pulumi.Config().get("program") or "training"
if program not in PROGRAMS:
    raise pulumi.RunError(
        f"{pulumi.get_project()}:program: there is no program '{program}'; there is {', '.join(sorted(PROGRAMS))}"
    )
for name, value in importlib.import_module(PROGRAMS[program]).run().items():
    pulumi.export(name, value)
