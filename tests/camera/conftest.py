"""A device of bytes: HTTP and RTSP on real sockets, written out by hand and knowing nothing of our own code."""

import asyncio
import hashlib
import re
import socket
import struct

import pytest

SDP = (
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=Media Presentation\r\nt=0 0\r\na=control:*\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=1\r\n"
)
METADATA_SECTION = "m=application 0 RTP/AVP 107\r\na=rtpmap:107 isapi.metadata/90000\r\na=control:trackID=3\r\n"
ONVIF_SECTION = METADATA_SECTION.replace("isapi.metadata", "vnd.onvif.metadata")

DEVICE_CAP = b"""<?xml version="1.0" encoding="UTF-8"?>
<DeviceCap version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">
<SysCap><isSupportMetadata>true</isSupportMetadata></SysCap></DeviceCap>"""

METADATA_CAP = b"""<?xml version="1.0" encoding="UTF-8"?>
<MetadataCfg version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">
<MetadataList size=""><Metadata><type opt="ANPR,
 behaviorAnalysis"/><enable>true</enable></Metadata></MetadataList>
<uploadDataFormat opt="xml,json"/>
<isSupportSubscribeType>true</isSupportSubscribeType></MetadataCfg>"""

STATUS = """<?xml version="1.0" encoding="UTF-8"?>
<ResponseStatus version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema"><requestURL>/</requestURL>
<statusCode>{}</statusCode><statusString>text</statusString><subStatusCode>{}</subStatusCode></ResponseStatus>"""


