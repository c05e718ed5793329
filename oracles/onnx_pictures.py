"""Makes the golden files of models for pictures: tiny ONNX files, pictures, what ONNX Runtime says of them, and what `lime` explains.

Run from the root of the repository:  python oracles/onnx_pictures.py
Writes crates/plumb/tests/golden/pictures/*.onnx and answers.json. Pictures that have the extents of a model go in as they are; others are
resized by Pillow. Convolutions name the extents of their kernels, as PyTorch's do: rten wants them.
`lime` is given segments, and the neighbours that it drew are written down; occlusion is a loop over patches.
"""

import json
import pathlib

import lime
import lime.lime_image
import numpy as np
import onnx
import onnxruntime
import PIL
import skl2onnx
import sklearn
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from sklearn.linear_model import LogisticRegression

GOLDEN = pathlib.Path(__file__).parent.parent / "crates/plumb/tests/golden/pictures"
RNG = np.random.default_rng(61)
HEIGHT, WIDTH = 12, 10
CLASSES = ["blue", "green", "red"]
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
OPSET = [helper.make_opsetid("", 17)]


def weights(*shape):
    return RNG.normal(scale=1.5 / np.sqrt(np.prod(shape[1:]) or 1), size=shape).astype(np.float32)


def picture(kind, height, width, grey):
    """A spot of the colour of the class on uneven ground."""
    y, x = np.mgrid[:height, :width]
    ground = RNG.integers(30, 120, size=(height, width, 3)).astype(float)
    middle = RNG.uniform(0.3, 0.7, size=2) * (height, width)
    spot = np.exp(-((y - middle[0]) ** 2 + (x - middle[1]) ** 2) / (0.06 * height * width))
    ground[:, :, 2 - kind] += 130 * spot
    levels = np.clip(ground, 0, 255).astype(np.uint8)
    return np.asarray(Image.fromarray(levels).convert("L" if grey else "RGB"))


def save(name, nodes, constants, given, wanted):
    graph = helper.make_graph(
        nodes, name, [helper.make_tensor_value_info(*given)], [helper.make_tensor_value_info(*wanted)],
        [numpy_helper.from_array(value, key) for key, value in constants.items()])
    model = helper.make_model(graph, opset_imports=OPSET, ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, GOLDEN / f"{name}.onnx")
    return session(model)


def session(model):
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def first():
    """Channels first, any batch, logits: what PyTorch exports."""
    nodes = [
        helper.make_node("Conv", ["pixels", "k", "b"], ["c"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]), helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("MaxPool", ["r"], ["m"], kernel_shape=[4, 5], strides=[4, 5]), helper.make_node("Flatten", ["m"], ["f"]),
        helper.make_node("Gemm", ["f", "w", "v"], ["logits"]),
    ]
    constants = {"k": weights(6, 3, 3, 3), "b": weights(6), "w": np.float32(0.15) * weights(36, 3), "v": weights(3)}
    return save("first", nodes, constants, ("pixels", TensorProto.FLOAT, ["n", 3, HEIGHT, WIDTH]), ("logits", TensorProto.FLOAT, ["n", 3]))


def last():
    """Channels last, bytes, batches of five, probabilities: what Keras exports of a model that scales by itself."""
    nodes = [
        helper.make_node("Cast", ["image"], ["x"], to=TensorProto.FLOAT), helper.make_node("Mul", ["x", "s"], ["y"]),
        helper.make_node("Transpose", ["y"], ["t"], perm=[0, 3, 1, 2]), helper.make_node("Conv", ["t", "k"], ["c"], kernel_shape=[3, 3], strides=[2, 2]),
        helper.make_node("Relu", ["c"], ["r"]), helper.make_node("GlobalAveragePool", ["r"], ["g"]), helper.make_node("Flatten", ["g"], ["f"]),
        helper.make_node("Gemm", ["f", "w"], ["z"]), helper.make_node("Softmax", ["z"], ["probabilities"], axis=1),
    ]
    constants = {"s": np.float32(1 / 255), "k": 3 * weights(5, 3, 3, 3), "w": 3 * weights(5, 3)}
    return save("last", nodes, constants, ("image", TensorProto.UINT8, [5, HEIGHT, WIDTH, 3]), ("probabilities", TensorProto.FLOAT, [5, 3]))


def anywhere():
    """Grey pictures of any extents; the answer is a map of one place."""
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["c"], kernel_shape=[3, 3]), helper.make_node("Tanh", ["c"], ["r"]), helper.make_node("GlobalAveragePool", ["r"], ["g"]),
        helper.make_node("Conv", ["g", "w"], ["scores"], kernel_shape=[1, 1]),
    ]
    constants = {"k": weights(4, 1, 3, 3), "w": 4 * weights(3, 4, 1, 1)}
    return save("open", nodes, constants, ("x", TensorProto.FLOAT, ["n", 1, "h", "w"]), ("scores", TensorProto.FLOAT, ["n", 3, 1, 1]))


def softmax(x):
    x = np.exp(x - x.max(axis=1, keepdims=True))
    return x / x.sum(axis=1, keepdims=True)


