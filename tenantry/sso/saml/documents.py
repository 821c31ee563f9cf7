"""XML as it comes from outside: parsed once, without anything that makes it mean more than it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from xml.sax.saxutils import quoteattr

from lxml import etree
from lxml.etree import _Element as Element

from ..refused import Refused
from .names import EXC_C14N, ds
from .reasons import refused

MESSAGE_BYTES = 256 * 1024
METADATA_BYTES = 1024 * 1024
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)", re.ASCII)
_ID = re.compile(r"[A-Za-z_][\w.-]{0,254}", re.ASCII)
NEVER = datetime(9000, 1, 1, tzinfo=UTC)  # what some write as 9999-12-31; it can still be counted with
_NAMESPACES = 64
_ADDRESS = 300  # characters of a namespace


def parse(data: bytes, *, limit: int = MESSAGE_BYTES, comments: bool = False) -> Element:
    """The root element. No document type, entities, processing instructions or other encodings; comments only where allowed (metadata)."""
    _size(data, limit)
    _utf8(data)
    _doctype(data)
    try:
        root = etree.fromstring(data, _parser(comments))
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise refused("saml_malformed") from error
    _nodes(root, comments)
    _namespaces(root)
    return root


def parse_within(data: bytes, place: Element) -> Element:
    """The element that was taken out of a place, a document of its own; namespaces that hold there need not be declared in it."""
    try:
        return parse(data)
    except Refused:
        spaces = " ".join(f"xmlns{':' + prefix if prefix else ''}={quoteattr(name)}" for prefix, name in place.nsmap.items())
        around = parse(b"<within " + spaces.encode() + b">" + data + b"</within>")
    if len(around) != 1 or (around.text or "").strip() or (around[0].tail or "").strip():
        raise refused("saml_malformed")
    return parse(etree.tostring(around[0], with_tail=False, encoding="UTF-8"))


def _parser(comments: bool) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, recover=False,
        remove_comments=comments, remove_pis=False, strip_cdata=True, collect_ids=False, encoding="utf-8",
    )  # fmt: skip


def _size(data: bytes, limit: int) -> None:
    if len(data) > limit:
        raise refused("saml_too_large")


def _utf8(data: bytes) -> None:
    """One encoding, so that what is searched below is what the parser reads."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise refused("saml_encoding") from error
    declared = _DECLARED.search(data[:200])
    if b"\x00" in data or (declared and declared[1].lower() not in (b"utf-8", b"us-ascii")):
        raise refused("saml_encoding")


def _doctype(data: bytes) -> None:
    """Before parsing: entities in attributes would be expanded by the parser itself."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise refused("saml_doctype")


def _nodes(root: Element, comments: bool) -> None:
    info = root.getroottree().docinfo
    if info.doctype or info.internalDTD is not None:
        raise refused("saml_doctype")
    outside = [*root.itersiblings(preceding=True), *root.itersiblings()]
    for node in [*outside, *root.iter()]:
        if node.tag is etree.Comment:
            _comment(node, comments)
        elif node.tag is etree.ProcessingInstruction:
            raise refused("saml_processing_instruction")
        elif node.tag is etree.Entity:
            raise refused("saml_doctype")


def _comment(node: Element, allowed: bool) -> None:
    if not allowed:
        raise refused("saml_comment")


def _namespaces(root: Element) -> None:
    """Relative ones have no canonical form (C14N 1.0 §1.3); where a library then signs the empty text, anything passes.

    Many or long ones would be repeated for each element of a canonical form.
    """
    seen = set()
    for _, (prefix, address) in etree.iterwalk(root, events=("start-ns",)):
        if (":" not in address and (address or prefix)) or len(address) > _ADDRESS or any(c.isspace() for c in address):
            raise refused("saml_namespace", address)
        seen.add((prefix, address))
        if len(seen) > _NAMESPACES:
            raise refused("saml_namespace")


def elements(root: Element) -> Iterator[Element]:
    """The element and all below it, without comments and the like."""
    return root.iter(etree.Element)


def canonical(element: Element, *, prefixes: list[str], without_signature: bool) -> bytes:
    """The element in exclusive canonical form without comments (Exclusive C14N 1.0), perhaps without its own signature.

    It is taken out of its document first, with the namespaces that hold there, so that the document itself stays as it was.
    """
    alone = etree.fromstring(etree.tostring(element, with_tail=False, encoding="UTF-8"), _parser(False))
    if without_signature:
        for signature in alone.findall(ds("Signature")):
            _take_out(signature)
    try:
        found = etree.tostring(alone, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=prefixes or None)
    except (etree.LxmlError, ValueError) as error:
        raise refused("saml_signature_malformed") from error
    if not found:
        raise refused("saml_signature_malformed")
    return bytes(found)


def _take_out(element: Element) -> None:
    """Remove an element and leave the text behind it, which lxml would remove too."""
    parent, before = element.getparent(), element.getprevious()
    if element.tail and before is not None:
        before.tail = (before.tail or "") + element.tail
    elif element.tail:
        parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def prefixes_of(method: Element) -> list[str]:
    """The PrefixList of a transform or canonicalization method: namespaces that are signed although no name uses them."""
    listed = method.find(f"{{{EXC_C14N}}}InclusiveNamespaces")
    return str(listed.get("PrefixList", "")).split() if listed is not None else []


def text(element: Element | None) -> str:
    """All text of an element that has nothing but text, without the white space around it. Never a part of it."""
    if element is None:
        return ""
    if any(True for _ in element.iterchildren(etree.Element)):
        raise refused("saml_shape", element.tag)
    return "".join(element.itertext()).strip()


def moment(value: str | None) -> datetime | None:
    """An ``xs:dateTime`` with a time zone as an instant in UTC; None where there is none."""
    if value is None:
        return None
    if not _MOMENT.fullmatch(value.strip()):
        raise refused("saml_time", value)
    try:
        return min(datetime.fromisoformat(value.strip()).astimezone(UTC), NEVER)
    except (ValueError, OverflowError) as error:
        raise refused("saml_time", value) from error


def written(instant: datetime) -> str:
    """An instant as SAML writes it: UTC, whole seconds."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def identifier(element: Element) -> str:
    """The element's ID, an NCName of at most 255 characters."""
    value = str(element.get("ID", ""))
    if not _ID.fullmatch(value):
        raise refused("saml_id")
    return value
