//! Weights as they are given or kept: a file, and for an encoder of texts what stands beside it.

use std::path::Path;
use std::sync::Arc;

use plumb_learn::models::pictures::architectures::ARCHITECTURES;
use plumb_learn::parameters::Arrays;
use plumb_learn::pretrained::{self, FAMILIES, LARGEST, Published, PublishedEncoder};
use plumb_ledger::Sha256;

use super::{Beside, Entry, Pretrained};
use crate::fault::Fault;

/// The bytes of weights and of what belongs to them.
pub(super) struct Source {
    /// What the person calls it.
    name: String,
    /// The file of weights.
    pub(super) weights: Vec<u8>,
    /// `config.json` and `tokenizer.json` of an encoder of texts.
    pub(super) beside: Option<[String; 2]>,
}

/// A file of settings or tokens at most.
const LARGEST_TEXT: u64 = 64 << 20;
/// The names that a folder's weights have, the safer one first.
const WEIGHTS: [&str; 2] = ["model.safetensors", "pytorch_model.bin"];

impl Source {
    /// What is in a file, or in a folder of Hugging Face's layout.
    pub(super) fn read(path: &Path) -> Result<Self, Fault> {
        let name = path.display().to_string();
        if !path.is_dir() {
            return Ok(Self { name, weights: bytes(path, LARGEST)?, beside: None });
        }
        let file = WEIGHTS.iter().map(|name| path.join(name)).find(|file| file.is_file());
        let Some(file) = file else {
            return Err(Fault::usage(format!("no weights in the folder `{name}`")).hint(format!(
                "a model's folder holds {}, `config.json` and `tokenizer.json`",
                WEIGHTS.join(" or ")
            )));
        };
        let beside = [text(&path.join("config.json"))?, text(&path.join("tokenizer.json"))?];
        Ok(Self { name, weights: bytes(&file, LARGEST)?, beside: Some(beside) })
    }

    /// What is kept under a name.
    pub(super) fn kept(folder: &Path, name: &str, has_encoder: bool) -> Result<Self, Fault> {
        let [weights, config, tokenizer] = kept_files(name).map(|file| folder.join(file));
        let beside = if has_encoder { Some([text(&config)?, text(&tokenizer)?]) } else { None };
        Ok(Self { name: name.to_owned(), weights: bytes(&weights, LARGEST)?, beside })
    }

    /// The digests of what stands beside the weights.
    pub(super) fn digests(&self) -> Option<Beside> {
        let [config, tokenizer] = self.beside.as_ref()?;
        Some(Beside { config: Sha256::of(config.as_bytes()), tokenizer: Sha256::of(tokenizer.as_bytes()) })
    }

    /// Whether these are the bytes that an entry describes.
    pub(super) fn is(&self, entry: &Entry) -> bool {
        let beside = match (&entry.encoder, self.digests()) {
            (None, None) => true,
            (Some(a), Some(b)) => a.config == b.config && a.tokenizer == b.tokenizer,
            _ => false,
        };
        beside && Sha256::of(&self.weights) == entry.sha256
    }

    /// The values, and the network that they are of.
    pub(super) fn network(&self) -> Result<(Published, Arrays), Fault> {
        let weights = pretrained::read(&self.weights)?;
        let published = match &self.beside {
            Some([config, tokenizer]) => {
                Published::Encoder(Arc::new(PublishedEncoder::read(config, tokenizer)?))
            }
            None => Published::Picture(pretrained::architecture_of(&weights).ok_or_else(|| self.unknown())?),
        };
        Ok((published, weights))
    }

    /// The digest of all of it.
    pub(super) fn sha256(&self) -> Sha256 {
        let weights = Sha256::of(&self.weights);
        match self.digests() {
            Some(Beside { config, tokenizer }) => {
                Sha256::of(format!("{weights}\n{config}\n{tokenizer}\n").as_bytes())
            }
            None => weights,
        }
    }

    /// All that a job needs.
    pub(super) fn pretrained(self) -> Result<Pretrained, Fault> {
        let (published, weights) = self.network()?;
        Ok(Pretrained { published, weights: Arc::new(weights), sha256: self.sha256() })
    }

    fn unknown(&self) -> Fault {
        let known: Vec<&str> = ARCHITECTURES.iter().map(|of| of.name).collect();
        let families: Vec<&str> = FAMILIES.iter().map(|of| of.name).collect();
        Fault::usage(format!("`{}` has the names of no known network", self.name)).hint(format!(
            "known are torchvision's and timm's {}; an encoder of texts ({}) wants its whole folder",
            known.join(", "),
            families.join(", ")
        ))
    }
}

/// The files that are kept under a name: weights, and for an encoder its settings and its tokenizer.
pub(super) fn kept_files(name: &str) -> [String; 3] {
    [format!("{name}.safetensors"), format!("{name}.config"), format!("{name}.tokenizer")]
}

fn bytes(file: &Path, most: u64) -> Result<Vec<u8>, Fault> {
    let failed = |why: String| {
        Fault::failed(format!("cannot read `{}` ({why})", file.display()))
            .hint("name a file of weights, or a model's folder")
    };
    let size = std::fs::metadata(file).map_err(|e| failed(e.to_string()))?;
    if !size.is_file() || size.len() > most {
        return Err(failed(format!("no file of at most {} MiB", most >> 20)));
    }
    std::fs::read(file).map_err(|e| failed(e.to_string()))
}

fn text(file: &Path) -> Result<String, Fault> {
    String::from_utf8(bytes(file, LARGEST_TEXT)?)
        .map_err(|error| Fault::failed(format!("cannot read `{}` ({error})", file.display())))
}
