"""What Google Cloud says of a project and a region before a stack goes there. Only calls that read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from greenai_infra.doctor.checkup import Checkup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenai_infra.doctor.needs import GcpNeeds

    Ask = Callable[[str], tuple[int, dict[str, Any]]]  # URL -> (status, JSON)

LOG_IN = "gcloud auth application-default login"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TIMEOUT_S = 20


def check_gcp(needs: GcpNeeds, ask: Ask) -> Iterator[Checkup]:
    """Runs all checkups of a stack."""
    project = _project(needs.project, ask)
    yield project
    if project.state != "ok":
        return
    yield _billing(needs.project, ask)
    yield Checkup(
        "Vertex AI quota",
        "unknown",
        "no public document names the quotas of custom training",
        f"look at it by hand: console, Quotas, service aiplatform.googleapis.com, region {needs.region}",
    )
    if needs.image:
        yield _image(needs.image, ask)
    if needs.data_uri:
        yield _data(needs.data_uri, ask)


def authorized() -> Ask:
    """Asks with the caller's identity (Application Default Credentials). Raises GoogleAuthError without credentials."""
    import google.auth
    from google.auth.transport.requests import AuthorizedSession

    session: Any = AuthorizedSession(google.auth.default(scopes=[SCOPE])[0])  # type: ignore[no-untyped-call]

    def ask(url: str) -> tuple[int, dict[str, Any]]:
        answer = session.get(url, timeout=TIMEOUT_S, headers={"accept": "application/json, */*"})
        try:
            content = answer.json()
        except ValueError:
            content = {}
        return answer.status_code, content if isinstance(content, dict) else {}

    return ask


def _project(project: str, ask: Ask) -> Checkup:
    part = "Google Cloud project"
    status, content = ask(f"https://cloudresourcemanager.googleapis.com/v1/projects/{quote(project, safe='')}")
    if status in (401, 403):
        return Checkup(part, "error", f"your identity may not see project {project} ({status})", LOG_IN)
    if status == 404:
        return Checkup(part, "error", f"there is no project {project}", "correct gcp_project")
    if status != 200:
        return Checkup(part, "unknown", f"not looked at: status {status}", "see that Google Cloud can be reached")
    if content.get("lifecycleState") != "ACTIVE":
        return Checkup(
            part, "error", f"project {project} is {content.get('lifecycleState')}", "restore it, or take another"
        )
    return Checkup(part, "ok", project)


def _billing(project: str, ask: Ask) -> Checkup:
    status, content = ask(f"https://cloudbilling.googleapis.com/v1/projects/{quote(project, safe='')}/billingInfo")
    if status != 200:
        return Checkup(
            "billing", "unknown", f"not looked at: status {status}", f"gcloud billing projects describe {project}"
        )
    if not content.get("billingEnabled"):
        return Checkup(
            "billing", "error", "billing is off", f"gcloud billing projects link {project} --billing-account ID"
        )
    return Checkup("billing", "ok", "on")


def _image(uri: str, ask: Ask) -> Checkup:
    host, _, path = uri.partition("/")
    name, _, reference = path.partition("@") if "@" in path else path.partition(":")
    status, _ = ask(f"https://{host}/v2/{name}/manifests/{quote(reference or 'latest', safe=':')}")
    if status == 404:
        return Checkup("image", "error", f"{host} has no {path}", f"push it: docker push {uri}")
    if status != 200:
        return Checkup("image", "unknown", f"not looked at: status {status}", f"docker manifest inspect {uri}")
    return Checkup("image", "ok", path)


def _data(uri: str, ask: Ask) -> Checkup:
    part = f"data {uri}"
    bucket, _, prefix = uri.removeprefix("gs://").partition("/")
    status, content = ask(
        f"https://storage.googleapis.com/storage/v1/b/{bucket}/o?maxResults=1&prefix={quote(prefix, safe='')}"
    )
    if status == 404:
        return Checkup(part, "error", f"there is no bucket {bucket}", "correct the section's URI")
    if status != 200:
        return Checkup(part, "unknown", f"not looked at: status {status}", f"gcloud storage ls {uri}")
    if not content.get("items"):
        return Checkup(part, "error", "nothing lies there", f"upload it: gcloud storage rsync ./data {uri}")
    return Checkup(part, "ok", "objects are there")
