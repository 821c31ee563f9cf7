"""Domains that can be nobody's own: where anybody gets a mailbox, and where anybody registers a name.

Short lists of the well-known, written by hand. They keep honest people from mistakes; what guards the rest is that nobody can
put a record into the zone of a domain that isn't theirs.
"""

from __future__ import annotations

import re
from typing import Final

# Mailboxes for everybody. What lies below one of them is its own, too (mail.aol.com).
MAILBOXES: Final = frozenset(
    """
    gmail.com googlemail.com outlook.com hotmail.com live.com msn.com passport.com windowslive.com
    hotmail.co.uk hotmail.fr hotmail.de hotmail.it hotmail.es live.co.uk live.fr live.de live.nl live.in outlook.de outlook.fr
    outlook.es outlook.in outlook.jp yahoo.com ymail.com rocketmail.com yahoo.co.uk yahoo.co.in yahoo.in yahoo.fr yahoo.de
    yahoo.it yahoo.es yahoo.ca yahoo.com.br yahoo.com.au yahoo.co.jp yahoo.com.mx yahoo.com.ar yahoo.com.sg yahoo.co.id
    icloud.com me.com mac.com aol.com aim.com proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de tutamail.com
    tuta.io keemail.me gmx.com gmx.de gmx.net gmx.at gmx.ch web.de freenet.de t-online.de mail.de posteo.de mailbox.org
    online.de arcor.de orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr bbox.fr libero.it virgilio.it tiscali.it alice.it
    tin.it hey.com fastmail.com fastmail.fm zoho.com zohomail.com zohomail.in mail.com email.com usa.com yandex.com yandex.ru ya.ru
    mail.ru bk.ru inbox.ru list.ru rambler.ru ukr.net qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com aliyun.com
    139.com 189.cn naver.com hanmail.net daum.net nate.com rediffmail.com indiatimes.com sify.com bol.com.br uol.com.br
    terra.com.br ig.com.br globo.com docomo.ne.jp ezweb.ne.jp softbank.ne.jp comcast.net verizon.net att.net sbcglobal.net
    bellsouth.net cox.net charter.net earthlink.net juno.com rogers.com shaw.ca sympatico.ca telus.net btinternet.com sky.com
    virginmedia.com talktalk.net ntlworld.com blueyonder.co.uk bigpond.com optusnet.com.au xtra.co.nz wp.pl o2.pl onet.pl
    interia.pl seznam.cz centrum.cz abv.bg bluewin.ch ziggo.nl kpnmail.nl planet.nl telenet.be skynet.be telia.com
    hushmail.com mailinator.com guerrillamail.com 10minutemail.com temp-mail.org yopmail.com trashmail.com sharklasers.com
    duck.com mozmail.com relay.firefox.com privaterelay.appleid.com simplelogin.com
    """.split()
)
# Names under which anybody gets one of their own.
SUFFIXES: Final = frozenset(
    """
    github.io gitlab.io bitbucket.io herokuapp.com vercel.app netlify.app pages.dev workers.dev web.app firebaseapp.com appspot.com
    azurewebsites.net azurestaticapps.net cloudapp.net cloudfront.net amazonaws.com fly.dev onrender.com railway.app ngrok.io
    ngrok-free.app blogspot.com wordpress.com wixsite.com weebly.com squarespace.com myshopify.com webflow.io glitch.me repl.co
    surge.sh readthedocs.io onmicrosoft.com sharepoint.com atlassian.net zendesk.com freshdesk.com notion.site
    uk.com us.com eu.com de.com jpn.com br.com cn.com gb.net se.net in.net dyndns.org duckdns.org no-ip.org ddns.net
    nhs.uk police.uk firm.in gen.in ind.in nic.in res.in asn.au id.au geek.nz kiwi.nz school.nz
    """.split()
)
# co.uk, com.au, ac.in: the second level at which many countries register.
_SECOND_LEVEL: Final = re.compile(r"(ac|co|com|edu|gob|gov|gouv|go|ltd|me|mil|ne|net|nom|or|org|plc|sch)\.[a-z]{2}")


def refusal(name: str) -> str:
    """Why this domain (in ASCII form) can be no organization's own, as a sentence; empty when it can."""
    labels = name.split(".")
    if any(".".join(labels[start:]) in MAILBOXES for start in range(len(labels) - 1)):
        return f"{name} gives mailboxes to everybody, so it is no organization's own."
    if name in SUFFIXES or _SECOND_LEVEL.fullmatch(name):
        return f"Under {name} everybody can register a name, so it is no organization's own."
    return ""
