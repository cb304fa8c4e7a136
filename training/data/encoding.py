"""How the characters of a file are written."""

from typing import Literal

Encoding = Literal["utf-8", "latin-1", "windows-1252"]


def guess_encoding(body: bytes) -> Encoding:
    """Return what a file is written in; UTF-8 also for one that was meant to be and is damaged."""
    try:
        body.decode()
    except UnicodeDecodeError:
        text = body.decode(errors="replace")
        damaged = text.count("\ufffd")
        # Letters of another code page hardly ever look like UTF-8; those of UTF-8 always do.
        if damaged * 2 <= len(text) - len(text.encode("ascii", errors="ignore")):
            return "utf-8"
        controls = any(byte in body for byte in range(0x80, 0xA0))
        return "windows-1252" if controls else "latin-1"
    return "utf-8"
