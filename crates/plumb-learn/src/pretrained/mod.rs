//! Weights that others have trained: read without running anything that a file says, held to the network's names and
//! extents.

use std::sync::Arc;

use plumb_data::tokens::TokenizerError;
use plumb_ledger::{ExitCode, Explain};

use crate::model::NetworkConfig;
use crate::models::pictures::PictureNetwork;
use crate::models::pictures::architectures::{ARCHITECTURES, Architecture};
use crate::models::text::TextConfig;
use crate::parameters::{Array, Arrays};

mod adopt;
mod dialects;
mod encoders;
mod features;
mod kept;
mod names;
mod number;
mod pickle;
mod safetensors;
mod torch;
mod zip;

pub use adopt::{HeadOf, adopt, adopt_encoder};
pub use encoders::{FAMILIES, Family, PublishedEncoder};
pub use features::features;
pub use kept::old_answers;
pub use number::Number;

/// The network that published weights are of.
#[derive(Debug, Clone)]
pub enum Published {
    /// A network for pictures.
    Picture(&'static Architecture),
    /// An encoder of texts.
    Encoder(Arc<PublishedEncoder>),
}

impl Published {
    /// The name of the architecture, or of the encoder's family.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Picture(architecture) => architecture.name,
            Self::Encoder(encoder) => encoder.family.name,
        }
    }

    /// The preset that fine-tunes it.
    #[must_use]
    pub fn preset(&self) -> &'static str {
        match self {
            Self::Picture(architecture) => architecture.name,
            Self::Encoder(_) => "bert",
        }
    }

    /// The network for pictures, if it is one.
    #[must_use]
    pub fn picture(&self) -> Option<&'static Architecture> {
        match self {
            Self::Picture(architecture) => Some(architecture),
            Self::Encoder(_) => None,
        }
    }

    /// The encoder of texts, if it is one.
    #[must_use]
    pub fn encoder(&self) -> Option<&PublishedEncoder> {
        match self {
            Self::Picture(_) => None,
            Self::Encoder(encoder) => Some(encoder),
        }
    }
}

/// Why a file holds no weights that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PretrainedError {
    /// The file is of no known kind.
    #[error("not a weights file: neither safetensors nor PyTorch's")]
    Unknown,
    /// The file is not what it says it is.
    #[error("damaged {format} file: {what}")]
    Damaged {
        /// The kind of file.
        format: &'static str,
        /// What is wrong.
        what: String,
    },
    /// A pickle names something that is neither a tensor nor a container.
    #[error("the pickle asks for `{0}`, which is not data")]
    Code(String),
    /// The file passes a limit.
    #[error("more than {limit} {what}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How much is read.
        limit: u64,
    },
    /// `config.json` is of another family than those that are known.
    #[error("an encoder of family `{0}`")]
    Family(String),
    /// The tokenizer beside the weights cannot be used.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// The names or extents are another network's.
    #[error("the weights are not those of `{architecture}`: {misfit}")]
    Misfit {
        /// The network.
        architecture: &'static str,
        /// What does not fit.
        misfit: String,
    },
}

impl Explain for PretrainedError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unknown => {
                "give a `.safetensors` file, or a `.pth` file that holds a state dict".to_owned()
            }
            Self::Damaged { .. } => {
                "fetch the file again and compare its digest with the publisher's".to_owned()
            }
            Self::Code(_) => {
                "save the state dict alone (`torch.save(model.state_dict(), ..)`), or use safetensors"
                    .to_owned()
            }
            Self::Limit { .. } => "such weights are larger than any that a CPU fine-tunes".to_owned(),
            Self::Family(_) => {
                let known: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
                format!("known are {}", known.join(", "))
            }
            Self::Tokenizer(error) => return error.hint(),
            Self::Misfit { .. } => {
                let known = ARCHITECTURES.iter().map(|of| of.name);
                let known: Vec<&str> = known.chain(FAMILIES.iter().map(|family| family.name)).collect();
                format!("known are the weights of {}", known.join(", "))
            }
        })
    }
    fn exit_code(&self) -> ExitCode {
        ExitCode::Data
    }
}