def rgb(levels):
    return np.asarray(Image.fromarray(levels).convert("RGB"))


def imagenet(levels):
    return ((levels / 255 - MEAN) / DEVIATION).transpose(0, 3, 1, 2).astype(np.float32)


def write(levels):
    height, width = levels.shape[:2]
    return {"width": width, "height": height, "channels": 1 if levels.ndim == 2 else 3, "pixels": levels.tobytes().hex()}


def explain(levels, says, grey):
    """`lime` with segments of its caller, and plain occlusion."""
    colours = rgb(levels)
    segments = (np.arange(HEIGHT)[:, None] // 4) * 4 + np.arange(WIDTH)[None, :] // 3
    explainer = lime.lime_image.LimeImageExplainer(random_state=5)
    drawn = {}
    inner = explainer.data_labels
    explainer.data_labels = lambda *args, **how: drawn.setdefault("drawn", inner(*args, **how))
    found = explainer.explain_instance(
        colours, says, hide_color=128 if grey else None, num_samples=300, segmentation_fn=lambda _: segments, top_labels=1)
    label = found.top_labels[0]
    data, answers = drawn["drawn"]
    coefficients = [value for _, value in sorted(found.local_exp[label])]

    side = min(8, HEIGHT, WIDTH)
    down, across = 2 * HEIGHT // (side + 1), 2 * WIDTH // (side + 1)
    fill = np.uint8(128) if grey else levels.reshape(HEIGHT * WIDTH, -1).mean(axis=0).astype(np.uint8)
    drops = []
    for row in range(side):
        for column in range(side):
            top, left = row * (HEIGHT - down) // (side - 1), column * (WIDTH - across) // (side - 1)
            covered = levels.copy()
            covered[top : top + down, left : left + across] = fill if levels.ndim == 3 or grey else fill[0]
            drops.append(float(answers[0][label] - says(rgb(covered)[None])[0][label]))
    return {
        "picture": write(levels), "fill": "grey" if grey else "mean", "output": int(label), "segments": segments.ravel().tolist(),
        "seen": "".join(map(str, data.ravel())), "coefficients": coefficients, "intercept": float(found.intercept[label]), "r2": float(found.score),
        "answer": float(answers[0][label]), "side": side, "patch": [across, down], "drops": drops,
    }


def main():
    GOLDEN.mkdir(parents=True, exist_ok=True)
    labels = np.arange(18) % 3
    pictures = [picture(kind, HEIGHT, WIDTH, number == 4) for number, kind in enumerate(labels)]
    colours = np.stack([rgb(levels) for levels in pictures])
    grey = np.stack([np.asarray(Image.fromarray(levels).convert("L")) for levels in pictures])
    run_first, run_last, run_open = first(), last(), anywhere()
    says = lambda levels: softmax(run_first.run(None, {"pixels": imagenet(levels)})[0].astype(np.float64))
    batches = [run_last.run(None, {"image": np.resize(colours[at : at + 5], (5, HEIGHT, WIDTH, 3))})[0] for at in range(0, 18, 5)]
    scaled = (grey[:, None] / 255 - 0.1307) / 0.3081
    regression = LogisticRegression(C=0.01).fit(colours.reshape(18, -1) / 255, np.array(CLASSES)[labels])
    flat = skl2onnx.to_onnx(regression, np.zeros((1, colours[0].size), np.float32), options={"zipmap": False}, target_opset={"": 17, "ai.onnx.ml": 3})
    onnx.save(flat, GOLDEN / "flat.onnx")
    unit = (colours.reshape(18, -1) / 255).astype(np.float32)

    sizes = [(25, 31), (7, 9), (40, 20), (12, 30)]
    others = [picture(at % 3, height, width, at == 1) for at, (height, width) in enumerate(sizes)]
    stretched = np.stack([np.asarray(Image.fromarray(rgb(levels)).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)) for levels in others])
    expected = {
        "first": says(colours),
        "last": np.concatenate(batches)[:18],
        "open": softmax(run_open.run(None, {"x": scaled.astype(np.float32)})[0][:, :, 0, 0].astype(np.float64)),
        "flat": session(flat).run(None, {flat.graph.input[0].name: unit})[1],
    }
    modules = (lime, np, onnx, onnxruntime, PIL, skl2onnx, sklearn)
    answers = {
        "versions": {m.__name__: getattr(m, "__version__", "0.2.0.1") for m in modules},
        "classes": CLASSES, "labels": labels.tolist(), "pictures": [write(levels) for levels in pictures],
        "expected": {name: np.asarray(values, float).ravel().tolist() for name, values in expected.items()},
        "log_loss": float(sklearn.metrics.log_loss(labels, expected["first"])),
        "others": [write(levels) for levels in others], "stretched": says(stretched).ravel().tolist(),
        "explained": [explain(pictures[0], says, False), explain(pictures[1], says, True), explain(pictures[4], says, False)],
    }
    (GOLDEN / "answers.json").write_text(json.dumps(answers, separators=(",", ":")) + "\n")
    for path in sorted(GOLDEN.iterdir()):
        print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
