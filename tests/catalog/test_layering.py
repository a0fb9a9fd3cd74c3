"""The catalog is the lowest part: importing it loads nothing heavy and nothing above it."""

import subprocess
import sys


def test_importing_the_catalog_loads_neither_numpy_nor_requests() -> None:
    code = (
        "import sys, greenai_infra.catalog.offers, greenai_infra.catalog.tables, greenai_infra.catalog.regions,"
        "greenai_infra.catalog.accelerators, greenai_infra.catalog.egress, greenai_infra.catalog.hosts;"
        "above = [m for m in sys.modules if m.startswith('greenai_infra.') and m.split('.')[1]"
        " not in ('catalog', 'errors')];"
        "heavy = {'numpy', 'requests', 'rich'} & set(sys.modules);"
        "print(sorted(heavy), above)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[] []"
