"""Signature wrapping in the eight published forms (Somorovsky et al., "On Breaking SAML", USENIX Security 2012; numbered as
the tool SAML Raider numbers them), and their relatives. The provider signed ``NAME``; the attacker wants to be ``EVIL``.
"""

from __future__ import annotations

import copy
from typing import Any

from .case import EVIL, NAME, Case
from .issuer import DS, SAML, SAMLP, Said, good, parse, sign, signed_response, text_of


def _of(root: Any, name: str, space: str = SAML) -> Any:
    return root.find(f".//{{{space}}}{name}")


def _evil(assertion: Any, new_id: str = "_evil") -> Any:
    """The same assertion with another name and ID, and no signature."""
    found = copy.deepcopy(assertion)
    found.set("ID", new_id)
    _of(found, "NameID").text = EVIL
    for signature in found.findall(f"{{{DS}}}Signature"):
        found.remove(signature)
    return found


def _unsigned(element: Any) -> Any:
    """A copy as it was before its own signature."""
    found = copy.deepcopy(element)
    for signature in found.findall(f"{{{DS}}}Signature"):
        found.remove(signature)
    return found


def _signed_message() -> Any:
    """Only the response is signed, as many providers do."""
    return parse(sign(Said().response(Said().assertion())))


def xsw1() -> str:
    """The signed response inside the signature of an evil one."""
    root = _signed_message()
    original = _unsigned(root)
    root.set("ID", "_evil_response")
    _of(root, "NameID").text = EVIL
    _of(root, "Assertion").set("ID", "_evil")
    root.find(f"{{{DS}}}Signature").append(original)
    return text_of(root)


def xsw2() -> str:
    """The signed response before the signature, as a part of the evil one."""
    root = _signed_message()
    original = _unsigned(root)
    root.set("ID", "_evil_response")
    _of(root, "NameID").text = EVIL
    _of(root, "Assertion").set("ID", "_evil")
    signature = root.find(f"{{{DS}}}Signature")
    root.insert(root.index(signature), original)
    return text_of(root)


def xsw3() -> str:
    """An evil assertion before the signed one."""
    root = parse(good())
    held = _of(root, "Assertion")
    root.insert(root.index(held), _evil(held))
    return text_of(root)


def xsw4() -> str:
    """The signed assertion inside the evil one."""
    root = parse(good())
    held = _of(root, "Assertion")
    evil = _evil(held)
    root.replace(held, evil)
    evil.append(held)
    return text_of(root)


def xsw5() -> str:
    """The evil assertion keeps the signature; the signed one stands at the end."""
    root = parse(good())
    held = _of(root, "Assertion")
    original = _unsigned(held)
    held.set("ID", "_evil")
    _of(held, "NameID").text = EVIL
    root.append(original)
    return text_of(root)


def xsw6() -> str:
    """The evil assertion keeps the signature, and the signed one is inside of it."""
    root = parse(good())
    held = _of(root, "Assertion")
    original = _unsigned(held)
    held.set("ID", "_evil")
    _of(held, "NameID").text = EVIL
    held.find(f"{{{DS}}}Signature").append(original)
    return text_of(root)


def xsw7() -> str:
    """The evil assertion in Extensions, whose content no schema looks at; the signed one stays where it was."""
    root = parse(good())
    held = _of(root, "Assertion")
    extensions = parse(f'<samlp:Extensions xmlns:samlp="{SAMLP}"/>')
    extensions.append(_evil(held))
    root.insert(1, extensions)
    return text_of(root)


def xsw8() -> str:
    """The signed assertion in an Object of the signature that the evil one keeps."""
    root = parse(good())
    held = _of(root, "Assertion")
    original = _unsigned(held)
    held.set("ID", "_evil")
    _of(held, "NameID").text = EVIL
    box = parse(f'<ds:Object xmlns:ds="{DS}"/>')
    box.append(original)
    held.find(f"{{{DS}}}Signature").append(box)
    return text_of(root)


