//! A run that is stopped and resumed ends with the weights of the unbroken one, bit for bit.

use plumb_learn::train::{Stopped, TrainError, Transfer, train};
use plumb_ledger::Sha256;
use plumb_ledger::clock::StoppedClock;

use crate::made_up::{Recorder, Setup, setup, tried};

const CLOCK: StoppedClock = StoppedClock { unix_ms: 0 };

pub(crate) fn unbroken(setup: &Setup) -> Sha256 {
    let mut watcher = Recorder::default();
    let trained = train(setup.network(), &setup.data(), &setup.config, None, &mut watcher, &CLOCK).unwrap();
    assert_eq!(trained.stopped, Stopped::Finished);
    trained.weights.sha256().unwrap()
}

/// Stops after every `k` steps and goes on from the checkpoint, until the end.
pub(crate) fn broken(setup: &Setup, k: usize) -> Sha256 {
    let mut checkpoint = None;
    loop {
        let mut watcher = Recorder { stop_after: Some(k), ..Recorder::default() };
        let trained =
            train(setup.network(), &setup.data(), &setup.config, checkpoint.as_ref(), &mut watcher, &CLOCK)
                .unwrap();
        if trained.stopped == Stopped::Finished {
            return trained.weights.sha256().unwrap();
        }
        checkpoint = watcher.last;
    }
}

#[test]
fn stopped_at_any_step_every_preset_ends_the_same() {
    for preset in tried() {
        let setup = setup(preset, 3);
        let whole = unbroken(&setup);
        for k in [1, 3, 4, 7] {
            assert_eq!(broken(&setup, k), whole, "{preset} stopped every {k} steps");
        }
    }
}

#[test]
fn stopped_at_any_step_mlp_with_average_clipping_and_accumulation_ends_the_same() {
    let mut setup = setup("mlp", 3);
    (setup.config.ema, setup.config.clip_norm, setup.config.accumulate) = (Some(0.9), Some(0.5), 2);
    let whole = unbroken(&setup);
    for k in [1, 2, 5] {
        assert_eq!(broken(&setup, k), whole, "stopped every {k} steps");
    }
}

#[test]
fn stopped_at_any_step_a_network_that_is_unfrozen_stage_by_stage_ends_the_same() {
    let mut setup = setup("resnet14", 3);
    setup.config.transfer = Some(Transfer { head_epochs: Some(1), stage_epochs: 1, stage_decay: 0.5 });
    let whole = unbroken(&setup);
    for k in [1, 4, 6] {
        assert_eq!(broken(&setup, k), whole, "stopped every {k} steps");
    }
}

#[test]
fn one_and_two_threads_end_the_same() {
    for preset in tried() {
        let setup = setup(preset, 2);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| unbroken(&setup))
        };
        assert_eq!(with(1), with(2), "{preset}");
    }
}

#[test]
fn another_runs_checkpoint_is_refused() {
    let mut setup = setup("mlp", 1);
    setup.config.identity.insert("job".to_owned(), "a".to_owned());
    let mut watcher = Recorder::default();
    train(setup.network(), &setup.data(), &setup.config, None, &mut watcher, &CLOCK).unwrap();
    setup.config.identity.insert("job".to_owned(), "b".to_owned());
    let again = train(
        setup.network(),
        &setup.data(),
        &setup.config,
        watcher.last.as_ref(),
        &mut Recorder::default(),
        &CLOCK,
    );
    assert!(matches!(again, Err(TrainError::OtherRun { what, .. }) if what == "job"));
}

#[test]
fn a_torn_checkpoint_is_an_error() {
    let setup = setup("mlp", 1);
    let mut watcher = Recorder::default();
    train(setup.network(), &setup.data(), &setup.config, None, &mut watcher, &CLOCK).unwrap();
    let whole = watcher.last.unwrap();
    for file in whole.files.keys() {
        let mut torn = whole.clone();
        torn.files.get_mut(file).unwrap().truncate(20);
        let again = train(
            setup.network(),
            &setup.data(),
            &setup.config,
            Some(&torn),
            &mut Recorder::default(),
            &CLOCK,
        );
        assert!(again.is_err(), "{file}");
    }
}
