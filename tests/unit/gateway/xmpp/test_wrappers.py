from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.xmpp.wrappers import WrapperFilter
from tests.support.streams import HOME, PARTNER, envelope

FILTER = WrapperFilter([HOME, "xn--fa-hia.example"])
BODY = "<body>hi</body>"


def clean(inside: str, kind: str = "message") -> str:
    before = replace(
        envelope(kind, from_=f"alice@{PARTNER}", to=f"bob@{HOME}"),
        raw=f"<{kind} from='alice@{PARTNER}' to='bob@{HOME}'>{inside}</{kind}>".encode(),
    )
    after = FILTER.clean(before)
    text = after.raw.decode()
    if inside in text:
        assert after is before
    return text[text.index(">") + 1 : text.rindex("</")] if "</" in text else ""


FORWARDED = "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'><body>x</body></message></forwarded>"
FORGED = [
    f"<received xmlns='urn:xmpp:carbons:2'>{FORWARDED}</received>",
    f"<sent xmlns='urn:xmpp:carbons:2'>{FORWARDED}</sent>",
    f"<received xmlns='urn:xmpp:carbons:1'>{FORWARDED}</received>",
    f"<result xmlns='urn:xmpp:mam:2' id='1'>{FORWARDED}</result>",
    "<fin xmlns='urn:xmpp:mam:1'/>",
    f"<stanza-id xmlns='urn:xmpp:sid:0' id='1' by='{HOME}'/>",
    f"<stanza-id xmlns='urn:xmpp:sid:0' id='1' by='bob@{HOME}'/>",
    "<stanza-id xmlns='urn:xmpp:sid:0' id='1' by='BOB@CONTOSO.Example'/>",
    "<stanza-id xmlns='urn:xmpp:sid:0' id='>' by='&#99;ontoso.example'/>",
    "<stanza-id xmlns='urn:xmpp:sid:0' id='1' by='faß.example'/>",
    "<stanza-id xmlns='urn:xmpp:sid:0' id='1' by='@contoso.example'/>",
    f"<delay xmlns='urn:xmpp:delay' from='{HOME}' stamp='2002-09-10T23:08:25Z'>late</delay>",
    f"<x xmlns='jabber:x:delay' from='bob@{HOME}' stamp='20020910T23:08:25'/>",
]


@pytest.mark.parametrize("wrapper", FORGED)
@pytest.mark.parametrize("kind", ["message", "presence"])
def test_a_forged_wrapper_is_lost_and_the_rest_stays(wrapper: str, kind: str) -> None:
    assert clean(f"{wrapper}{BODY}", kind) == BODY
    assert clean(wrapper, kind) == ""


HONEST = [
    BODY,
    f"<stanza-id xmlns='urn:xmpp:sid:0' id='1' by='alice@{PARTNER}'/>{BODY}",
    f"<origin-id xmlns='urn:xmpp:sid:0' id='{HOME}'/>{BODY}",
    f"<delay xmlns='urn:xmpp:delay' from='{PARTNER}' stamp='2002-09-10T23:08:25Z'/>{BODY}",
    f"<delay xmlns='urn:xmpp:delay' stamp='2002-09-10T23:08:25Z'/>{BODY}",
    f"<x xmlns='jabber:x:delay' from='{PARTNER}'/>{BODY}",
    "<request xmlns='urn:xmpp:receipts'/>",
    f"<body>urn:xmpp:carbons:2 stanza-id by {HOME}</body>",
    f"<body>I said &lt;stanza-id by='{HOME}'/&gt; urn:xmpp:sid:0</body>",
    # What stands deeper is nobody's word: only the message's own children are believed.
    f"<wrap xmlns='urn:example'><stanza-id xmlns='urn:xmpp:sid:0' id='1' by='{HOME}'/></wrap>",
]


@pytest.mark.parametrize("inside", HONEST)
def test_what_is_honest_passes_as_it_is(inside: str) -> None:
    assert clean(inside) == inside
