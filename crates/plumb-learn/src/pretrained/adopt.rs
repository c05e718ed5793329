//! Published weights in place of start values, held to names and extents.

use std::collections::BTreeSet;

use super::encoders::PublishedEncoder;
use super::{PretrainedError, turned};
use crate::models::pictures::PictureNetwork;
use crate::models::pictures::architectures::Architecture;
use crate::models::text::TextNetwork;
use crate::parameters::{Array, Arrays};

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
    let mut misfit = Misfit::default();
    misfit.tell("missing", wanted.difference(&found).map(|name| (*name).to_owned()));
    misfit.tell("unexpected", found.difference(&wanted).map(|name| (*name).to_owned()));
    let shapes = wanted.intersection(&found).filter_map(|name| {
        let (wanted, found) = (&own.0[*name].shape, &weights.0[*name].shape);
        (wanted != found).then(|| format!("{name} {found:?} for {wanted:?}"))
    });
    misfit.tell("of other extents", shapes);
    misfit.check(architecture.name)?;
    let mut merged = own.clone();
    merged.0.extend(weights.0.into_iter().filter(|(name, _)| !is_head(name)));
    load(network, &merged, architecture.name)
}

/// Heads of other tasks, that weights may hold beside the encoder.
const HEADS: [&str; 8] =
    ["cls.", "pooler.", "lm_head.", "classifier.", "pre_classifier.", "qa_outputs.", "vocab_", "score."];

/// The network with a published encoder in place of its start values: every value of the encoder must be there, nothing may be
/// left over but heads. Of the head, only what stands between encoder and classifier is taken (BERT's pool), where it is there;
/// all of it, if it is the weights'. The last `fresh` layers keep their start values.
pub fn adopt_encoder(
    network: TextNetwork,
    of: &PublishedEncoder,
    weights: &Arrays,
    head: HeadOf,
    fresh: usize,
) -> Result<TextNetwork, PretrainedError> {
    let (own, family) = (Arrays::of(&network), of.family);
    let own_names =
        || own.0.iter().filter(|(name, _)| head == HeadOf::Weights || !name.starts_with("classifier."));
    let published = family.usual(weights);
    let found = family.to_ours(weights, &own);
    let mut misfit = Misfit::default();
    let mut known = BTreeSet::new();
    let (mut missing, mut others) = (Vec::new(), Vec::new());
    for (name, array) in own_names() {
        let theirs = family.published(name).unwrap_or_default();
        let is_there = theirs.iter().all(|name| published.0.contains_key(name)) && !theirs.is_empty();
        let is_needed = name.starts_with("encoder.") || head == HeadOf::Weights;
        if is_there && !found.0.contains_key(name) {
            others.push(format!("{name}, which wants {:?}", array.shape));
        } else if !is_there && is_needed {
            missing.extend(theirs.iter().filter(|name| !published.0.contains_key(*name)).cloned());
        }
        known.extend(theirs);
    }
    misfit.tell("missing", missing.into_iter());
    let is_head = |name: &str| HEADS.iter().any(|head| name.starts_with(head));
    misfit.tell(
        "unexpected",
        published.0.keys().filter(|name| !known.contains(*name) && !is_head(name)).cloned(),
    );
    misfit.tell("of other extents", others.into_iter());
    misfit.check(family.name)?;
    let mut merged = own.clone();
    let kept = network.encoder.layers.len().saturating_sub(fresh);
    let is_fresh = |name: &str| {
        (kept..network.encoder.layers.len())
            .any(|layer| name.starts_with(&format!("encoder.layers.{layer}.")))
    };
    let taken = own_names()
        .filter(|(name, _)| !is_fresh(name))
        .filter_map(|(name, _)| Some((name.clone(), found.0.get(name)?.clone())));
    merged.0.extend(taken.collect::<Vec<(String, Array)>>());
    load(network, &merged, family.name)
}

fn load<N: burn::module::Module>(
    network: N,
    values: &Arrays,
    name: &'static str,
) -> Result<N, PretrainedError> {
    values
        .load(network)
        .map_err(|error| PretrainedError::Misfit { architecture: name, misfit: error.to_string() })
}

/// What does not fit.
#[derive(Debug, Default)]
struct Misfit(Vec<String>);

/// Names of a kind of misfit that are shown.
const SHOWN: usize = 5;

impl Misfit {
    fn tell(&mut self, kind: &str, names: impl Iterator<Item = String>) {
        let names: Vec<String> = names.collect();
        if names.is_empty() {
            return;
        }
        let more =
            if names.len() > SHOWN { format!(" and {} more", names.len() - SHOWN) } else { String::new() };
        let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
        self.0.push(format!("{kind}: {}{more}", shown.join(", ")));
    }

    fn check(self, architecture: &'static str) -> Result<(), PretrainedError> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(PretrainedError::Misfit { architecture, misfit: self.0.join("; ") })
    }
}
