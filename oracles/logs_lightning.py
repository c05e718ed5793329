"""Logs that PyTorch Lightning's CSVLogger and TensorBoardLogger really write, of four manners of training.

Run: python oracles/logs_lightning.py; it writes crates/plumb/tests/golden/logs/lightning-*/ in place.
"""
import logging
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import LearningRateMonitor
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from torch.utils.data import DataLoader, TensorDataset

import log_manners

#                 width  epochs  rate   batch
SETTINGS = {
    "healthy": (32, 30, 0.2, 64),
    "overfitting": (256, 40, 0.2, 16),
    "diverging": (32, 20, 20.0, 64),
    "nan": (64, 20, 0.1, 64),
}


class Classifier(lightning.LightningModule):
    def __init__(self, manner):
        super().__init__()
        self.manner = manner
        width, self.epochs, self.rate, _ = SETTINGS[manner]
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(log_manners.COLUMNS, width),
            torch.nn.ReLU(),
            torch.nn.Linear(width, width),
            torch.nn.ReLU(),
            torch.nn.Linear(width, 1),
        )

    def loss(self, batch):
        inputs, labels = batch
        logits = self.layers(inputs).squeeze(1)
        accuracy = ((logits > 0) == (labels > 0.5)).float().mean()
        if self.manner == "nan":
            p = torch.sigmoid(logits)
            return -(labels * torch.log(p) + (1 - labels) * torch.log(1 - p)).mean(), accuracy
        return torch.nn.functional.binary_cross_entropy_with_logits(logits, labels), accuracy

    def training_step(self, batch, _):
        loss, accuracy = self.loss(batch)
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        self.log("train_acc", accuracy, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch, _):
        loss, accuracy = self.loss(batch)
        self.log("val_loss", loss)
        self.log("val_acc", accuracy)

    def on_before_optimizer_step(self, optimizer):
        norms = [p.grad.norm() for p in self.parameters() if p.grad is not None]
        self.log("grad_norm", torch.stack(norms).norm())

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=self.rate, momentum=0.9 if self.manner != "healthy" else 0.5)
        if self.manner != "healthy":
            return optimizer
        return [optimizer], [torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=self.epochs)]


def loader(rows, batch, shuffle):
    return DataLoader(TensorDataset(*map(torch.from_numpy, rows)), batch_size=batch, shuffle=shuffle)


def train(manner, folder):
    lightning.seed_everything(3, verbose=False)
    train_rows, valid_rows = log_manners.rows(manner)
    _, epochs, _, batch = SETTINGS[manner]
    with tempfile.TemporaryDirectory() as scratch:
        loggers = [CSVLogger(scratch, name="csv", version=""), TensorBoardLogger(scratch, name="tb", version="")]
        trainer = lightning.Trainer(
            max_epochs=epochs, logger=loggers, callbacks=[LearningRateMonitor()], log_every_n_steps=3,
            accelerator="cpu", enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        )
        trainer.fit(Classifier(manner), loader(train_rows, batch, True), loader(valid_rows, 256, False))
        shutil.copy(Path(scratch, "csv", "metrics.csv"), folder)
        (folder / "tensorboard").mkdir()
        for number, events in enumerate(sorted(Path(scratch, "tb").glob("events.out.tfevents.*"))):
            # The name that the writer gives holds this machine's.
            shutil.copy(events, folder / "tensorboard" / f"events.out.tfevents.0000000000.host.1.{number}")


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    for manner in sys.argv[1:] or log_manners.MANNERS:
        train(manner, log_manners.fresh("lightning", manner))
