"""Tokens that the provider's key has not signed: what verifiers have been made to believe since there are such tokens.

The weakened verifiers here do what libraries did: let the token choose its algorithm (CVE-2015-9235), bring its own key
(CVE-2018-0114), or any signature do (CVE-2022-21449).
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from joserfc import jwk, jws

from tenantry.kit.outgoing import Answer
from tenantry.sso.oidc import keys as keys_module
from tenantry.sso.oidc import tokens

from .case import Case, nothing, off
from .stage import MOMENT, Stage, id_claims, part, private, public, signed

FORM = "it has not the form of a signed token"


def pem(key: jwk.Key) -> bytes:
    """The public key as it is found in documentation and certificates."""
    found: bytes = key.as_pem(private=False)
    return found


def _der(key: jwk.Key) -> bytes:
    found: bytes = key.public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return found


def _hmac(header: dict[str, Any], secret: bytes, size: str = "256", **claims: Any) -> str:
    text = f"{part(header)}.{part(id_claims(**claims))}"
    return f"{text}.{part(hmac.new(secret, text.encode(), f'sha{size}').digest())}"


# Verifiers as they must not be


def _believes_none(token: str, header: dict[str, Any], keys: keys_module.Keys) -> None:
    assert header["alg"].lower() == "none" and token.endswith(".")


def _public_key_as_secret(token: str, header: dict[str, Any], keys: keys_module.Keys) -> None:
    text, _, signature = token.rpartition(".")
    for listed in json.loads(keys._fetch("GET", keys.address, {}, b"").body)["keys"]:
        key = jwk.import_key(listed)
        for secret in (pem(key), pem(key).strip(), _der(key), json.dumps(listed).encode()):
            made = hmac.new(secret, text.encode(), f"sha{header['alg'][2:]}").digest()
            if part(made) == signature:
                return
    raise AssertionError


def _listed_secret(token: str, header: dict[str, Any], keys: keys_module.Keys) -> None:
    document = json.loads(keys._fetch("GET", keys.address, {}, b"").body)
    secret = next(item["k"] for item in document["keys"] if item["kty"] == "oct")
    text, _, signature = token.rpartition(".")
    assert part(hmac.new(base64.urlsafe_b64decode(secret + "=="), text.encode(), "sha256").digest()) == signature


def _key_from_the_header(token: str, header: dict[str, Any], keys: keys_module.Keys) -> None:
    if "jwk" in header:
        key = jwk.import_key(header["jwk"])
    elif "jku" in header:
        key = jwk.import_key(json.loads(keys._fetch("GET", header["jku"], {}, b"").body)["keys"][0])
    elif "x5u" in header:
        key = jwk.RSAKey.import_key(keys._fetch("GET", header["x5u"], {}, b"").body)
    else:
        certificate = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
        key = jwk.RSAKey.import_key(
            certificate.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
    jws.deserialize_compact(token.encode(), key, registry=tokens._Registry(algorithms=[header["alg"]]))


def _any_named(found: keys_module.KeySet, kid: str | None) -> list[keys_module.Key]:
    return list(found.keys)


def _any(self: keys_module.Keys, kid: str | None, algorithm: str) -> list[keys_module.Key]:
    return list(self.all().keys)


ANY_ALGORITHM = off("checks.algorithm")


def _none(alg: str, tail: str = "") -> Case:
    def attack() -> object:
        return Stage().read(f"{part({'alg': alg})}.{part(id_claims())}.{tail}")

    return Case(f"not signed: {alg}", "oidc_algorithm_none", attack, ANY_ALGORITHM | {"tokens.check_signature": _believes_none})


def _confused(name: str, alg: str, secret: Any) -> Case:
    def attack() -> object:
        stage = Stage()
        return stage.read(_hmac({"alg": alg, "kid": stage.key.kid}, secret(stage.key), alg[2:]))

    weak = ANY_ALGORITHM | {"tokens.check_signature": _public_key_as_secret}
    return Case(f"{alg} with the public key as the secret ({name})", "oidc_algorithm_symmetric", attack, weak)


def _embedded(name: str, header: Any, answers: dict[str, Any] | None = None) -> Case:
    def attack() -> object:
        stage, forger = Stage(), private(name="forger")
        stage.answers |= answers or {}
        return stage.read(signed({"alg": "RS256", **header(forger)}, id_claims(), forger))

    return Case(
        f"key in the header: {name}",
        "oidc_key_embedded",
        attack,
        off("checks.embedded_key") | {"tokens.check_signature": _key_from_the_header},
    )


def _malformed(name: str, change: Any, weak: dict[str, Any] | None = None) -> Case:
    def attack() -> object:
        return Stage().read(change(Stage().token()))

    return Case(name, "oidc_token_malformed", attack, weak or {}, "" if weak else FORM)


def _unsigned(name: str, make: Any) -> Case:
    """A signature that is none of the provider's. Only the verifier itself stands against it."""

    def attack() -> object:
        stage = Stage(algorithms=("RS256", "ES256"), listed=[public(private()), public(private("EC", "P-256"))])
        return stage.read(make(stage))

    return Case(name, "oidc_signature_invalid", attack, off("tokens.check_signature"))


