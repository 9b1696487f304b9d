"""What holds now: the rules in force and the targets alive, folded out of Records.

Nothing here reads a clock. Time is the Records' own (``captured_at``), in seconds since 1970.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple, TypeAlias

import msgspec

from onframe.isapi.metadata import Metadata, Point, Target, box_of
from onframe.record import Record

HOLD = 1.0
TRAIL_LENGTH = 40
TRAIL_SECONDS = 4.0
_MAX_TARGETS = 1000
_MAX_RULES = 256
_CLOCK_STEP = 1.0
"""Camera time that departs this far (s) from the time that passed: its clock was set or its grade changed."""

RuleKey: TypeAlias = tuple[str, str, str]


class TargetKey(NamedTuple):
    """What makes a target one target (R-119): IDs are reused by other sub types and after a reconnect."""

    camera: str
    epoch: int
    channel: int
    sub_type: str | None
    target_id: int | str | None


class LiveTarget(msgspec.Struct):
    """A target that was sent within the hold.

    ``at`` is when it was last seen (camera time, s), ``record`` what it came with, ``trail`` where it has
    been: (time, point as sent), oldest first, the last one is where it is.
    """

    key: TargetKey
    target: Target
    record: Record
    at: float
    trail: deque[tuple[float, Point]]


class Live:
    """Folds Records: ``add`` each one, in their order; then ask.

    A rule document holds until another of its type and sub type comes, or the epoch changes; one without
    targets clears its rules. A target lives ``hold`` seconds after it was last sent. Trails keep at most
    ``trail_length`` positions of ``trail_seconds``.
    """

    def __init__(
        self, *, hold: float = HOLD, trail_length: int = TRAIL_LENGTH, trail_seconds: float = TRAIL_SECONDS
    ) -> None:
        self.hold = hold
        self.trail_length = trail_length
        self.trail_seconds = trail_seconds
        self._scenes: dict[tuple[str, int, int], _Scene] = {}
        self._latest: _Scene | None = None

    def add(self, record: Record) -> None:
        """Fold one Record in."""
        scene = self._scenes.get((record.camera, record.channel, record.stream))
        if scene is None or scene.epoch != record.epoch:
            scene = self._scenes[record.camera, record.channel, record.stream] = _Scene(record)
        self._latest = scene
        at = scene.follow(record)
        kind = record.metadata.kind
        if kind == "rule":
            scene.keep_rules(record)
        elif kind == "target":
            scene.anonymous_gone(record.metadata)
            for target in record.metadata.targets:
                self._see(scene, record, target, at)
        scene.forget(at - max(self.hold, self.trail_seconds))

    def rules(self) -> list[Record]:
        """The rule documents in force, in the order in which they were first sent."""
        return [record for scene in self._scenes.values() for record in scene.rules.values()]

    def rules_in_force(self) -> list[Metadata]:
        """The documents of ``rules``."""
        return [record.metadata for record in self.rules()]

    def targets(self, at: float | None = None) -> list[LiveTarget]:
        """The targets alive at this camera time; by default at that of each stream's newest Record."""
        return [target for scene in self._scenes.values() for target in self._alive(scene, at)]

    def trail(self, sub_type: str | None, target_id: int | str | None) -> list[Point]:
        """Where this target of the stream last added has been, oldest first, as sent."""
        scene = self._latest
        if scene is None:
            return []
        known = scene.targets.get((TargetKey(scene.camera, scene.epoch, scene.channel, sub_type, target_id), 0))
        return [point for _, point in known.trail] if known is not None else []

    def clear(self) -> None:
        """Forget everything."""
        self._scenes.clear()
        self._latest = None

    def _alive(self, scene: _Scene, at: float | None) -> Iterator[LiveTarget]:
        moment = scene.at if at is None else at
        return (target for target in scene.targets.values() if moment - target.at <= self.hold)

    def _see(self, scene: _Scene, record: Record, target: Target, at: float) -> None:
        key = TargetKey(record.camera, record.epoch, record.channel, record.metadata.sub_type, target.target_id)
        number = 0 if target.target_id is not None else scene.number()
        known = scene.targets.pop((key, number), None)
        trail = known.trail if known is not None else deque(maxlen=self.trail_length)
        point = _position(target)
        if point is not None:
            trail.append((at, point))
        while trail and at - trail[0][0] > self.trail_seconds:
            trail.popleft()
        scene.targets[key, number] = LiveTarget(key, target, record, at, trail)


class _Scene:
    """One stream of one epoch."""

    def __init__(self, first: Record) -> None:
        self.camera, self.epoch, self.channel = first.camera, first.epoch, first.channel
        self.at = 0.0
        self.rules: OrderedDict[RuleKey, Record] = OrderedDict()
        self.targets: OrderedDict[tuple[TargetKey, int], LiveTarget] = OrderedDict()
        self._anonymous = 0
        self._received_at: datetime | None = None

    def follow(self, record: Record) -> float:
        """The Record's camera time; where the camera's clock was set, all that is held is moved with it."""
        at = (record.captured_at or record.received_at).timestamp()
        if self._received_at is not None:
            passed = (record.received_at - self._received_at).total_seconds()
            step = at - self.at - passed
            if abs(step) > _CLOCK_STEP:
                self._shift(step)
        self.at, self._received_at = at, record.received_at
        return at

    def _shift(self, step: float) -> None:
        for target in self.targets.values():
            target.at += step
            target.trail = deque(((at + step, point) for at, point in target.trail), maxlen=target.trail.maxlen)

    def keep_rules(self, record: Record) -> None:
        metadata = record.metadata
        key = ((metadata.type or "").lower(), (metadata.sub_type or "").lower(), _part(metadata))
        if _is_empty(metadata):
            # without its list a radar's document is not told from another's
            for known in [known for known in self.rules if known[:2] == key[:2]]:
                del self.rules[known]
            return
        self.rules[key] = record
        if len(self.rules) > _MAX_RULES:
            self.rules.popitem(last=False)

    def number(self) -> int:
        """Targets without an ID are told apart by their place in the document; 0 is for those with one."""
        self._anonymous += 1
        return self._anonymous

    def anonymous_gone(self, metadata: Metadata) -> None:
        """Targets without an ID live until the next document of their sub type."""
        self._anonymous = 0
        gone = [key for key in self.targets if key[0].target_id is None and key[0].sub_type == metadata.sub_type]
        for key in gone:
            del self.targets[key]

    def forget(self, before: float) -> None:
        """Drop what was last seen before this time, and the oldest beyond the bound."""
        for key in [key for key, target in self.targets.items() if target.at < before]:
            del self.targets[key]
        while len(self.targets) > _MAX_TARGETS:
            self.targets.popitem(last=False)


def _part(metadata: Metadata) -> str:
    """A radar sends its rules, what it covers and where the picture lies as documents of their own (B.14)."""
    if metadata.radar is not None and metadata.radar.detection_region is not None:
        return "radar detection region"
    if metadata.radar is not None and metadata.radar.video_region is not None:
        return "radar video region"
    return "radar rules" if metadata.is_radar else "rules"


def _is_empty(metadata: Metadata) -> bool:
    frame = metadata.frame
    return not (metadata.targets or metadata.radar or frame.regions or frame.properties)


def _position(target: Target) -> Point | None:
    """The middle of its box, in the numbers of its points."""
    box = box_of(target.regions)
    return None if box is None else ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
