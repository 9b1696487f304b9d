"""Programs that are not ours read the simulated camera."""

import asyncio
import re

import pytest

from onframe.camera.login import Login
from onframe.camera.rtsp import RTSPClient
from onframe.simulator.camera import SimulatedCamera

pytestmark = pytest.mark.server


async def run(*command):
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(60):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, errors.decode()
    return output, errors.decode()


@pytest.mark.requirement("R-021", "R-032", "R-040")
@pytest.mark.parametrize("profile", ["guide-2017", "guide"])
async def test_ffprobe_lists_video_audio_and_data(profile):
    async with SimulatedCamera("gate", profile=profile, password="abcd1234") as camera:
        for stream, codec, size in ((1, "h264", "1280,720"), (2, "h264", "640,360"), (3, "hevc", "640,360")):
            output, _ = await run(
                *("ffprobe", "-v", "error", "-rtsp_transport", "tcp"),
                *("-show_entries", "stream=codec_name,codec_type,width,height", "-of", "csv=p=0"),
                camera.rtsp_url(1, stream),
            )
            assert output.decode().splitlines() == [f"{codec},video,{size}", "pcm_mulaw,audio", "unknown,data"]


@pytest.mark.parametrize("stream", [1, 3])
async def test_what_ffmpeg_copies_decodes_without_error(tmp_path, stream):
    target = tmp_path / "out.mkv"
    async with SimulatedCamera("gate", password="abcd1234", clock="sr") as camera:
        source = ("-v", "error", "-rtsp_transport", "tcp", "-i", camera.rtsp_url(1, stream))
        await run("ffmpeg", *source, "-t", "3", "-map", "0:v", "-map", "0:a", "-c", "copy", str(target))
    _, errors = await run("ffmpeg", "-v", "error", "-i", str(target), "-f", "null", "-")
    assert errors == ""
    output, _ = await run(
        *("ffprobe", "-v", "error", "-count_packets", "-select_streams", "v", "-show_entries"),
        *("stream=nb_read_packets", "-of", "csv=p=0", str(target)),
    )
    assert int(output) >= 50


@pytest.mark.requirement("R-037", "R-041")
async def test_ffmpegs_data_track_is_byte_for_byte_what_our_client_gets(tmp_path):
    target, received = tmp_path / "out.xml", bytearray()
    async with SimulatedCamera("gate", password="abcd1234") as camera:
        client = RTSPClient(
            camera.host,
            camera.rtsp_port,
            Login("admin", "abcd1234", host=camera.host),
            on_frame=lambda channel, payload: received.extend(payload[12:] if channel == 0 else b""),
        )
        async with client:
            url = f"rtsp://{camera.host}:{camera.rtsp_port}/ISAPI/Streaming/channels/101"
            description = await client.open(url)
            await client.setup([description.metadata_media()])
            await client.play()
            source = ("-v", "error", "-rtsp_transport", "tcp", "-i", camera.rtsp_url())
            await run("ffmpeg", *source, "-t", "3", "-map", "0:d", "-c", "copy", "-f", "data", str(target))
    copied = target.read_bytes()
    # Each session begins with rules of its own instant; from the first target on both got the same.
    begin = max(match.start() for match in re.finditer(rb"<\?xml", copied[: copied.index(b"activityTarget")]))
    assert len(copied) - begin > 10_000
    assert copied[begin:] in bytes(received)
