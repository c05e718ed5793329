//! Mistakes between the rows and the network.

use plumb_data::augment::{Method, Policy};
use plumb_data::prepare::Prepared;
use plumb_learn::preflight::PreflightContext;
use plumb_ledger::Seed;

use super::case::{Case, judged, order_of, shuffled, token_count};
use super::data::{Kind, codes};
use super::network::{Dense, Mistake};
use super::{Fault, Found};

const MATCH: &str = "preflight.labels-match-inputs";
const ORDER: &str = "preflight.batches-shuffled";
const SCALE: &str = "preflight.normalised";

/// One row a mistake.
pub(super) const FAULTS: &[Fault] = &[
    Fault { name: "shuffled labels", kind: Kind::Table, meant: &[MATCH], plant: shuffled_labels },
    Fault { name: "shuffled labels", kind: Kind::Picture, meant: &[MATCH], plant: shuffled_labels },
    Fault { name: "shuffled labels", kind: Kind::Text, meant: &[MATCH], plant: shuffled_labels },
    Fault { name: "labels one row too late", kind: Kind::Table, meant: &[MATCH], plant: late_labels },
    Fault { name: "pictures of other rows", kind: Kind::Picture, meant: &[MATCH], plant: other_pictures },
    Fault { name: "batches sorted by class", kind: Kind::Table, meant: &[ORDER], plant: sorted_batches },
    Fault { name: "rows in the order of the file", kind: Kind::Text, meant: &[ORDER], plant: file_order },
    Fault { name: "the same order in each epoch", kind: Kind::Picture, meant: &[ORDER], plant: same_order },
    Fault { name: "inputs not scaled", kind: Kind::Table, meant: &[SCALE], plant: unscaled },
    Fault { name: "one input in thousands", kind: Kind::Table, meant: &[SCALE], plant: one_unscaled },
    Fault { name: "pixels from 0 to 255", kind: Kind::Picture, meant: &[SCALE], plant: raw_pixels },
    Fault { name: "scaling fitted on all rows", kind: Kind::Table, meant: &[SCALE], plant: fitted_on_all },
    Fault {
        name: "texts cut to a few tokens",
        kind: Kind::Text,
        meant: &["preflight.tokens-kept"],
        plant: cut_texts,
    },
    Fault {
        name: "stripes turned by augmentation",
        kind: Kind::Picture,
        meant: &["preflight.augmentation-preserves-labels"],
        plant: turned,
    },
    Fault { name: "dropout of 0.9", kind: Kind::Table, meant: &["preflight.dropout-rate"], plant: starved },
    Fault {
        name: "many weights, few rows, nothing to hold them",
        kind: Kind::Table,
        meant: &["preflight.capacity", "preflight.dropout-rate"],
        plant: unheld,
    },
];

fn case(kind: Kind, change: impl FnOnce(&mut Case<Dense>)) -> Case<Dense> {
    let mut case = Case::new(kind, Mistake::None);
    change(&mut case);
    case
}

/// What is said of the sound job's facts with one of them changed.
fn with_fact(kind: Kind, change: impl FnOnce(&Prepared, &mut PreflightContext)) -> Vec<Found> {
    let case = Case::new(kind, Mistake::None);
    let mut facts = case.facts();
    change(&case.train, &mut facts);
    judged(&facts)
}

fn shuffled_labels(kind: Kind) -> Vec<Found> {
    case(kind, |case| Seed(8).stream("wrong").shuffle(codes(&mut case.train.labels))).before()
}

fn late_labels(kind: Kind) -> Vec<Found> {
    case(kind, |case| codes(&mut case.train.labels).rotate_right(1)).before()
}

fn other_pictures(kind: Kind) -> Vec<Found> {
    case(kind, |case| {
        let [other, _] = super::data::rows(kind, 1200, 1);
        case.train.images = other.images.map(|mut images| {
            images.rows = (600..1200).collect();
            images
        });
    })
    .before()
}

fn sorted_batches(kind: Kind) -> Vec<Found> {
    with_fact(kind, |train, facts| {
        let mut labels = train.labels.clone();
        let codes = codes(&mut labels);
        let sorted = |epoch| {
            let mut order = shuffled(train.rows, epoch);
            order.sort_by_key(|&row| codes[row as usize]);
            order
        };
        facts.order = Some(order_of(train, 32, [&sorted(0), &sorted(1)]));
    })
}

fn file_order(kind: Kind) -> Vec<Found> {
    with_fact(kind, |train, facts| {
        let order: Vec<u32> = (0..train.rows as u32).collect();
        facts.order = Some(order_of(train, 32, [&order, &order]));
    })
}

fn same_order(kind: Kind) -> Vec<Found> {
    with_fact(kind, |train, facts| {
        let order = shuffled(train.rows, 0);
        facts.order = Some(order_of(train, 32, [&order, &order]));
    })
}

fn unscaled(kind: Kind) -> Vec<Found> {
    case(kind, |case| case.train.numbers.iter_mut().for_each(|x| *x = *x * 1000.0 + 40_000.0)).before()
}

fn one_unscaled(kind: Kind) -> Vec<Found> {
    case(kind, |case| {
        let width = case.train.numbers_width;
        case.train.numbers.iter_mut().step_by(width).for_each(|x| *x *= 1000.0);
    })
    .before()
}

fn raw_pixels(kind: Kind) -> Vec<Found> {
    case(kind, |case| {
        if let Some(images) = &mut case.train.images {
            (images.encoding.mean, images.encoding.deviation) = (vec![0.0], vec![1.0 / 255.0]);
        }
    })
    .before()
}

fn fitted_on_all(kind: Kind) -> Vec<Found> {
    with_fact(kind, |_, facts| facts.fitted_on_train_only = Some(false))
}

fn cut_texts(kind: Kind) -> Vec<Found> {
    with_fact(kind, |train, facts| facts.tokens = Some(token_count(train.rows, 15 * train.rows)))
}

fn turned(kind: Kind) -> Vec<Found> {
    case(kind, |case| {
        let turn = r#"{ "name": "rotate", "magnitude": [90, 90] }"#;
        let method = Method::Operations(vec![serde_json::from_str(turn).unwrap()]);
        case.config.augmentation.policy = Policy { method, ..Policy::default() };
    })
    .before()
}

fn starved(kind: Kind) -> Vec<Found> {
    case(kind, |case| case.dropout = 0.9).before()
}

fn unheld(kind: Kind) -> Vec<Found> {
    case(kind, |case| {
        let [train, _] = super::data::rows(kind, 30, 1);
        case.train = train;
        (case.dropout, case.config.weight_decay) = (0.0, 0.0);
    })
    .before()
}
