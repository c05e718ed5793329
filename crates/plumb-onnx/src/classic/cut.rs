//! A classical model cut at its trees and linear operators: encoders that work column by column before them, anything after them.
//!
//! Of a row put together from two rows the scores are then sums of terms, and what stands after the cut turns scores into answers.

use std::collections::BTreeMap;

use super::owners::{self, Given};
use super::{Classic, Kernel, linear, paths};
use crate::proto::Node;
use crate::{OnnxError, Tensor, Values};

/// Scores of a row at most: the first layer of a wide network is better asked about rows.
const SCORES: usize = 64;

/// An input of the model and the players whose columns fill it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    /// The name of the input.
    pub name: String,
    /// The player of each of its columns.
    pub players: Vec<u32>,
    /// Whether the tensor has a second extent.
    pub is_wide: bool,
}

/// Who hears of terms: the players whose columns must come from the first row, those whose must come from the second, and what is added to
/// which scores.
pub type Tell<'t> = dyn FnMut(&[u32], &[u32], &[(u32, f64)]) + 't;

/// A model that is cut.
pub struct Cut<'a> {
    classic: &'a Classic,
    /// What constants become, by name.
    constants: BTreeMap<&'a str, Tensor>,
    encoders: Vec<usize>,
    cores: Vec<Core<'a>>,
    tail: Vec<usize>,
    output: &'a str,
    players: usize,
    scores: usize,
}

/// An operator whose scores are sums.
struct Core<'a> {
    node: &'a Node,
    input: &'a str,
    output: &'a str,
    /// The player of each feature; none of constants.
    owners: Vec<Option<u32>>,
    first: usize,
    sums: Sums<'a>,
}

enum Sums<'a> {
    Trees(paths::Paths<'a>, &'a super::trees::Ensemble),
    Linear(linear::Weights),
}

/// Features of rows, as the operators at the cut take them.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    of_cores: Vec<Vec<f32>>,
}

/// What is known of a name of the graph that is no constant.
enum Known {
    Owners(Tensor),
    /// Follows from scores alone.
    Scored,
}

/// Operators after which a row's answer is its scores still.
const KEPT: [&str; 6] = ["Identity", "ZipMap", "Reshape", "Flatten", "Squeeze", "Unsqueeze"];

impl std::fmt::Debug for Cut<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cut").field("scores", &self.scores).finish_non_exhaustive()
    }
}

impl<'a> Cut<'a> {
    /// Cuts the graph of an output; none where it is not of that kind, or a column of the inputs has no player.
    pub(crate) fn new(classic: &'a Classic, output: &'a str, inputs: &[Owned]) -> Option<Self> {
        let players =
            inputs.iter().flat_map(|input| &input.players).max().map_or(0, |&last| last as usize + 1);
        let mut cut = Self {
            classic,
            constants: BTreeMap::new(),
            encoders: Vec::new(),
            cores: Vec::new(),
            tail: Vec::new(),
            output,
            players,
            scores: 0,
        };
        let mut known: BTreeMap<&str, Known> = BTreeMap::new();
        for input in inputs {
            known.insert(&input.name, Known::Owners(owners::rows(&input.players, input.is_wide)?));
        }
        let needed = classic.needed(&[output]);
        for (place, (node, kernel)) in classic.nodes.iter().enumerate() {
            if node.output.iter().any(|name| needed.contains(name.as_str())) {
                cut.place(place, node, kernel, &mut known)?;
            }
        }
        let is_whole = !cut.cores.is_empty() && cut.scores <= SCORES;
        (is_whole && matches!(known.get(output)?, Known::Scored)).then_some(cut)
    }

