"""Pages that answer as if all were well and are none: walls before the site, and "not found" with status 200.

What tells them is their shape: few words in the middle and hardly a way on into the site. Words only tell which kind it is,
and only a page of that shape is judged by them. Whatever is no page is refused with its reason, because its words are no
answer, and their silence no "no".
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from leadline.research.documents.dom import Walk
from leadline.research.documents.hosts import host_of, same_site
from leadline.research.errors import Reason
from leadline.research.model import BlockKind, PageText, Region

LITTLE = 1_500  # characters in the middle of a page from which it is taken for what it seems to be
MOST_OF_FORM = 600  # of a page to sign in at
HARDLY_ANY = 40  # "Loading..."
FEW_WAYS = 2  # links that lead on into the site

_MIDDLE = frozenset({Region.MAIN, Region.ASIDE})
_EMPTY_ROOT = re.compile(r'<(div|main|section)\s[^>]*\bid="[^"]+"[^>]*>\s*</\1>', re.IGNORECASE)
_NOT_FOUND = re.compile(
    r"\b404\b|\b(?:page|site|content|address|url|document)\b.{0,20}\b(?:not|n't|cannot|could not be|no longer)\b.{0,12}"
    r"\b(?:found|exists?|available)\b|\bnot found\b"
    r"|\bnicht gefunden\b|\bintrouvable\b|\bno encontrad[ao]\b|\bnon trovat[ao]\b|\bniet gevonden\b"
    r"|\bnão encontrad[ao]\b|\bhittades inte\b|\bikke fundet\b|\bnie znalezion[oa]\b|\bне найден[ао]?\b"
    r"|找不到|未找到|見つかりません",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"\b(?:access|request|permission|you|ip|visitor)\b.{0,40}\b(?:denied|blocked|forbidden|refused|restricted|banned"
    r"|not allowed|rejected)\b"
    r"|\b(?:forbidden|unauthori[sz]ed|access denied|too many requests|unusual (?:traffic|activity)|suspicious activity)\b"
    r"|\b(?:are you|you.re|you are) (?:not )?(?:a )?(?:human|(?:ro)?bot)s?\b|\bcaptcha\b|\bsecurity (?:check|verification)\b"
    r"|\b(?:check|verif|validat)\w*\b.{0,30}\b(?:browser|human|connection|visitor)\b"
    r"|\b(?:just a|one) moment\b|\battention required\b|\bddos\b"
    r"|\bzugriff (?:verweigert|gesperrt)\b|\bgesperrt\b|\bsicherheitsprüfung\b|\baccès (?:refusé|interdit)\b"
    r"|\bacceso (?:denegado|prohibido)\b|\baccesso negato\b|\btoegang geweigerd\b|\bacesso negado\b"
    r"|\bдоступ (?:запрещ[её]н|ограничен)\b|访问被拒绝|アクセスが拒否",
    re.IGNORECASE,
)
_CONSENT = re.compile(
    r"\bcookies?\b|\bconsent\w*|\bprivacy (?:choices|settings|preferences)\b|\btracking\b|\bgdpr\b|\bpartners?\b"
    r"|\beinwillig\w*|\bzustimm\w*|\bdatenschutz\w*|\bconsentement\w*|\bconsentimiento\w*|\bconsenso\b|\btoestemming\b",
    re.IGNORECASE,
)


def wall(page: PageText, walk: Walk, html: str, url: str) -> tuple[Reason, str] | None:
    """Why a page is none although it came as one; None when it is a page."""
    middle = [block for block in page.blocks if block.region in _MIDDLE]
    characters = sum(block.end - block.start for block in middle)
    if characters >= LITTLE:
        return None
    ways = _ways_on(page, url)
    if walk.passwords and characters <= MOST_OF_FORM:
        return Reason.FORBIDDEN, "the page asks to sign in and shows nothing else"
    headed = any(block.kind is BlockKind.HEADING for block in middle)
    words = [page.text[block.start : block.end] for block in middle]
    if walk.scripts and not headed and ways <= FEW_WAYS and characters < HARDLY_ANY:
        waiting = bool(words) and words[-1].rstrip().endswith(("...", "\u2026"))
        if waiting or _EMPTY_ROOT.search(html):
            return Reason.NEEDS_SCRIPT, "the page shows nothing until its scripts have run"
    names = [page.title, *(page.text[b.start : b.end] for b in middle if b.kind is BlockKind.HEADING)]
    title = "\n".join(names[:3])
    if _NOT_FOUND.search(title):
        return Reason.NOT_FOUND, "the page says that there is none, with status 200"
    if ways > FEW_WAYS:
        return None
    if _REFUSED.search(title) or len(_REFUSED.findall("\n".join(words))) > 1:
        return Reason.FORBIDDEN, "the page says that readers are checked or refused, with status 200"
    asking = sum(len(block) for block in words if _CONSENT.search(block))
    if characters and len(_CONSENT.findall("\n".join(words))) > 1 and asking >= 0.6 * characters:
        return Reason.FORBIDDEN, "the page asks for consent and shows nothing else"
    return None


def _ways_on(page: PageText, url: str) -> int:
    """To how many other addresses of the site the page leads."""
    host, here = host_of(url), urlsplit(url).path.rstrip("/")
    paths = {urlsplit(link.url).path.rstrip("/") for link in page.links if same_site(host_of(link.url), host)}
    return len(paths - {here, ""})
