"""MobileNetV2 with torchvision's weights as an ONNX file, as PyTorch exports it: no PyTorch needed."""

import json
import struct

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def read_safetensors(path):
    """Names and arrays of 32 bits."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    tensors = {name: of for name, of in header.items() if name != "__metadata__"}
    array = lambda of: np.frombuffer(data[8 + length + of["data_offsets"][0] : 8 + length + of["data_offsets"][1]], np.float32).reshape(of["shape"])
    return {name: array(of) for name, of in tensors.items() if of["dtype"] == "F32"}


def build(weights, path):
    """Writes the network: `[batch, 3, 224, 224]` in, a thousand logits out."""
    nodes, constants = [], []

    def constant(name, value):
        constants.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
        return name

    def layer(x, conv, norm, stride=1, clipped=True):
        """A convolution with its normalisation folded in, and ReLU6."""
        kernel = weights[f"{conv}.weight"]
        scale = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + 1e-5)
        bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
        side, groups = kernel.shape[2], kernel.shape[0] if kernel.shape[1] == 1 else 1
        inputs = [x, constant(f"{conv}.k", kernel * scale[:, None, None, None]), constant(f"{conv}.b", bias)]
        nodes.append(helper.make_node("Conv", inputs, [conv], kernel_shape=[side] * 2, strides=[stride] * 2, pads=[side // 2] * 4, group=groups))
        if clipped:
            nodes.append(helper.make_node("Clip", [conv, "zero", "six"], [f"{conv}.r"]))
        return f"{conv}.r" if clipped else conv

    constant("zero", 0.0), constant("six", 6.0)
    x = layer("input", "features.0.0", "features.0.1", 2)
    strides = {2: 2, 4: 2, 7: 2, 14: 2}
    for number in range(1, 18):
        before, name, stride = x, f"features.{number}.conv", strides.get(number, 1)
        if number > 1:
            x = layer(x, f"{name}.0.0", f"{name}.0.1")
        depth = 0 if number == 1 else 1
        x = layer(x, f"{name}.{depth}.0", f"{name}.{depth}.1", stride)
        x = layer(x, f"{name}.{depth + 1}", f"{name}.{depth + 2}", clipped=False)
        width = weights[f"{name}.{depth + 1}.weight"].shape[0]
        given = 32 if number == 1 else weights[f"{name}.0.0.weight"].shape[1]
        if stride == 1 and width == given and number > 1:
            nodes.append(helper.make_node("Add", [before, x], [f"{name}.sum"]))
            x = f"{name}.sum"
    x = layer(x, "features.18.0", "features.18.1")
    nodes.append(helper.make_node("GlobalAveragePool", [x], ["pooled"]))
    nodes.append(helper.make_node("Flatten", ["pooled"], ["flat"]))
    head = [constant("w", weights["classifier.1.weight"]), constant("v", weights["classifier.1.bias"])]
    nodes.append(helper.make_node("Gemm", ["flat", *head], ["output"], transB=1))
    graph = helper.make_graph(
        nodes, "mobilenet_v2", [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, 224, 224])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", 1000])], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
