#!/usr/bin/env python3
"""Checks the published BLS vectors against py_ecc (pip install py_ecc, pure Python, shares no code with src/) and writes
test/vectors/bls.json; with --check it compares the file instead. Takes about ten seconds.

What is published stands here as published; what py_ecc computes (possession proofs, points outside the subgroup) is
marked as such in the file's origin.
"""
import json
import pathlib
import sys

from py_ecc.bls import G2ProofOfPossession as scheme
from py_ecc.bls.g2_primitives import G1_to_pubkey, G2_to_signature, pubkey_to_G1, signature_to_G2, subgroup_check
from py_ecc.bls.hash_to_curve import hash_to_G2
from py_ecc.bls.point_compression import decompress_G1, decompress_G2
from py_ecc.optimized_bls12_381 import normalize
from hashlib import sha256

VECTORS = pathlib.Path(__file__).resolve().parent.parent / "vectors"

KEYS = [
    ("263dbd792f5b1be47ed85f8938c0f29586af0d3ac7b977f21c278fe1462040e3", "a491d1b0ecd9bb917989f0e74f0dea0422eac4a873e5e2644f368dffb9a6e20fd6e10c1b77654d067c0618f6e5a7f79a"),
    ("47b8192d77bf871b62e87859d653922725724a5c031afeabc60bcef5ff665138", "b301803f8b5ac4a1133581fc676dfedc60d891dd5fa99028805e5ea5b08d3491af75d0707adab3b70c6a6a580217bf81"),
    ("328388aff0d4a5b7dc9205abd374e7e98f3cd9f3418edb4eafda5fb16473d216", "b53d21a4cfd562c469cc81514d4ce5a6b577d8403d32a394dc265dd190b47fa9f829fdd7963afdf972e5e77854051f6f"),
]
PUBLIC = dict(KEYS)
ZERO, MIDDLE, AB = "00" * 32, "56" * 32, "ab" * 32
SIGN = [
    ("sign_case_11b8c7cad5238946", KEYS[1][0], ZERO, "b23c46be3a001c63ca711f87a005c200cc550b9429d5f4eb38d74322144f1b63926da3388979e5321012fb1a0526bcd100b5ef5fe72628ce4cd5e904aeaa3279527843fae5ca9ca675f4f51ed8f83bbf7155da9ecc9663100a885d5dc6df96d9"),
    ("sign_case_142f678a8d05fcd1", KEYS[1][0], MIDDLE, "af1390c3c47acdb37131a51216da683c509fce0e954328a59f93aebda7e4ff974ba208d9a4a2a2389f892a9d418d618418dd7f7a6bc7aa0da999a9d3a5b815bc085e14fd001f6a1948768a3f4afefc8b8240dda329f984cb345c6363272ba4fe"),
    ("sign_case_37286e1a6d1f6eb3", KEYS[1][0], AB, "9674e2228034527f4c083206032b020310face156d4a4685e2fcaec2f6f3665aa635d90347b6ce124eb879266b1e801d185de36a0a289b85e9039662634f2eea1e02e670bc7ab849d006a70b2f93b84597558a05b879c8d445f387a5d5b653df"),
    ("sign_case_7055381f640f2c1d", KEYS[2][0], ZERO, "948a7cb99f76d616c2c564ce9bf4a519f1bea6b0a624a02276443c245854219fabb8d4ce061d255af5330b078d5380681751aa7053da2c98bae898edc218c75f07e24d8802a17cd1f6833b71e58f5eb5b94208b4d0bb3848cecb075ea21be115"),
    ("sign_case_84d45c9c7cca6b92", KEYS[2][0], AB, "ae82747ddeefe4fd64cf9cedb9b04ae3e8a43420cd255e3c7cd06a8d88b7c7f8638543719981c5d16fa3527c468c25f0026704a6951bde891360c7e8d12ddee0559004ccdbe6046b55bae1b257ee97f7cdb955773d7cf29adf3ccbb9975e4eb9"),
    ("sign_case_8cd3d4d0d9a5b265", KEYS[2][0], MIDDLE, "a4efa926610b8bd1c8330c918b7a5e9bf374e53435ef8b7ec186abf62e1b1f65aeaaeb365677ac1d1172a1f5b44b4e6d022c252c58486c0a759fbdc7de15a756acc4d343064035667a594b4c2a6f0b0b421975977f297dba63ee2f63ffe47bb6"),
    ("sign_case_c82df61aa3ee60fb", KEYS[0][0], ZERO, "b6ed936746e01f8ecf281f020953fbf1f01debd5657c4a383940b020b26507f6076334f91e2366c96e9ab279fb5158090352ea1c5b0c9274504f4f0e7053af24802e51e4568d164fe986834f41e55c8e850ce1f98458c0cfc9ab380b55285a55"),
    ("sign_case_d0e28d7e76eb6e9c", KEYS[0][0], MIDDLE, "882730e5d03f6b42c3abc26d3372625034e1d871b65a8a6b900a56dae22da98abbe1b68f85e49fe7652a55ec3d0591c20767677e33e5cbb1207315c41a9ac03be39c2e7668edc043d6cb1d9fd93033caa8a1c5b0e84bedaeb6c64972503a43eb"),
    ("sign_case_f2ae1097e7d0e18b", KEYS[0][0], AB, "91347bccf740d859038fcdcaf233eeceb2a436bcaaee9b2aa3bfb70efe29dfb2677562ccbea1c8e061fb9971b0753c240622fab78489ce96768259fc01360346da5b9f579e5da0d941e4c6ba18a0e64906082375394f337fa1af2b7127b0d121"),
]
SIGNED = {(secret, message): signature for _, secret, message, signature in SIGN}
# verify_*: (name, index of the key, message, signature or its alteration, verdict)
VERIFY = [
    ("verify_valid_case_2ea479adf8c40300", 0, MIDDLE, SIGNED[KEYS[0][0], MIDDLE], True),
    ("verify_valid_case_2f09d443ab8a3ac2", 1, ZERO, SIGNED[KEYS[1][0], ZERO], True),
    ("verify_valid_case_195246ee3bd3b6ec", 2, AB, SIGNED[KEYS[2][0], AB], True),
    ("verify_tampered_signature_case_2ea479adf8c40300", 0, MIDDLE, SIGNED[KEYS[0][0], MIDDLE][:-8] + "ffffffff", False),
    ("verify_tampered_signature_case_2f09d443ab8a3ac2", 1, ZERO, SIGNED[KEYS[1][0], ZERO][:-8] + "ffffffff", False),
    ("verify_tampered_signature_case_195246ee3bd3b6ec", 2, AB, SIGNED[KEYS[2][0], AB][:-8] + "ffffffff", False),
    ("verify_wrong_pubkey_case_2ea479adf8c40300", 0, MIDDLE, SIGNED[KEYS[2][0], MIDDLE], False),
    ("verify_wrong_pubkey_case_2f09d443ab8a3ac2", 1, ZERO, SIGNED[KEYS[0][0], ZERO], False),
    ("verify_wrong_pubkey_case_195246ee3bd3b6ec", 2, AB, SIGNED[KEYS[1][0], AB], False),
]
ONE_KEY = (
    "verifycase_one_privkey_47117849458281be",
    "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb",
    "12" * 32,
    "a42ae16f1c2a5fa69c04cb5998d2add790764ce8dd45bf25b29b4700829232052b52352dcff1cf255b3a7810ad7269601810f03b2bc8b68cf289cf295b206770605a190b6842583e47c3d1c0f73c54907bfb2a602157d46a4353a20283018763",
)
INFINITY = ("verify_infinity_pubkey_and_infinity_signature", "c0" + "00" * 47, "12" * 32, "c0" + "00" * 95)
RFC_DST = "QUUX-V01-CS02-with-BLS12381G2_XMD:SHA-256_SSWU_RO_"
# RFC 9380, J.10.1: P.x = x0 + I·x1, P.y = y0 + I·y1
RFC9380 = [
    ("", "0141ebfbdca40eb85b87142e130ab689c673cf60f1a3e98d69335266f30d9b8d4ac44c1038e9dcdd5393faf5c41fb78a", "05cb8437535e20ecffaef7752baddf98034139c38452458baeefab379ba13dff5bf5dd71b72418717047f5b0f37da03d", "0503921d7f6a12805e72940b963c0cf3471c7b2a524950ca195d11062ee75ec076daf2d4bc358c4b190c0c98064fdd92", "12424ac32561493f3fe3c260708a12b7c620e7be00099a974e259ddc7d1f6395c3c811cdd19f1e8dbf3e9ecfdcbab8d6"),
    ("abc", "02c2d18e033b960562aae3cab37a27ce00d80ccd5ba4b7fe0e7a210245129dbec7780ccc7954725f4168aff2787776e6", "139cddbccdc5e91b9623efd38c49f81a6f83f175e80b06fc374de9eb4b41dfe4ca3a230ed250fbe3a2acf73a41177fd8", "1787327b68159716a37440985269cf584bcb1e621d3a7202be6ea05c4cfe244aeb197642555a0645fb87bf7466b2ba48", "00aa65dae3c8d732d10ecd2c50f8a1baf3001578f71c694e03866e9f3d49ac1e1ce70dd94a733534f106d4cec0eddd16"),
    ("abcdef0123456789", "121982811d2491fde9ba7ed31ef9ca474f0e1501297f68c298e9f4c0028add35aea8bb83d53c08cfc007c1e005723cd0", "190d119345b94fbd15497bcba94ecf7db2cbfd1e1fe7da034d26cbba169fb3968288b3fafb265f9ebd380512a71c3f2c", "05571a0f8d3c08d094576981f4a3b8eda0a8e771fcdcc8ecceaf1356a6acf17574518acb506e435b639353c2e14827c8", "0bb5e7572275c567462d91807de765611490205a941a5a6af3b1691bfe596c31225d3aabdf15faff860cb4ef17c7c3be"),
    ("q128_" + "q" * 128, "19a84dd7248a1066f737cc34502ee5555bd3c19f2ecdb3c7d9e24dc65d4e25e50d83f0f77105e955d78f4762d33c17da", "0934aba516a52d8ae479939a91998299c76d39cc0c035cd18813bec433f587e2d7a4fef038260eef0cef4d02aae3eb91", "14f81cd421617428bc3b9fe25afbb751d934a00493524bc4e065635b0555084dd54679df1536101b2c979c0152d09192", "09bcccfa036b4847c9950780733633f13619994394c23ff0b32fa6b795844f4a0673e20282d07bc69641cee04f5e5662"),
    ("a512_" + "a" * 512, "01a6ba2f9a11fa5598b2d8ace0fbe0a0eacb65deceb476fbbcb64fd24557c2f4b18ecfc5663e54ae16a84f5ab7f62534", "11fca2ff525572795a801eed17eb12785887c7b63fb77a42be46ce4a34131d71f7a73e95fee3f812aea3de78b4d01569", "0b6798718c8aed24bc19cb27f866f1c9effcdbf92397ad6448b5c9db90d2b9da6cbabf48adc1adf59a1a28344e79d57e", "03a47f8e6d1763ba0cad63d6114c0accbef65707825a511b251a660a9b3994249ae4e63fac38b23da0c398689ee2ab52"),
]


