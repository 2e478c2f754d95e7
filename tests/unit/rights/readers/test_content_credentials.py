import io
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from c2pa import Builder, C2paSignerInfo, C2paSigningAlg, Signer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image

from fairtrial.errors import RightsError
from fairtrial.rights.readers import read_signals
from fairtrial.rights.readers.content_credentials import read_store
from tests.unit.rights.readers.telling import place, said, source

START = datetime(2026, 1, 1)
ENTRIES = {
    "cawg.ai_training": {"use": "notAllowed"},
    "cawg.ai_inference": {"use": "allowed"},
    "cawg.data_mining": {"use": "constrained", "constraint_info": "ask the desk"},
}


def store(entries: object, state: str = "Trusted", label: str = "cawg.training-mining") -> str:
    manifest = {"assertions": [{"label": label, "data": {"entries": entries}}], "signature_info": {"issuer": "Gazette"}}
    return json.dumps({"active_manifest": "urn:1", "manifests": {"urn:1": manifest}, "validation_state": state})


def certify(name: str, key: Any, issuer_key: Any, authority: bool) -> Any:
    def named(text: str) -> x509.Name:
        return x509.Name(
            [x509.NameAttribute(NameOID.COMMON_NAME, text), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "T")]
        )

    usage = dict.fromkeys(
        [
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ],
        False,
    )
    usage |= {"digital_signature": not authority, "key_cert_sign": authority, "crl_sign": authority}
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named("Root"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(START + timedelta(days=36500))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False)
        .add_extension(x509.KeyUsage(**usage), True)
    )
    if not authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
    return builder.sign(issuer_key, hashes.SHA256())


@pytest.fixture(scope="module")
def signed() -> bytes:
    """A picture with real credentials, signed by somebody whom nobody knows."""
    root, desk = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    encoding = serialization.Encoding.PEM
    chain = [certify("Desk", desk, root, False), certify("Root", root, root, True)]
    info = C2paSignerInfo(
        alg=C2paSigningAlg.ES256,
        sign_cert=b"".join(one.public_bytes(encoding) for one in chain),
        private_key=desk.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        ta_url=None,
    )
    made = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
    actions = {"actions": [{"action": "c2pa.created", "digitalSourceType": made}]}
    manifest = {
        "claim_generator_info": [{"name": "test"}],
        "format": "image/jpeg",
        "assertions": [
            {"label": "c2pa.actions.v2", "data": actions},
            {"label": "cawg.training-mining", "data": {"entries": ENTRIES}},
        ],
    }
    plain, out = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (32, 32), "navy").save(plain, "JPEG")
    with Signer.from_info(info) as signer, Builder(json.dumps(manifest)) as builder:
        builder.sign(signer, "image/jpeg", io.BytesIO(plain.getvalue()), out)
    return out.getvalue()


def test_real_credentials_of_somebody_unknown_deny_and_permit_nothing(signed: bytes) -> None:
    found = read_signals(signed, "image", place(url=""))
    assert said(found) == {"c2pa ai-train deny", "c2pa ai-index conditional", "c2pa problem"}
    assert found[0].statements[1].because == "cawg.data_mining: constrained (ask the desk)"


def test_damaged_credentials_permit_nothing(signed: bytes) -> None:
    place_of = signed.index(b"cawg.training-mining")
    for damaged in (signed[: place_of + 200], signed[:place_of] + b"\xff" * 100 + signed[place_of + 100 :]):
        found = read_signals(damaged, "image", place(url=""))
        assert "c2pa problem" in said(found) and "c2pa ai-input allow" not in said(found)


def test_what_is_allowed_by_somebody_trusted() -> None:
    found = read_store(store(ENTRIES), source())
    assert said(found) == {"c2pa ai-train deny", "c2pa ai-input allow", "c2pa ai-index conditional"}
    assert found[0].holder == "Gazette"
    assert "c2pa ai-input allow" not in said(read_store(store(ENTRIES, "Valid"), source()))


def test_labels_of_c2pa_before_cawg() -> None:
    entries = {"c2pa.ai_generative_training": {"use": "notAllowed"}}
    assert said(read_store(store(entries, label="c2pa.training-mining__1"), source())) == {"c2pa ai-train deny"}


@pytest.mark.parametrize("entries", [None, [], 3, {"cawg.ai_training": 3}, {"cawg.ai_training": {"use": "maybe"}}])
def test_odd_assertions_are_a_problem(entries: object) -> None:
    assert said(read_store(store(entries), source())) == {"c2pa problem"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"manifests": {}}', "[" * 100_000])
def test_what_is_no_store(text: str) -> None:
    with pytest.raises(RightsError, match=r"^it is n|^it has no active manifest|^its JSON is nested too deeply"):
        read_store(text, source())


def test_pictures_without_credentials_have_none() -> None:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    assert read_signals(out.getvalue(), "image", place(url="")) == ()
    assert said(read_signals(b"\xff\xd8\xffc2pa jumb", "image", place(url=""))) == {"c2pa problem"}
