"""Golden file of tokenizers: two small ones made by the `tokenizers` package, and the tokens it finds in 21 languages.

Needs tokenizers, and udhr-languages.csv of scripts/fetch_datasets.py: its argument, or fetched without one. Writes
crates/plumb-data/tests/golden/tokens.json.
"""

import csv
import json
import pathlib
import subprocess
import sys

import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

OUT = pathlib.Path(__file__).parent.parent / "crates/plumb-data/tests/golden/tokens.json"
DATA = pathlib.Path(__file__).parent.parent / "target/oracles/data"
SENTENCES = 2


def fetched():
    """The sentences, fetched where they are not there yet."""
    file = DATA / "udhr-languages.csv"
    if not file.is_file():
        fetcher = pathlib.Path(__file__).parent.parent / "scripts/fetch_datasets.py"
        subprocess.run([sys.executable, fetcher, DATA, "--only", "udhr_languages"], check=True)
    return file


def bert(texts):
    """Word pieces, lower case without accents, as BERT's uncased files."""
    tokenizer = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=700, special_tokens=special, show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.decoder = decoders.WordPiece()
    # As MiniLM's file, which wants every text as long as this.
    tokenizer.enable_padding(length=128)
    tokenizer.enable_truncation(128)
    return tokenizer


def roberta(texts):
    """Pairs of bytes, letters as they are, as RoBERTa's files."""
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=special, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


if __name__ == "__main__":
    with open(sys.argv[1] if len(sys.argv) > 1 else fetched(), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    languages = sorted({row["language"] for row in rows})
    some = {language: [row["text"] for row in rows if row["language"] == language][:SENTENCES] for language in languages}
    texts = [text for language in languages for text in some[language]]
    cases = []
    for make in (bert, roberta):
        tokenizer = make([row["text"] for row in rows])
        file = tokenizer.to_str()
        tokenizer.no_padding()
        tokenizer.no_truncation()
        ids = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
        cases.append({"name": make.__name__, "file": json.loads(file), "ids": ids})
    golden = {"versions": {"tokenizers": tokenizers.__version__}, "texts": texts, "cases": cases}
    OUT.write_text(json.dumps(golden, ensure_ascii=False) + "\n")
    print(len(languages), "languages,", OUT.stat().st_size, "bytes")
