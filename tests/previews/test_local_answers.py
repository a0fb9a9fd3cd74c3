"""Policy documents as `aws.iam.get_policy_document` gives them, and what a preview and its gate make of them.

The documents were written by hand by the rules of the provider (terraform-provider-aws, data source
aws_iam_policy_document): one of a list stands alone, more are sorted downwards.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from greenai_infra.contracts.declared import UNKNOWN
from greenai_infra.previews.gate import open_gate
from greenai_infra.previews.offline.local_answers import POLICY_DOCUMENT, answer
from greenai_infra.previews.run import preview

from .offline_project import preview_program, resource, write_project

pytest.importorskip("pulumi_aws")

TRUST = """
lambda_only = aws.iam.GetPolicyDocumentStatementPrincipalArgs(type="Service", identifiers=["lambda.amazonaws.com"])
statement = aws.iam.GetPolicyDocumentStatementArgs(actions=["sts:AssumeRole"], principals=[lambda_only])
"""
ROLE = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}},
    ],
}


def document(**arguments: Any) -> Any:
    given = answer(POLICY_DOCUMENT, arguments)
    assert given is not None
    assert json.loads(given["json"]) == json.loads(given["minifiedJson"])
    return json.loads(given["json"])


def test_one_of_a_list_stands_alone_and_more_are_sorted_downwards() -> None:
    [statement] = document(statements=[{"sid": "S", "actions": ["s3:Get", "s3:Put"], "resources": ["*"]}])["Statement"]

    assert statement == {"Sid": "S", "Effect": "Allow", "Action": ["s3:Put", "s3:Get"], "Resource": "*"}


def test_principals_and_conditions() -> None:
    who = [{"type": "AWS", "identifiers": ["arn:aws:iam::1:root"]}, {"type": "Service", "identifiers": ["a", "b"]}]
    limits = [
        {"test": "StringLike", "variable": "s3:prefix", "values": ["", "home/"]},
        {"test": "StringLike", "variable": "aws:x", "values": ["y"]},
    ]
    [statement] = document(statements=[{"effect": "Deny", "principals": who, "conditions": limits}])["Statement"]

    assert statement == {
        "Effect": "Deny",
        "Principal": {"AWS": "arn:aws:iam::1:root", "Service": ["b", "a"]},
        "Condition": {"StringLike": {"s3:prefix": ["home/", ""], "aws:x": "y"}},
    }


def test_everybody_is_a_star() -> None:
    [statement] = document(statements=[{"principals": [{"type": "*", "identifiers": ["*"]}]}])["Statement"]

    assert statement["Principal"] == "*"


def test_sources_come_first_and_overrides_replace_by_sid() -> None:
    source = json.dumps({"Version": "2012-10-17", "Statement": {"Sid": "A", "Effect": "Allow", "Action": "a:b"}})
    override = json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "A", "Effect": "Deny", "Action": "a:c"}]})
    own = [{"sid": "B", "actions": ["b:c"]}]

    assert [one["Sid"] for one in document(sourcePolicyDocuments=[source], statements=own)["Statement"]] == ["A", "B"]
    replaced = document(sourcePolicyDocuments=[source], statements=own, overridePolicyDocuments=[override])["Statement"]
    assert {one["Sid"]: one["Effect"] for one in replaced} == {"A": "Deny", "B": "Allow"}


@pytest.mark.parametrize(
    "arguments",
    [
        {"statements": [{"actions": UNKNOWN}]},
        {"sourcePolicyDocuments": ["no JSON"]},
        {"statements": [{"conditions": [{"test": "Bool"}]}]},
    ],
)
def test_what_can_not_be_written_is_not_answered(arguments: dict[str, Any]) -> None:
    assert answer(POLICY_DOCUMENT, arguments) is None


def test_other_lookups_are_for_a_cloud() -> None:
    assert answer("aws:index/getCallerIdentity:getCallerIdentity", {}) is None


@pytest.mark.parametrize("call", ["get_policy_document", "get_policy_document_output"])
def test_a_program_gets_the_document(tmp_path: Path, call: str) -> None:
    result = preview_program(
        tmp_path, TRUST + f'aws.iam.Role("r", assume_role_policy=aws.iam.{call}(statements=[statement]).json)'
    )

    assert result.findings == ()
    assert json.loads(resource(result, "r").inputs["assumeRolePolicy"]) == ROLE


def test_a_star_in_it_shuts_the_gate(tmp_path: Path) -> None:
    program = """
    bucket = aws.s3.Bucket("b")
    wide = aws.iam.GetPolicyDocumentStatementArgs(actions=["s3:*"], resources=[bucket.arn])
    aws.iam.Policy("p", policy=aws.iam.get_policy_document_output(statements=[wide]).json)
    """
    pack = Path(__file__).parents[2] / "stacks" / "policy"

    result = preview(write_project(tmp_path, program), choose_gate=lambda _: open_gate(pack))

    assert [one.message for one in result.findings if one.code == "no-star-actions"] == ["statement 0 allows s3:*"]


def test_a_component_of_a_plugin_shuts_the_gate(tmp_path: Path) -> None:
    program = """
    class Vpc(pulumi.ComponentResource):
        def __init__(self, name):
            super().__init__("awsx:ec2:Vpc", name, {"cidrBlock": "10.0.0.0/16"}, remote=True)

    Vpc("v")
    """
    pack = Path(__file__).parents[2] / "stacks" / "policy"

    result = preview(write_project(tmp_path, program), choose_gate=lambda _: open_gate(pack))

    assert result.verdict is not None
    assert not result.verdict.passed
    assert "no-public-access" in result.verdict.stopping
    assert any("only the engine sees what it is made of" in one.message for one in result.findings)
