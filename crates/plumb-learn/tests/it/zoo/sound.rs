//! Jobs without a mistake: nothing may be said about them.

use plumb_learn::optim::{OptimizerConfig, SgdConfig};
use plumb_learn::schedules::{Cosine, ScheduleConfig};
use plumb_ledger::clock::StoppedClock;

use super::by_hand::{ByHand, Slip};
use super::case::{Case, said};
use super::data::{Kind, codes, rows};
use super::network::{Dense, Mistake};
use super::{Found, Sound};
use crate::made_up::{Setup, setup};

/// One row a job.
pub(crate) const SOUND: &[Sound] = &[
    Sound { name: "tabm", run: || preset("tabm", 15) },
    Sound { name: "realmlp", run: || preset("realmlp", 15) },
    Sound { name: "mlp", run: || preset("mlp", 15) },
    Sound { name: "resnet14", run: || preset("resnet14", 12) },
    Sound { name: "transformer", run: || preset("transformer", 12) },
    Sound { name: "gru", run: || preset("gru", 12) },
    Sound { name: "lstm", run: || preset("lstm", 12) },
    Sound { name: "mixed", run: || preset("mixed", 8) },
    Sound { name: "an own network on a table", run: || plain(Kind::Table) },
    Sound { name: "an own network on pictures", run: || plain(Kind::Picture) },
    Sound { name: "an own network on texts", run: || plain(Kind::Text) },
    Sound { name: "SGD with momentum", run: || sgd(Kind::Table) },
    Sound { name: "SGD with momentum on pictures", run: || sgd(Kind::Picture) },
    Sound { name: "a rare class", run: rare_class },
    Sound { name: "a tenth of the rows", run: few_rows },
    Sound { name: "large batches", run: large_batches },
    Sound { name: "an own loop on a table", run: || own_loop(Kind::Table) },
    Sound { name: "an own loop on pictures", run: || own_loop(Kind::Picture) },
    Sound { name: "an own loop on texts", run: || own_loop(Kind::Text) },
];

/// A preset on the rows it is for.
fn preset(name: &str, epochs: u64) -> Vec<Found> {
    let of = setup(name, epochs);
    let network = of.network();
    let Setup { train, valid, config, .. } = of;
    Case { network, train, valid, config, dropout: 0.1 }.whole()
}

fn plain(kind: Kind) -> Vec<Found> {
    Case::new(kind, Mistake::None).whole()
}

fn sgd(kind: Kind) -> Vec<Found> {
    let mut case = Case::new(kind, Mistake::None);
    case.config.optimizer = OptimizerConfig::Sgd(SgdConfig::DEFAULT);
    (case.config.lr, case.config.schedule) = (0.05, ScheduleConfig::Cosine(Cosine::default()));
    case.whole()
}

/// One row in twelve is of the second class.
fn rare_class() -> Vec<Found> {
    let mut case = Case::new(Kind::Table, Mistake::None);
    for set in [&mut case.train, &mut case.valid] {
        let width = set.numbers_width;
        let rare = |row: &[f32]| u32::from(row[0] > 1.4);
        let labels = set.numbers.chunks_exact(width).map(rare).collect();
        *codes(&mut set.labels) = labels;
    }
    case.whole()
}

fn few_rows() -> Vec<Found> {
    let mut case = Case::new(Kind::Text, Mistake::None);
    let [train, _] = rows(Kind::Text, 100, 1);
    case.train = train;
    case.whole()
}

fn large_batches() -> Vec<Found> {
    let mut case = Case::new(Kind::Picture, Mistake::None);
    (case.config.batch_size, case.config.epochs) = (200, 60);
    case.whole()
}

fn own_loop(kind: Kind) -> Vec<Found> {
    let [train, valid] = rows(kind, 300, 200);
    let network = Dense::new(kind, Dense::classes(kind), Mistake::None);
    let by_hand = ByHand { slip: Slip::None, epochs: 20, batch: 32, lr: 0.1, dropout: 0.0 };
    said(&by_hand.train(network, &train, &valid, &StoppedClock { unix_ms: 0 }))
}
