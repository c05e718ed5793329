"""Golden file of resampling: Pillow's `Image.resize` on small pictures, torchvision's rule for the longer side.

Needs Pillow. Writes crates/plumb-data/tests/golden/resize.json.
"""

import json
import pathlib

from PIL import Image

OUT = pathlib.Path(__file__).parent.parent / "crates/plumb-data/tests/golden/resize.json"


def picture(width, height, channels):
    """Edges, a slope and a pattern, all from a formula."""
    values = [
        (x * 37 + y * 91 + c * 53 + (x * y) % 7 * 20 + (200 if (x // 3 + y // 2) % 2 else 0)) % 256
        for y in range(height)
        for x in range(width)
        for c in range(channels)
    ]
    return Image.frombytes("L" if channels == 1 else "RGB", (width, height), bytes(values))


def plain(image):
    return {"extents": [*image.size, len(image.getbands())], "pixels": list(image.tobytes())}


FILTERS = {"bilinear": Image.Resampling.BILINEAR, "box": Image.Resampling.BOX}
CASES = [
    ("halved", (16, 12, 3), None, (8, 6)),
    ("odd", (17, 13, 3), None, (7, 5)),
    ("enlarged", (5, 7, 3), None, (13, 11)),
    ("grey", (19, 11, 1), None, (6, 9)),
    ("one axis", (16, 9, 1), None, (16, 4)),
    ("part", (20, 16, 3), (3, 2, 17, 13), (9, 9)),
    ("part between pixels", (20, 16, 3), (2.25, 1.5, 15.75, 14.25), (8, 8)),
    ("to one pixel", (9, 9, 1), None, (1, 1)),
]


def main():
    cases = []
    for name, extents, box, size in CASES:
        image = picture(*extents)
        for filter_name, kind in FILTERS.items():
            cases.append({
                "name": f"{name}, {filter_name}",
                "picture": plain(image),
                "box": list(box or (0, 0, *image.size)),
                "filter": filter_name,
                "wanted": plain(image.resize(size, kind, box=box)),
            })
    shorter = []
    for extents, side in [((20, 13, 3), 6), ((11, 25, 1), 7), ((12, 12, 3), 9)]:
        image = picture(*extents)
        width, height = image.size
        # torchvision.transforms.functional.resize with one number.
        size = (side, int(side * height / width)) if width <= height else (int(side * width / height), side)
        shorter.append({"name": str(extents), "picture": plain(image), "side": side,
                        "wanted": plain(image.resize(size, Image.Resampling.BILINEAR))})
    OUT.write_text(json.dumps({"cases": cases, "shorter": shorter}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
