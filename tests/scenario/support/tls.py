# SPDX-License-Identifier: Apache-2.0
"""Certificates made for a test, and handshakes by hand."""
import contextlib
import socket
import ssl
import subprocess


def make_certificate(directory, *names, ip="127.0.0.1", days=30):
    """(certificate, key) for the names, the first of which is its subject."""
    base = str(directory / names[0].replace("*", "any"))
    crt, key = base + ".crt", base + ".key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", str(days), "-subj", f"/CN={names[0]}", "-addext",
         "subjectAltName=" + ",".join([f"DNS:{n}" for n in names] + [f"IP:{ip}"]),
         "-keyout", key, "-out", crt], check=True, capture_output=True)
    return crt, key


def any_context(alpn=None):
    """A client that takes every certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


@contextlib.contextmanager
def handshake(port, context, name=None, host="127.0.0.1"):
    with socket.create_connection((host, port), 10) as s:
        with context.wrap_socket(s, server_hostname=name) as tls:
            yield tls


def subject(crt, port, name):
    """The name in the certificate that a client asking for name is shown. The
    client trusts crt alone, and whatever is shown must be one of these."""
    context = ssl.create_default_context(cafile=crt)
    context.check_hostname = False
    with handshake(port, context, name) as tls:
        return dict(pair[0] for pair in tls.getpeercert()["subject"])["commonName"]
