"""What `pulumi up` runs: the program that the stack's config names, on the config that the plan wrote."""

import importlib

import pulumi

from programs import PROGRAMS

program = pulumi.Config().get("program") or "training"
if program not in PROGRAMS:
    from greenai_infra.catalog.read import near
    from programs.config import bad_config

    raise bad_config(
        f"{pulumi.get_project()}:program: there is no program '{program}'; there is {', '.join(sorted(PROGRAMS))}"
        f"{near(program, PROGRAMS)}"
    )
for name, value in importlib.import_module(PROGRAMS[program]).run().items():
    pulumi.export(name, value)
