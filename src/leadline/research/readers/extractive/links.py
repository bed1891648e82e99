"""Addresses: the link whose words, or the address whose place, is what is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote, urlsplit

from leadline.research.model import Evidence, Link, Passage, Question, Unit
from leadline.research.readers.extractive.asking import Asking, Wanted
from leadline.research.readers.extractive.candidate import Candidate
from leadline.research.readers.extractive.fitting import Scope, fit
from leadline.research.readers.extractive.scene import Scene, Spot, address_words
from leadline.research.values.concepts import concepts
from leadline.research.values.terms import squash, terms

_ASKING_FOR_LINKS = frozenset(
    {
        "link",
        "url",
        "find",
        "seen",
        "read",
        "web",
        "links",
        "buyer",
        "buyers",
        "visitor",
        "see",
        "address",
        "adress",
        "locat",
    }
)
_OPTIONAL = frozenset({"page", "websit", "product", "servic", "offici", "public"})
_HOSTS = {
    "linkedin": r"linkedin\.com", "twitter": r"(?:twitter|x)\.com", "facebook": r"facebook\.com", "youtube": r"youtube\.com", "instagram": r"instagram\.com",
    "github": r"github\.com", "gitlab": r"gitlab\.com", "mastodon": r"mastodon\.|fosstodon\.|hachyderm\.", "discord": r"discord\.(?:gg|com)",
    "xing": r"xing\.com", "tiktok": r"tiktok\.com",
}  # fmt: skip
_ASKED_FOR = re.compile(
    r"\b(?:(?:link|address|url)\s+(?:to|of|for)|(?:give|name|state)(?:\s+me)?)\s+(?:the\s+)?(?P<thing>[^.?]*?\w)(?:['’]s)?\s*(?:(?:web\s?)?(?:address|link|url))?\s*[.?]?\s*$",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"\b(?:source (?:code )?repositor(?:y|ies)|code repositor(?:y|ies)|source code|repository|git repo)\b",
    re.IGNORECASE,
)
_CODE_HOSTS = re.compile(r"^(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org|codeberg\.org)$")
_IN_TEXT = re.compile(
    r"https?://[^\s<>\"'()]+|\b(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|chat|app|cloud|co|ai|eu|de|fr|uk)(?:/[^\s<>\"'()]*)?",
    re.IGNORECASE,
)


def url_candidates(
    question: Question, passages: Sequence[Passage], evidence: Evidence
) -> Sequence[Candidate]:
    scene = Scene(question, passages, evidence)
    titles = {_key(page.url): page.content.title for page in evidence.pages}
    found: list[Candidate] = []
    for spot in scene.spots:
        links = _links_of(spot)
        for link in links:
            found.extend(_judge(scene, spot, link, titles.get(_key(link.url), "")))
        if len(links) == 1:
            found.extend(_said_beside(scene, spot, links[0]))
        found.extend(_written(scene, spot))
    return found


def _key(url: str) -> str:
    return url.split("://")[-1].removeprefix("www.").rstrip("/")


def _bare(word: str) -> str:
    return re.sub(r"['’]s?$", "", word)


def _topic(asking: Asking) -> list[Wanted]:
    """What the address is to lead to: of "Where can one order? Give the shop's address." the shop."""
    topic = [w for w in asking.wanted if w.stem not in _ASKING_FOR_LINKS]
    asked = _ASKED_FOR.search(asking.text)
    if asked:
        inside = [w for w in topic if re.search(rf"\b{re.escape(_bare(w.text))}\b", asked["thing"])]
        return inside or topic
    return topic


def _links_of(spot: Spot) -> list[Link]:
    return [
        link
        for link in spot.page.content.links
        if link.start >= 0
        and spot.unit.start <= link.start
        and link.end <= spot.unit.end
        and urlsplit(link.url).scheme in ("http", "https")
        and not _hands_over(link.url)
    ]


def _hands_over(url: str) -> bool:
    """Whether it gives another address to a service, to share or to check it: such a link is nobody's profile."""
    return "://" in unquote(urlsplit(url).query)


