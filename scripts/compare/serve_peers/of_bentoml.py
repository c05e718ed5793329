"""The same as a service of BentoML. Pictures come as JSON: its own types for bytes write each of them to a file."""

import os

import bentoml
from model import KIND, Model


@bentoml.service(workers=int(os.environ["WORKERS"]), traffic={"timeout": 60}, metrics={"enabled": False}, logging={"access": {"enabled": False}})
class Peer:
    def __init__(self):
        self.model = Model()

    if KIND == "pixels":

        @bentoml.api
        async def predict(self, pixels: list[int]) -> dict:
            return self.model.of_pixels(bytes(pixels))

    else:

        @bentoml.api
        async def predict(self, rows: list[dict]) -> dict:
            return self.model.of_rows(rows)