def _resigned(stage: Stage, **claims: Any) -> str:
    """Honest header and signature with other claims between them."""
    header, _, signature = stage.token().split(".")
    return f"{header}.{part(id_claims(**claims))}.{signature}"


def _headed(header: dict[str, Any], code: str, name: str, weak: dict[str, Any], **stage: Any) -> Case:
    def attack() -> object:
        return Stage(**stage).read(Stage(**stage).token(header))

    return Case(name, code, attack, weak)


LISTED_SECRET = {"kty": "oct", "kid": "shared", "k": base64.urlsafe_b64encode(b"a secret that is published").decode().rstrip("=")}
JKU, X5U = "https://evil.example/jwks", "https://evil.example/certificate"
LENIENT = {"tokens._PART": re.compile(".*", re.DOTALL)}


def _forged() -> jwk.Key:
    return private(name="forger")


def _certificate(key: jwk.Key) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "login.contoso.example")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key).serial_number(1)
    made = made.not_valid_before(MOMENT - timedelta(days=1)).not_valid_after(MOMENT + timedelta(days=1))
    return base64.b64encode(made.sign(key.private_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)).decode()


def _weakly() -> jwk.Key:
    return private("RSA", 1024, "weak")


def _psychic(stage: Stage) -> str:
    """r and s are nought: a verifier that doesn't look whether they are takes any text for signed (CVE-2022-21449)."""
    key = private("EC", "P-256")
    return f"{part({'alg': 'ES256', 'kid': key.kid})}.{part(id_claims())}.{part(bytes(64))}"


