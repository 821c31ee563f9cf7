"""Right responses, changed by chance: never anything but a refusal, and never another content."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from tenantry.sso.refused import Refused
from tenantry.sso.saml import bindings, certificates, logout, metadata, requests, responses
from tenantry.sso.saml.responses import Assertion

from .case import idp, read, sp
from .issuer import NOW, Said, encrypt, good, other_pair, parse, sign, signed_response, text_of

PLACE = st.integers(0, 200)
FAST = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
# Bits of XML that change what a reader sees, more often than letters by chance do.
BITS = st.sampled_from([
    "<!-- -->", "<?x?>", "<![CDATA[", "]]>", "&amp;", "&#0;", "&#65;", "<x/>", "<saml:Assertion/>", "<ds:Signature/>", ' ID="_assertion1"',
    "</saml:Assertion>", "<saml:NameID>evil</saml:NameID>", "<!DOCTYPE x>", " xmlns:saml='urn:x'", "\x00", "\ufeff", "é", " ", "", "=", "A",
])  # fmt: skip


@lru_cache
def originals() -> tuple[str, ...]:
    """A plain, a wholly signed and an encrypted response."""
    sealed = Said().response(encrypt(sign(Said().assertion()), other_pair()))
    return good(), signed_response(), sealed


@lru_cache
def _right() -> Assertion:
    found = read(good())
    assert isinstance(found, Assertion)
    return found


def _judge(message: str | bytes) -> None:
    """Refused, or accepted with the very content that was signed."""
    try:
        found = read(message)
    except Refused:
        return
    assert replace(found, response_signed=False, encrypted=False) == _right()


@FAST
@given(which=st.integers(0, 2), cuts=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), BITS), min_size=1, max_size=4))
def test_text_changed_at_random_places(which: int, cuts: list[tuple[float, int, str]]) -> None:
    text = originals()[which]
    for place, length, bit in cuts:
        at = int(place * len(text))
        text = text[:at] + bit + text[at + length :]
    _judge(text.encode("utf-8", "surrogatepass"))


@FAST
@given(
    which=st.integers(0, 1), seed=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200), st.integers(0, 5)), min_size=1, max_size=3)
)
def test_elements_moved_copied_and_dropped(which: int, seed: list[tuple[int, int, int]]) -> None:
    root = parse(originals()[which])
    for first, second, act in seed:
        nodes = list(root.iter(etree.Element))
        one, other = nodes[first % len(nodes)], nodes[second % len(nodes)]
        if act == 0 and one is not root:
            one.getparent().remove(one)
        elif act == 1 and one is not root and other not in set(one.iter()):
            other.append(one)
        elif act == 2:
            other.append(parse(text_of(one)))
        elif act == 3:
            one.text = "owner@contoso.example"
        elif act == 4 and one is not root:
            one.addprevious(parse(text_of(other)))
        elif one.attrib:
            name = sorted(one.attrib)[second % len(one.attrib)]
            one.set(name, "_assertion1" if name == "ID" else "https://evil.example")
    _judge(text_of(root))


@FAST
@given(data=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_anywhere(data: bytes) -> None:
    """Whatever door they come to."""
    text = data.decode("latin-1")
    us, them = sp(), idp()
    doors = (
        lambda: responses.read(text, sp=us, idp=them, request_id=None, moment=NOW),
        lambda: responses.in_response_to(text),
        lambda: read(data),
        lambda: metadata.read_idp(data),
        lambda: certificates.read(text),
        lambda: requests.read(bindings.from_query("SAMLRequest=" + text), moment=NOW),
        lambda: logout.read_request(bindings.from_query(text), sp=us, idp=them, moment=NOW),
        lambda: logout.read_request(bindings.from_form({"SAMLRequest": text}), sp=us, idp=them, moment=NOW),
        lambda: bindings.from_query(f"SAMLResponse=eJw%3D&Signature={text}&SigAlg={text}"),
    )
    for door in doors:
        try:
            door()
        except Refused:
            continue


def _spent(inside: str) -> float:
    """Seconds of this process for a message with this in it: the least of three, so that others at work on the machine don't count."""
    message, times = good(extensions=f"<samlp:Extensions>{inside}</samlp:Extensions>"), []
    for _ in range(3):
        begun = time.process_time()
        _judge(message)
        times.append(time.process_time() - begun)
    return min(times)


def test_the_work_is_bounded() -> None:
    """The largest messages of every shape that costs more than its size: four times as much is no more than some four times the work."""
    shapes: dict[str, Callable[[int], str]] = {
        "elements": lambda size: "<a/>" * (60 * size),
        "attributes": lambda size: "<a " + " ".join(f'a{number}=""' for number in range(25 * size)) + "/>",
        "IDs": lambda size: "".join(f'<a ID="{number}"/>' for number in range(15 * size)),
        "namespaces": lambda size: '<a xmlns="u:x"/>' * (15 * size),
        "depth": lambda size: "<a>" * (30 * size) + "</a>" * (30 * size),
    }
    for shape, made in shapes.items():
        whole = _spent(made(1000))
        assert whole < 0.3 or whole < 10 * _spent(made(250)), shape  # a square would be sixteen times; what is refused at once says nothing
