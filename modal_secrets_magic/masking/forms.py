"""The forms a value takes in text: what people print, log and paste by accident."""

from __future__ import annotations

import base64
import codecs
import html
import json
import quopri
import re
import shlex
import unicodedata
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus

from .parts import credentials_in
from .policy import MIN_ANYWHERE, Coverage, coverage

#: Longer values take only the forms of `PLAIN`, or each would take megabytes.
LONG = 4096

#: What joins the characters of a value that is printed one by one. Joiners that are not seen are
#: not among them: `scanning.Stripped` takes those out.
JOINERS = (" ", ", ", "\n", "\t")

Texts = Iterator[str]


def forms(value: str) -> list[bytes]:
    """Return the forms of a value that is long enough to be masked anywhere, as UTF-8, and of
    the credentials in it.

    Each at least eight bytes; the value itself first. A value that is masked as a word only has
    the forms of `words`.
    """
    if coverage(value) is not Coverage.ANYWHERE:
        return []
    found: dict[bytes, None] = {}
    for secret in (value, *credentials_in(value)):
        for make in PLAIN if len(secret) > LONG else (*PLAIN, *ENCODED):
            for text in make(secret):
                form = _encoded(text)
                if len(form) >= MIN_ANYWHERE:
                    found.update(dict.fromkeys(_told_again(form)))
    return list(found)


def words(value: str) -> list[bytes]:
    """Return the forms in which a short value is masked between borders of words."""
    if coverage(value) is not Coverage.WORD:
        return []
    text = value.strip()
    return list(dict.fromkeys(_encoded(each) for each in (text, *_as_python(text), *_json(text))))


def _told_again(form: bytes) -> Iterator[bytes]:
    """Yield a form, and how a repr, JSON and a terminal tell it."""
    yield form
    escaped = form.replace(b"\\", b"\\\\").replace(b"\n", b"\\n")
    yield escaped
    for quote_mark in (b"'", b'"'):
        if quote_mark in form:
            yield escaped.replace(quote_mark, b"\\" + quote_mark)
    if b"\n" in form:
        yield form.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _raw(value: str) -> Texts:
    yield value
    yield value.strip()
    lines = value.splitlines()
    if len(lines) > 1:
        yield "\n".join(lines)
        yield " ".join(lines)
        if not value.lstrip().startswith("{"):  # what JSON has of secrets is found by its names
            for line in lines:
                if not line.startswith("-----"):  # as all PEM files have (RFC 7468)
                    yield line
                    yield line.strip()
    if not value.isascii():
        for kind in ("NFC", "NFD", "NFKC", "NFKD"):
            yield unicodedata.normalize(kind, value)
        yield _encoded(value).decode("latin-1")
        yield _encoded(value).decode("cp1252", "replace")


def _as_python(value: str) -> Texts:
    yield repr(value)[1:-1]
    yield ascii(value)[1:-1]
    yield repr(_encoded(value))[2:-1]
    for quote_mark in "'\"":
        yield (
            repr(value)[1:-1]
            .replace(f"\\{quote_mark}", quote_mark)
            .replace(quote_mark, f"\\{quote_mark}")
        )
    yield repr(repr(value)[1:-1])[1:-1]


def _json(value: str) -> Texts:
    for text in (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]):
        yield text
        yield text.replace("/", "\\/")
        yield json.dumps(text)[1:-1]
        yield json.dumps(json.dumps(text)[1:-1])[1:-1]
        for character in "<>&'":  # what web frameworks escape, and PHP
            text = text.replace(character, f"\\u{ord(character):04x}")
        yield text


def _base64(value: str) -> Texts:
    data = _encoded(value)
    yield from _base64_of(data)
    yield from _base64_of(data + b"\n")  # of `echo`
    whole = base64.b64encode(data)
    yield from _base64_of(whole)
    yield from _base64_of(whole.rstrip(b"="))
    escaped = json.dumps(value)[1:-1].encode()
    if escaped != data:
        yield from _base64_of(escaped)
    for width in (76, 64):
        text = whole.decode()
        if len(text) > width:
            rows = [text[place : place + width] for place in range(0, len(text), width)]
            yield "\n".join(rows)


