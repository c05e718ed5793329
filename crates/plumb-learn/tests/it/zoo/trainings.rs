//! Mistakes in the training: its settings, its loop, what it keeps.

use std::time::Duration;

use plumb_data::prepare::Prepared;
use plumb_learn::optim::{OptimizerConfig, SgdConfig};
use plumb_learn::schedules::ScheduleConfig;
use plumb_learn::watch::TrainContext;
use plumb_ledger::Seed;
use plumb_ledger::clock::{Clock, StoppedClock};

use super::by_hand::{ByHand, Slip};
use super::case::{Case, said};
use super::data::{Kind, codes, rows};
use super::network::{Dense, Mistake};
use super::{Fault, Found};

const RATE: &str = "preflight.learning-rate";
const DIVERGES: &str = "train.divergence";
const EXPLODES: &str = "train.exploding-gradients";
const SWINGS: &str = "train.oscillation";
const FINITE: &str = "train.finite";
const LEARNS: &str = "train.learning";
const KEPT: &str = "train.best-weights-kept";
const DEAD: &str = "train.dead-units";
const SLOW: &str = "train.slow-convergence";

/// One row a mistake.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "a rate x100",
        kind: Kind::Table,
        meant: &[RATE, DIVERGES, EXPLODES, SWINGS, DEAD],
        plant: |kind| rate(kind, 100.0),
    },
    Fault {
        name: "a rate x100",
        kind: Kind::Picture,
        meant: &[RATE, DIVERGES, EXPLODES, SWINGS, DEAD],
        plant: |kind| rate(kind, 100.0),
    },
    Fault {
        name: "a rate x100",
        kind: Kind::Text,
        meant: &[RATE, DIVERGES, EXPLODES, SWINGS, DEAD],
        plant: |kind| rate(kind, 100.0),
    },
    Fault { name: "a rate /1000", kind: Kind::Table, meant: &[RATE, SLOW], plant: |kind| rate(kind, 1e-3) },
    Fault { name: "a rate /1000", kind: Kind::Picture, meant: &[RATE, SLOW], plant: |kind| rate(kind, 1e-3) },
    Fault { name: "a rate /1000", kind: Kind::Text, meant: &[RATE, SLOW], plant: |kind| rate(kind, 1e-3) },
    Fault {
        name: "a rate that swings across the valley",
        kind: Kind::Table,
        meant: &[SWINGS, DIVERGES],
        plant: swinging,
    },
    Fault {
        name: "decay x10,000",
        kind: Kind::Table,
        meant: &["train.underfitting", LEARNS],
        plant: |kind| decay(kind, 1e4),
    },
    Fault {
        name: "decay x10,000",
        kind: Kind::Text,
        meant: &["train.underfitting", LEARNS],
        plant: |kind| decay(kind, 1e4),
    },
    Fault { name: "a run cut while the loss falls", kind: Kind::Text, meant: &[SLOW], plant: cut_short },
    Fault { name: "a row of infinities", kind: Kind::Table, meant: &[FINITE], plant: infinite_row },
    Fault {
        name: "labels learned by heart",
        kind: Kind::Table,
        meant: &["train.overfitting"],
        plant: by_heart,
    },
    Fault {
        name: "labels learned by heart",
        kind: Kind::Picture,
        meant: &["train.overfitting"],
        plant: by_heart,
    },
    Fault {
        name: "labels learned by heart",
        kind: Kind::Text,
        meant: &["train.overfitting"],
        plant: by_heart,
    },
    Fault {
        name: "overfitting with nothing against it",
        kind: Kind::Table,
        meant: &["train.regularisation"],
        plant: by_heart,
    },
    Fault {
        name: "labels that have nothing to do with the inputs",
        kind: Kind::Text,
        meant: &["train.underfitting", LEARNS, "train.overfitting"],
        plant: unlearnable,
    },
    Fault {
        name: "gradients not set to zero",
        kind: Kind::Table,
        meant: &[EXPLODES, DIVERGES, SWINGS],
        plant: |kind| own_loop(kind, Slip::KeepsGradients),
    },
    Fault {
        name: "gradients not set to zero",
        kind: Kind::Picture,
        meant: &[EXPLODES, DIVERGES, SWINGS],
        plant: |kind| own_loop(kind, Slip::KeepsGradients),
    },
    Fault {
        name: "steps up the slope",
        kind: Kind::Table,
        meant: &[DIVERGES, LEARNS],
        plant: |kind| own_loop(kind, Slip::ClimbsUp),
    },
    Fault {
        name: "a layer that the optimizer does not know",
        kind: Kind::Table,
        meant: &[LEARNS],
        plant: |kind| own_loop(kind, Slip::ForgetsLayer),
    },
    Fault {
        name: "the logarithm of 0",
        kind: Kind::Table,
        meant: &[FINITE],
        plant: |kind| own_loop(kind, Slip::LogOfNothing),
    },
    Fault {
        name: "the last weights kept",
        kind: Kind::Table,
        meant: &[KEPT],
        plant: |kind| own_loop(kind, Slip::KeepsLast),
    },
    Fault {
        name: "the worst weights kept",
        kind: Kind::Picture,
        meant: &[KEPT],
        plant: |kind| own_loop(kind, Slip::KeepsWorst),
    },
    Fault {
        name: "scored in training mode",
        kind: Kind::Table,
        meant: &[KEPT],
        plant: |kind| own_loop(kind, Slip::ScoresInTraining),
    },
    Fault {
        name: "a slow loader",
        kind: Kind::Table,
        meant: &["train.input-bound"],
        plant: |kind| own_loop(kind, Slip::WaitsForRows),
    },
    Fault {
        name: "chance without a seed",
        kind: Kind::Text,
        meant: &["train.reproducible"],
        plant: unseeded,
    },
];

