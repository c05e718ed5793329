//! The preflight checks and the watch on real presets: quiet on sound runs, loud on planted faults.

use plumb_data::prepare::Prepared;
use plumb_learn::preflight::{self, PreflightContext, Subject, measure};
use plumb_learn::rate_finder::{RangeTest, find};
use plumb_learn::train::{TrainError, train};
use plumb_learn::watch::{self, History, Primary, TrainContext};
use plumb_ledger::clock::StoppedClock;
use plumb_ledger::{Practice, Seed, Verdict};

use crate::made_up::{Recorder, Setup, setup, tried};

fn look(setup: &Setup) -> PreflightContext {
    let names = ["x".to_owned(), "y".to_owned()];
    let (train, config) = (&setup.train, &setup.config);
    let subject = Subject { train, config, dropout: 0.1, chooses_epoch: true, names: &names };
    measure(&setup.network(), &subject, &mut || ()).unwrap()
}

fn watched(setup: &Setup) -> TrainContext {
    try_watched(setup).unwrap()
}

fn try_watched(setup: &Setup) -> Result<TrainContext, TrainError> {
    let mut watcher = Recorder::default();
    let clock = StoppedClock { unix_ms: 0 };
    train(setup.network(), &setup.data(), &setup.config, None, &mut watcher, &clock)?;
    let mut history = History::default();
    watcher.events.iter().for_each(|event| history.push(event));
    let primary = Some(Primary { name: "log_loss".to_owned(), more_is_better: false });
    Ok(TrainContext {
        history,
        finished: true,
        primary,
        constant_loss: Some(0.69),
        ..TrainContext::default()
    })
}

/// The practices that warn or fail, with what they say.
fn alarms<C>(practices: &[Practice<C>], context: &C) -> Vec<String> {
    let judged = practices.iter().map(|practice| (practice.page.id, (practice.judge)(context)));
    let loud = judged.filter(|(_, judged)| matches!(judged.verdict, Verdict::Warn | Verdict::Fail));
    loud.map(|(id, judged)| format!("{id}: {}", judged.summary)).collect()
}

#[track_caller]
fn names(alarms: &[String], id: &str) {
    assert!(alarms.iter().any(|alarm| alarm.starts_with(id)), "{id} is not among {alarms:#?}");
}

#[test]
fn sound_presets_raise_no_alarm_before_training() {
    for preset in tried() {
        let context = look(&setup(preset, 20));
        assert_eq!(alarms(preflight::PRACTICES, &context), Vec::<String>::new(), "{preset}");
    }
}

#[test]
fn rates_far_off_and_unscaled_inputs_are_found_before_training() {
    // Batch norm lets `mlp` bear a hundredfold rate; it explodes later.
    for (preset, high) in [("realmlp", 100.0), ("tabm", 1e4), ("mlp", 1e4)] {
        for factor in [high, 1e-3] {
            let mut setup = setup(preset, 20);
            setup.config.lr *= factor;
            names(&alarms(preflight::PRACTICES, &look(&setup)), "preflight.learning-rate");
        }
        let mut setup = setup(preset, 20);
        setup.train.numbers.iter_mut().for_each(|x| *x = *x * 1000.0 + 40_000.0);
        names(&alarms(preflight::PRACTICES, &look(&setup)), "preflight.normalised");
    }
}

#[test]
fn rows_are_learned_at_the_rate_found_where_that_of_the_job_fails() {
    let sound = setup("mlp", 20);
    let subset = |setup: &Setup| look(setup).subset.unwrap();
    assert_eq!(subset(&sound).lr.to_bits(), sound.config.lr.to_bits());
    let mut still = sound;
    still.config.lr = 1e-12;
    let facts = look(&still);
    assert_eq!(facts.subset.map(|subset| subset.lr), facts.rate_curve.unwrap().suggestion);
    assert!(subset(&still).last_loss < 0.2 * subset(&still).first_loss);
}

#[test]
fn inputs_of_noise_are_found_before_training() {
    let mut setup = setup("mlp", 1);
    let stream = Seed(9).stream("noise");
    let noise =
        Prepared { numbers: (0..1200).map(|i| stream.normal(i) as f32).collect(), ..setup.train.clone() };
    setup.train = Prepared { flags: vec![0.0; 600], codes: vec![1; 600], ..noise };
    names(&alarms(preflight::PRACTICES, &look(&setup)), "preflight.labels-match-inputs");
}

#[test]
fn trial_steps_leave_the_network_as_it_was() {
    let setup = setup("mlp", 1);
    let network = setup.network();
    let before = plumb_learn::parameters::Arrays::of(&network);
    let (train, config) = (&setup.train, &setup.config);
    let test = RangeTest { steps: 30, last: 0.1, ..RangeTest::DEFAULT };
    let curve = find(&network, train, &config.loss, &config.optimizer, Seed(1), &test, &mut || ()).unwrap();
    assert_eq!(curve.rates.len(), 30);
    assert_eq!(plumb_learn::parameters::Arrays::of(&network), before);
}

/// The presets without those that are put together of others' parts.
fn quick() -> impl Iterator<Item = &'static str> {
    tried().filter(|preset| !["gru", "mixed"].contains(preset))
}

#[test]
fn sound_runs_raise_no_alarm_about_rates() {
    for preset in quick() {
        let alarms = alarms(watch::PRACTICES, &watched(&setup(preset, 40)));
        // A tenth of the labels is noise, which 40 epochs begin to learn by heart.
        let about_rates = |alarm: &&String| !alarm.starts_with("train.overfitting");
        assert_eq!(alarms.iter().find(about_rates), None, "{preset}");
    }
}

#[test]
fn rates_far_off_are_found_in_the_run() {
    for preset in quick() {
        let mut fast = setup(preset, 20);
        fast.config.lr *= 1e3;
        // It may end the run at once, with the step and the layer.
        let found = try_watched(&fast).map_or(true, |context| !alarms(watch::PRACTICES, &context).is_empty());
        assert!(found, "{preset}");
        let mut slow = setup(preset, 20);
        (slow.config.lr, slow.config.watch_every) = (slow.config.lr * 1e-3, 10);
        names(&alarms(watch::PRACTICES, &watched(&slow)), "train.slow-convergence");
    }
}