def _base64_of(data: bytes) -> Texts:
    """Yield what Base64 makes of bytes wherever they stand in what is encoded: at each of three
    shifts, the characters that depend on nothing around.
    """
    for table in (base64.b64encode, base64.urlsafe_b64encode):
        yield table(data).decode()
        for shift in range(3):
            text = table(bytes(shift) + data).decode()
            yield text[-(-8 * shift // 6) : 8 * (shift + len(data)) // 6]


def _other_bases(value: str) -> Texts:
    data = _encoded(value)
    text = base64.b32encode(data).decode()
    yield from (text, text.rstrip("=")[:-1], text.lower().rstrip("=")[:-1])
    yield base64.b32hexencode(data).decode().rstrip("=")[:-1]
    for encode in (base64.b85encode, base64.a85encode):
        yield encode(data).decode()
        yield encode(data[: len(data) // 4 * 4]).decode()


def _hex(value: str) -> Texts:
    for text in (_encoded(value).hex(), _encoded(value).hex().upper()):
        pairs = [text[place : place + 2] for place in range(0, len(text), 2)]
        yield from ("".join(pairs), " ".join(pairs), ":".join(pairs))
        yield ", ".join("0x" + pair for pair in pairs)
        yield ",".join("0x" + pair for pair in pairs)
        yield "".join("\\x" + pair for pair in pairs)
        yield "".join("%" + pair for pair in pairs)
        yield "".join("=" + pair for pair in pairs)
        for start in range(0, len(pairs), 16):  # the rows of `hexdump -C`, and of `xxd`
            row = pairs[start : start + 16]
            yield "  ".join(" ".join(half) for half in (row[:8], row[8:]) if half)
            yield " ".join(a + b for a, b in zip(row[::2], [*row[1::2], ""], strict=False))


def _numbers(value: str) -> Texts:
    data = _encoded(value)
    for joiner in (", ", ",", " ", "\n"):
        yield joiner.join(str(each) for each in data)
        yield joiner.join(str(ord(each)) for each in value)
    yield " ".join(f"{each:3d}" for each in data).strip()  # as arrays are printed
    yield ",\n ".join(str(each) for each in data)  # as IPython shows a list
    yield "".join(f"\\{each:03o}" for each in data)
    yield " ".join(f"{each:08b}" for each in data)
    yield "".join(f"{each:08b}" for each in data)
    for template in (
        "\\u{:04x}",
        "\\u{:04X}",
        "&#{};",
        "&#x{:x};",
        "&#x{:X};",
        "U+{:04X} ",
    ):
        yield "".join(template.format(ord(each)) for each in value).strip()


def _characters(value: str) -> Texts:
    for joiner in JOINERS:
        yield joiner.join(value)
    yield repr(list(value))[1:-1]
    yield json.dumps(list(value))[1:-1]
    for quote_mark in "'\"":
        yield f"{quote_mark},\n {quote_mark}".join(value)


def _url(value: str) -> Texts:
    data = _encoded(value)
    for text in (
        quote(data),
        quote(data, safe=""),
        quote_plus(data),
        quote(data, safe="/:@?&=+$,;"),
    ):
        yield text
        yield re.sub("%..", lambda found: found[0].lower(), text)
        yield quote(text, safe="")
        yield text.replace("'", "%27")


def _markup(value: str) -> Texts:
    escaped = html.escape(value)
    yield escaped
    yield html.escape(value, quote=False)
    for old, new in (("&#x27;", "&#39;"), ("&#x27;", "&apos;"), ("&quot;", "&#34;")):
        yield escaped.replace(old, new)
    yield html.escape(escaped)
    yield re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$])", r"\\\1", value)
    yield re.sub(r"([\\`*_])", r"\\\1", value)
    yield re.escape(value)
    yield re.sub(r"([\\#%&_{}$])", r"\\\1", value)  # TeX


def _shell(value: str) -> Texts:
    yield shlex.quote(value).strip("'")
    yield value.replace("'", "'\\''")
    yield value.replace("'", "''")  # SQL, YAML and PowerShell
    yield value.replace('"', '""')  # CSV
    yield re.sub(r'([\\"$`])', r"\\\1", value)
    yield re.sub(r'([\\"$`!])', r"\\\1", value)
    yield re.sub(r"([^A-Za-z0-9_@%+=:,./-])", r"\\\1", value)
    yield value.replace("\\", "\\\\")
    yield value.replace("$", "$$")


def _turned(value: str) -> Texts:
    yield value[::-1]
    yield from (value.upper(), value.lower(), value.swapcase(), value.title(), value.capitalize())
    yield codecs.encode(value, "rot13")
    yield quopri.encodestring(_encoded(value)).decode("latin-1").replace("=\n", "")
    yield quopri.encodestring(_encoded(value), quotetabs=True).decode("latin-1")
    for encoding in ("utf-16-le", "utf-16-be"):
        wide = value.encode(encoding, "surrogatepass")
        yield wide.decode("latin-1")
        yield json.dumps(wide.decode("latin-1"))[1:-1]
        yield repr(wide)[2:-1]
        yield base64.b64encode(wide).decode()


#: What makes the forms of a value however long it is.
PLAIN: tuple[Callable[[str], Texts], ...] = (_raw, _as_python, _json, _base64)

#: What makes the others.
ENCODED: tuple[Callable[[str], Texts], ...] = (
    _other_bases, _hex, _numbers, _characters, _url, _markup, _shell, _turned,
)  # fmt: skip