def outside_subgroup(decompress, encode, size):
    """The compressed point with the smallest x that lies on the curve but not in the subgroup of prime order."""
    for x in range(1, 1000):
        data = bytearray(x.to_bytes(size, "big"))
        data[0] |= 0x80
        try:
            point = decompress(bytes(data))
        except ValueError:
            continue
        if not subgroup_check(point):
            assert encode(point) == bytes(data)
            return bytes(data).hex()
    raise AssertionError("none found")


def vectors():
    unhex = bytes.fromhex
    for secret, public in KEYS:
        assert scheme.SkToPk(int(secret, 16)).hex() == public
    for name, secret, message, signature in SIGN:
        assert scheme.Sign(int(secret, 16), unhex(message)).hex() == signature, name
    cases = [(name, KEYS[key][1], message, signature, verdict) for name, key, message, signature, verdict in VERIFY]
    cases += [(*ONE_KEY, True), (*INFINITY, False)]
    for name, public, message, signature, verdict in cases:
        assert scheme.Verify(unhex(public), unhex(message), unhex(signature)) == verdict, name
    for message, *coordinates in RFC9380:
        x, y = normalize(hash_to_G2(message.encode(), RFC_DST.encode(), sha256))
        assert [f"{int(c):096x}" for c in (*x.coeffs, *y.coeffs)] == coordinates, message
    possession = []
    for secret, public in KEYS:
        proof = scheme.PopProve(int(secret, 16))
        assert scheme.PopVerify(unhex(public), proof)
        possession.append({"secretKey": secret, "publicKey": public, "proof": proof.hex()})
    outside_g1 = outside_subgroup(
        lambda data: decompress_G1(int.from_bytes(data, "big")), G1_to_pubkey, 48
    )
    outside_g2 = outside_subgroup(
        lambda data: decompress_G2((int.from_bytes(data[:48], "big"), int.from_bytes(data[48:], "big"))), G2_to_signature, 96
    )
    return {
        "origin": {
            "keys, sign, verify": "Published: github.com/ethereum/bls12-381-tests release v0.1.2 (the general/phase0/bls cases of ethereum/consensus-spec-tests), ciphersuite BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_; case names as there. Each was recomputed with py_ecc 8.0.0 by test/second-implementation/bls.py.",
            "hashToG2": "Published: RFC 9380, appendix J.10.1 (BLS12381G2_XMD:SHA-256_SSWU_RO_); recomputed with py_ecc.",
            "possession, outsideSubgroup": "Own, computed with py_ecc 8.0.0 by test/second-implementation/bls.py: PopProve of the published keys; points on the curve that are not in the subgroup of prime order.",
        },
        "keys": [{"secretKey": s, "publicKey": p} for s, p in KEYS],
        "sign": [{"name": n, "secretKey": s, "message": m, "signature": o} for n, s, m, o in SIGN],
        "verify": [{"name": n, "publicKey": p, "message": m, "signature": s, "valid": v} for n, p, m, s, v in cases],
        "hashToG2": {
            "dst": RFC_DST,
            "cases": [{"message": m, "x0": a, "x1": b, "y0": c, "y1": d} for m, a, b, c, d in RFC9380],
        },
        "possession": possession,
        "outsideSubgroup": {"publicKey": outside_g1, "signature": outside_g2},
    }


if __name__ == "__main__":
    text = json.dumps(vectors(), indent=1) + "\n"
    path = VECTORS / "bls.json"
    if "--check" in sys.argv:
        sys.exit(0 if path.read_text() == text else 1)
    path.write_text(text)
