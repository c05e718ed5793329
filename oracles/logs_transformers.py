"""Logs that the Hugging Face Trainer really writes (`trainer_state.json`, TensorBoard), of four manners of training.

The model is a BERT of 2 layers with random weights; a row's numbers become 12 tokens. The Trainer leaves losses that are
no number out of the logged mean (`logging_nan_inf_filter`, on unless it is turned off), so that the broken run's own
`loss` looks like 0: the gradient norm and the validation loss tell. Its cause here is not that of `log_manners`: batches of
8 rows, sooner or later all of one class, and a loss that weighs the classes by their shares in the batch.

Run: python oracles/logs_transformers.py; it writes crates/plumb/tests/golden/logs/transformers-*/ in place.
"""
import os
import sys

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["HF_HUB_OFFLINE"] = "1"

import shutil
import tempfile
import warnings
from pathlib import Path

import torch
import transformers
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

import log_manners

LEVELS = 16
#                 hidden  epochs  rate  batch
SETTINGS = {
    "healthy": (32, 12, 3e-3, 32),
    "overfitting": (64, 20, 1e-3, 16),
    "diverging": (32, 8, 0.5, 32),
    "nan": (32, 12, 1e-3, 8),
}


class Rows(torch.utils.data.Dataset):
    """Each number as one of 16 tokens, in the order of the columns."""

    def __init__(self, inputs, labels):
        levels = torch.from_numpy(inputs).mul(3).add(LEVELS / 2).round().clamp(0, LEVELS - 1).long()
        self.tokens, self.labels = levels, torch.from_numpy(labels).long()

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, row):
        return {"input_ids": self.tokens[row], "labels": self.labels[row]}


def by_class(outputs, labels, num_items_in_batch=None):
    """Cross-entropy with each class weighted by its share in the batch: one that is absent divides by 0."""
    truth = torch.nn.functional.one_hot(labels, 2)
    weights = len(labels) / (2 * truth.sum(0))
    return -(weights * truth * torch.log_softmax(outputs.logits, dim=-1)).sum(-1).mean()


def accuracy(predicted):
    return {"accuracy": float((predicted.predictions.argmax(-1) == predicted.label_ids).mean())}


def train(manner, folder):
    hidden, epochs, rate, batch = SETTINGS[manner]
    train_rows, valid_rows = (Rows(*rows) for rows in log_manners.rows(manner))
    if manner == "nan":
        train_rows = torch.utils.data.Subset(train_rows, range(128))
    transformers.set_seed(3)
    dropout = 0.1 if manner == "healthy" else 0.0
    config = BertConfig(
        vocab_size=LEVELS, hidden_size=hidden, num_hidden_layers=2, num_attention_heads=2, intermediate_size=2 * hidden,
        max_position_embeddings=16, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout,
    )
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["TENSORBOARD_LOGGING_DIR"] = str(Path(scratch, "tb"))
        arguments = TrainingArguments(
            output_dir=scratch, num_train_epochs=epochs, learning_rate=rate, per_device_train_batch_size=batch,
            per_device_eval_batch_size=256, eval_strategy="epoch", logging_steps=4, save_strategy="no",
            lr_scheduler_type="linear" if manner == "healthy" else "constant_with_warmup", report_to=["tensorboard"],
            warmup_steps=64 if manner == "diverging" else 0, seed=3, max_grad_norm=1.0, use_cpu=True, disable_tqdm=True, dataloader_num_workers=0,
        )
        trainer = Trainer(
            model=BertForSequenceClassification(config), args=arguments, train_dataset=train_rows,
            eval_dataset=valid_rows, compute_metrics=accuracy, compute_loss_func=by_class if manner == "nan" else None,
        )
        trainer.train()
        trainer.save_state()
        shutil.copy(Path(scratch, "trainer_state.json"), folder)
        (folder / "runs").mkdir()
        for number, events in enumerate(sorted(Path(scratch).rglob("events.out.tfevents.*"))):
            # The name that the writer gives holds this machine's.
            shutil.copy(events, folder / "runs" / f"events.out.tfevents.0000000000.host.1.{number}")


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    for manner in sys.argv[1:] or log_manners.MANNERS:
        train(manner, log_manners.fresh("transformers", manner))
