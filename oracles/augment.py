"""Golden pictures of the augmentations: torchvision's functions on Pillow images, and the tables of its policies.

Each case: an operation and a magnitude in Plumb's terms, the picture before and after as hexadecimal bytes. Turned,
sheared, moved and scaled pictures are filled with level 128. Noise and erasing are held by their moments instead.

    python oracles/augment.py > crates/plumb-data/tests/golden/augment.json
"""

import json
import math
import sys

import numpy as np
import PIL
import torch
import torchvision
from PIL import Image
from torchvision.transforms import InterpolationMode, RandomResizedCrop
from torchvision.transforms.v2 import RandAugment, TrivialAugmentWide
from torchvision.transforms.v2 import functional as F

BILINEAR = InterpolationMode.BILINEAR


def picture(width, height, rgb, seed):
    """Waves, so that there are slopes and corners, noise on top, not quite the whole range."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x * (0.5 + 0.2 * c) + c) * np.cos(y * 0.4 - c) for c in range(3 if rgb else 1)]
    levels = 120 + 85 * np.stack(waves, axis=-1) + rng.normal(0, 12, (height, width, len(waves)))
    levels = levels.clip(6, 249).astype(np.uint8)
    return Image.fromarray(levels if rgb else levels[:, :, 0])


def affine(image, angle=0.0, translate=(0, 0), scale=1.0, shear=(0.0, 0.0), center=None):
    return F.affine(image, angle, list(translate), scale, list(shear), BILINEAR, [128], center)


def degrees(slope):
    return math.degrees(math.atan(slope))


def blur(image, deviation):
    return F.gaussian_blur(image, [2 * math.ceil(3 * deviation) + 1] * 2, [deviation] * 2)


OPERATIONS = {
    "autocontrast": (lambda image, m: F.autocontrast(image), [0]),
    "blur": (blur, [0.6, 1.4]),
    "brightness": (lambda image, m: F.adjust_brightness(image, 1 + m), [-0.37, 0.6]),
    "contrast": (lambda image, m: F.adjust_contrast(image, 1 + m), [-0.55, 0.8]),
    "equalize": (lambda image, m: F.equalize(image), [0]),
    "flip-horizontal": (lambda image, m: F.horizontal_flip(image), [0]),
    "flip-vertical": (lambda image, m: F.vertical_flip(image), [0]),
    "gamma": (lambda image, m: F.adjust_gamma(image, m), [0.6, 1.7]),
    "grey": (lambda image, m: F.rgb_to_grayscale(image, len(image.getbands())), [0]),
    "hue": (lambda image, m: F.adjust_hue(image, m), [-0.3, 0.12]),
    "invert": (lambda image, m: F.invert(image), [0]),
    "posterize": (lambda image, m: F.posterize(image, 8 - m), [2, 5]),
    "rotate": (lambda image, m: F.rotate(image, m, BILINEAR, fill=[128]), [-90, 33.3]),
    "saturation": (lambda image, m: F.adjust_saturation(image, 1 + m), [-0.6, 0.9]),
    "scale": (lambda image, m: affine(image, scale=1 + m), [-0.35, 0.4]),
    "sharpness": (lambda image, m: F.adjust_sharpness(image, 1 + m), [-0.7, 0.95]),
    "shear-x": (lambda image, m: affine(image, shear=(degrees(m), 0.0), center=[0, 0]), [-0.4, 0.21]),
    "shear-y": (lambda image, m: affine(image, shear=(0.0, degrees(m)), center=[0, 0]), [-0.4, 0.21]),
    "solarize": (lambda image, m: F.solarize(image, m), [0, 130]),
    "translate-x": (lambda image, m: affine(image, translate=(int(m * image.width), 0)), [-0.3, 0.45]),
    "translate-y": (lambda image, m: affine(image, translate=(0, int(m * image.height))), [-0.3, 0.45]),
}


def cases(pictures):
    for name, (function, magnitudes) in OPERATIONS.items():
        for magnitude in magnitudes:
            for key, image in pictures.items():
                # Only `equalize` needs many pixels; a second magnitude adds nothing in grey.
                if (key == "many") == (name == "equalize") and (key != "grey" or magnitude == magnitudes[-1]):
                    after = function(image, magnitude)
                    assert after.size == image.size and after.mode == image.mode, name
                    yield {"operation": name, "magnitude": magnitude, "picture": key, "after": after.tobytes().hex()}


def tables(policy, side):
    for name, (magnitudes, signed) in policy._AUGMENTATION_SPACE.items():
        values = magnitudes(31, side, side)
        yield {"name": name, "signed": signed, "magnitudes": None if values is None else values.tolist()}


def crops():
    """Pictures of which no part fits: the ratio of every part is out of reach."""
    for width, height in [(100, 1), (3, 90), (64, 20), (20, 64)]:
        top, left, high, wide = RandomResizedCrop.get_params(
            Image.new("L", (width, height)), (2.0, 3.0), (3.0 / 4.0, 4.0 / 3.0)
        )
        yield {"extents": [width, height], "rect": [left, top, wide, high]}


def normalised(image):
    mean, deviation = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    floats = F.normalize(F.to_dtype(F.to_image(image), torch.float32, scale=True), mean, deviation)
    return {"mean": mean, "deviation": deviation, "floats": floats[:, :2].permute(1, 2, 0).flatten().tolist()}


def main():
    pictures = {"rgb": picture(17, 13, True, 0), "grey": picture(17, 13, False, 1), "many": picture(29, 23, True, 2)}
    versions = {"python": sys.version.split()[0], "pillow": PIL.__version__, "torchvision": torchvision.__version__}
    golden = {
        "versions": versions,
        "pictures": {
            key: {"width": image.width, "height": image.height, "pixels": image.tobytes().hex()}
            for key, image in pictures.items()
        },
        "cases": list(cases(pictures)),
        "policies": [
            {"name": name, "side": side, "table": list(tables(policy, side))}
            for name, policy in [("trivial-augment", TrivialAugmentWide), ("rand-augment", RandAugment)]
            for side in [32, 224]
        ],
        "crops": list(crops()),
        "normalised": normalised(pictures["rgb"]),
    }
    json.dump(golden, sys.stdout)
    print()


if __name__ == "__main__":
    main()
