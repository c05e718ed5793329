"""A model server as many write it: FastAPI and ONNX Runtime."""

from fastapi import FastAPI, Request
from fastapi.responses import ORJSONResponse
from model import KIND, Model

MODEL = Model()
app = FastAPI()


@app.get("/ready")
def ready():
    return {"ready": True}


@app.post("/predict")
async def predict(request: Request):
    if KIND == "pixels":
        return ORJSONResponse(MODEL.of_pixels(await request.body()))
    return ORJSONResponse(MODEL.of_rows((await request.json())["rows"]))
