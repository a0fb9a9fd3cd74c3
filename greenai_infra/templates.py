"""Scripts that a program hands to a machine, rendered from `templates/`: known at preview, every value quoted.

A project's own `templates/tpu/serve.sh.j2` beside its `stacks/` takes precedence over the one that comes with the
toolkit; so a clone, a project that `init` wrote and an installed package all find one.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping


def shipped(name: str) -> Path:
    """A file or folder that comes with the toolkit, such as `Pulumi.yaml`, `stacks` or `templates/workloads`."""
    package = Path(__file__).resolve().parent
    for root in (package / "shipped", package.parent):
        if (root / "Pulumi.yaml").is_file() and (root / name).exists():
            return root / name
    raise InputError(f"this installation of greenai-infra lacks {name}; install it again: pip install greenai-infra")


def project_folder() -> Path:
    """Where `Pulumi.yaml` is: the engine runs a program in the folder that its `main` names."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "Pulumi.yaml").is_file()), here)


def template_path(name: str, project: Path) -> Path:
    """Where the template `tpu/serve.sh.j2` and its like lie for a project; its own copy first."""
    own = project / "templates" / name
    return own if own.is_file() else shipped(f"templates/{name}")


def render_script(name: str, project: Path, values: Mapping[str, Any]) -> str:
    """The shell script of a template. Each value that it prints is quoted for the shell, whatever it holds.

    Raises InputError for a template that is no valid Jinja, or asks for a value that there isn't.
    """
    from jinja2 import Environment, StrictUndefined, TemplateError, TemplateSyntaxError

    path = template_path(name, project)
    environment = Environment(undefined=StrictUndefined, finalize=_quoted, keep_trailing_newline=True)
    try:
        return environment.from_string(path.read_text(encoding="utf-8")).render(values)
    except TemplateError as error:
        line = f":{error.lineno}" if isinstance(error, TemplateSyntaxError) else ""
        raise InputError(f"{path}{line}: {error.message}") from None


def _quoted(value: Any) -> str:
    return shlex.quote(str(value))
