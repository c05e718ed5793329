//! A model, whichever runtime it needs.

use std::collections::BTreeMap;

use crate::classic::{Classic, Cut, Owned};
use crate::engine::Engine;
use crate::front::Fronted;
use crate::graph::{Parsed, Port};
use crate::network::Network;
#[cfg(feature = "onnxruntime")]
use crate::onnxruntime::Foreign;
use crate::write::PRODUCER;
use crate::{OnnxError, Tensor};

/// A model that was read.
#[derive(Debug)]
pub struct OnnxModel {
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    classes: Option<Vec<String>>,
    metadata: BTreeMap<String, String>,
    producer: String,
    runtime: Runtime,
}

/// What runs networks without C.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Embedded {
    /// The kernels of Plumb.
    Own,
    /// `rten`.
    Rten,
}

#[derive(Debug)]
enum Runtime {
    Classic(Classic),
    Own(Box<Engine>),
    Network(Box<Network>),
    Fronted(Box<Fronted>),
    #[cfg(feature = "onnxruntime")]
    Foreign(Box<Foreign>),
}

impl OnnxModel {
    /// Reads a file whole. Nothing in it is run.
    pub fn read(bytes: Vec<u8>) -> Result<Self, OnnxError> {
        let parsed = Parsed::read(&bytes, false)?;
        let is_own = parsed.producer == PRODUCER;
        Self::new(parsed, |mut parsed| {
            if parsed.is_classic() && !is_own {
                return Ok(Runtime::Classic(Classic::new(parsed)?));
            }
            let classic = parsed.is_classic().then(|| parsed.clone());
            match (Engine::new(&mut parsed), classic) {
                (Ok(engine), _) => Ok(Runtime::Own(Box::new(engine))),
                (Err(OnnxError::Operator(_)), classic) => {
                    if is_own && let Some(fronted) = Fronted::read(&bytes)? {
                        return Ok(Runtime::Fronted(Box::new(fronted)));
                    }
                    Ok(match classic {
                        Some(parsed) => Runtime::Classic(Classic::new(parsed)?),
                        None => Runtime::Network(Box::new(Network::read(bytes)?)),
                    })
                }
                (Err(error), _) => Err(error),
            }
        })
    }

    /// The same model on the embedded runtime asked for; an error where that one does not know it.
    pub fn read_on(bytes: Vec<u8>, runtime: Embedded) -> Result<Self, OnnxError> {
        Self::new(Parsed::read(&bytes, false)?, |mut parsed| {
            Ok(match runtime {
                Embedded::Own => Runtime::Own(Box::new(Engine::new(&mut parsed)?)),
                Embedded::Rten => Runtime::Network(Box::new(Network::read(bytes)?)),
            })
        })
    }

    /// The embedded runtime that a network runs on; none of classical models and of ONNX Runtime.
    pub fn embedded(&self) -> Option<Embedded> {
        match &self.runtime {
            Runtime::Own(_) => Some(Embedded::Own),
            Runtime::Network(_) | Runtime::Fronted(_) => Some(Embedded::Rten),
            Runtime::Classic(_) => None,
            #[cfg(feature = "onnxruntime")]
            Runtime::Foreign(_) => None,
        }
    }

    /// The same model for ONNX Runtime, whose `library` is loaded: `libonnxruntime.so` of 1.17 or later, or a name that the system's
    /// loader finds. The first library holds for the whole process. Inputs, outputs and classes are those of [`Self::read`].
    /// So many `threads` compute at once, one run after the other.
    #[cfg(feature = "onnxruntime")]
    pub fn read_for_onnxruntime(
        bytes: &[u8],
        library: &std::path::Path,
        threads: usize,
    ) -> Result<Self, OnnxError> {
        let parsed = Parsed::read(bytes, true)?;
        let classes = parsed.classes.clone().unwrap_or_default();
        Self::new(parsed, |_| {
            Ok(Runtime::Foreign(Box::new(Foreign::read(bytes, library, threads, classes)?)))
        })
    }

    fn new(
        mut parsed: Parsed,
        runtime: impl FnOnce(Parsed) -> Result<Runtime, OnnxError>,
    ) -> Result<Self, OnnxError> {
        let (inputs, outputs) = (parsed.inputs.clone(), parsed.outputs.clone());
        let (classes, metadata) = (parsed.classes.take(), std::mem::take(&mut parsed.metadata));
        let producer = std::mem::take(&mut parsed.producer);
        Ok(Self { inputs, outputs, classes, metadata, producer, runtime: runtime(parsed)? })
    }

    /// What goes in, in the order of the file.
    pub fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    /// What comes out. A list of maps (`ZipMap`) is shown as the tensor of probabilities that it holds.
    pub fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    /// The names of the classes, where the model knows them.
    pub fn classes(&self) -> Option<&[String]> {
        self.classes.as_deref()
    }

    /// What the exporter wrote down.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// Which program wrote the file.
    pub fn producer(&self) -> &str {
        &self.producer
    }

    /// The output of that name for inputs by name. Only what the output needs is computed.
    pub fn run(&self, inputs: Vec<(String, Tensor)>, output: &str) -> Result<Tensor, OnnxError> {
        let found = self.run_all(inputs, &[output])?;
        found.into_iter().next().ok_or_else(|| OnnxError::NoName(output.to_owned()))
    }

    /// The outputs of those names, in that order, of one pass. What the file does not declare as an output may have been joined with
    /// what follows it, and is then an error.
    pub fn run_all(&self, inputs: Vec<(String, Tensor)>, outputs: &[&str]) -> Result<Vec<Tensor>, OnnxError> {
        match &self.runtime {
            Runtime::Classic(classic) => classic.run(inputs, outputs),
            Runtime::Own(engine) => engine.run(inputs, outputs),
            Runtime::Network(network) => network.run(inputs, outputs),
            Runtime::Fronted(fronted) => fronted.run(inputs, outputs),
            #[cfg(feature = "onnxruntime")]
            Runtime::Foreign(foreign) => foreign.run(inputs, outputs),
        }
    }

    /// The model cut where its scores are sums; none where an output does not follow from trees and linear operators behind encoders that
    /// work column by column, or one of several players' columns go into a feature.
    pub fn cut<'a>(&'a self, output: &'a str, inputs: &[Owned]) -> Option<Cut<'a>> {
        match &self.runtime {
            Runtime::Classic(classic) => Cut::new(classic, output, inputs),
            Runtime::Own(_) | Runtime::Network(_) | Runtime::Fronted(_) => None,
            #[cfg(feature = "onnxruntime")]
            Runtime::Foreign(_) => None,
        }
    }
}
