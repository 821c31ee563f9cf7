"""Which addresses may be called: the internet's, in one spelling. Everything else that somebody could type is refused."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tenantry.kit.destinations import Refused, may_call, read_url
from tenantry.kit.outgoing import check_url
from tenantry.kit.problems import Problem

INSIDE_V4 = """
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.255.255.254 169.254.0.1
    169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1
    198.19.255.255 198.51.100.7 203.0.113.7 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 168.63.129.16
""".split()
INSIDE_V6 = """
    :: ::1 ::7f00:1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::10.0.0.1
    64:ff9b::169.254.169.254 64:ff9b:1::8.8.8.8 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1
    2001:db8::1 2002:7f00:1:: 2002:808:808:: 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fdff::1 fe80::1 fec0::1 ff02::1 ff0e::1
""".split()
OUTSIDE = "1.1.1.1 8.8.8.8 93.184.215.14 172.15.0.1 172.32.0.1 2606:4700:4700::1111 2a00:1450:4001::1 64:ff9b::8.8.8.8".split()

HOSTILE = [
    *(f"https://{number}/" for number in INSIDE_V4),
    *(f"https://[{number}]/" for number in INSIDE_V6),
    # Numbers in other spellings: decimal, octal, hexadecimal, short, mixed, overflowing, with a dot behind.
    *"""
    https://2130706433/ https://017700000001/ https://0x7f000001/ https://0x7f.1/ https://0x7f.0.0.0x1/ https://0177.0.0.1/ https://127.1/
    https://127.0.1/ https://0/ https://1/ https://0x/ https://00000177.0.0.1/ https://127.0.0.01/ https://127.0.0.1./ https://2130706433./
    https://256.256.256.256/ https://4294967297/ https://1.2.3.4.5/ https://127.0.0.0x1/ https://1.1.257/ https://134744072/ https://010.8.8.8/
    https://169.254.43518/ https://0xa9fea9fe/ https://8.8.8.08/
    """.split(),
    # Brackets and zones.
    *"""
    https://[::1/ https://::1/ https://[::1]x/ https://[[::1]]/ https://[fe80::1%25eth0]/ https://[fe80::1%eth0]/ https://[2606:4700::1%251]/
    https://[v1.fe80::1]/ https://[127.0.0.1]/ https://[]/ https://[::ffff:7f00:1]/ https://[0:0:0:0:0:0:0:1]/ https://[::1]:443/
    """.split(),
    # Names of this machine and of inner networks; single labels go through search domains.
    *"""
    https://localhost/ https://LOCALHOST/ https://localhost./ https://a.localhost/ https://localhost.localdomain/ https://printer.local/
    https://metadata.google.internal/ https://metadata/ https://instance-data/ https://kubernetes.default.svc/ https://db/
    https://a.svc.cluster.local/ https://router.home.arpa/ https://box.lan/ https://wiki.corp/ https://x.onion/ https://example.com./
    https://1.0.0.127.in-addr.arpa/
    """.split(),
    # Userinfo, and what some readers take for it.
    "https://user@example.com/", "https://user:word@example.com/", "https://@example.com/", "https://example.com@127.0.0.1/",
    "https://127.0.0.1\\@example.com/", "https://example.com\\@127.0.0.1/", "https://a@b@example.com/",
    "https://example.com:443@127.0.0.1/", "https://127.0.0.1%2f@example.com/",
    # Percent signs, blanks, control characters and bytes in the host.
    "https://%31%32%37.0.0.1/", "https://127.0.0.1%00.example.com/", "https://exa mple.com/", "https://example.com\t/", "https://exam\nple.com/",
    " https://example.com/", "https://example.com/\r\nHost: 127.0.0.1", "https://example.com/\x00", "https://\x7fexample.com/", "https://ex\u00adam@ple.com",
    "https://example.com/a b", "https://exam\u200b@ple.com/", "https://\u2028example.com/", "\ufeffhttps://example.com/", "https://ex\ud800ample.com/",
    # Letters, digits and dots that become others.
    "https://127。0。0。1/", "https://１２７.0.0.1/", "https://①②⑦.⓪.⓪.①/", "https://127．0．0．1/", "https://ⓛocalhost/", "https://localhost。/",
    "https://loc𝐚lhost/", "https://0x７f.1/", "https://²¹³⁰⁷⁰⁶⁴³³/", "https://metadata.google。internal/", "https://／／127.0.0.1/",
    "https://example.com／@127.0.0.1/", "https://a℀b.example/",
    # Ports.
    "https://example.com:80/", "https://example.com:22/", "https://example.com:5432/", "https://example.com:0/", "https://example.com:65979/",
    "https://example.com:/", "https://example.com:443:443/", "https://example.com:4 43/", "https://example.com:+443/", "https://example.com:٤٤٣/",
    "https://example.com:-1/", "https://example.com:44_3/", "https://example.com:00000443/",
    # Other schemes, and addresses that are none.
    "", "https", "https://", "https:///", "https:///example.com/", "https://?x", "https://#", "//example.com/", "/hook", "example.com",
    "http://example.com/", "HTTP://example.com/", "http://8.8.8.8/", "http:example.com", "https:example.com", "https:/example.com",
    "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "javascript:alert(1)", "data:,x", "unix:///run/x.sock", "ws://example.com/",
    "https://.example.com/", "https://example..com/", "https://-a.example.com/", "https://a-.example.com/", "https://exa$mple.com/",
    "https://" + "a" * 64 + ".com/", "https://" + "a." * 130 + "com/", "https://example.com/" + "a" * 2048, "https://*.example.com/", "https://./",
    "https://<b>.com/", "https://a,b.com/", "https://a;b.com/", "https://a'b.com/", "https://a&b.com/", "https://a|b.com/", "https://{a}.com/",
]  # fmt: skip


def _refused(url: str, *, allow_loopback: bool = False) -> str:
    with pytest.raises(Problem) as refused:
        check_url(url, allow_loopback=allow_loopback)
    assert (refused.value.status, refused.value.code, refused.value.members["errors"][0]["pointer"]) == (422, "url_refused", "/url"), url
    return refused.value.detail


def test_hostile_addresses_are_refused() -> None:
    assert [url for url in HOSTILE if not _refused(url).endswith(".")] == []


def test_addresses_of_receivers_pass_in_one_spelling() -> None:
    passed = {
        "https://example.com": ("example.com", 443, "https://example.com:443/"),
        "https://example.com#@127.0.0.1@x/": ("example.com", 443, "https://example.com/"),
        "https://example.com?a=b": ("example.com", 443, "https://example.com/?a=b"),
        "HTTPS://Example.COM:443/a/../b%7E?b=c&d=%2F+é#top": ("example.com", 443, "https://example.com/a/../b%7E?b=c&d=%2F+%C3%A9"),
        "https://hooks.example.com:8443/x": ("hooks.example.com", 8443, "https://hooks.example.com:8443/x"),
        "https://under_score.example.com/": ("under_score.example.com", 443, "https://under_score.example.com/"),
        "https://bücher.example/ü": ("xn--bcher-kva.example", 443, "https://xn--bcher-kva.example/%C3%BC"),
        "https://example。com/": ("example.com", 443, "https://example.com/"),
        "https://1.1.1.1.nip.io/": ("1.1.1.1.nip.io", 443, "https://1.1.1.1.nip.io/"),  # a name: judged when it is resolved
        "https://[2606:4700:4700:0::1111]/": ("2606:4700:4700::1111", 443, "https://[2606:4700:4700::1111]/"),
        "https://example.com/@user:word\u00e9": ("example.com", 443, "https://example.com/@user:word%C3%A9"),
    }
    for url, (host, port, called) in passed.items():
        check_url(url, allow_loopback=False)
        found = read_url(url, allow_loopback=False)
        assert (found.host, found.port) == (host, port)
        assert str(found.url) == called.replace(":443", "")


def test_development_opens_this_machine_when_it_is_named_plainly_and_nothing_else() -> None:
    loopback = "http://127.0.0.1:8080/hook http://localhost:9/ http://127.9.9.9/ http://[::1]:8000/ https://localhost:4433/".split()
    for url in loopback:
        assert _refused(url)
        check_url(url, allow_loopback=True)
    # The same lists in development, without those that name this machine plainly.
    plain = {
        url for url in HOSTILE if url.lower() in {f"https://{name}/" for name in ("localhost", "[::1]", "127.0.0.1", "127.255.255.254")}
    }
    plain |= {"https://[0:0:0:0:0:0:0:1]/", "https://[::1]:443/", "https://LOCALHOST/"}
    assert [url for url in HOSTILE if url not in plain and not _refused(url, allow_loopback=True)] == []
    for url in [
        "http://10.0.0.1/",
        "http://example.com/",
        "http://169.254.169.254/",
        "http://127.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://a.localhost/",
    ]:
        assert _refused(url, allow_loopback=True)


def test_numbers_of_the_internet_and_no_others() -> None:
    assert [number for number in INSIDE_V4 + INSIDE_V6 if may_call(number)] == []
    assert [number for number in OUTSIDE if not may_call(number)] == []
    assert [text for text in ("", "localhost", "127.1", "2606:4700:4700::1111%eth0", "1.1.1.1/32") if may_call(text)] == []


V4 = st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address)
INNER_V4 = st.one_of(V4, st.sampled_from(INSIDE_V4).map(ipaddress.IPv4Address)).filter(lambda number: not may_call(str(number)))


def _spellings(number: ipaddress.IPv4Address) -> list[str]:
    """What inet_aton and its kin take for this number."""
    a, b, c, d = number.packed
    whole, embedded = int(number), f"{a:02x}{b:02x}:{c:02x}{d:02x}"
    return [
        str(number), str(whole), f"0x{whole:x}", f"0X{whole:X}", f"0{whole:o}", f"{a}.{whole & 0xFFFFFF}", f"{a}.{b}.{c << 8 | d}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}", f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}", f"{a:03}.{b:03}.{c:03}.{d:04}", f"{number}.",
        f"0x{a:x}.{b}.{c << 8 | d}",
        f"{a}。{b}．{c}｡{d}", "".join(chr(0xFEE0 + ord(x)) if x.isdigit() else x for x in str(number)),
        f"[::ffff:{number}]", f"[::{number}]", f"[64:ff9b::{number}]", f"[64:ff9b:1::{number}]", f"[2002:{embedded}::1]",
        f"[::ffff:0:{number}]",
        f"[2001:0:{embedded}::1]", f"[::ffff:{embedded}]", f"[2001:0:1:2:3:4:{0xFFFFFFFF ^ whole >> 16:x}:1]"[:39] + "]",
    ]  # fmt: skip


@given(INNER_V4)
@example(ipaddress.IPv4Address("127.0.0.1"))
@example(ipaddress.IPv4Address("169.254.169.254"))
def test_no_spelling_of_an_inner_number_passes(number: ipaddress.IPv4Address) -> None:
    for spelling in _spellings(number):
        for port in ("", ":443", ":8443"):
            with pytest.raises(Refused):
                read_url(f"https://{spelling}{port}/hook", allow_loopback=False)


@given(
    st.one_of(
        V4,
        st.integers(0, 2**128 - 1).map(ipaddress.IPv6Address),
        st.integers(0, 2**125 - 1).map(lambda n: ipaddress.IPv6Address((1 << 125) + n)),
    )
)
def test_what_python_does_not_call_global_is_never_called(number: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if may_call(str(number)):
        nat64 = str(number).startswith("64:ff9b::")
        assert (number.is_global or nat64) and not number.is_multicast and not number.is_private and not number.is_reserved


@given(st.text(alphabet=st.sampled_from("127.0xf@:/\\#?%[] 。①１aloc\thst\x00"), max_size=24))
def test_whatever_passes_is_what_the_system_would_connect_to(text: str) -> None:
    """Any host that passes is either the number that the system reads there, and public, or none for the system."""
    try:
        found = read_url(f"https://{text}", allow_loopback=False)
    except Refused:
        return
    assert found.url.raw_host == found.host
    try:
        assert may_call(socket.inet_ntoa(socket.inet_aton(found.host)))
    except OSError:
        assert not found.host.replace(".", "").isdigit()
