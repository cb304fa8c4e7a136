"""The server's version, as protocols ask for it."""

VERSION = "0.1.0"
