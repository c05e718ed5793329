//! Weights that others have trained: read without running anything that a file says, held to the network's names and
//! extents.

use std::collections::BTreeSet;

use plumb_ledger::{ExitCode, Explain};

use crate::models::pictures::PictureNetwork;
use crate::models::pictures::architectures::{ARCHITECTURES, Architecture};
use crate::parameters::{Array, Arrays};

mod dialects;
mod features;
mod kept;
mod number;
mod pickle;
mod safetensors;
mod torch;
mod zip;

pub use features::features;
pub use kept::old_answers;
pub use number::Number;

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
            Self::Limit { .. } => "such weights are not for a picture network".to_owned(),
            Self::Misfit { .. } => {
                let known: Vec<&str> = ARCHITECTURES.iter().map(|of| of.name).collect();
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

/// Whose head is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadOf {
    /// The weights': the network must have as many outputs.
    Weights,
    /// The network's own, with its start values.
    Network,
}

/// The network with published weights in place of its start values. Every name must be there, none may be left over, all
/// extents must agree; but for the head, if it is the network's.
pub fn adopt(
    network: PictureNetwork,
    architecture: &'static Architecture,
    weights: Arrays,
    head: HeadOf,
) -> Result<PictureNetwork, PretrainedError> {
    let own = Arrays::of(&network);
    let weights = turned(weights);
    let is_head = |name: &str| head == HeadOf::Network && network.is_head(name);
    let wanted: BTreeSet<&str> = own.0.keys().map(String::as_str).filter(|name| !is_head(name)).collect();
    let found: BTreeSet<&str> = weights.0.keys().map(String::as_str).filter(|name| !is_head(name)).collect();
    let mut misfits = Vec::new();
    tell(&mut misfits, "missing", wanted.difference(&found).map(|name| (*name).to_owned()));
    tell(&mut misfits, "unexpected", found.difference(&wanted).map(|name| (*name).to_owned()));
    let shapes = wanted.intersection(&found).filter_map(|name| {
        let (wanted, found) = (&own.0[*name].shape, &weights.0[*name].shape);
        (wanted != found).then(|| format!("{name} {found:?} for {wanted:?}"))
    });
    tell(&mut misfits, "of other extents", shapes);
    if !misfits.is_empty() {
        let misfit = misfits.join("; ");
        return Err(PretrainedError::Misfit { architecture: architecture.name, misfit });
    }
    let mut merged = own.clone();
    for (name, array) in weights.0 {
        if !is_head(&name) {
            merged.0.insert(name, array);
        }
    }
    merged.load(network).map_err(|error| PretrainedError::Misfit {
        architecture: architecture.name,
        misfit: error.to_string(),
    })
}

/// Names of a kind of misfit that are shown.
const SHOWN: usize = 5;

fn tell(misfits: &mut Vec<String>, kind: &str, names: impl Iterator<Item = String>) {
    let names: Vec<String> = names.collect();
    if names.is_empty() {
        return;
    }
    let more = if names.len() > SHOWN { format!(" and {} more", names.len() - SHOWN) } else { String::new() };
    let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    misfits.push(format!("{kind}: {}{more}", shown.join(", ")));
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
