"""The metadata documents as typed objects (B.1-B.4, B.10-B.15, B.17, B.20).

One class serves XML and JSON: what a document does not carry is None or an empty list.
Values keep the text that was sent beside what was read from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

import msgspec

Number: TypeAlias = int | float
_MOST = 2**63 - 1
Integer: TypeAlias = Annotated[int, msgspec.Meta(ge=-_MOST, le=_MOST)]
Real: TypeAlias = Integer | Annotated[float, msgspec.Meta(ge=-_MOST, le=_MOST)]
"""What JSON may hold without being refused as unreadable: what fits 64 bits."""
Point: TypeAlias = tuple[Number, Number]
"""(x, y) as sent; integral numbers are ints. The space they are in is not said by the guide."""
Region: TypeAlias = list[Point]
"""1 point: a point; 2: a line; 3 or more: a polygon (B.20)."""
Property: TypeAlias = tuple[str, str]
"""(description, value), both as text."""
Coordinate: TypeAlias = tuple[Number, Number]
"""(angle in degrees, distance in metres), relative to the radar (B.17)."""
Space: TypeAlias = tuple[Number | None, Number | None, Number | None]
"""(x, y, z) in space; the guide gives no unit (B.4)."""
Box: TypeAlias = tuple[Number, Number, Number, Number]
"""(x0, y0, x1, y1) in the same raw numbers as the points."""


def box_of(regions: Sequence[Region]) -> Box | None:
    """The smallest upright box around all points, or None where there is no point."""
    points = regions[0] if len(regions) == 1 else [point for region in regions for point in region]
    if not points:
        return None
    xs, ys = zip(*points, strict=True)
    return (min(xs), min(ys), max(xs), max(ys))


class Time(msgspec.Struct, frozen=True, gc=False):
    """The document's own time (B.20). ``iso`` has milliseconds; no offset sent means none here and no ``epoch_ms``."""

    raw: str
    iso: str | None = None
    epoch_ms: int | None = None


class DevInfo(msgspec.Struct, gc=False):
    """Which device sent the document (B.20). Never an identity: devices fill it wrongly."""

    ip_address: str | None = None
    ipv6_address: str | None = None
    port_no: int | None = None
    mac_address: str | None = None
    channel: int | None = None
    radar_channel: int | None = None
    domain_name: str | None = None


class Target(msgspec.Struct, gc=False):
    """One Target of TargetList or ActivityTargetList (B.20, B.14, B.17).

    ``speed`` (km/h), ``angle`` (degrees) and ``distance`` (m) are those of radar targets.
    IDs are ints where the text is one, else the text.
    """

    target_id: int | str | None = None
    rule_id: int | str | None = None
    recognition: str | None = None
    regions: list[Region] = []
    properties: list[Property] = []
    polar: list[Coordinate] = []
    speed: Number | None = None
    angle: Number | None = None
    distance: Number | None = None

    @property
    def box(self) -> Box | None:
        """(x0, y0, x1, y1) around all regions, in raw numbers, or None."""
        return box_of(self.regions)

    def get(self, description: str) -> str | None:
        """The first value under this property name, compared without case, or None."""
        wanted = description.lower()
        for name, value in self.properties:
            if name.lower() == wanted:
                return value
        return None

    @property
    def values(self) -> dict[str, Any]:
        """The typed views that apply, by the guide's property names."""
        from onframe.isapi.properties import values

        return values(self)

    @property
    def plate(self) -> str | None:
        """The licence plate (B.10), or None."""
        return self.get("licensePlate")


class Frame(msgspec.Struct, gc=False):
    """Regions and properties that stand outside a Target (B.12, B.13, B.14, B.17)."""

    regions: list[Region] = []
    properties: list[Property] = []


class RadarDetectionRegion(msgspec.Struct, gc=False):
    """What the radar covers (B.17): degrees, metres, degrees; vertices in 0..1."""

    angle: Number | None = None
    distance: Number | None = None
    towards: Number | None = None
    vertices: list[Point] = []


class VideoDetectionRegion(msgspec.Struct, gc=False):
    """Where the picture lies relative to the radar (B.17), in degrees."""

    angle: Number | None = None
    field_view: Number | None = None


class Radar(msgspec.Struct, gc=False):
    """The radar blocks of one document (B.14, B.17)."""

    detection_region: RadarDetectionRegion | None = None
    video_region: VideoDetectionRegion | None = None


class PTZInfo(msgspec.Struct, gc=False):
    """Where a speed dome looks (B.20): degrees, degrees, zoom and focus without unit."""

    elevation: Number | None = None
    azimuth: Number | None = None
    zoom: Number | None = None
    focus: int | None = None
    preset_no: int | None = None


class Situation(msgspec.Struct, gc=False):
    """Counts of people (B.1-B.3)."""

    person_count: int | None = None
    enter_region_people_num: int | None = None
    leave_region_people_num: int | None = None


class Picture(msgspec.Struct, gc=False):
    """One entry of the picture list (B.2): ``data_type`` is "url", "base64" or None."""

    data_type: str | None = None
    data: str | None = None


class JoinMsg(msgspec.Struct, rename="camel", forbid_unknown_fields=True, gc=False):
    """One joint of a skeleton (B.4): x, y, z in space without unit, x2d and y2d in the picture, 0..1."""

    gesture_type: Integer | None = None
    gesture_score: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    gesture_valid: Annotated[int, msgspec.Meta(ge=0, le=1)] | None = None
    x: Real | None = None
    y: Real | None = None
    z: Real | None = None
    x2d: Real | None = None
    y2d: Real | None = None

    @property
    def space(self) -> Space | None:
        """(x, y, z), or None where none of them was sent."""
        return None if self.x is None and self.y is None and self.z is None else (self.x, self.y, self.z)

    @property
    def plane(self) -> tuple[Number, Number] | None:
        """(x2d, y2d), or None where one of them is missing."""
        return None if self.x2d is None or self.y2d is None else (self.x2d, self.y2d)


