//! Mistakes in the network, found before the training or in its first steps.

use super::case::Case;
use super::data::Kind;
use super::network::Mistake;
use super::{Fault, Found};

const FLOW: &str = "preflight.gradient-flow";
const ALONE: &str = "preflight.example-independence";
const BY_HEART: &str = "preflight.overfit-subset";

/// One row a mistake.
pub(super) const FAULTS: &[Fault] = &[
    fault("softmax twice", Kind::Table, &[BY_HEART], |kind| before(kind, Mistake::SoftmaxTwice)),
    fault("softmax twice", Kind::Picture, &[BY_HEART], |kind| before(kind, Mistake::SoftmaxTwice)),
    fault("softmax over the rows of a batch", Kind::Table, &[ALONE], |kind| {
        before(kind, Mistake::SoftmaxOverRows)
    }),
    fault("outputs cut at 0", Kind::Table, &[BY_HEART, FLOW], |kind| before(kind, Mistake::RectifiedOutputs)),
    fault("a gradient cut between layers", Kind::Table, &[FLOW], |kind| before(kind, Mistake::CutGradient)),
    fault("a gradient cut behind the word vectors", Kind::Text, &[FLOW], |kind| {
        before(kind, Mistake::CutGradient)
    }),
    fault("a wrong reshape that mixes rows", Kind::Table, &[ALONE], |kind| before(kind, Mistake::MixedRows)),
    fault("rows and lines of pictures exchanged", Kind::Picture, &[ALONE], |kind| {
        before(kind, Mistake::MixedRows)
    }),
    fault("rows and tokens exchanged", Kind::Text, &[ALONE], |kind| before(kind, Mistake::MixedRows)),
    fault("the mean over a batch taken off when predicting", Kind::Table, &[ALONE], |kind| {
        before(kind, Mistake::RowsNormalised)
    }),
    fault("padding not masked", Kind::Text, &[ALONE], |kind| before(kind, Mistake::PaddingCounts)),
    fault("dropout that nobody switches off", Kind::Table, &[ALONE], |kind| {
        before(kind, Mistake::DropsAlways)
    }),
    fault("inputs forgotten", Kind::Table, &["preflight.input-dependence", ALONE], |kind| {
        before(kind, Mistake::InputsForgotten)
    }),
    fault("inputs forgotten", Kind::Picture, &["preflight.input-dependence", ALONE], |kind| {
        before(kind, Mistake::InputsForgotten)
    }),
    fault("all weights start at 0", Kind::Table, &[FLOW], |kind| before(kind, Mistake::ZeroStart)),
    fault("all weights start equal", Kind::Table, &[BY_HEART, "preflight.initial-loss"], |kind| {
        before(kind, Mistake::EqualUnits)
    }),
    fault("start values 20 times too large", Kind::Table, &["preflight.initial-loss"], |kind| {
        before(kind, Mistake::HugeStart)
    }),
    fault("start values 20 times too large", Kind::Picture, &["preflight.initial-loss"], |kind| {
        before(kind, Mistake::HugeStart)
    }),
    fault("twelve layers of sigmoids", Kind::Table, &[FLOW, BY_HEART], |kind| {
        before(kind, Mistake::DeepSigmoids)
    }),
    fault("a recurrence that explodes", Kind::Text, &["preflight.initial-loss", FLOW], |kind| {
        before(kind, Mistake::ExplodingRecurrence)
    }),
    fault("a layer frozen by mistake", Kind::Table, &[FLOW], |kind| before(kind, Mistake::FrozenLayer)),
    fault("dead rectified units", Kind::Table, &["train.dead-units"], |kind| whole(kind, Mistake::DeadUnits)),
    fault("dead rectified units", Kind::Picture, &["train.dead-units"], |kind| {
        whole(kind, Mistake::DeadUnits)
    }),
    fault("saturated sigmoids", Kind::Table, &["train.saturated-units"], |kind| {
        whole(kind, Mistake::SaturatedUnits)
    }),
    fault("one hidden unit", Kind::Picture, &["train.underfitting", BY_HEART], |kind| {
        whole(kind, Mistake::OneUnit)
    }),
];

const fn fault(
    name: &'static str,
    kind: Kind,
    meant: &'static [&'static str],
    plant: fn(Kind) -> Vec<Found>,
) -> Fault {
    Fault { name, kind, meant, plant }
}

fn before(kind: Kind, mistake: Mistake) -> Vec<Found> {
    Case::new(kind, mistake).before()
}

fn whole(kind: Kind, mistake: Mistake) -> Vec<Found> {
    Case::new(kind, mistake).whole()
}
