"""A hostile pull request names things as it likes. Held against GitHub's own Markdown parser (cmark-gfm)."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.contracts.preview import read_preview
from greenai_infra.reporting.comment.making import gate_comments
from greenai_infra.reporting.comment.markdown import code, prose
from greenai_infra.reporting.comment.render import GITHUB_LIMIT, environment

from .previews import STACK, finding, preview, resource, rule, stands, write
from .previews import standing as standing_of

if TYPE_CHECKING:
    from pathlib import Path

cmarkgfm = pytest.importorskip("cmarkgfm")

HOSTILE = [
    "](javascript:alert(1))",
    "[click](https://evil.example/)",
    "![x](https://evil.example/pixel.png)",
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "</summary></details><h1>gate passes</h1>",
    f"<!-- greenai-infra: assistants/{STACK} -->",
    "--> <b>out</b> <!--",
    "@octo/team @everyone",
    "fixes #1 octo/repo#2 GH-3 !4 ~label %5 &6 $7",
    "https://evil.example/ www.evil.example ftp://evil.example",
    "someone@evil.example",
    "`code` ``more`` ``` fence",
    "a | b | c \\| d",
    "\\` \\| \\@team",
    "line\n/approve\n/merge\n\n# heading\n- item\n> quote\n---\n",
    "\r\n/close\r\n",
    "- [x] task",
    "**bold** __strong__ _em_ ~~gone~~ *em*",
    "&lt;img&gt; &#64;team &copy;",
    "\u202egnihtemos \u2066x\u2069 \u200b@team \ufeff \x00 \x1b[31m",
    "| --- | --- |",
    "{{ 7 * 7 }} {% raw %} ${{ secrets.X }}",
    "$a_1$ $`b`$",
    "x" * 5000,
    "\U0001f4a9" * 3000,
    "`" * 2000,
    "|" * 2000,
]
ALLOWED_TAGS = {
    *("h2", "h3", "p", "ul", "li", "code", "strong", "table", "thead", "tbody", "tr", "th", "td"),
    *("details", "summary", "sub"),
}


def everywhere(text: str) -> dict[str, Any]:
    """A preview with the text wherever a pull request can put it."""
    one = resource(text, type_=f"aws:sns/topic:{text}", **{text: 1})
    bad = finding(text, urn=f"urn:pulumi:x::y::{text}::{text}", property=text, message=text, remedy=text)
    figures = standing_of({**stands(text, 1.0, 1.0, 1.0), "what": text, "energy_source": text, "note": text})
    figures["unpriced"] = [text]
    figures["intensity"].update(zone=text, source=text, kind=text, signal=text, basis=text, observed_at=text)
    figures["planned_run"] = {"plan_id": text, "energy_kwh": 1.0, "emissions_kg": 1.0, "cost_usd": 1.0}
    return preview(
        region=text,
        resources=[one],
        findings=[bad, finding(text, "warning", urn=text)],
        policy={"rules": [{**rule(text, violations=1, not_run=1), "title": text}]},
        standing=figures,
        budget={"daily_kg": 1.0, "monthly_kg": 2.0, "stack": text},
        tags={"common": {"plan-id": text, "workload": text, "carbon-zone": text}, "missing": {}},
        messages=[text],
        outputs={text: text},
    )


class Page(HTMLParser):
    """What a browser sees: elements, comments, and the text outside code."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.comments: list[str] = []
        self.words = ""
        self._in_code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs if name != "align"]
        self._in_code += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._in_code -= tag == "code"

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        if not self._in_code:
            self.words += data


def seen(markdown: str) -> Page:
    page = Page()
    page.feed(cmarkgfm.github_flavored_markdown_to_html(markdown, options=cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE))
    return page


