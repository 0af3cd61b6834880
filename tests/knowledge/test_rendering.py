"""What readers get: anchors, tables, links, no HTML of somebody's own, and what is counted on a page."""

from __future__ import annotations

from counterfoil.foundation.vocabulary import Kind, entries
from counterfoil.foundation.vocabulary.articles import place_of
from counterfoil.knowledge.model import Rendered
from counterfoil.knowledge.rendering import anchor_of
from knowledge.shelf import article, shelf


def rendered(body: str, language: str = "en") -> Rendered:
    one = article("first-page", language, body=body)
    return shelf(one).rendered(one)


def test_headings_have_anchors_of_their_words() -> None:
    page = rendered("## Where to look\n\n### Ｗhere to look?\n\n## 看哪里：第 2 步\n")
    assert [one.anchor for one in page.headings] == ["where-to-look", "where-to-look-2", "看哪里-第-2-步"]
    assert '<h2 id="where-to-look">Where to look</h2>' in page.html
    assert [one.level for one in page.headings] == [2, 3, 2]
    assert anchor_of("?!") == "part"


def test_html_is_shown_and_never_run() -> None:
    page = rendered('<script>alert(1)</script>\n\nA <b onclick="x">word</b>.\n\n[x](javascript:alert(1))\n')
    assert "<script" not in page.html
    assert "<b " not in page.html
    assert 'href="javascript' not in page.html


def test_links_that_leave_the_site_say_so() -> None:
    page = rendered("[there](https://example.com/a) and\n[here](/why) and {{ link('second-page') }}")
    assert '<a href="https://example.com/a" rel="external noopener noreferrer">there</a>' in page.html
    assert '<a href="/why">here</a>' in page.html
    first = page.links[0]
    assert [one.target for one in page.links] == ["https://example.com/a", "/why", "/help/en/second-page"]
    assert [one.line - first.line for one in page.links] == [0, 1, 1]


def test_what_is_wide_can_be_scrolled_by_keyboard() -> None:
    page = rendered("| a | b |\n|---|---|\n| 1 | 2 |\n\n```sh\ncurl <x>\n```\n")
    assert '<div class="help-table" tabindex="0"><table>' in page.html
    assert '<pre tabindex="0"><code class="language-sh">curl &lt;x&gt;\n</code></pre>' in page.html


def test_every_code_of_a_list_has_its_place() -> None:
    page = rendered('{{ table_of("error") }}\n\n{{ table_of("input_problem") }}\n')
    for kind in (Kind.ERROR, Kind.INPUT_PROBLEM):
        for one in entries(kind):
            assert (place_of(kind, one.code) in page.anchors) == one.public, one.code
    assert page.html.count('id="body_too_large"') == 1
    assert page.html.count('id="input-body_too_large"') == 1


def test_steps_lead_and_terms() -> None:
    page = rendered(
        "The answer\nin two lines.\n\nMore.\n\n## Do\n\n1. One\n   - not a step\n2. Two\n\n- **hold**: money set aside\n"
    )
    assert page.steps == 2
    assert page.lead == "The answer in two lines.\nMore."
    assert page.terms == (("hold", "money set aside"),)
    assert rendered("- **预留**：先留出的金额\n", "zh").terms == (("预留", "先留出的金额"),)
