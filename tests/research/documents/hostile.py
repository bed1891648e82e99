"""Pages made to keep a reader busy: each a few hundred kilobytes in a shape that some code takes too long for."""

from __future__ import annotations

SIZE = 100_000


def page(body: str, head: str = "") -> str:
    return (
        f"<!doctype html><html lang=en><head><title>About Acme</title>{head}</head>"
        f"<body><h1>Acme</h1>{body}</body></html>"
    )


def filled(piece: str, size: int = SIZE) -> str:
    return piece * (size // len(piece))


def json_ld(script: str) -> str:
    return page("", f'<script type="application/ld+json">{script}</script>')


# One sentence, one paragraph of nothing but this.
WORDS = [
    *(
        ".",
        ". ",
        "..x",
        "1",
        "12 ",
        "1,",
        "1.",
        "1 000 ",
        "A",
        "Ab ",
        "A ",
        "Aa",
        "A1",
        "a@",
        "a.b-c@d.",
        "a.",
    ),
    *(
        "word",
        "word ",
        "-",
        "a-",
        '"',
        "(",
        "[",
        "a: ",
        "a, ",
        "a and ",
        "$",
        "$1 ",
        "1% ",
        "/",
        "http://a.b/",
    ),
    *(
        "www.a.",
        "1987 ",
        "1987-",
        "January ",
        "\u00a0",
        "'s ",
        "of the ",
        "CEO ",
        "Jane Doe, CEO, ",
        "_",
        "*",
    ),
    *(
        "12 employees ",
        "Abc. ",
        "; ",
        "? ",
        "\u2026 ",
        "\u516c\u53f8",
        "\u3002",
        "a\u0301",
        "\u0663",
        "\u00b2",
    ),
    *("million ", "hundred ", "twenty-one ", "+1 555 ", "ISO 27001 ", "Inc. ", "A.B.", "12 Main Street, "),
    *("per month ", "more than ", "no ", "not ", "since ", "10k+ ", "| ", "5 GB ", "\u20ac", "1.250 \u20ac "),
    *("2020-01-01 ", "1 January 2020, ", "The ", "founded in 1987 ", "\U0001f600", "\t", "&lt;", "\u200b"),
]

MARKUP = {
    "list items": page("<ul>" + filled("<li>a") + "</ul>"),
    "lists in lists": page(filled("<ul><li>")),
    "nobr": page(filled("<nobr>a")),
    "nobr and paragraphs": page(filled("<nobr><p>a")),
    "formatting": page(filled("<b><i><font color=a>a<p>")),
    "captions": page("<table>" + filled("<caption>a</caption>") + "</table>"),
    "a long caption": page(f"<table><caption>{filled('word ')}</caption>{filled('<tr><td>1')}</table>"),
    "tables in tables": page(filled("<table><tr><td>")),
    "terms": page("<dl>" + filled("<dt>a") + "</dl>"),
    "definitions": page("<dl><dt>x" + filled("<dd>b") + "</dl>"),
    "terms and definitions": page("<dl>" + filled("<dt>a<dd>b") + "</dl>"),
    "definition lists in each other": page(filled("<dl><dt>a<dd>b")),
    "400,000 attributes": page("<p " + " ".join(f"a{n}" for n in range(400_000)) + ">hello</p>"),
    "attributes with signs": page("<p " + " ".join(f"a{n}='>'" for n in range(400_000)) + ">hello</p>"),
    "attributes with quotes": page("<p " + filled('a="') + ">hello</p>"),
    "many elements of 99 attributes": page(("<p " + "a='x' " * 99 + ">hello") * 2_000),
    "one attribute": page(f'<div style="{filled("display: ")}" class="{filled("site-header-")}">hello</div>'),
    "elements in elements": page("<div>" * 50_000 + "hello"),
    "spans in spans": page("<span>" * 50_000 + "hello"),
    "half tags": page(filled("<a")),
    "half tags with spaces": page(filled("<a ")),
    "half comments": page(filled("<!--")),
    "signs": page(filled("<") + filled(">") + filled("&")),
    "links": page(filled("<a href=/x>a</a>", 1_000_000)),
    "a long address": page(f'<a href="/{filled("a/")}">x</a><a href="/?{filled("a=1&")}">y</a>'),
    "a link around everything": page(f'<a href="/x">{filled("<p>word</p>")}</a>'),
    "options": page("<select>" + filled("<option>a") + "</select>"),
    "line breaks": page("<p>" + filled("a<br>") + "<pre>" + filled("a\n")),
    "cells": page("<table><tr>" + filled("<td>a") + filled("<tr><td>b") + "</table>"),
    "header cells": page("<table><tr>" + filled("<th>a") + "</tr>" + filled("<tr><td>b")),
    "wide tables": page(
        "<table><thead><tr>" + "<th>header words" * 1_000 + ("<tr>" + "<td>1" * 1_000) * 40 + "</table>"
    ),
    "spans of cells": page("<table>" + filled("<tr><th colspan=100 rowspan=100>a") + filled("<tr><td>b")),
    "headings": page(filled("<h1>a<h2>b<h3>c<h4>d<h5>e<h6>f")),
    "a long heading": page("<h2>" + filled("word ") + "</h2>" + filled("<p>a")),
    "pictures": page(filled("<svg><title>a</title>") + filled("<svg><foreignObject>")),
    "templates": page(filled("<template>")),
    "scripts": page(filled("<script>")),
    "textareas": page(filled("<textarea>")),
    "forms": page(filled("<form>a<button>b")),
    "a long title": page("hello", f"<title>{filled('word ')}</title>"),
    "paragraphs": page(filled("<p>Acme was founded in 1987.</p>", 1_000_000)),
    "rows": page("<table>" + filled("<tr><td>Pro</td><td>$49</td></tr>", 1_000_000) + "</table>"),
    "people": page("<ul>" + filled("<li>Jane Doe, Chief Executive Officer</li>", 1_000_000) + "</ul>"),
    "profiles": page(filled('<li><a href="https://linkedin.com/company/a">LinkedIn</a></li>', 1_000_000)),
    "deep JSON-LD": json_ld('{"a":' * 20_000 + "1" + "}" * 20_000),
    "long JSON-LD": json_ld("[" + ",".join(['{"@type":"Organization","foundingDate":"1987"}'] * 4_000) + "]"),
    "half JSON-LD": json_ld('{"@type":"Organization","name":"' + filled('\\\\"')),
    "many JSON-LD": page("x", '<script type="application/ld+json">{"@type":"Thing"}</script>' * 3_000),
}
SHAPES = {
    **{f"words {piece!a}": page(f"<p>{filled(piece)}</p>") for piece in WORDS},
    **{f"sentence {piece!a}": page(f"<p>Acme was founded in {filled(piece)}x</p>") for piece in WORDS},
    **MARKUP,
}
