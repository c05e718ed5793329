//! Groups that are weighed, or held together, while a network learns.

use plumb_data::prepare::{Prepared, PreparedLabels};
use plumb_learn::predict::outputs;
use plumb_learn::train::{Groups, HeldRates, Mitigation, train};
use plumb_ledger::clock::StoppedClock;
use plumb_ledger::{Seed, Stream};

use crate::made_up::{Recorder, Setup, classes, setup};
use crate::resume::{broken, unbroken};

/// Rows whose flag is their group: where it is set, the positive class is frequent and easily found.
fn grouped(rows: usize, stream: Stream) -> (Prepared, Vec<u32>) {
    let prepared = classes(rows, stream);
    let groups = prepared.flags.iter().map(|&flag| flag as u32).collect();
    (prepared, groups)
}

fn with_groups(preset: &str, epochs: u64) -> Setup {
    let (train, of_train) = grouped(3000, Seed(2).stream("train"));
    let (valid, of_valid) = grouped(3000, Seed(2).stream("valid"));
    let groups = Groups { names: vec!["a".to_owned(), "b".to_owned()], train: of_train, valid: of_valid };
    Setup { train, valid, groups: Some(groups), ..setup(preset, epochs) }
}

/// The differences of selection, true positive and false positive rates on other rows.
fn differences(setup: &Setup) -> [f64; 3] {
    let mut watcher = Recorder::default();
    let clock = StoppedClock::default();
    let trained = train(setup.network(), &setup.data(), &setup.config, None, &mut watcher, &clock).unwrap();
    let network = trained.weights.load(setup.network()).unwrap();
    let (rows, groups) = grouped(6000, Seed(2).stream("test"));
    let outputs = outputs(&network, &rows);
    let PreparedLabels::Classes(labels) = &rows.labels else { unreachable!() };
    let rate = |group: u32, keep: &dyn Fn(u32) -> bool| {
        let own = (0..rows.rows).filter(|&row| groups[row] == group && keep(labels[row]));
        let called = own.clone().filter(|&row| outputs[2 * row + 1] > outputs[2 * row]).count();
        called as f64 / own.count() as f64
    };
    let keeps: [&dyn Fn(u32) -> bool; 3] = [&|_| true, &|label| label == 1, &|label| label == 0];
    keeps.map(|keep| (rate(0, keep) - rate(1, keep)).abs())
}

#[test]
fn rates_that_are_held_stay_together() {
    for preset in ["mlp", "tabm"] {
        let mut setup = with_groups(preset, 40);
        let plain = differences(&setup);
        assert!(plain[0] > 0.15, "{preset}: {plain:?}");
        for (rates, held) in
            [(HeldRates::Selection, 0..1), (HeldRates::TruePositives, 1..2), (HeldRates::Errors, 1..3)]
        {
            setup.config.mitigation = Some(Mitigation::Hold { rates, slack: 0.02 });
            let found = differences(&setup);
            // The slack, and what 6,000 rows leave to chance.
            for rate in held {
                assert!(found[rate] < 0.06, "{preset}, {rates:?}: {found:?} instead of {plain:?}");
            }
        }
    }
}

#[test]
fn weighted_rows_bring_selection_rates_together() {
    let mut setup = with_groups("mlp", 40);
    let plain = differences(&setup);
    setup.config.mitigation = Some(Mitigation::Reweigh);
    let found = differences(&setup);
    // Weights make group and class independent, not what is called and group.
    assert!(found[0] < 0.8 * plain[0] && found[1] < 0.6 * plain[1], "{found:?} instead of {plain:?}");
}

#[test]
fn stopped_at_any_step_a_run_that_holds_groups_ends_the_same() {
    let hold = Mitigation::Hold { rates: HeldRates::Errors, slack: 0.01 };
    for mitigation in [hold, Mitigation::Reweigh] {
        let mut setup = with_groups("mlp", 2);
        setup.config.mitigation = Some(mitigation);
        setup.config.accumulate = 2;
        let whole = unbroken(&setup);
        for k in [1, 5] {
            assert_eq!(broken(&setup, k), whole, "{mitigation:?} stopped every {k} steps");
        }
    }
}
