"""Domains that give mailboxes to anybody: a name tells nothing of an address there."""

from __future__ import annotations

FREE = frozenset(
    """gmail.com googlemail.com outlook.com hotmail.com hotmail.co.uk hotmail.fr hotmail.de live.com msn.com yahoo.com
    yahoo.co.uk yahoo.fr yahoo.de yahoo.co.jp yahoo.co.in ymail.com rocketmail.com icloud.com me.com mac.com aol.com
    gmx.com gmx.de gmx.net gmx.at gmx.ch web.de t-online.de freenet.de mail.de posteo.de mailbox.org proton.me
    protonmail.com pm.me tutanota.com tuta.io zoho.com zohomail.com fastmail.com hey.com mail.com email.com usa.com
    mail.ru bk.ru list.ru inbox.ru yandex.ru yandex.com ya.ru rambler.ru ukr.net qq.com 163.com 126.com sina.com
    foxmail.com naver.com daum.net hanmail.net orange.fr wanadoo.fr free.fr laposte.net sfr.fr libero.it virgilio.it
    tiscali.it alice.it wp.pl o2.pl onet.pl interia.pl seznam.cz centrum.cz abv.bg uol.com.br bol.com.br terra.com.br
    rediffmail.com bluewin.ch telenet.be skynet.be ziggo.nl kpnmail.nl comcast.net verizon.net att.net sbcglobal.net
    btinternet.com sky.com""".split()
)
DISPOSABLE = frozenset(
    """mailinator.com guerrillamail.com guerrillamail.net sharklasers.com grr.la 10minutemail.com 10minutemail.net
    temp-mail.org tempmail.com tempmail.net tempmailo.com throwawaymail.com yopmail.com yopmail.fr yopmail.net
    getnada.com nada.email dispostable.com maildrop.cc mailnesia.com trashmail.com trashmail.de trash-mail.com
    wegwerfmail.de byom.de spamgourmet.com mytemp.email mohmal.com fakeinbox.com emailondeck.com mintemail.com
    mailcatch.com spam4.me discard.email tempr.email moakt.com inboxkitten.com burnermail.io mail.tm""".split()
)


def gives_anybody(domain: str) -> str | None:
    """Why a person's address cannot be told from this domain; None for a company's own."""
    if domain in FREE:
        return f"{domain} gives mailboxes to anybody: ask with the company's own domain"
    if domain in DISPOSABLE:
        return f"{domain} gives mailboxes that are thrown away: ask with the company's own domain"
    return None