    /// Finds out on which side of the cut a node stands.
    fn place<'k>(
        &mut self,
        place: usize,
        node: &'a Node,
        kernel: &'a Kernel,
        known: &mut BTreeMap<&'k str, Known>,
    ) -> Option<()>
    where
        'a: 'k,
    {
        let names = || node.input.iter().map(String::as_str).filter(|name| !name.is_empty());
        let of = |name: &str| {
            let constant = self.constants.get(name).or_else(|| self.classic.constants.get(name));
            constant.map(Given::Constant).or_else(|| match known.get(name)? {
                Known::Owners(tensor) => Some(Given::Owners(tensor)),
                Known::Scored => None,
            })
        };
        let is_scored = |name: &str| matches!(known.get(name), Some(Known::Scored));
        if names().any(is_scored) {
            let is_tail = names().all(|name| is_scored(name) || matches!(of(name), Some(Given::Constant(_))));
            self.tail.extend(is_tail.then_some(place));
            known.extend(node.output.iter().map(|name| (name.as_str(), Known::Scored)));
            return is_tail.then_some(());
        }
        let given: Vec<Option<Given<'_>>> = node
            .input
            .iter()
            .map(|name| if name.is_empty() { Some(None) } else { of(name).map(Some) })
            .collect::<Option<_>>()?;
        if given.iter().flatten().all(|given| matches!(given, Given::Constant(_))) {
            let tensors: Vec<Option<&Tensor>> = given.iter().map(|given| given.map(Given::tensor)).collect();
            let found = kernel.compute(node, &tensors).ok()?;
            self.constants.extend(node.output.iter().map(String::as_str).zip(found));
            return Some(());
        }
        if let Some(core) = Core::new(node, kernel, &given, self.scores) {
            self.scores += core.sums.scores();
            known.insert(core.output, Known::Scored);
            self.cores.push(core);
            return Some(());
        }
        let Kernel::Plain(compute) = kernel else { return None };
        let owners = owners::of(node, *compute, &given)?;
        known.insert(node.output.first()?, Known::Owners(owners));
        self.encoders.push(place);
        Some(())
    }

    /// How many scores a row has.
    pub fn scores(&self) -> usize {
        self.scores
    }

    /// Whether the output is the scores.
    pub fn is_additive(&self) -> bool {
        let is_kept = |place: &usize| {
            let node = &self.classic.nodes[*place].0;
            KEPT.contains(&node.op_type.as_str()) || node.op_type == "Cast" && node.int("to", 1) == 1
        };
        matches!(self.cores.as_slice(), [core] if core.sums.is_additive(core.node))
            && self.tail.iter().all(is_kept)
    }

    /// Whether the scores are those of one ensemble or linear model, before its transformation: margins.
    pub fn are_margins(&self) -> bool {
        matches!(self.cores.as_slice(), [core] if core.node.op_type != "MatMul")
    }

    /// The features of rows.
    pub fn encode(&self, inputs: &[(String, Tensor)]) -> Result<Encoded, OnnxError> {
        let rows = inputs.first().map_or(0, |(_, tensor)| tensor.rows());
        let mut known: BTreeMap<&str, Tensor> = BTreeMap::new();
        known.extend(inputs.iter().map(|(name, tensor)| (name.as_str(), tensor.clone())));
        self.run(&self.encoders, &mut known)?;
        let features = |core: &Core<'a>| {
            let found =
                self.find(core.input, &known).ok_or_else(|| OnnxError::NoName(core.input.to_owned()))?;
            if found.values().len() != rows * core.owners.len() {
                return Err(core.node.wrong(format!("{:?} for {rows} rows", found.shape())));
            }
            found.floats(&core.node.op_type)
        };
        Ok(Encoded { of_cores: self.cores.iter().map(features).collect::<Result<_, _>>()? })
    }

    /// Tells the terms of the scores of a row put together from two rows.
    pub fn terms(
        &self,
        (own, row): (&Encoded, usize),
        (other, of_other): (&Encoded, usize),
        tell: &mut Tell<'_>,
    ) {
        for ((core, own), other) in self.cores.iter().zip(&own.of_cores).zip(&other.of_cores) {
            let width = core.owners.len();
            let both = (&own[row * width..][..width], &other[of_other * width..][..width]);
            match &core.sums {
                Sums::Trees(paths, _) => paths.walk(both, &core.owners, self.players, tell),
                Sums::Linear(weights) => weights.tell(both, &core.owners, self.players, tell),
            }
        }
    }

    /// The output for rows of scores, row-major.
    pub fn output(&self, scores: &[f64]) -> Result<Tensor, OnnxError> {
        let mut known = BTreeMap::new();
        for core in &self.cores {
            let own =
                scores.chunks_exact(self.scores).flat_map(|row| &row[core.first..][..core.sums.scores()]);
            known.insert(
                core.output,
                core.sums.transformed(core.node, own.map(|&score| score as f32).collect())?,
            );
        }
        self.run(&self.tail, &mut known)?;
        known.remove(self.output).ok_or_else(|| OnnxError::NoName(self.output.to_owned()))
    }

    fn run<'k>(&self, places: &[usize], known: &mut BTreeMap<&'k str, Tensor>) -> Result<(), OnnxError>
    where
        'a: 'k,
    {
        for (node, kernel) in places.iter().map(|&place| &self.classic.nodes[place]) {
            let outputs = kernel.run(node, &|name| self.find(name, known))?;
            known.extend(node.output.iter().map(String::as_str).zip(outputs));
        }
        Ok(())
    }

    fn find<'t>(&'t self, name: &str, known: &'t BTreeMap<&str, Tensor>) -> Option<&'t Tensor> {
        known.get(name).or_else(|| self.constants.get(name)).or_else(|| self.classic.constants.get(name))
    }
}

impl<'a> Core<'a> {
    /// None where the node's scores are no sums over what each feature leads to.
    fn new(node: &'a Node, kernel: &'a Kernel, given: &[Option<Given<'_>>], first: usize) -> Option<Self> {
        let Some(Given::Owners(x)) = given.first().copied().flatten() else { return None };
        let owners = owners::players(x)?;
        let matrix = given.get(1).copied().flatten().map(Given::tensor);
        let sums = match kernel {
            Kernel::Trees(ensemble) => {
                let paths = paths::Paths::new(ensemble, &node.string("post_transform"), first as u32)?;
                (paths.features() <= owners.len()).then_some(Sums::Trees(paths, ensemble))?
            }
            Kernel::Plain(_) => Sums::Linear(linear::Weights::new(node, matrix, owners.len(), first as u32)?),
        };
        // Scores come after labels, where there are labels.
        let output = node.output.get(usize::from(node.op_type.ends_with("Classifier")))?;
        Some(Self { node, input: node.input.first()?, output, owners, first, sums })
    }
}

impl Sums<'_> {
    fn scores(&self) -> usize {
        match self {
            Self::Trees(paths, _) => paths.scores,
            Self::Linear(weights) => weights.scores(),
        }
    }

    fn is_additive(&self, node: &Node) -> bool {
        match self {
            Self::Trees(paths, _) => paths.is_additive,
            Self::Linear(weights) => weights.is_additive(node),
        }
    }

    fn transformed(&self, node: &Node, scores: Vec<f32>) -> Result<Tensor, OnnxError> {
        match self {
            Self::Trees(paths, _) if paths.is_additive => {
                Tensor::new(vec![scores.len() / paths.scores, paths.scores], Values::Floats(scores))
            }
            Self::Trees(paths, ensemble) => {
                let rows = scores.len() / paths.scores;
                ensemble.transformed(node, scores, rows)
            }
            Self::Linear(weights) => weights.transformed(node, scores),
        }
    }
}
