"""The start-up script of a TPU machine for one config: known at preview."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.templates import project_folder, render_script

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.gcp_inference import GcpInferenceConfig, Server

TEMPLATE = "tpu/serve.sh.j2"


def serve_script(config: GcpInferenceConfig, server: Server) -> str:
    """The script with this config's values. The token is named in it, never contained."""
    secret = server.model_token_secret
    return render_script(
        TEMPLATE,
        project_folder(),
        {
            "image": server.image,
            "registry": server.image.split("/")[0],
            "model": server.model,
            "served_name": config.workload,
            "token_secret": f"projects/{config.gcp_project}/secrets/{secret}" if secret else "",
            "chips": config.machine.chips,
            "port": server.port,
            "health_path": server.health_path,
            "ready_seconds": server.ready_minutes * 60,
            "arguments": server.arguments,
        },
    )