fn case(kind: Kind, change: impl FnOnce(&mut Case<Dense>)) -> Case<Dense> {
    let mut case = Case::new(kind, Mistake::None);
    change(&mut case);
    case
}

fn rate(kind: Kind, factor: f64) -> Vec<Found> {
    case(kind, |case| case.config.lr *= factor).whole()
}

fn decay(kind: Kind, factor: f64) -> Vec<Found> {
    case(kind, |case| case.config.weight_decay *= factor).during()
}

fn swinging(kind: Kind) -> Vec<Found> {
    case(kind, |case| {
        case.config.optimizer = OptimizerConfig::Sgd(SgdConfig::DEFAULT);
        (case.config.lr, case.config.schedule) = (3.0, ScheduleConfig::Constant);
    })
    .during()
}

fn cut_short(kind: Kind) -> Vec<Found> {
    case(kind, |case| {
        case.config.optimizer = OptimizerConfig::Sgd(SgdConfig { momentum: 0.0, ..SgdConfig::DEFAULT });
        (case.config.lr, case.config.schedule) = (0.02, ScheduleConfig::Constant);
    })
    .during()
}

fn infinite_row(kind: Kind) -> Vec<Found> {
    case(kind, |case| case.train.numbers[100] = f32::INFINITY).during()
}

/// A third of the labels is wrong, of few rows, and nothing holds the network back.
fn by_heart(kind: Kind) -> Vec<Found> {
    case(kind, |case| {
        case.train = partly_wrong(kind);
        (case.config.epochs, case.config.weight_decay) = (300, 0.0);
    })
    .during()
}

fn partly_wrong(kind: Kind) -> Prepared {
    let [mut train, _] = rows(kind, 120, 1);
    for label in codes(&mut train.labels).iter_mut().step_by(3) {
        *label = (*label + 1) % 2;
    }
    train
}

fn unlearnable(kind: Kind) -> Vec<Found> {
    case(kind, |case| {
        Seed(8).stream("wrong").shuffle(codes(&mut case.train.labels));
        case.config.epochs = 80;
    })
    .during()
}

fn own_loop(kind: Kind, slip: Slip) -> Vec<Found> {
    said(&followed(kind, slip))
}

fn followed(kind: Kind, slip: Slip) -> TrainContext {
    let [mut train, valid] = rows(kind, 300, 200);
    let mut epochs = 20;
    if slip == Slip::KeepsLast {
        // Where the last weights are not the best ones.
        (train, epochs) = (partly_wrong(kind), 300);
    }
    let network = Dense::new(kind, Dense::classes(kind), Mistake::None);
    let dropout = if slip == Slip::ScoresInTraining { 0.3 } else { 0.0 };
    let by_hand = ByHand { slip, epochs, batch: 32, lr: 0.1, dropout };
    if slip == Slip::WaitsForRows {
        return by_hand.train(network, &train, &valid, &Stopwatch::start());
    }
    by_hand.train(network, &train, &valid, &StoppedClock { unix_ms: 0 })
}

fn unseeded(kind: Kind) -> Vec<Found> {
    let last = |context: &TrainContext| format!("{:?}", context.kept.map(|kept| kept.score));
    let mut context = followed(kind, Slip::DrawsUnseeded);
    let other = followed(kind, Slip::DrawsUnseeded);
    context.repeated_hashes = Some((last(&context), last(&other)));
    said(&context)
}

/// The machine's clock: how long a loader takes is what its fault is about.
struct Stopwatch(std::time::Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "the loop under test measures its own time")]
    fn start() -> Self {
        Self(std::time::Instant::now())
    }
}

impl Clock for Stopwatch {
    fn unix_ms(&self) -> u64 {
        0
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