def same_id() -> str:
    """The evil assertion has the ID of the signed one, so that the reference means whichever is found first."""
    root = parse(good())
    held = _of(root, "Assertion")
    root.insert(root.index(held), _evil(held, held.get("ID")))
    return text_of(root)


def in_advice() -> str:
    """The signed assertion as advice of the evil one, where the schema allows assertions."""
    root = parse(good())
    held = _of(root, "Assertion")
    evil = _evil(held)
    root.replace(held, evil)
    advice = parse(f'<saml:Advice xmlns:saml="{SAML}"/>')
    evil.append(advice)
    advice.append(held)
    return text_of(root)


def moved() -> str:
    """The one assertion, signed, but inside Extensions."""
    root = parse(good())
    held = _of(root, "Assertion")
    extensions = parse(f'<samlp:Extensions xmlns:samlp="{SAMLP}"/>')
    root.insert(1, extensions)
    extensions.append(held)
    return text_of(root)


def other_namespace() -> str:
    """An evil assertion in a namespace that only looks like SAML's, before the signed one."""
    root = parse(good())
    held = _of(root, "Assertion")
    evil = text_of(_evil(held)).replace(SAML, SAML + "#")
    root.insert(root.index(held), parse(evil))
    return text_of(root)


def twice() -> str:
    """Two assertions, each signed by the provider."""
    first, second = Said(), Said(assertion_id="_assertion2")
    return first.response(sign(first.assertion()) + sign(second.assertion()))


def after_signed_response() -> str:
    """Response and assertion signed; an evil assertion is added behind."""
    root = parse(signed_response())
    root.append(_evil(_of(root, "Assertion")))
    return text_of(root)


def assertion_swapped() -> str:
    """The signature of one assertion in another one of the same ID."""
    root, other = parse(good()), parse(good(name_id=f"<saml:NameID>{EVIL}</saml:NameID>"))
    held, evil = _of(root, "Assertion"), _of(other, "Assertion")
    evil.replace(evil.find(f"{{{DS}}}Signature"), held.find(f"{{{DS}}}Signature"))
    root.replace(held, evil)
    return text_of(root)


# Whoever believes "a signature somewhere is right", and reads the assertion that comes first, is taken in by every one of them.
FORMS = [
    Case("xsw1", "saml_several_assertions", xsw1, "one assertion", "saml_assertion_misplaced"),
    Case("xsw2", "saml_shape", xsw2, "parts of a response", "saml_several_assertions"),
    Case("xsw3", "saml_several_assertions", xsw3, "one assertion", "saml_signature_misplaced"),
    Case("xsw4", "saml_several_assertions", xsw4, "one assertion", "saml_signature_misplaced"),
    Case("xsw5", "saml_several_assertions", xsw5, "one assertion", "saml_signature_reference"),
    Case("xsw6", "saml_several_assertions", xsw6, "one assertion", "saml_signature_malformed"),
    Case("xsw7", "saml_several_assertions", xsw7, "one assertion", "saml_assertion_misplaced"),
    Case("xsw8", "saml_several_assertions", xsw8, "one assertion", "saml_signature_object"),
]
FIRST_IN_DOCUMENT = {"xsw7"}  # the others are read as children of the response

RELATIVES = [
    Case("wrapping with the same ID", "saml_duplicate_id", same_id, "unique IDs", "saml_several_assertions"),
    Case("wrapping in advice", "saml_several_assertions", in_advice, "one assertion", "saml_signature_misplaced"),
    Case("assertion in extensions", "saml_assertion_misplaced", moved, "place of the assertion"),
    Case("assertion of another namespace", "saml_shape", other_namespace, "parts of a response"),
    Case("two signed assertions", "saml_several_assertions", twice, "one assertion", "saml_signature_misplaced"),
    Case("assertion added to a signed response", "saml_several_assertions", after_signed_response, "one assertion", "saml_digest_mismatch"),
    Case("signature of another assertion", "saml_digest_mismatch", assertion_swapped, "digest", named=EVIL),
]
assert NAME != EVIL
