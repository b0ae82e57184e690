#!/usr/bin/env python3
"""Second implementation of addresses: RIPEMD-160 over SHA-256 of the key, then bech32 as BIP-173 describes it.

Standard library alone (hashlib must offer ripemd160). Writes test/vectors/address.json, or with --check compares it.
It first proves itself on the published examples (BIP-173 strings, two addresses of CosmJS's tests).
"""
import base64
import hashlib
import json
import pathlib
import sys

VECTORS = pathlib.Path(__file__).resolve().parent.parent / "vectors"
ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

# BIP-173, section "Test vectors": strings with a valid bech32 checksum, and invalid ones.
BIP173_VALID = [
    "A12UEL5L",
    "a12uel5l",
    "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
    "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
    "11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j",
    "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
    "?1ezyfcl",
]
BIP173_INVALID = ["pzry9x0s0muk", "1pzry9x0s0muk", "x1b4n0q5v", "li1dgmt3", "A1G7SGD8", "10a06t8", "1qzzfhee"]
# Published in CosmJS's tests (packages/amino, addresses.spec.ts): compressed secp256k1 key and Cosmos Hub address.
COSMOS = [
    ("AtQaCqFnshaZQp6rIkvAPyzThvCvXSDO+9AzbxVErqJP", "cosmos1h806c7khnvmjlywdrkdgk2vrayy2mmvf9rxk2r"),
    ("A08EGB7ro1ORuFhjOnZcSgwYlpe0DSFjVNUIkNNQxwKQ", "cosmos1pkptre7fdkl6gfrzlesjjvhxhlc3r4gmmk8rs6"),
]


def residue(values):
    """The BCH code of BIP-173 as polynomial division over GF(32)."""
    state = 1
    for value in values:
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            if top >> bit & 1:
                state ^= generator
    return state


def spread(prefix):
    return [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]


def encode_words(prefix, words, constant=1):
    check = residue(spread(prefix) + words + [0] * 6) ^ constant
    tail = [check >> 5 * (5 - i) & 31 for i in range(6)]
    return prefix + "1" + "".join(ALPHABET[w] for w in words + tail)


def is_valid(text):
    if text.lower() != text and text.upper() != text or len(text) > 90:
        return False
    text = text.lower()
    prefix, _, data = text.rpartition("1")
    if not prefix or len(data) < 6 or any(c not in ALPHABET for c in data) or any(not 33 <= ord(c) <= 126 for c in prefix):
        return False
    return residue(spread(prefix) + [ALPHABET.index(c) for c in data]) == 1


def to_words(data, padding=0):
    bits = "".join(f"{byte:08b}" for byte in data)
    while len(bits) % 5:
        bits += str(padding)
    return [int(bits[i : i + 5], 2) for i in range(0, len(bits), 5)]


def encode(prefix, data):
    return encode_words(prefix, to_words(data))


def account(key):
    return hashlib.new("ripemd160", hashlib.sha256(key).digest()).digest()


def vectors():
    assert all(is_valid(t) for t in BIP173_VALID) and not any(is_valid(t) for t in BIP173_INVALID)
    keys = []
    for text, address in COSMOS:
        key = base64.b64decode(text)
        raw = account(key)
        assert encode("cosmos", raw) == address, address
        keys.append({"publicKey": key.hex(), "bytes": raw.hex(), "cosmos": address, "tail": encode("tail", raw)})
    raws = [bytes(20), b"\xff" * 20, bytes(range(20))]
    sample = raws[2]
    good = encode("tail", sample)
    refused = {
        "empty": "",
        "other prefix": encode("cosmos", sample),
        "prefix that starts alike": encode("tailx", sample),
        "upper case": good.upper(),
        "mixed case": good[:10] + good[10:].upper(),
        "bech32m checksum": encode_words("tail", to_words(sample), 0x2BC830A3),
        "one letter changed": good[:-1] + ("q" if good[-1] != "q" else "p"),
        "two letters swapped": good[:12] + good[13] + good[12] + good[14:],
        "19 bytes": encode("tail", sample[:19]),
        "21 bytes": encode("tail", sample + b"\x00"),
        "32 bytes": encode("tail", sample + bytes(12)),
        "33 bytes, beyond the length": encode("tail", sample + bytes(13)),
        "no bytes": encode("tail", b""),
        # 19 bytes are 31 words with three bits to spare, which must be zero; 20 bytes fill their words exactly.
        "padding of ones": encode_words("tail", to_words(sample[:19], 1)),
        "a whole word too many": encode_words("tail", to_words(sample) + [0]),
        "leading space": " " + good,
        "trailing newline": good + "\n",
        "no separator": good.replace("1", "", 1),
    }
    return {
        "origin": {
            "bip173": "BIP-173, section 'Test vectors': valid and invalid bech32 strings (those whose bytes are printable ASCII).",
            "keys": "Key and cosmos address as published in CosmJS, packages/amino, addresses.spec.ts (derivation of ADR-028 for secp256k1); the tail form is the same 20 bytes, encoded by test/second-implementation/address.py.",
            "own": "raw and refused: generated by test/second-implementation/address.py, a bech32 written from BIP-173 that shares no code with src/.",
        },
        "bip173": {"valid": BIP173_VALID, "invalid": BIP173_INVALID},
        "keys": keys,
        "raw": [{"bytes": raw.hex(), "tail": encode("tail", raw)} for raw in raws],
        "refused": [{"why": why, "text": text} for why, text in refused.items()],
    }


if __name__ == "__main__":
    text = json.dumps(vectors(), indent=1, ensure_ascii=True) + "\n"
    path = VECTORS / "address.json"
    if "--check" in sys.argv:
        sys.exit(0 if path.read_text() == text else 1)
    path.write_text(text)