def _judge(scene: Scene, spot: Spot, link: Link, title: str) -> Iterator[Candidate]:
    """``title``: of the page that the link leads to, where that page was read."""
    asking = scene.asking(spot.language)
    topic = _topic(asking)
    if not topic:
        return
    host = urlsplit(link.url).hostname or ""
    for name, pattern in _HOSTS.items():
        if any(name == squash(w.text) for w in topic) and re.search(pattern, host):
            if (
                any(n in squash(link.url) for n in asking.company if len(n) >= 3)
                and len([w for w in topic if not w.weak]) <= 1
            ):
                yield _candidate(link.url, spot, 0.93, "link-profile")
            return
    if _CODE.search(asking.text) and _CODE_HOSTS.match(host):
        yield from _repository(asking, spot, link.url)
        return
    address = concepts(address_words(link.url), spot.language) | concepts(
        host.replace(".", " "), spot.language
    )
    words = concepts(link.text, spot.language) | concepts(title, spot.language) | address
    met = [w for w in topic if w.concepts & words]
    total = sum(scene.weight(w) for w in topic)
    share = sum(scene.weight(w) for w in met) / total
    if any(w not in met and w.stem not in _OPTIONAL for w in topic) or not met or _is_home(asking, link.url):
        return
    extra = len([t for t in concepts(link.text, spot.language) if t[0] == "="]) - len(met)
    if extra > 4:
        return
    named = sum(bool(w.concepts & address) for w in topic) / len(topic)  # its own address says so too
    own = any(name in squash(host) for name in asking.company if len(name) >= 3)
    score = (
        0.75 + 0.15 * share + 0.05 * (share == 1.0) + 0.08 * named - 0.03 * max(0, extra) - 0.1 * (not own)
    )
    asked = frozenset().union(*(w.concepts for w in topic))
    besides = [
        t
        for t in terms(address_words(link.url), spot.language)
        if not concepts(t.text, spot.language) & asked
    ]
    score -= 0.03 * max(0, len(besides) - 1)  # a deep address is of something within what is asked for
    yield _candidate(link.url, spot, min(score, 0.98), "link-text")


def _said_beside(scene: Scene, spot: Spot, link: Link) -> Iterator[Candidate]:
    """The only link of a sentence that says what it leads to: "Reports are published at ...", "see our site"."""
    asking = scene.asking(spot.language)
    topic = _topic(asking)
    strong = [w for w in topic if not w.weak]
    if (
        len(strong) < 2
        or _is_home(asking, link.url)
        or len(spot.text.split()) > 30
        or _CODE.search(asking.text)
    ):
        return
    others = tuple(w for w in asking.wanted if w not in topic)
    measured = fit(asking, spot, Scope(own=spot.text), leave_out=others, neighbours=False)
    if measured.names_met and not measured.missing and measured.own >= 0.35:
        yield _candidate(link.url, spot, 0.5 + 0.4 * measured.coverage, "link-beside")


def _is_home(asking: Asking, url: str) -> bool:
    """The company's front page is never what a link is asked for."""
    parts = urlsplit(url if "//" in url else "https://" + url)
    return not parts.path.strip("/") and squash(parts.hostname or "").removeprefix("www") in asking.company


def _repository(asking: Asking, spot: Spot, url: str) -> Iterator[Candidate]:
    """The company's own repository: owner and name are the company's, or the owner's only page."""
    parts = [p for p in urlsplit(url).path.split("/") if p]
    owners = [squash(p) for p in parts[:2]]
    if len(parts) == 2 and owners[1] in asking.company and any(n in owners[0] for n in asking.company):
        yield _candidate(url, spot, 0.95, "link-repository")


def _written(scene: Scene, spot: Spot) -> Iterator[Candidate]:
    """An address written out in a sentence that names the thing just before it."""
    asking = scene.asking(spot.language)
    topic = _topic(asking)
    if not topic:
        return
    for match in _IN_TEXT.finditer(spot.text):
        before = re.split(r"[.;!?]\s|,\s", spot.text[: match.start()])[-1][-80:]
        held = concepts(before, spot.language)
        if (
            all(w.concepts & held or w.weak for w in topic)
            and not _is_home(asking, match.group())
            and sum(not w.weak for w in topic) >= 1
        ):
            url = match.group().rstrip(".,;:")
            if _CODE.search(asking.text):
                yield from _repository(asking, spot, url if "//" in url else "https://" + url)
            else:
                yield _candidate(url if "//" in url else "https://" + url, spot, 0.92, "link-written")


def _candidate(url: str, spot: Spot, score: float, rule: str) -> Candidate:
    unit: Unit = spot.unit
    return Candidate(
        url,
        (unit,),
        score - 0.001 * spot.rank,
        rule,
        {"rank": float(spot.rank), "region": spot.region_weight, "coverage": score},
    )