def comment_on(tmp_path: Path, document: dict[str, Any], base: dict[str, Any] | None) -> str:
    head = read_preview(write(tmp_path / "head.json", document))
    before = [read_preview(write(tmp_path / "base.json", base))] if base else None
    ((comment,), _) = gate_comments([head], before, [], [], "error")
    return comment.body


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("compared", [True, False])
def test_nothing_breaks_out(tmp_path: Path, text: str, compared: bool) -> None:
    markdown = comment_on(tmp_path, everywhere(text), preview() if compared else None)
    page = seen(markdown)

    assert set(page.tags) <= ALLOWED_TAGS
    assert page.attributes == []
    assert page.comments == [f" greenai-infra: assistants/{STACK} "]
    assert page.tags.count("details") == 3
    assert page.tags.count("h2") == 1
    assert len(markdown.encode()) <= GITHUB_LIMIT


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_breaks_out_of_what_is_said_of_the_gate(tmp_path: Path, text: str) -> None:
    """The list right under the verdict names rules and settings, both of the change's own making."""
    looser = {**rule(text), "settings": {"basis": text, "keys": [text], "max_" + text: 2.0}}
    base = {**rule(text), "settings": {"basis": "lifecycle", "keys": [text, text + "x"], "max_" + text: 1.0}}
    markdown = comment_on(
        tmp_path,
        {**everywhere(text), "policy": {"rules": [looser]}},
        preview(policy={"rules": [base, rule(text + "gone")]}),
    )
    page = seen(markdown)
    assert markdown.partition("**Carbon budget:**")[0].count("\n- ") == 4
    assert set(page.tags) <= ALLOWED_TAGS
    assert page.attributes == []
    assert page.comments == [f" greenai-infra: assistants/{STACK} "]
    assert page.tags.count("h2") == 1
    assert re.findall(r"@[A-Za-z0-9]|[#!%]\d|GH-\d|://|www\.|~[a-z]|\$\d", page.words) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_nobody_and_nothing_is_mentioned(tmp_path: Path, text: str) -> None:
    words = seen(comment_on(tmp_path, everywhere(text), preview())).words
    assert re.findall(r"@[A-Za-z0-9]|[#!%]\d|GH-\d|://|www\.|~[a-z]|\$\d", words) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_no_line_begins_with_a_command_of_gitlab(tmp_path: Path, text: str) -> None:
    lines = comment_on(tmp_path, everywhere(text), preview()).splitlines()
    assert [line for line in lines if line.lstrip().startswith("/")] == []
    assert all(line.isprintable() for line in (line.replace("\u200b", "") for line in lines))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_table_keeps_its_columns(tmp_path: Path, text: str) -> None:
    lines = comment_on(tmp_path, everywhere(text), preview()).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    html = cmarkgfm.github_flavored_markdown_to_html("\n".join(lines), options=cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE)
    cells = [len(re.findall(r"<t[hd]", row)) for row in re.findall(r"<tr>.*?</tr>", html, re.DOTALL)]
    drawn = [row.count("|") - 1 for row in rows if not re.fullmatch(r"[|:\- ]+", row)]
    assert cells == drawn


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("bucket 'a_b' needs `kms` <key>", "bucket 'a_b' needs `kms` <key>"),
        ("energy_kwh > 5 & cost < 3 | ok", "energy_kwh > 5 &\u200b cost < 3 | ok"),
        ("_start and end_", "_start and end_"),
        ("100 % of 5 kg, 3 * 4 = 12", "100 % of 5 kg, 3 * 4 = 12"),
    ],
)
def test_a_sentence_still_reads_as_it_was_written(text: str, read: str) -> None:
    assert seen(f"- x: {prose(text)}").words.strip().replace("\u200b", "") == f"x: {read}".replace("\u200b", "")


@pytest.mark.parametrize("text", ["aws:sns:Topic", "finetune-7b_x", "tags[0].team", "<b>&amp;</b>", "a\\b*c*"])
def test_a_name_still_reads_as_it_was_written(text: str) -> None:
    html = cmarkgfm.github_flavored_markdown_to_html(f"| a |\n| --- |\n| {code(text)} |")
    (cell,) = re.findall(r"<code>(.*?)</code>", html)
    assert unescape(cell) == text


def test_a_template_can_show_no_text_that_was_not_made_safe() -> None:
    template = environment().from_string("{{ name }}")
    with pytest.raises(TypeError, match="not str"):
        template.render(name="@team")


@pytest.mark.parametrize("count", [200, 5000])
def test_a_huge_stack_is_shortened_details_first(tmp_path: Path, count: int) -> None:
    long = "\U0001f4a9 &<|" * 60
    document = preview(
        resources=[resource(f"{number} {long}") for number in range(count)],
        findings=[finding(f"{number} {long}", message=long, remedy=long) for number in range(count)],
        standing=standing_of(*({**stands(f"{number}{long}", 1.0, 1.0, 1.0), "what": long} for number in range(count))),
    )
    text = comment_on(tmp_path, document, preview())
    assert len(text.encode()) <= GITHUB_LIMIT
    assert "This comment was shortened to fit" in text
    assert "- ❌ " in text
    assert "Carbon budget" in text
    assert f"<summary>Resources: {count} added, 2 removed, 0 changed</summary>" in text
    assert re.search(r"- \d+ more: `greenai-infra preview --offline`", text)


def test_a_usual_stack_is_not_shortened(tmp_path: Path) -> None:
    document = preview(resources=[resource(f"resource-{number}") for number in range(66)])
    text = comment_on(tmp_path, document, preview())
    assert "shortened" not in text
    assert "- 28 more" in text  # 66 added and 2 removed, 40 are shown
