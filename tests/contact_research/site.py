"""A made-up company whose pages speak of Jane Doe, of others, and of a namesake."""

from __future__ import annotations

from tests.web import WebServer

HOST = "acme.com"
TEAM = """<title>Team | Acme</title><h1>Our team</h1>
<h3>Ada Quist</h3><p>CEO</p><p>ada.quist@acme.com</p>
<h3>Jane Doe</h3><p>VP Sales</p>
<p>Jane leads our sales team of 12 people in Kiel. Before joining Acme in 2019 she worked at Globex.</p>
<p><a href="tel:+49431123">+49 431 123</a> <a href="https://www.linkedin.com/in/jane-doe">LinkedIn</a> jane.doe@acme.com</p>
<h3>Bo Ray</h3><p>CFO</p><p><a href="https://www.linkedin.com/in/bo-ray">LinkedIn</a></p>"""
NEWS = """<title>Acme opens in Kiel</title><meta property="article:published_time" content="2026-10-01">
<h1>Acme opens in Kiel</h1>
<p>“We wanted to be close to our customers,” said Jane Doe, VP Sales at Acme.</p>
<p>Jane Doe, a painter at Globex, was there too.</p>"""
JOB = """<title>VP Sales</title><h1>VP Sales (f/m/d)</h1><h2>Your tasks</h2>
<ul><li>Build the sales plan for Europe</li></ul><h2>We offer</h2><ul><li>Free fruit</li></ul>"""


def acme(web: WebServer) -> None:
    links = '<a href="/team">Team</a> <a href="/news/kiel">News</a> <a href="/careers/vp-sales">VP Sales</a> <a href="/gone">Old page</a>'
    web.page(HOST, "/", f"<title>Acme</title><p>Acme makes anvils in Kiel.</p>{links}")
    web.page(HOST, "/team", TEAM)
    web.page(HOST, "/news/kiel", NEWS)
    web.page(HOST, "/careers/vp-sales", JOB)