CASES = [
    *(_none(alg) for alg in ("none", "None", "NONE", "nOnE")),
    Case(
        "not signed, and says so by saying nothing",
        "oidc_header_malformed",
        lambda: Stage().read(f"{part({'typ': 'JWT'})}.{part(id_claims())}."),
        {},
        "nothing says how it would be checked",
    ),
    _confused("PEM", "HS256", pem),
    _confused("PEM without the last line break", "HS256", lambda key: pem(key).strip()),
    _confused("DER", "HS384", _der),
    _confused("the listed JWK", "HS512", lambda key: json.dumps(public(key)).encode()),
    Case(
        "HS256 with a secret that the provider lists",
        "oidc_algorithm_symmetric",
        lambda: Stage(listed=[LISTED_SECRET, public(private())]).read(
            _hmac({"alg": "HS256", "kid": "shared"}, b"a secret that is published")
        ),
        ANY_ALGORITHM | {"tokens.check_signature": _listed_secret},
    ),
    Case(
        "only a shared secret is listed",
        "oidc_keys_unusable",
        lambda: Stage(listed=[LISTED_SECRET]).read(Stage().token({"kid": "shared"})),
        {},
        "no signature can be checked with it",
    ),
    Case(
        "an algorithm that the provider doesn't use",
        "oidc_algorithm_unexpected",
        lambda: Stage().read(Stage().token(alg="PS256")),
        ANY_ALGORITHM,
    ),
    Case(
        "an algorithm that nobody knows",
        "oidc_algorithm_unexpected",
        lambda: Stage().read(Stage().token({"alg": "RS1"})),
        off("checks.algorithm", "tokens.check_signature"),
    ),
    Case(
        "an algorithm that the key is not for",
        "oidc_key_unfit",
        lambda: Stage(algorithms=("RS256", "PS256"), listed=[public(private(), alg="RS256")]).read(Stage().token(alg="PS256")),
        {"keys.key_fits": lambda key, algorithm: True},
    ),
    Case(
        "a key of another kind",
        "oidc_key_unfit",
        lambda: Stage(algorithms=("ES256", "RS256")).read(Stage().token({"alg": "ES256"})),
        {"keys.key_fits": lambda key, algorithm: True, "tokens.check_signature": nothing},
    ),
    # Keys that the token brings
    _embedded("jwk", lambda key: {"jwk": key.as_dict(private=False)}),
    _embedded("jwk with the right kid", lambda key: {"jwk": key.as_dict(private=False), "kid": private().kid}),
    _embedded("jku", lambda key: {"jku": JKU}, {JKU: {"keys": [public(_forged())]}}),
    _embedded("x5u", lambda key: {"x5u": X5U}, {X5U: Answer(200, {}, pem(_forged()), 1)}),
    _embedded("x5c", lambda key: {"x5c": [_certificate(key)]}),
    # Names of keys
    *(
        _headed({"kid": kid}, "oidc_key_unknown", f"kid {name}", {"keys._named": _any_named})
        for name, kid in (
            ("that leads to an empty file", "../../../../dev/null"),
            ("for a database", "x' UNION SELECT 'secret' --"),
            ("for a shell", "key|/usr/bin/id"),
            ("with an address", "https://evil.example/key"),
            ("that is empty", ""),
            ("in capitals", private().kid.upper()),
            ("of 3,000 characters", "k" * 3000),
        )
    ),
    Case(
        "another's kid on a token of the forger",
        "oidc_key_unknown",
        lambda: Stage().read(Stage().token(key=_forged())),
        {"keys._named": _any_named, "tokens.check_signature": nothing},
    ),
    _headed(
        {"kid": ["honest-RSA-2048"]},
        "oidc_header_malformed",
        "kid is a list",
        off("checks.header_form", "tokens.check_signature") | {"keys._named": _any_named},
    ),
    _headed(
        {"kid": {"$ne": ""}},
        "oidc_header_malformed",
        "kid is an object",
        off("checks.header_form", "tokens.check_signature") | {"keys._named": _any_named},
    ),
    Case(
        "no kid where several keys fit",
        "oidc_key_unnamed",
        lambda: Stage(listed=[public(private()), public(_forged())]).read(signed({"alg": "RS256"}, id_claims(), private())),
        {"keys.Keys.find": _any},
    ),
    # Signatures
    _unsigned(
        "signed by somebody else under the provider's kid",
        lambda stage: signed({"alg": "RS256", "kid": stage.key.kid}, id_claims(), _forged()),
    ),
    _unsigned("another's claims under an honest signature", lambda stage: _resigned(stage, sub="mallory")),
    _unsigned("the signature cut off", lambda stage: stage.token().rpartition(".")[0] + "."),
    _unsigned("half of the signature", lambda stage: stage.token()[:-100]),
    _unsigned("a longer signature", lambda stage: stage.token() + "AAAA"),
    _unsigned("an ECDSA signature of noughts", _psychic),
    _unsigned(
        "an ECDSA signature in DER",
        lambda stage: signed({"alg": "ES256", "kid": private("EC", "P-256").kid}, id_claims(), private(), "RS256"),
    ),
    _unsigned("signed with PS256, called RS256", lambda stage: stage.token({"alg": "RS256"}, alg="PS256")),
    _unsigned(
        "the signature of another of the provider's keys",
        lambda stage: signed({"alg": "RS256", "kid": stage.key.kid}, id_claims(), private("EC", "P-256"), "ES256"),
    ),
    Case(
        "a key of 1,024 bits",
        "oidc_keys_unusable",
        lambda: Stage(listed=[public(_weakly())]).read(Stage().token(key=_weakly())),
        {"keys.RSA_BITS": range(100000)},
    ),
    Case(
        "a key whose private half is published",
        "oidc_keys_unusable",
        lambda: Stage(listed=[private().as_dict(private=True)]).read(Stage().token()),
        {"keys._PRIVATE": frozenset()},
    ),
    # Headers and forms
    _headed(
        {"crit": ["exp"], "exp": 1},
        "oidc_header_critical",
        "an extension that must be understood",
        off("checks.header_form", "tokens.check_signature"),
    ),
    _headed(
        {"b64": False, "crit": ["b64"]},
        "oidc_header_critical",
        "claims that are not encoded (RFC 7797)",
        off("checks.header_form", "tokens.check_signature"),
    ),
    _headed({"typ": 5}, "oidc_header_malformed", "typ is a number", off("checks.header_form", "checks.kind", "tokens.check_signature")),
    _headed({"alg": None}, "oidc_header_malformed", "alg is null", off("checks.header_form", "checks.algorithm", "tokens.check_signature")),
    Case(
        "alg twice in the header",
        "oidc_token_duplicate_member",
        lambda: Stage().read(signed(f'{{"alg": "none", "alg": "RS256", "kid": "{private().kid}"}}'.encode(), id_claims(), private())),
        {"documents._single": dict},
    ),
    Case(
        "a header of 5 KB",
        "oidc_token_too_large",
        lambda: Stage().read(Stage().token({"padding": "x" * 5000})),
        {"tokens.LONGEST_HEADER": 2**20, "tokens._Registry.max_header_length": 2**20},
    ),
    Case("encrypted (RFC 7516)", "oidc_token_encrypted", lambda: Stage().read(".".join(["AAAA"] * 5)), {}, FORM),
    _malformed(
        "JSON in place of the compact form",
        lambda token: json.dumps(dict(zip(("protected", "payload", "signature"), token.split("."), strict=True))),
    ),
    _malformed("two parts", lambda token: token.rpartition(".")[0]),
    _malformed("four parts", lambda token: f"{token}.AAAA"),
    _malformed("no token", lambda token: ""),
    _malformed("letters that are no ASCII", lambda token: f"é{token}"),
    _malformed("a part of one letter", lambda token: f"A.{token.partition('.')[2]}"),
    _malformed("a line break in a part", lambda token: token.replace(".", "\n.", 1), LENIENT | off("tokens.check_signature")),
    _malformed("padded parts", lambda token: token.replace(".", "==.", 1), LENIENT | off("tokens.check_signature")),
    _malformed("letters of another alphabet inside", lambda token: token[:8] + "!*" + token[8:], LENIENT | off("tokens.check_signature")),
    _malformed("a space before it", lambda token: f" {token}", LENIENT | off("tokens.check_signature")),
]
