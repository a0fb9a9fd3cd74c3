"""The workflow that runs the plan: slice after slice, each resuming from the checkpoint of the slice before.

    begin -> guard -> claim -> select_run -> sleep_until_start -> create_job -> poll -> look -> decide
    guard: the planned day is years ahead, and the cron fires every year             -> not_yet
    claim: a marker of this plan is there (a second delivery, or a later year)       -> begun_before
           more than an hour late, so that the planned hours are lost                -> missed
    decide: succeeded                                          -> finished
            cancelled by us at the slice's end, slices remain  -> next_run -> select_run
            ended by itself at the slice's end, slices remain  -> next_run -> select_run
            no capacity, preempted or stopped, tries remain    -> wait_for_capacity -> try_again -> select_run
            no capacity, preempted or stopped, slices remain   -> next_run -> select_run
            still running, time is up                          -> cancel -> poll
            still running                                      -> poll
            anything else                                      -> failed

Cloud Scheduler lacks one-time schedules, and may deliver twice. The claim still makes a plan run only once: an
object that is written only if it does not exist yet (`ifGenerationMatch=0`), in a bucket whose objects don't expire.

The workflow ends a slice by cancelling the job, and so knows the cause: a job that reaches Vertex AI's own time limit
looks like a failed job.

An execution's argument `launch` is `scheduled`; `now` starts at any hour; `by-hand`, the default of an execution
without arguments, starts once more, claimed or not. Each notice is a log entry with `notice`, which an alert policy
matches. Variables that a `try` or `except` sets are declared first, as their scope would end with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenai_infra.clock import format_time
from greenai_infra.stacks.gcp.training.job_request import ARTIFACT_BUCKET, env
from greenai_infra.stacks.gcp.training.workflow_steps import Step, assign, caught, retry, step, when

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

CAPACITY_TRIES = 3
CAPACITY_WAIT_S = 900
POLL_S = 300
EARLY_S = 600
LATEST_S = 3600
"""A start later than this is refused: the planned hours are lost."""
JOBS = "googleapis.aiplatform.v1.projects.locations.customJobs"
NO_CAPACITY = "(?i)resource_exhausted|resource_pool_exhausted|stockout|out of capacity|insufficient|preempt"
STOPPED = "non-zero status of 143"
"""Of a container that was told to stop, or ends itself a minute before its slice does: it is to be continued."""
FAILED = "JOB_STATE_FAILED"

_PROBLEM = [{"problem": "${json.encode_to_string(e)}"}, {"code": '${default(map.get(e, "code"), 0)}'}]


@dataclass(frozen=True)
class WorkflowFacts:
    """The workflow's identity. `plan_id` is None if each execution gets a plan as its argument."""

    workload: str
    gcp_project: str
    region: str
    plan_id: str | None


@dataclass(frozen=True)
class Expressions:
    """The values in the workflow that depend on the plan: a figure or a text, or an expression that reads it.

    `marker` is the name of the object that claims the plan, `first_s` its start in Unix seconds.
    """

    runs: Any
    first_s: str
    last: str
    count: str
    marker: str
    title: str
    """Of notices, in an expression."""

    @classmethod
    def of_plan(cls, plan_id: str, starts: Sequence[datetime], run_seconds: Sequence[int], name: str) -> Expressions:
        """Of a workflow that holds its plan."""
        runs = [{"start": format_time(start), "run_s": run_s} for start, run_s in zip(starts, run_seconds, strict=True)]
        first_s, last, marker = str(int(starts[0].timestamp())), str(len(runs) - 1), f"plans/{plan_id}/begun"
        return cls(runs, first_s, last, f'" of {len(runs)}"', marker, f"{name} (plan {plan_id})")

    @classmethod
    def of_argument(cls, name: str) -> Expressions:
        """Of a workflow that is the same for every plan."""
        return cls(
            runs="${plan.runs}",
            first_s="plan.first_s",
            last="len(plan.runs) - 1",
            count='" of " + string(len(plan.runs))',
            marker='${"plans/" + plan.plan_id + "/begun"}',
            title=name,
        )


