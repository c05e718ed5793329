"""What the peers share: ONNX Runtime on the file that Plumb exports, and what people write around it."""

import os

import numpy as np
import onnxruntime

KIND = os.environ["KIND"]
SIDE = int(os.environ["SIDE"])


class Model:
    """A session of as many threads as the environment says, with its tokenizer where it reads texts."""

    def __init__(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(os.environ["THREADS"])
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])
        self.inputs = {port.name: port.type for port in self.session.get_inputs()}
        self.outputs = [port.name for port in self.session.get_outputs()]
        if "input_ids" in self.inputs:
            import tokenizers

            self.tokenizer = tokenizers.Tokenizer.from_file(os.environ["TOKENIZER"])
            self.tokenizer.enable_truncation(128)
            self.tokenizer.enable_padding()

    def of_rows(self, rows):
        """What the model says of rows as people have them."""
        if "input_ids" in self.inputs:
            found = self.tokenizer.encode_batch([next(iter(row.values())) for row in rows])
            return self.run({"input_ids": np.array([of.ids for of in found]), "attention_mask": np.array([of.attention_mask for of in found])})
        number = {"tensor(double)": np.float64, "tensor(float)": np.float32, "tensor(int64)": np.int64}
        return self.run({name: np.array([[row.get(name)] for row in rows], number.get(of, object)) for name, of in self.inputs.items()})

    def of_pixels(self, pixels):
        """What the model says of pictures of one channel, one byte a pixel."""
        name, of = next(iter(self.inputs.items()))
        kind = np.uint8 if of == "tensor(uint8)" else np.float32
        return self.run({name: np.frombuffer(pixels, np.uint8).reshape(-1, 1, SIDE, SIDE).astype(kind, copy=False)})

    def run(self, feeds):
        """The outputs as lists."""
        return {name: value.tolist() for name, value in zip(self.outputs, self.session.run(self.outputs, feeds))}
