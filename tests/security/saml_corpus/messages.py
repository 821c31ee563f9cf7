"""Messages that are wrong as such: sizes, encodings, XML, shapes, statuses."""

from __future__ import annotations

import base64

from .case import CRASH, EVIL, NAME, Case
from .issuer import ACS, IDP, NOW, SAML, SAMLP, Said, b64, good, parse, sign, stamp, text_of

_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
_STATUS = "urn:oasis:names:tc:SAML:2.0:status:"


def _large() -> str:
    return good(extensions=f"<samlp:Extensions>{' ' * 262_144}</samlp:Extensions>")


def _junk() -> str:
    text = b64(good())
    return text[:100] + "!*" + text[100:]


def _entity() -> str:
    """The signature is for the name that the entity stands for."""
    return f'<!DOCTYPE r [<!ENTITY who "{NAME}">]>' + good().replace(f">{NAME}</saml:NameID>", ">&who;</saml:NameID>")


def _in_attribute() -> str:
    return f'<!DOCTYPE r [<!ENTITY where "{ACS}">]>' + good().replace(f'Destination="{ACS}"', 'Destination="&where;"')


def _hidden_in_utf16() -> bytes:
    return ('<?xml version="1.0" encoding="UTF-16"?>' + _entity()).encode("utf-16")


def _declared(name: str) -> str:
    return f'<?xml version="1.0" encoding="{name}"?>' + good()


def _comment_in_name() -> str:
    """The provider knows ``owner@contoso.example.evil.example``; who stops reading at the comment knows the owner."""
    name = f"{EVIL}.evil.example"
    return good(name_id=f"<saml:NameID>{name}</saml:NameID>").replace(name, f"{EVIL}<!-- -->.evil.example")


def _comment_in_digest() -> str:
    """A comment in the digest shows one digest to who skips it, another to who doesn't (CVE-2025-29775 of another library)."""
    text = good().replace(f">{NAME}<", f">{EVIL}<")
    return text.replace("<ds:DigestValue>", "<ds:DigestValue><!--c3RvbGVu-->")


def _root(name: str) -> str:
    return good().replace("samlp:Response", f"samlp:{name}")


def _assertion_alone() -> str:
    return sign(Said().assertion())


def _same_ids() -> str:
    return good(response_id="_assertion1")


def _foreign_id() -> str:
    return good(extensions='<samlp:Extensions><x xmlns="urn:x" Id="_assertion1"/></samlp:Extensions>')


def _status(*codes: str, message: str = "") -> str:
    inside = ""
    for code in reversed(codes):
        inside = f'<samlp:StatusCode Value="{_STATUS}{code}">{inside}</samlp:StatusCode>'
    said = f"<samlp:StatusMessage>{message}</samlp:StatusMessage>" if message else ""
    return good(status=f"<samlp:Status>{inside}{said}</samlp:Status>")


def _many_namespaces() -> str:
    return good().replace("<samlp:Response ", "<samlp:Response " + " ".join(f'xmlns:n{n}="urn:n:{n}"' for n in range(100)) + " ", 1)


def _relative_namespace() -> str:
    """Such a document has no canonical form; a library that goes on with an empty text compares digests of nothing."""
    return good().replace("<samlp:Response ", '<samlp:Response xmlns:n="relative" ', 1)


def _text_for_element() -> str:
    """An element inside the issuer: who reads the text before it reads another issuer than who reads all."""
    return good(response_issuer=f"<saml:Issuer>{IDP}<x xmlns='urn:x'/></saml:Issuer>")


def _elsewhere() -> str:
    root = parse(good())
    signature = root.find(".//{http://www.w3.org/2000/09/xmldsig#}Signature")
    copied = f'<samlp:Extensions xmlns:samlp="{SAMLP}">{text_of(signature)}</samlp:Extensions>'
    root.insert(1, parse(copied))
    return text_of(root)


