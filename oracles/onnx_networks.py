"""Makes the golden files of networks in single precision and in 8 bits: tiny ONNX files and what ONNX Runtime says of some rows.

Run from the root of the repository:  python oracles/onnx_networks.py
Writes crates/plumb-onnx/tests/golden/networks/*.onnx and answers.json. Weights are drawn, not trained; 8 bits are those of
`onnxruntime.quantization`: static with QDQ (activations u8, weights s8 with a scale for each output), and dynamic.
"""

import json
import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static

GOLDEN = pathlib.Path(__file__).parent.parent / "crates/plumb-onnx/tests/golden/networks"
RNG = np.random.default_rng(67)
OPSET = 17


class Graph:
    """A graph that is written node by node."""

    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0

    def constant(self, values, kind=np.float32):
        self.count += 1
        name = f"c{self.count}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype=kind), name))
        return name

    def weight(self, *shape):
        scale = 1.5 / np.sqrt(np.prod(shape[1:]) if len(shape) > 2 else shape[0])
        return self.constant(RNG.normal(scale=scale, size=shape))

    def node(self, operator, *inputs, **attributes):
        self.count += 1
        name = f"{operator.lower()}{self.count}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def conv(self, x, channels, filters, side=3, stride=1, groups=1):
        weight = self.weight(filters, channels // groups, side, side)
        bias = self.constant(RNG.normal(scale=0.1, size=filters))
        pads = [side // 2] * 4
        return self.node("Conv", x, weight, bias, kernel_shape=[side, side], strides=[stride, stride], pads=pads, group=groups)

    def linear(self, x, inputs, outputs):
        product = self.node("MatMul", x, self.weight(inputs, outputs))
        return self.node("Add", product, self.constant(RNG.normal(scale=0.1, size=outputs)))

    def norm(self, x, units, parts=False):
        scale, bias = self.constant(RNG.uniform(0.5, 1.5, units)), self.constant(RNG.normal(scale=0.2, size=units))
        if not parts:
            return self.node("LayerNormalization", x, scale, bias, axis=-1, epsilon=1e-5)
        less = self.node("Sub", x, self.node("ReduceMean", x, axes=[-1]))
        square = self.node("Pow", less, self.constant(2.0))
        spread = self.node("Add", self.node("ReduceMean", square, axes=[-1]), self.constant(1e-5))
        normed = self.node("Div", less, self.node("Sqrt", spread))
        return self.node("Add", self.node("Mul", normed, scale), bias)

    def gelu(self, x):
        erf = self.node("Erf", self.node("Div", x, self.constant(np.sqrt(2.0))))
        return self.node("Mul", self.node("Mul", x, self.node("Add", erf, self.constant(1.0))), self.constant(0.5))

    def attention(self, x, width, heads):
        shape = self.constant([0, 0, heads, width // heads], np.int64)
        parts = [self.node("Reshape", self.linear(x, width, width), shape) for _ in range(3)]
        query, value = (self.node("Transpose", parts[at], perm=[0, 2, 1, 3]) for at in (0, 2))
        key = self.node("Transpose", parts[1], perm=[0, 2, 3, 1])
        scores = self.node("Div", self.node("MatMul", query, key), self.constant(np.sqrt(width / heads)))
        found = self.node("MatMul", self.node("Softmax", scores, axis=-1), value)
        found = self.node("Transpose", found, perm=[0, 2, 1, 3])
        return self.linear(self.node("Reshape", found, self.constant([0, 0, width], np.int64)), width, width)

    def finish(self, x, inputs, output):
        self.nodes.append(helper.make_node("Identity", [x], ["y"]))
        inputs = [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in inputs]
        outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, output)]
        graph = helper.make_graph(self.nodes, "g", inputs, outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        onnx.checker.check_model(model)
        return model


def residual():
    """A stem, two residual blocks of which one halves the pictures, a head."""
    g = Graph()
    x = g.node("Relu", g.conv("x", 3, 16, 5, 2))
    x = g.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    for channels, filters, stride in [(16, 16, 1), (16, 35, 2)]:
        y = g.node("Relu", g.conv(x, channels, filters, 3, stride))
        y = g.conv(y, filters, filters)
        short = x if stride == 1 else g.conv(x, channels, filters, 1, stride)
        x = g.node("Relu", g.node("Add", y, short))
    x = g.node("Flatten", g.node("GlobalAveragePool", x))
    x = g.node("Gemm", x, g.weight(7, 35), g.constant(RNG.normal(size=7)), transB=1)
    return g.finish(x, [("x", TensorProto.FLOAT, ["n", 3, "h", "w"])], ["n", 7])


def depthwise():
    """Inverted residuals, with squeezing of channels and hard swish."""
    g = Graph()
    low, high = g.constant(0.0), g.constant(6.0)
    x = g.node("HardSwish", g.conv("x", 3, 12, 3, 2))
    for stride in (1, 2):
        y = g.node("Clip", g.conv(x, 12, 40, 1), low, high)
        y = g.node("Clip", g.conv(y, 40, 40, 3, stride, groups=40), low, high)
        s = g.node("Relu", g.conv(g.node("GlobalAveragePool", y), 40, 8, 1))
        y = g.node("Mul", y, g.node("HardSigmoid", g.conv(s, 8, 40, 1), alpha=1 / 6, beta=0.5))
        y = g.conv(y, 40, 12, 1)
        x = g.node("Add", x, y) if stride == 1 else y
    x = g.node("AveragePool", x, kernel_shape=[3, 3], strides=[1, 1])
    x = g.node("Flatten", g.node("ReduceMean", x, axes=[2, 3], keepdims=1))
    x = g.node("Softmax", g.node("Gemm", x, g.weight(5, 12), g.constant(RNG.normal(size=5)), transB=1), axis=-1)
    return g.finish(x, [("x", TensorProto.FLOAT, ["n", 3, 20, 18])], ["n", 5])


def encoder(parts):
    """Tokens, two blocks of attention, the mean of the tokens."""
    g = Graph()
    width, heads = 32, 4
    x = g.node("Gather", g.constant(RNG.normal(size=(50, width))), "ids", axis=0)
    x = g.norm(x, width, parts)
    for _ in range(2):
        x = g.norm(g.node("Add", x, g.attention(x, width, heads)), width, parts)
        y = g.linear(g.gelu(g.linear(x, width, 2 * width)), 2 * width, width)
        x = g.norm(g.node("Add", x, y), width, parts)
    x = g.linear(g.node("ReduceMean", x, axes=[1], keepdims=0), width, 3)
    return g.finish(x, [("ids", TensorProto.INT64, ["n", "t"])], ["n", 3])


def pictures(name):
    size = (3, 33, 29) if name == "residual" else (3, 20, 18)
    return [{"x": RNG.normal(size=(2, *size)).round(2).astype(np.float32)} for _ in range(3)]


def tokens(_):
    return [{"ids": RNG.integers(0, 50, size=(2, 9))} for _ in range(3)]


class Rows(CalibrationDataReader):
    def __init__(self, rows):
        self.rows = iter(rows)

    def get_next(self):
        return next(self.rows, None)


def answer(path, rows):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(["y"], rows)[0]


def told(values):
    values = values if values.dtype.kind == "i" else values.astype(float).round(6)
    return {"shape": list(values.shape), "values": values.ravel().tolist(), "whole": values.dtype.kind == "i"}


def main():
    GOLDEN.mkdir(parents=True, exist_ok=True)
    models = {
        "residual": (residual(), pictures),
        "depthwise": (depthwise(), pictures),
        "encoder": (encoder(False), tokens),
        "encoder_parts": (encoder(True), tokens),
    }
    cases, inputs = {}, {}
    for name, (model, draw) in models.items():
        rows = draw(name)
        inputs[name] = {input: told(values) for input, values in rows[0].items()}
        path = GOLDEN / f"{name}.onnx"
        onnx.save(model, path)
        files = [path]
        if name != "encoder_parts":
            static = GOLDEN / f"{name}_static.onnx"
            quantize_static(path, static, Rows(rows), quant_format=QuantFormat.QDQ, per_channel=True,
                            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
            files.append(static)
        if name == "encoder":
            dynamic = GOLDEN / f"{name}_dynamic.onnx"
            quantize_dynamic(path, dynamic, per_channel=True, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul"])
            files.append(dynamic)
        if name == "residual":
            signed = GOLDEN / f"{name}_signed.onnx"
            quantize_static(path, signed, Rows(rows), quant_format=QuantFormat.QDQ, per_channel=False,
                            activation_type=QuantType.QInt8, weight_type=QuantType.QInt8)
            files.append(signed)
        for file in files:
            cases[file.stem] = {
                "inputs": name,
                "expected": told(answer(file, rows[0])),
                "float": told(answer(path, rows[0])),
            }
    versions = {of.__name__: of.__version__ for of in (np, onnx, onnxruntime)}
    (GOLDEN / "answers.json").write_text(json.dumps({"made_by": versions, "inputs": inputs, "models": cases}) + "\n")


if __name__ == "__main__":
    main()
