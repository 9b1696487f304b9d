"""Certificates that the simulated camera makes for itself, good ones and the odd ones that devices have."""

from __future__ import annotations

from onframe.certificates import Certificate, load_certificate, make_certificate, server_context

__all__ = ["Certificate", "load_certificate", "make_certificate", "server_context"]