def workflow_definition(
    facts: WorkflowFacts, request: dict[str, Any], starts: Sequence[datetime], run_seconds: Sequence[int]
) -> dict[str, Any]:
    """The workflow in the syntax of Google Cloud Workflows, to be written as JSON."""
    name = f"Training {facts.workload} in {facts.region}"
    any_plan = facts.plan_id is None
    plan = (
        Expressions.of_argument(name)
        if facts.plan_id is None
        else Expressions.of_plan(facts.plan_id, starts, run_seconds, name)
    )
    steps = [
        *_beginning(plan, any_plan=any_plan),
        *_run(facts, request, plan.last),
        *_decision(facts, plan.last),
        *_endings(plan, any_plan=any_plan),
    ]
    return {"main": {"params": ["input"], "steps": steps}}


def _given_plan() -> list[Step]:
    """Takes the plan from the argument, and refuses an execution without a plan."""
    return [
        step("argument", switch=[when('not("plan" in input)', "no_plan")], next="take_plan"),
        step("no_plan", raise_="give a plan, as in the stack's output start_by_hand: the workflow holds none"),
        assign("take_plan", plan="${input.plan}"),
    ]


def _beginning(plan: Expressions, *, any_plan: bool) -> list[Step]:
    planned = plan.first_s
    upload = env(ARTIFACT_BUCKET, "https://storage.googleapis.com/upload/storage/v1/b/", "/o")
    marker = {"uploadType": "media", "name": plan.marker, "ifGenerationMatch": "0"}
    execution = '${sys.get_env("GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID")}'
    return [
        step("arguments", switch=[{"condition": "${input == null}", "steps": [assign("no_arguments", input={})]}]),
        *(_given_plan() if any_plan else []),
        assign(
            "begin",
            launch='${default(map.get(input, "launch"), "by-hand")}',
            runs=plan.runs,
            index=0,
            attempt=0,
            cancelled=False,
            problem="",
            code=0,
            answer={},
            job={},
            job_name="none",
            state="none",
        ),
        step(
            "guard",
            switch=[
                when('launch == "by-hand"', "select_run"),
                when(f'launch == "scheduled" and sys.now() < {_shifted(planned, -EARLY_S)}', "not_yet"),
            ],
        ),
        step(
            "claim",
            try_={
                "call": "http.post",
                "args": {
                    "url": upload,
                    "query": marker,
                    "auth": {"type": "OAuth2"},
                    "body": {"execution": execution},
                },
                "result": "answer",
            },
            retry=retry(first_s=2, tries=5, longest_s=60),
            except_=caught("claim_problem", _PROBLEM),
        ),
        step(
            "claimed",
            switch=[
                when("code == 412", "begun_before"),
                when('problem != ""', "not_started"),
                when(f'launch == "scheduled" and sys.now() > {_shifted(planned, LATEST_S)}', "missed"),
            ],
        ),
    ]


def _shifted(planned: str, seconds: int) -> str:
    """A moment some seconds off: the figure if it is known, else an expression."""
    return (
        str(int(planned) + seconds)
        if planned.isdecimal()
        else f"{planned} {'+' if seconds > 0 else '-'} {abs(seconds)}"
    )


def _run(facts: WorkflowFacts, request: dict[str, Any], last: str) -> list[Step]:
    create = {
        "parent": f"projects/{facts.gcp_project}/locations/{facts.region}",
        "region": facts.region,
        "body": request,
        # The call returns once the job is made; the steps below watch the job, for longer than a call may take.
        "connector_params": {"skip_polling": True},
    }
    return [
        assign("select_run", run="${runs[index]}", cancelled=False, problem="", code=0, job_name="none"),
        step("early", switch=[when("time.parse(run.start) <= sys.now()", "set_deadline")]),
        step("sleep_until_start", call="sys.sleep_until", args={"time": "${run.start}"}),
        # A planned run ends with its slice, even if capacity came late; any other run has its whole time.
        assign(
            "set_deadline",
            begins='${if(launch == "scheduled", time.parse(run.start), math.max(time.parse(run.start), sys.now()))}',
            deadline="${begins + run.run_s}",
        ),
        step(
            "time_left",
            switch=[
                when(f"sys.now() >= deadline - {POLL_S} and index < {last}", "next_run"),
                when(f"sys.now() >= deadline - {POLL_S}", "failed"),
            ],
        ),
        step(
            "create_job",
            try_={"call": f"{JOBS}.create", "args": create, "result": "job"},
            except_=caught("create_problem", _PROBLEM),
        ),
        step("made", switch=[when('problem != ""', "classify")]),
        assign("name_job", job_name="${job.name}"),
        step("poll", call="sys.sleep", args={"seconds": POLL_S}),
        step(
            "look",
            try_={"call": f"{JOBS}.get", "args": {"name": "${job_name}", "region": facts.region}, "result": "job"},
            retry=retry(first_s=10, tries=8, longest_s=120),
            except_=caught("look_problem", _PROBLEM),
        ),
        step("seen", switch=[when('problem != ""', "failed")]),
    ]


