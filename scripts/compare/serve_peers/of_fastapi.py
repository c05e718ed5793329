"""A model server as many write it: FastAPI and ONNX Runtime. `scripts/compare/serve` starts it."""

import os

import numpy as np
import onnxruntime
from fastapi import FastAPI, Request
from fastapi.responses import ORJSONResponse

KIND = os.environ["KIND"]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(os.environ["THREADS"])
options.log_severity_level = 3
session = onnxruntime.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])
inputs = {port.name: port.type for port in session.get_inputs()}
outputs = [port.name for port in session.get_outputs()]
if KIND == "rows" and "input_ids" in inputs:
    import tokenizers

    tokenizer = tokenizers.Tokenizer.from_file(os.environ["TOKENIZER"])
    tokenizer.enable_truncation(128)
    tokenizer.enable_padding()
app = FastAPI(default_response_class=ORJSONResponse)


def of_rows(rows):
    """Tensors of rows."""
    if "input_ids" in inputs:
        found = tokenizer.encode_batch([next(iter(row.values())) for row in rows])
        return {"input_ids": np.array([of.ids for of in found]), "attention_mask": np.array([of.attention_mask for of in found])}
    number = {"tensor(double)": np.float64, "tensor(float)": np.float32, "tensor(int64)": np.int64}
    return {name: np.array([[row.get(name)] for row in rows], number.get(of, object)) for name, of in inputs.items()}


@app.get("/ready")
def ready():
    return {"ready": True}


@app.post("/predict")
async def predict(request: Request):
    if KIND == "pixels":
        name, of = next(iter(inputs.items()))
        kind = np.uint8 if of == "tensor(uint8)" else np.float32
        feeds = {name: np.frombuffer(await request.body(), np.uint8).reshape(-1, 1, 28, 28).astype(kind, copy=False)}
    else:
        feeds = of_rows((await request.json())["rows"])
    found = session.run(outputs, feeds)
    return ORJSONResponse({name: value.tolist() for name, value in zip(outputs, found)})
