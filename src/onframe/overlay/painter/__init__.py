"""The painter: the Shapes of the page, drawn straight into the planes of a yuv420p picture.

    painter = Painter(frame.width, frame.height)
    planes = Planes.of(frame)
    painter.paint(planes, binding.drawn, areas)
    encoder.encode(planes.frame())

Needs numpy, Pillow and PyAV (the extra ``video``). There is no round trip through RGB: what is not drawn on
keeps its bytes.
"""

from onframe.overlay.painter.painter import MOST_MEMORY, Painter
from onframe.overlay.painter.planes import Colors, Planes

__all__ = ["MOST_MEMORY", "Colors", "Painter", "Planes"]