AS_SUCH = [
    Case("nothing", "saml_missing", lambda: "", "decoding", "saml_malformed", raw=True),
    Case("blanks", "saml_missing", lambda: " \r\n ", "decoding", "saml_malformed", raw=True),
    Case("too large", "saml_too_large", _large, "size"),
    Case("too large to decode", "saml_too_large", lambda: "A" * 400_000, "size", "saml_encoding", raw=True),
    Case("junk in Base64", "saml_encoding", _junk, "decoding", raw=True),
    Case("UTF-16 that hides a document type", "saml_encoding", _hidden_in_utf16, "encoding", "saml_doctype"),
    Case("another encoding declared", "saml_encoding", lambda: _declared("UTF-7"), "encoding", "saml_malformed"),
    Case("Latin-1 declared", "saml_encoding", lambda: _declared("ISO-8859-1"), "encoding"),
    Case("bytes that are no UTF-8", "saml_encoding", lambda: good().encode() + b"\xff", "encoding", "saml_malformed"),
    Case("more behind the end", "saml_malformed", lambda: good() + "<more", "well-formed"),
    Case("no XML", "saml_malformed", lambda: base64.b64encode(b"hello").decode(), "decoding", "saml_malformed", raw=True),
    Case("document type", "saml_doctype", lambda: "<!DOCTYPE samlp:Response>" + good(), "document type"),
    Case("entity in the name", "saml_doctype", _entity, "document type"),
    Case("entity in an attribute", "saml_doctype", _in_attribute, "document type"),
    Case("entity from a file", "saml_doctype", lambda: '<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/hosts">]>' + good(), "document type"),
    Case("billion laughs", "saml_doctype", lambda: f'<!DOCTYPE r [<!ENTITY l0 "ha">{_LAUGHS}]>' + good(), "document type"),
    Case("processing instruction", "saml_processing_instruction", lambda: "<?go on?>" + good(), "nodes"),
    Case("comment in the name", "saml_comment", _comment_in_name, "comments", named=f"{EVIL}.evil.example"),
    Case("comment in the digest", "saml_comment", _comment_in_digest, "comments", "saml_digest_mismatch"),
    Case("comment behind the end", "saml_comment", lambda: good() + "<!-- -->", "comments"),
    Case("many namespaces", "saml_namespace", _many_namespaces, "namespaces"),
    Case("relative namespace", "saml_namespace", _relative_namespace, "namespaces", "saml_signature_malformed"),
    Case("not a response", "saml_not_a_response", lambda: _root("ArtifactResponse"), "kind of message"),
    Case("an assertion alone", "saml_not_a_response", _assertion_alone, "kind of message", "saml_shape"),
    Case("another version", "saml_version", lambda: good(version="1.1"), "version"),
    Case("another version of the assertion", "saml_version", lambda: good(assertion_version="1.1"), "version"),
    Case("one ID for two", "saml_duplicate_id", _same_ids, "unique IDs"),
    Case("one ID for two, spelled otherwise", "saml_duplicate_id", _foreign_id, "unique IDs"),
    Case("an ID that is none", "saml_id", lambda: good(assertion_id="1 2"), "form of IDs"),
    Case("a part that doesn't belong", "saml_shape", lambda: good(extensions="<samlp:Terminate/>"), "parts of a response"),
    Case("two issuers", "saml_shape", lambda: good(response_issuer=f"<saml:Issuer>{IDP}</saml:Issuer>" * 2), "parts of a response"),
    Case("an element inside a text", "saml_shape", _text_for_element, "plain text"),
    Case("no status", "saml_shape", lambda: good(status=""), "status"),
    Case("no assertion", "saml_no_assertion", lambda: Said().response(""), "one assertion", CRASH),
    Case("a signature elsewhere", "saml_signature_misplaced", _elsewhere, "places of signatures"),
    Case("no issue instant", "saml_time", lambda: good().replace(f' IssueInstant="{stamp(NOW)}"', "", 1), "issue instant"),
    Case("no moment", "saml_time", lambda: good(issued="now"), "issue instant"),
    Case("a moment without a zone", "saml_time", lambda: good(issued="2026-06-01T12:00:00"), "issue instant"),
    Case("a moment that isn't", "saml_time", lambda: good(issued="2026-02-30T12:00:00Z"), "issue instant"),
    Case("a part of the assertion that doesn't belong", "saml_shape",
        lambda: good(attributes=f'</saml:AttributeStatement><saml:Evil xmlns:saml="{SAML}"/><saml:AttributeStatement>'),
        "parts of an assertion"),
    Case("two subjects", "saml_shape", lambda: good(subject="<saml:Subject><saml:NameID>a</saml:NameID></saml:Subject>" * 2),
        "parts of an assertion", "saml_confirmation_missing"),
]  # fmt: skip

STATUSES = [
    Case(f"status {' '.join(codes)}", f"saml_status_{code}", lambda codes=codes: _status(*codes, message="No &lt;b&gt;"), "status")
    for codes, code in {
        ("Responder", "AuthnFailed"): "authn_failed",
        ("Responder", "RequestDenied"): "request_denied",
        ("Requester", "NoPassive"): "no_passive",
        ("Responder", "NoAuthnContext"): "no_authn_context",
        ("Responder", "UnknownPrincipal"): "unknown_principal",
        ("Requester", "InvalidNameIDPolicy"): "name_id_policy",
        ("Requester",): "requester",
        ("Responder",): "responder",
        ("VersionMismatch",): "version",
        ("Strange", "Stranger"): "other",
    }.items()
]