def document(sub_type="behaviorAnalysis", type="activityTarget", target_id=1, more=""):
    """One metadata document (B.20) in bytes."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Metadata version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">'
        f"<type>{type}</type><subType>{sub_type}</subType><time>2024-05-01T12:00:00.000+08:00</time>"
        f"<TargetDetection><TargetList><Target><targetID>{target_id}</targetID><ruleID>1</ruleID>{more}</Target>"
        "</TargetList></TargetDetection></Metadata>"
    ).encode()


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


class UDPOut:
    """Takes interleaved frames as a connection does, and sends their payloads as datagrams."""

    def __init__(self, client):
        self.transport, self.client = self, client
        self.sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for sock in self.sockets:
            sock.bind(("127.0.0.1", 0))
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        self.ports = [sock.getsockname()[1] for sock in self.sockets]

    def write(self, frame):
        odd = frame[1] % 2
        self.sockets[odd].sendto(frame[4:], (self.client[0], self.client[1] + odd))

    def is_closing(self):
        return self.sockets[0].fileno() < 0

    def close(self):
        for sock in self.sockets:
            sock.close()


class ScriptedDevice:
    """One camera with one channel. Attributes may be changed at any time; what was asked is in the logs."""

    def __init__(self):
        self.username, self.password = "admin", "abcd1234"
        self.sdp = SDP + METADATA_SECTION
        self.device_cap, self.metadata_cap = DEVICE_CAP, METADATA_CAP
        self.types = {"ANPR": "true", "behaviorAnalysis": "false"}
        self.stubborn = False  # accepts a configuration and forgets it
        self.accepted = (1, "ok")
        self.rtsp_uri = "rtsp://10.99.99.99:554/ISAPI/Streaming/channels/101?token=7"
        self.known_tokens = None  # URIs that DESCRIBE knows; None: all
        self.describe_status = None
        self.describe_headers = ""
        self.keep_alive_status = 200
        self.before_play = b""
        self.firewall = False  # accepts UDP, of which nothing comes
        self.transports = {"tcp"}  # of "tcp", "udp", "multicast"; others are refused with 461
        self.group = ("239.195.17.4", 40104)
        self.udp_answer = "RTP/AVP;unicast;server_port={0}-{1}"
        self.udp_asked = []  # (host, port) to which the RTP of each SETUP over UDP goes
        self.http_paths = None  # path → bytes that replace the usual answer; (status, bytes) too
        self.frozen = False
        self.rtsp_log, self.http_log, self.refused = [], [], 0
        self.playing = []
        self.connections = set()
        self.sequence = 0
        self.http_port = self.rtsp_port = 0
        self.tls = None  # an SSLContext: both ports speak TLS
        self._servers = []

    async def start(self):
        for name, serve in (("http_port", self._http), ("rtsp_port", self._rtsp)):
            server = await asyncio.start_server(serve, "127.0.0.1", getattr(self, name), ssl=self.tls)
            setattr(self, name, server.sockets[0].getsockname()[1])
            self._servers.append(server)
        return self

    async def stop(self):
        """As if its plug were pulled."""
        for server in self._servers:
            server.close()
        for writer in list(self.connections):
            writer.transport.abort()
        for server in self._servers:
            await server.wait_closed()
        self._servers, self.playing = [], []

    def send(self, payload, timestamp=90000, lose=0):
        """One document in one packet to everybody who plays; ``lose`` packets are skipped before it."""
        self.sequence += 1 + lose
        packet = struct.pack("!BBHII", 0x80, 0x80 | 107, self.sequence & 0xFFFF, timestamp, 0x55667788) + payload
        for writer, channel in self.playing:
            if not writer.transport.is_closing():
                writer.write(struct.pack("!cBH", b"$", channel, len(packet)) + packet)

    def methods(self):
        return [method for method, _ in self.rtsp_log]

    # -- digest

    def _verdict(self, protocol, method, uri, headers):
        value = headers.get("authorization")
        if not value:
            return False
        fields = dict(re.findall(r'(\w+)="?([^",]*)"?', value))
        ha1, ha2 = md5(f"{self.username}:Camera:{self.password}"), md5(f"{method}:{fields.get('uri')}")
        right = fields.get("response") == md5(f"{ha1}:nonce{protocol}:{ha2}")
        self.refused += not right
        return right

    @staticmethod
    def _challenge(protocol):
        return f'WWW-Authenticate: Digest realm="Camera", nonce="nonce{protocol}", stale="FALSE"\r\n'

    # -- HTTP

    async def _http(self, reader, writer):
        self.connections.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                line, *fields = head.split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                method, target, _ = line.split(" ")
                while self.frozen:
                    await asyncio.sleep(0.01)
                if self._verdict("http", method, target, headers):
                    self.http_log.append((method, target, body))
                    status, answer, challenge = *self._answer(method, target, body), ""
                else:
                    status, answer, challenge = 401, b"", self._challenge("http")
                writer.write(
                    f"HTTP/1.1 {status} x\r\n{challenge}Content-Length: {len(answer)}\r\n\r\n".encode() + answer
                )
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self.connections.discard(writer)
            writer.close()

    def _answer(self, method, target, body):
        path = target.partition("?")[0]
        if self.http_paths is not None and path in self.http_paths:
            answer = self.http_paths[path]
            return answer if isinstance(answer, tuple) else (200, answer)
        if path == "/ISAPI/System/capabilities":
            return 200, self.device_cap
        if path.endswith("/101/metadata/capabilities"):
            return 200, self.metadata_cap
        if path.endswith("/1/metadata/subscribeType"):
            return 200, b'{"rtspURI": "%s"}' % self.rtsp_uri.encode()
        if path.endswith("/101/metadata"):
            return self._configuration(method, body)
        return 403, STATUS.format(4, "notSupport").encode()

    def _configuration(self, method, body):
        if method == "PUT":
            entries = re.findall(r"<type>(\w+)</type>\s*<enable>(\w+)</enable>", body.decode())
            if not self.stubborn:
                self.types.update(entries)
            return 200, STATUS.format(*self.accepted).encode()
        entries = "".join(
            f"<Metadata><type>{name}</type><enable>{value}</enable></Metadata>" for name, value in self.types.items()
        )
        return 200, (
            '<MetadataCfg version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">'
            f"<MetadataList>{entries}</MetadataList><uploadDataFormat>xml</uploadDataFormat></MetadataCfg>"
        ).encode()

    # -- RTSP

    async def _rtsp(self, reader, writer):
        self.connections.add(writer)
        channels = []
        try:
            while True:
                if (first := await reader.readexactly(1)) == b"$":
                    await reader.readexactly(struct.unpack("!BH", await reader.readexactly(3))[1])
                    continue
                head = (first + await reader.readuntil(b"\r\n\r\n")).decode()
                while self.frozen:
                    await asyncio.sleep(0.01)
                writer.write(self._rtsp_answer(head, writer, channels))
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self.connections.discard(writer)
            gone = [writer, *(out for _, out in channels)]
            self.playing = [entry for entry in self.playing if entry[0] not in gone]
            for out in gone:
                out.close()

    def _set_up(self, asked, track, writer, channels):
        kind = "tcp" if "TCP" in asked else "multicast" if "multicast" in asked else "udp"
        if kind not in self.transports:
            return 461, ""
        if kind == "tcp":
            out, transport = writer, f"RTP/AVP/TCP;unicast;interleaved={2 * track}-{2 * track + 1}"
        elif kind == "multicast":
            out = UDPOut(self.group)
            transport = f"RTP/AVP;multicast;destination={self.group[0]};port={self.group[1]}-{self.group[1] + 1};ttl=1"
        else:
            client = (writer.get_extra_info("peername")[0], int(re.search(r"client_port=(\d+)", asked)[1]))
            self.udp_asked.append(client)
            out = UDPOut(client)
            transport = self.udp_answer.format(*out.ports)
        channels.append((track, out))
        return 200, f"Session: 77;timeout=60\r\nTransport: {transport}\r\n"

    def _rtsp_answer(self, head, writer, channels):
        line, *fields = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)}
        method, uri, _ = line.split(" ")
        status, more, body = 200, "", ""
        if method == "OPTIONS":
            more = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN\r\n"
        elif not self._verdict("rtsp", method, uri, headers):
            status, more = 401, self._challenge("rtsp")
        else:
            self.rtsp_log.append((method, uri))
            if method == "DESCRIBE":
                status, body = self._describe(uri)
                more = f"Content-Type: application/sdp\r\n{self.describe_headers}Content-Length: {len(body)}\r\n"
            elif method == "SETUP" and "client_port" in headers.get("transport", "") and self.firewall:
                ports = re.search(r"client_port=(\d+-\d+)", headers["transport"])[1]  # and a firewall in between
                more = f"Session: 77;timeout=60\r\nTransport: RTP/AVP;unicast;client_port={ports};server_port=9-10\r\n"
            elif method == "SETUP":
                track = int(re.search(r"trackID=(\d)", uri)[1])
                status, more = self._set_up(headers["transport"], track, writer, channels)
            elif method == "GET_PARAMETER":
                status = self.keep_alive_status
            elif method == "PLAY":
                more = "Session: 77\r\n"
                writer.write(self.before_play)
                self.playing += [(out, 2 * track) for track, out in channels if track == 3]
        return f"RTSP/1.0 {status} x\r\nCSeq: {headers['cseq']}\r\n{more}\r\n{body}".encode()

    def _describe(self, uri):
        if self.known_tokens is not None and uri not in self.known_tokens:
            return 404, ""
        return (200, self.sdp) if self.describe_status is None else (self.describe_status, "")


@pytest.fixture
async def device():
    scripted = await ScriptedDevice().start()
    yield scripted
    await scripted.stop()


@pytest.fixture
def make_document():
    return document