/// The largest file that is read.
pub const LARGEST: u64 = 4 << 30;

/// The floating-point tensors of a safetensors or PyTorch file, as 32-bit floats, under the file's own names. Integers
/// (counts of batches, ids of positions) are left out.
///
/// One pass over the bytes; what is returned is at most four times as large as the file.
pub fn read(bytes: &[u8]) -> Result<Arrays, PretrainedError> {
    if bytes.len() as u64 > LARGEST {
        return Err(PretrainedError::Limit { what: "bytes", limit: LARGEST });
    }
    let arrays = if bytes.get(8) == Some(&b'{') {
        safetensors::read(bytes)?
    } else if zip::is_archive(bytes) {
        torch::read_archive(bytes)?
    } else if bytes.first() == Some(&pickle::PROTOCOL) {
        torch::read_stream(bytes)?
    } else {
        return Err(PretrainedError::Unknown);
    };
    Ok(dialects::usual(without_prefix(arrays)))
}

/// Networks that were trained on several devices have `module.` before every name.
fn without_prefix(arrays: Arrays) -> Arrays {
    const PREFIX: &str = "module.";
    if !arrays.0.keys().all(|name| name.starts_with(PREFIX)) {
        return arrays;
    }
    Arrays(arrays.0.into_iter().map(|(name, array)| (name[PREFIX.len()..].to_owned(), array)).collect())
}

/// The family whose names a network's stored weights have.
fn family(network: &NetworkConfig) -> Option<&'static Family> {
    let NetworkConfig::Text(TextConfig { family: Some(name), .. }) = network else { return None };
    FAMILIES.iter().find(|family| family.name == name)
}

/// A network's values under published names and in PyTorch's layout, where there are such names for it.
#[must_use]
pub fn to_stored(network: &NetworkConfig, values: Arrays) -> Arrays {
    match (network, family(network)) {
        (NetworkConfig::Pictures(_), _) => turned(values),
        (_, Some(family)) => family.to_published(&values),
        _ => values,
    }
}

/// Stored values as the network has them; `wanted` are values of the same names and extents.
#[must_use]
pub fn from_stored(network: &NetworkConfig, stored: Arrays, wanted: &Arrays) -> Arrays {
    match (network, family(network)) {
        (NetworkConfig::Pictures(_), _) => turned(stored),
        (_, Some(family)) => family.to_ours(&stored, wanted),
        _ => stored,
    }
}

/// PyTorch's layout of a network's values to ours, and back: the weights of a linear layer are the other way round. In
/// a picture network every matrix is one.
#[must_use]
pub fn turned(arrays: Arrays) -> Arrays {
    let turn = |array: Array| match array.shape.as_slice() {
        &[rows, columns] => {
            let value = |at: usize| array.values[at % rows * columns + at / rows];
            Array { shape: vec![columns, rows], values: (0..rows * columns).map(value).collect() }
        }
        _ => array,
    };
    Arrays(arrays.0.into_iter().map(|(name, array)| (name, turn(array))).collect())
}

/// The architecture whose names and extents these weights have, whatever the number of their classes.
pub fn architecture_of(weights: &Arrays) -> Option<&'static Architecture> {
    use burn::tensor::Device;
    use plumb_ledger::Seed;

    use crate::model::Inputs;
    ARCHITECTURES.iter().find(|architecture| {
        let inputs = Inputs::pictures(architecture.side, 3);
        let network = PictureNetwork::new(
            &architecture.network(),
            &inputs,
            1,
            Seed(0).stream("empty"),
            &Device::flex(),
        );
        adopt(network, architecture, weights.clone(), HeadOf::Network).is_ok()
    })
}

fn damaged(format: &'static str, what: impl std::fmt::Display) -> PretrainedError {
    PretrainedError::Damaged { format, what: what.to_string() }
}

#[cfg(test)]
mod tests;
