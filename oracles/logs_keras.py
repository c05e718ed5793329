"""Logs that Keras's CSVLogger really writes, of four manners of training, and those of its TensorBoard callback.

Keras runs on torch. Its TensorBoard callback needs TensorFlow's summary writer, of which the few calls that it makes
are given by `tensorboard` itself: the callback chooses tags, steps and folders, as it does with TensorFlow.

Run: python oracles/logs_keras.py; it writes crates/plumb/tests/golden/logs/keras-*/ in place.
"""
import contextlib
import os
import shutil
import sys

os.environ["KERAS_BACKEND"] = "torch"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy
from keras import ops
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.scalar import metadata
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util import tensor_util

import log_manners

#                 width  epochs  rate   batch
SETTINGS = {
    "healthy": (24, 30, 0.1, 64),
    "overfitting": (256, 60, 0.1, 16),
    "diverging": (32, 20, 10.0, 64),
    "nan": (64, 20, 0.1, 64),
}


class Summaries:
    """What Keras's callback calls of `tensorflow.summary`, by `tensorboard`: a scalar is a tensor with its plugin's name.

    Without a chosen writer nothing is written, as with TensorFlow.
    """

    writer = None

    def create_file_writer(self, folder):
        writer = EventFileWriter(folder)
        writer.as_default = lambda step=None: self.chosen(writer)
        writer.init = lambda: None
        return writer

    @contextlib.contextmanager
    def chosen(self, writer):
        self.writer = writer
        yield
        self.writer = None

    def scalar(self, name, value, step):
        if self.writer is None:
            return
        tensor = tensor_util.make_tensor_proto(numpy.float32(value))
        about = metadata.create_summary_metadata(display_name=None, description=None)
        summary = summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag=name, tensor=tensor, metadata=about)])
        self.writer.add_event(event_pb2.Event(step=int(step), summary=summary))


def by_hand(labels, p):
    """Cross-entropy without the clipping that a library's own has."""
    return -ops.mean(labels * ops.log(p) + (1 - labels) * ops.log(1 - p), axis=-1)


def train(manner, folder):
    keras.utils.set_random_seed(3)
    width, epochs, rate, batch = SETTINGS[manner]
    (x, y), (valid_x, valid_y) = log_manners.rows(manner)
    hidden = [keras.layers.Dense(width, activation="relu") for _ in range(2)]
    model = keras.Sequential([keras.Input((log_manners.COLUMNS,)), *hidden, keras.layers.Dense(1, activation="sigmoid")])
    scratch = folder / "scratch"
    events = keras.callbacks.TensorBoard(str(scratch), write_graph=False)
    events._summary_module = Summaries()
    callbacks = [keras.callbacks.CSVLogger(str(folder / "training.csv")), events]
    if manner == "diverging":
        callbacks.append(keras.callbacks.LearningRateScheduler(lambda epoch: rate * 10 ** ((epoch - epochs) / 6)))
    if manner == "healthy":
        steps = epochs * len(x) // batch
        rate = keras.optimizers.schedules.CosineDecay(rate, steps)
    optimizer = keras.optimizers.SGD(rate, momentum=0.5 if manner == "healthy" else 0.9)
    loss = by_hand if manner == "nan" else "binary_crossentropy"
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])
    rows = {"x": x, "y": y.reshape(-1, 1), "validation_data": (valid_x, valid_y.reshape(-1, 1))}
    model.fit(**rows, batch_size=batch, epochs=epochs, verbose=0, callbacks=callbacks)
    for part in ("train", "validation"):
        (folder / "tensorboard" / part).mkdir(parents=True)
        for events in (scratch / part).iterdir():
            # The name that the writer gives holds this machine's.
            events.rename(folder / "tensorboard" / part / "events.out.tfevents.0000000000.host.1.0")
    shutil.rmtree(scratch)


if __name__ == "__main__":
    for manner in sys.argv[1:] or log_manners.MANNERS:
        train(manner, log_manners.fresh("keras", manner))