class HeadModel(msgspec.Struct, rename="camel", forbid_unknown_fields=True, gc=False):
    """One feature vector of a head (B.4)."""

    pose_type: Integer | None = None
    fea_len: Integer | None = None
    fea_data: str | None = None


class HeadModels(
    msgspec.Struct, rename={"data": "Data", "model_num": "modelNum"}, forbid_unknown_fields=True, gc=False
):
    """The feature vectors of a head, and how many the device says there are (B.4: HeadModel)."""

    model_num: Integer | None = None
    data: list[HeadModel] = []


class Rect(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """An upright box (B.4: Rect), in 0..1."""

    x: Real
    y: Real
    width: Real
    height: Real


class Cct(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A place in space (B.4: cct); the guide gives no unit."""

    x: Real | None = None
    y: Real | None = None
    z: Real | None = None


class HeadPolygon(
    msgspec.Struct,
    rename={"rectangle": "Rect", "model": "HeadModel"},
    forbid_unknown_fields=True,
    gc=False,
):
    """Head and shoulders (B.4), nested as the guide nests them."""

    rectangle: Rect | None = None
    cct: Cct | None = None
    model: HeadModels | None = None

    @property
    def rect(self) -> tuple[Number, Number, Number, Number] | None:
        """(x, y, width, height) in 0..1, or None."""
        box = self.rectangle
        return None if box is None else (box.x, box.y, box.width, box.height)

    @property
    def space(self) -> Space | None:
        """(x, y, z), or None where none of them was sent."""
        place = self.cct
        if place is None or (place.x is None and place.y is None and place.z is None):
            return None
        return (place.x, place.y, place.z)

    @property
    def model_num(self) -> int | None:
        """How many feature vectors the device says there are."""
        return None if self.model is None else self.model.model_num

    @property
    def models(self) -> list[HeadModel]:
        """The feature vectors."""
        return [] if self.model is None else self.model.data


class GesturePolygon(msgspec.Struct, rename={"joints": "JoinMsg"}, forbid_unknown_fields=True, gc=False):
    """A skeleton (B.4)."""

    id: str | None = None
    joints: list[JoinMsg] = []


class CameraPoint(
    msgspec.Struct,
    rename={"obj_id": "objId", "tra_complete": "traComplete", "gesture": "GesturePolygon", "head": "HeadPolygon"},
    forbid_unknown_fields=True,
    gc=False,
):
    """One tracked person (B.4), nested as the guide nests it; ``isvalid`` is 1 or 0."""

    obj_id: Annotated[str, msgspec.Meta(min_length=1, max_length=32)] | None = None
    tra_complete: bool | None = None
    isvalid: Annotated[int, msgspec.Meta(ge=0, le=1)] | None = None
    gesture: GesturePolygon | None = None
    head: HeadPolygon | None = None

    @property
    def gesture_id(self) -> str | None:
        """The skeleton's own identifier."""
        return None if self.gesture is None else self.gesture.id

    @property
    def joints(self) -> list[JoinMsg]:
        """The joints of the skeleton."""
        return [] if self.gesture is None else self.gesture.joints


class Susp(msgspec.Struct, gc=False):
    """One abnormal pattern (B.4); ``owner`` is the objId it was sent inside of, where it was."""

    susp_id: int | None = None
    time_stamp: int | None = None
    confidence: float | None = None
    owner: str | None = None


class Metadata(msgspec.Struct):
    """One metadata document (B.1-B.4, B.10-B.15, B.17, B.20).

    ``root`` is the element or key as sent ("Metadata", "MetaData"); ``extras`` holds whatever
    the other fields do not, under its path, so that nothing is thrown away.
    """

    type: str | None = None
    sub_type: str | None = None
    time: Time | None = None
    device: DevInfo | None = None
    targets: list[Target] = []
    frame: Frame = msgspec.field(default_factory=Frame)
    radar: Radar | None = None
    ptz: PTZInfo | None = None
    situation: Situation | None = None
    pictures: list[Picture] = []
    tracking: list[CameraPoint] = []
    suspects: list[Susp] = []
    root: str = "Metadata"
    version: str | None = None
    namespace: str | None = None
    extras: dict[str, Any] = {}

    @property
    def is_radar(self) -> bool:
        """A radar document: its type ends in "Radar" or it has a radar block (B.14, decision)."""
        if self.type is not None and self.type.lower().endswith("radar"):
            return True
        if self.radar is not None:
            return True
        for target in self.targets:  # noqa: SIM110  a generator costs more than it yields, and every document is asked
            if target.distance is not None and target.angle is not None:
                return True
        return False

    @property
    def kind(self) -> str:
        """ "rule", "target" or "ptz": what a watcher filters by.

        Radar documents are told apart by their blocks (B.14); JSON documents are all of type
        ruleTarget though they carry live data, so they count as targets (B.1 contradiction 3).
        """
        name = (self.type or "").lower()
        if name == "ptz" or (self.ptz is not None and not self.targets):
            return "ptz"
        if self.is_radar:
            return "target" if any(t.angle is not None for t in self.targets) else "rule"
        if self.situation is not None or self.tracking or self.suspects or self.pictures:
            return "target"
        if (self.sub_type or "").lower() in _LIVE_SUB_TYPES:
            return "target"
        return "rule" if name.startswith("rule") else "target"


_LIVE_SUB_TYPES = frozenset(
    {"heatmap", "framespeoplecounting", "peoplecounting", "crowdsituationanalysis", "personaltrack"}
)
