"""What people do to a value before they print it: 64 ways, and which of them nobody can catch."""

from __future__ import annotations

import base64
import binascii
import codecs
import gzip
import hashlib
import html
import json
import quopri
import re
import shlex
import unicodedata
import urllib.parse
from collections.abc import Callable

Transform = Callable[[str], str]


def hexdump(value: str) -> str:
    data, rows = value.encode(), []
    for start in range(0, len(data), 16):
        row = data[start : start + 16].hex(" ").split()
        rows.append(f"{start:08x}  {' '.join(row[:8]):23}  {' '.join(row[8:])}")
    return "\n".join(rows)


def xxd(value: str) -> str:
    data, rows = value.encode(), []
    for start in range(0, len(data), 16):
        rows.append(f"{start:08x}: {data[start : start + 16].hex(' ', -2)}")
    return "\n".join(rows)


def html_spans(value: str) -> str:
    return "".join(f"<span>{html.escape(each)}</span>" for each in value)


def coloured(value: str) -> str:
    half = len(value) // 2
    return f"\x1b[31m{value[:half]}\x1b[0m\x1b[1m{value[half:]}\x1b[0m"


CAUGHT: dict[str, Transform] = {
    "raw": str,
    "repr": repr,
    "ascii": ascii,
    "bytes repr": lambda v: repr(v.encode()),
    "repr twice": lambda v: repr(repr(v)),
    "in a list": lambda v: repr([v, 1]),
    "in a dictionary": lambda v: repr({"key": v}),
    "JSON": json.dumps,
    "JSON, not ASCII only": lambda v: json.dumps(v, ensure_ascii=False),
    "JSON in JSON": lambda v: json.dumps(json.dumps({"a": v})),
    "JSON with \\/": lambda v: json.dumps(v).replace("/", "\\/"),
    "Base64": lambda v: base64.b64encode(v.encode()).decode(),
    "Base64, one byte before": lambda v: base64.b64encode(b":" + v.encode()).decode(),
    "Base64, two bytes before": lambda v: base64.b64encode(b"u:" + v.encode()).decode(),
    "Base64 of a line": lambda v: base64.b64encode(v.encode() + b"\n").decode(),
    "Base64, URL-safe": lambda v: base64.urlsafe_b64encode(v.encode()).decode(),
    "Base64 without =": lambda v: base64.b64encode(v.encode()).decode().rstrip("="),
    "Base64 in lines": lambda v: base64.encodebytes(v.encode()).decode(),
    "Base64 twice": lambda v: base64.b64encode(base64.b64encode(v.encode())).decode(),
    "Base64 of JSON": lambda v: base64.b64encode(json.dumps({"k": v}).encode()).decode(),
    "Basic authorization": lambda v: "Basic " + base64.b64encode(f"user:{v}".encode()).decode(),
    "Base32": lambda v: base64.b32encode(v.encode()).decode(),
    "Base85": lambda v: base64.b85encode(v.encode()).decode(),
    "Ascii85": lambda v: base64.a85encode(v.encode()).decode(),
    "hex": lambda v: v.encode().hex(),
    "hex, upper case": lambda v: v.encode().hex().upper(),
    "hex with spaces": lambda v: v.encode().hex(" "),
    "hex with colons": lambda v: v.encode().hex(":"),
    "\\x escapes": lambda v: "".join(f"\\x{each:02x}" for each in v.encode()),
    "\\u escapes": lambda v: "".join(f"\\u{ord(each):04x}" for each in v),
    "octal escapes": lambda v: "".join(f"\\{each:03o}" for each in v.encode()),
    "binary": lambda v: " ".join(f"{each:08b}" for each in v.encode()),
    "hexdump -C": hexdump,
    "xxd": xxd,
    "list of bytes": lambda v: str(list(v.encode())),
    "list of bytes, a line each": lambda v: ",\n ".join(str(each) for each in v.encode()),
    "list of characters": lambda v: str(list(v)),
    "characters by spaces": " ".join,
    "characters, a line each": "\n".join,
    "characters by zero width": "\u200b".join,
    "URL": lambda v: urllib.parse.quote(v, safe=""),
    "URL, lower case": lambda v: re.sub("%..", lambda f: f[0].lower(), urllib.parse.quote(v, safe="")),
    "URL, plus": urllib.parse.quote_plus,
    "URL twice": lambda v: urllib.parse.quote(urllib.parse.quote(v, safe=""), safe=""),
    "URL, every byte": lambda v: "".join(f"%{each:02X}" for each in v.encode()),
    "HTML": html.escape,
    "XML, decimal": lambda v: "".join(f"&#{ord(each)};" for each in v),
    "XML, hexadecimal": lambda v: "".join(f"&#x{ord(each):x};" for each in v),
    "HTML, a span a character": html_spans,
    "shell": shlex.quote,
    "regular expression": re.escape,
    "Markdown": lambda v: re.sub(r"([\\`*_])", r"\\\1", v),
    "reversed": lambda v: v[::-1],
    "upper case": str.upper,
    "lower case": str.lower,
    "ROT13": lambda v: codecs.encode(v, "rot13"),
    "quoted-printable": lambda v: quopri.encodestring(v.encode()).decode(),
    "UTF-16 as text": lambda v: v.encode("utf-16-le").decode("latin-1"),
    "NFD": lambda v: unicodedata.normalize("NFD", v),
    "half in colour": coloured,
    "in two lines": lambda v: v[: len(v) // 2] + "\n" + v[len(v) // 2 :],
    "between quotes": lambda v: f'"{v[:20]}" "{v[20:]}"',
}  # fmt: skip

#: Of values that look random only.
CAUGHT_IF_RANDOM: dict[str, Transform] = {
    "the first half": lambda v: v[: len(v) // 2],
    "a part": lambda v: v[5:25],
    "shortened": lambda v: v[:24] + "…",
}

#: What no scanner can know.
NOT_CAUGHT: dict[str, Transform] = {
    "compressed": lambda v: base64.b64encode(gzip.compress(v.encode())).decode(),
    "a hash": lambda v: hashlib.sha256(v.encode()).hexdigest(),
    "every other character": lambda v: v[::2] + " " + v[1::2],
    "a cipher": lambda v: "".join(chr((ord(each) + 7) % 0x110000) for each in v),
    "a checksum": lambda v: str(binascii.crc32(v.encode())),
}