def _decision(facts: WorkflowFacts, last: str) -> list[Step]:
    stopped = f'text.match_regex(problem, "{STOPPED}")'
    return [
        assign("read_state", state="${job.state}", said='${default(map.get(job, ["error", "message"]), "")}'),
        step(
            "decide",
            switch=[
                when('state == "JOB_STATE_SUCCEEDED"', "finished"),
                when(f'state == "JOB_STATE_CANCELLED" and cancelled and index < {last}', "next_run"),
                when('state == "JOB_STATE_CANCELLED"', "failed"),
                when(f'state == "{FAILED}" or state == "JOB_STATE_EXPIRED"', "note_failure"),
                when("sys.now() >= deadline and not cancelled", "mark_cancelled"),
            ],
            next="poll",
        ),
        assign("mark_cancelled", cancelled=True),
        step(
            "cancel",
            try_={"call": f"{JOBS}.cancel", "args": {"name": "${job_name}", "region": facts.region}},
            except_=caught("cancel_problem", [{"cancelled": False}]),  # it is tried again after the next look
            next="poll",
        ),
        assign("note_failure", problem="${said}"),
        step(
            "classify",
            switch=[
                when(f"{stopped} and sys.now() >= deadline - {POLL_S} and index < {last}", "next_run"),
                when(f"{stopped} and sys.now() >= deadline - {POLL_S}", "failed"),
                when(f'not text.match_regex(problem, "{NO_CAPACITY}|{STOPPED}")', "failed"),
                when(f"attempt < {CAPACITY_TRIES}", "wait_for_capacity"),
                when(f"index < {last}", "next_run"),
            ],
            next="failed",
        ),
        assign("next_run", "select_run", index="${index + 1}", attempt=0),
        step("wait_for_capacity", call="sys.sleep", args={"seconds": CAPACITY_WAIT_S}),
        assign("try_again", "select_run", attempt="${attempt + 1}"),
    ]


def _endings(plan: Expressions, *, any_plan: bool) -> list[Step]:
    run = f"${{string(index + 1) + {plan.count}}}"

    def notice(step_name: str, severity: str, outcome: str, text: str, following: str) -> Step:
        entry = {
            "notice": outcome,
            "text": f'${{"{plan.title} (plan " + plan.plan_id + ") {text}"}}' if any_plan else f"{plan.title} {text}",
            "run": run,
            "job": "${job_name}",
            "state": "${state}",
            "problem": "${text.substring(problem, 0, math.min(len(problem), 2000))}",
        }
        return step(step_name, call="sys.log", args={"severity": severity, "json": entry}, next=following)

    return [
        step("not_yet", return_="the planned start is ahead: Cloud Scheduler's cron fires every year"),
        step("begun_before", return_="this plan has begun before; to run it again, start the workflow by hand"),
        notice("finished", "NOTICE", "finished", "has finished.", "done"),
        step("done", return_="finished"),
        notice("missed", "ERROR", "missed", "was started too late: the planned hours are lost. Plan again.", "give_up"),
        notice("not_started", "ERROR", "not started", "could not claim its plan, so nothing was run.", "give_up"),
        notice("failed", "ERROR", "failed", "did not finish. Checkpoints are kept.", "give_up"),
        step("give_up", raise_='${"TrainingNotFinished: job " + job_name + " " + state + " " + problem}'),
    ]
