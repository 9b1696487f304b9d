"""The page over HTTPS: certificates of the user's and generated ones, on real sockets."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from onframe.camera.camera import Camera
from onframe.certificates import make_certificate
from onframe.errors import OnframeError
from onframe.viewer.https import HTTPS, MOST_NAMES, generated, of_files, own_names
from onframe.viewer.server import Viewer

pytestmark = pytest.mark.timeout(60)


def kept(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def names_of(certificate: x509.Certificate) -> set[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in names}


def sha256(certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


class TestGenerated:
    def test_it_is_made_once_and_is_this_users_alone(self, tmp_path: Path) -> None:
        file = tmp_path / "state" / "viewer.pem"
        made = generated(["cam.test"], file=file)
        assert made.kept_in == file and file.stat().st_mode & 0o777 == 0o600
        assert {"cam.test", "localhost", "127.0.0.1", "::1"} <= names_of(kept(file))
        assert made.sha256 == sha256(kept(file))
        assert generated(file=file).sha256 == made.sha256

    def test_its_fingerprint_is_written_as_browsers_do(self, tmp_path: Path) -> None:
        made = generated(file=tmp_path / "viewer.pem")
        assert made.fingerprint.replace(":", "").lower() == made.sha256
        assert len(made.fingerprint.split(":")) == 32 and made.fingerprint.isupper()

    def test_it_is_as_browsers_want_it(self, tmp_path: Path) -> None:
        generated(file=tmp_path / "viewer.pem")
        certificate = kept(tmp_path / "viewer.pem")
        lasts = certificate.not_valid_after_utc - certificate.not_valid_before_utc
        assert timedelta(days=365) < lasts <= timedelta(days=825)
        purpose = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert x509.oid.ExtendedKeyUsageOID.SERVER_AUTH in purpose

    def test_another_name_makes_another_that_has_the_old_names_too(self, tmp_path: Path) -> None:
        file = tmp_path / "viewer.pem"
        first = generated(["one.test"], file=file)
        second = generated(["two.test"], file=file)
        assert second.sha256 != first.sha256
        assert {"one.test", "two.test"} <= names_of(kept(file))
        assert generated(["one.test"], file=file).sha256 == second.sha256

    def test_names_without_end_are_not_kept(self, tmp_path: Path) -> None:
        file = tmp_path / "viewer.pem"
        generated([f"old-{n}.test" for n in range(100)], file=file)
        assert len(names_of(kept(file))) <= MOST_NAMES
        generated(["new.test"], file=file)
        assert "new.test" in names_of(kept(file)) and len(names_of(kept(file))) <= MOST_NAMES

    @pytest.mark.parametrize("content", [b"", b"no certificate", "half"])
    def test_one_that_cannot_be_used_is_made_anew(self, tmp_path: Path, content: bytes | str) -> None:
        file = tmp_path / "viewer.pem"
        if content == "half":
            whole = make_certificate("x.test")
            content = whole.certificate_pem
        assert isinstance(content, bytes)
        file.write_bytes(content)
        assert generated(file=file).sha256 == sha256(kept(file))

    def test_one_that_ends_soon_is_made_anew(self, tmp_path: Path) -> None:
        file = tmp_path / "viewer.pem"
        old = make_certificate(*own_names(), not_after=datetime.now(UTC) + timedelta(days=20))
        file.write_bytes(old.certificate_pem + old.key_pem)
        assert generated(file=file).sha256 != old.sha256

    def test_where_it_cannot_be_kept_that_is_said(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(OnframeError, match="cannot be kept"):
            generated(file=tmp_path / "file" / "viewer.pem")


class TestOwn:
    def test_certificate_and_key_are_read_from_one_file_or_two(self, tmp_path: Path) -> None:
        made = make_certificate("cam.test")
        (tmp_path / "cert.pem").write_bytes(made.certificate_pem)
        (tmp_path / "key.pem").write_bytes(made.key_pem)
        (tmp_path / "both.pem").write_bytes(made.key_pem + made.certificate_pem)
        assert of_files(tmp_path / "cert.pem", tmp_path / "key.pem").sha256 == made.sha256
        own = of_files(tmp_path / "both.pem")
        assert (own.sha256, own.kept_in) == (made.sha256, None)

    def test_what_cannot_be_used_is_said_with_a_hint(self, tmp_path: Path) -> None:
        made, other = make_certificate("a.test"), make_certificate("b.test")
        (tmp_path / "cert.pem").write_bytes(made.certificate_pem)
        (tmp_path / "key.pem").write_bytes(other.key_pem)
        for certificate, key in (("no.pem", None), ("cert.pem", None), ("cert.pem", "key.pem"), ("cert.pem", "no.pem")):
            with pytest.raises(OnframeError, match="cannot be used") as error:
                of_files(tmp_path / certificate, tmp_path / key if key else None)
            assert error.value.hint


def get(viewer: Viewer, trusted: Path) -> tuple[int, str]:
    """(status, Set-Cookie), over a connection that trusts this certificate alone."""
    context = ssl.create_default_context(cafile=str(trusted))
    connection = http.client.HTTPSConnection("localhost", viewer.port, timeout=10, context=context)
    connection.request("GET", viewer.url.partition(str(viewer.port))[2], headers={"Host": f"127.0.0.1:{viewer.port}"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.getheader("Set-Cookie", "")


async def test_the_page_is_served_with_it_and_the_cookie_stays_on_https(tmp_path: Path) -> None:
    file = tmp_path / "viewer.pem"
    tls: HTTPS = generated(file=file)
    async with Camera.from_url("http://admin:pw@127.0.0.1:9/") as camera, Viewer(camera, tls=tls) as viewer:
        assert viewer.url.startswith("https://127.0.0.1:")
        status, cookie = await asyncio.to_thread(get, viewer, file)
        assert status == 303 and "; Secure" in cookie
        plain = http.client.HTTPConnection("127.0.0.1", viewer.port, timeout=5)
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            await asyncio.to_thread(plain.request, "GET", "/")
            await asyncio.to_thread(plain.getresponse)
        plain.close()
