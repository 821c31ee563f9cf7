"""Every reason for which something of SAML is refused: one code per cause, and the sentence that explains it.

docs/security/saml.md shows this table.
"""

from __future__ import annotations

from ..refused import Refused

_SHOWN = 300  # characters of the sender's own words

REASONS: dict[str, str] = {
    # the message as such
    "saml_missing": "There is no SAML message in what was sent.",
    "saml_too_large": "The message is larger than 256 KB.",
    "saml_encoding": "The message is not Base64 of UTF-8 text, or of what the binding asks for.",
    "saml_query": "The address holds a SAML parameter twice, or not in the form of the redirect binding.",
    "saml_malformed": "The message is not well-formed XML.",
    "saml_doctype": "The message has a document type or entities.",
    "saml_processing_instruction": "The message has a processing instruction.",
    "saml_comment": "The message has a comment. Signatures don't cover comments, so they have no place in it.",
    "saml_namespace": "The message binds a namespace that can't be put into canonical form, or a reserved prefix.",
    "saml_not_a_response": "This is not a SAML response.",
    "saml_not_a_request": "This is not a SAML authentication request.",
    "saml_not_a_logout": "This is not a SAML logout message.",
    "saml_version": "The message is not of SAML version 2.0.",
    "saml_shape": "An element of the message is missing, is there twice, or stands where it doesn't belong.",
    "saml_duplicate_id": "Two elements of the message have the same ID.",
    "saml_id": "The message or its assertion has no usable ID.",
    "saml_time": "A moment in the message is not a date and time in UTC.",
    # what the provider says about the attempt
    "saml_status_authn_failed": "The identity provider could not authenticate the person.",
    "saml_status_request_denied": "The identity provider denied the request. Is the person assigned to this application?",
    "saml_status_no_passive": "The identity provider would have had to ask the person something, and was not allowed to.",
    "saml_status_no_authn_context": "The identity provider can't sign people in in the way that was asked for.",
    "saml_status_unknown_principal": "The identity provider does not know the person.",
    "saml_status_name_id_policy": "The identity provider can't name people in the way that was asked for.",
    "saml_status_requester": "The identity provider found fault with our request. Compare entity ID and ACS address on both sides.",
    "saml_status_responder": "The identity provider failed.",
    "saml_status_version": "The identity provider does not speak SAML 2.0.",
    "saml_status_other": "The identity provider answered with a status that is no success.",
    # assertions
    "saml_no_assertion": "The response holds no assertion.",
    "saml_several_assertions": "The response holds several assertions. One is expected.",
    "saml_assertion_misplaced": "The assertion is not where an assertion belongs. Somebody may have wrapped the signed one.",
    # signatures
    "saml_response_unsigned": "The response is not signed. Have the identity provider sign it, or don't require it here.",
    "saml_assertion_unsigned": "The assertion is not signed. Turn signing of the assertion on at the identity provider.",
    "saml_several_signatures": "Something in the message is signed twice.",
    "saml_signature_misplaced": "A signature is not where it belongs, right behind the issuer of what it signs.",
    "saml_signature_malformed": "A signature is not in the form that SAML prescribes.",
    "saml_signature_object": "A signature holds an object of its own. SAML forbids that.",
    "saml_signature_reference": "A signature is not for the very element that it stands in.",
    "saml_transform": "A signature asks for a transformation that SAML does not allow.",
    "saml_canonicalization": "A signature uses another canonical form than exclusive canonicalization.",
    "saml_sha1": "A signature uses SHA-1, which is broken. Choose SHA-256 at the identity provider.",
    "saml_signature_hmac": "A signature uses a shared secret (HMAC), where only a certificate's key is trusted.",
    "saml_signature_algorithm": "A signature uses an algorithm that is not accepted. Choose RSA-SHA256 at the identity provider.",
    "saml_digest_algorithm": "A signature uses a digest that is not accepted. Choose SHA-256 at the identity provider.",
    "saml_signature_invalid": "A signature is wrong: the message was changed, or signed with another key.",
    "saml_digest_mismatch": "What a signature was made for has been changed since.",
    # certificates
    "saml_certificate_none": "The connection has no certificate of the identity provider.",
    "saml_certificate_unknown": "The message is signed with a certificate that is not among those of the connection.",
    "saml_certificate_unreadable": "The certificate can't be read. Paste the PEM text, or its Base64 part.",
    "saml_certificate_expired": "The certificate has expired.",
    "saml_certificate_not_yet_valid": "The certificate is not valid yet.",
    "saml_certificate_weak": "The certificate is too weak: RSA needs 2048 bits, elliptic curves 256, and a signature without SHA-1 or MD5.",
    # encryption
    "saml_encryption_no_key": "The assertion is encrypted, and the connection has no key to decrypt it with.",
    "saml_encryption_malformed": "The encrypted assertion is not in the form that SAML prescribes.",
    "saml_encryption_algorithm": "The assertion is encrypted in a way that is not accepted. Choose AES-GCM at the identity provider.",
    "saml_key_transport": "The key of the encrypted assertion is wrapped in a way that is not accepted. Choose RSA-OAEP there.",
    "saml_decryption_failed": "The encrypted assertion can't be read. Is it encrypted for our present certificate?",
    # who says what to whom, and when
    "saml_destination": "The response was sent to another address than ours.",
    "saml_response_issuer": "The response comes from another issuer than the connection's identity provider.",
    "saml_assertion_issuer": "The assertion comes from another issuer than the connection's identity provider.",
    "saml_in_response_to": "The response answers another request than ours.",
    "saml_unsolicited": "Nobody asked for this response, and the connection does not allow sign-in that begins at the identity provider.",
    "saml_issued_in_future": "The message was issued in the future. Compare the clocks of both sides.",
    "saml_subject": "The assertion names no subject.",
    "saml_name_id": "The assertion has no name of the person (NameID), or not a usable one.",
    "saml_name_id_encrypted": "The name of the person is encrypted by itself. Encrypt the whole assertion instead.",
    "saml_confirmation_missing": "The assertion has no bearer confirmation.",
    "saml_recipient": "The assertion is for another recipient than us.",
    "saml_confirmation_expired": "The assertion came too late.",
    "saml_confirmation_not_yet_valid": "The assertion may not be presented yet. Compare the clocks of both sides.",
    "saml_conditions_missing": "The assertion has no conditions.",
    "saml_condition_unknown": "The assertion has a condition that we don't know.",
    "saml_not_yet_valid": "The assertion is not valid yet. Compare the clocks of both sides.",
    "saml_expired": "The assertion has expired.",
    "saml_audience_missing": "The assertion does not say for whom it is meant.",
    "saml_audience": "The assertion is meant for another service than us. Compare the entity ID (audience) on both sides.",
    "saml_authn_statement": "The assertion does not say when and how the person signed in, or its session index is too long.",
    "saml_session_ended": "The session at the identity provider has ended already.",
    "saml_attribute": "An attribute of the assertion has no name, or is encrypted by itself.",
    "saml_replayed": "This assertion was used before.",
    # logout
    "saml_logout_unsigned": "The logout message is not signed.",
    "saml_logout_issuer": "The logout message comes from another issuer than the connection's identity provider.",
    "saml_logout_destination": "The logout message was sent to another address than ours.",
    "saml_logout_expired": "The logout message came too late.",
    "saml_logout_in_response_to": "The logout response answers another request than ours.",
    "saml_logout_status": "The identity provider did not end the session.",
    # metadata
    "saml_metadata_kind": "This is not metadata of a SAML 2.0 identity provider.",
    "saml_metadata_several": "The metadata describes several identity providers. Give the document of one.",
    "saml_metadata_no_provider": "The metadata describes no identity provider.",
    "saml_metadata_no_sign_in": "The metadata names no address for signing in with the redirect or POST binding.",
    "saml_metadata_address": "An address in the metadata is no http or https address.",
    "saml_metadata_entity_id": "The metadata has no entity ID, or one that is too long.",
    "saml_metadata_certificate": "The metadata holds no certificate for signing.",
    "saml_metadata_expired": "The metadata is no longer valid (validUntil).",
}


def refused(code: str, more: str = "") -> Refused:
    """The refusal of this code. ``more`` is added to its sentence: what was found; the sender's words in it are cut to 300 characters."""
    more = "".join(c if c.isprintable() else " " for c in more[:_SHOWN]).strip()
    return Refused(code, f"{REASONS[code]} {more}".rstrip())
