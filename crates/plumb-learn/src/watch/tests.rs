//! Every `train.*` practice over a healthy run, the run it is made to find, and hostile histories.

use std::collections::BTreeMap;

use plumb_ledger::{Judgement, Verdict, practice};

use super::*;
use crate::train::history::{ActivationStats, LayerStats};

const EPOCHS: u64 = 40;
const STEPS: u64 = 5;

/// A healthy run: the loss falls from 1 to about 0.1, and the rate rises and falls in two cycles as RealMLP's
/// does, with the loss a little worse whenever the rate is high.
fn healthy() -> TrainContext {
    let mut history = History::default();
    for step in 0..EPOCHS * STEPS {
        let share = step as f64 / (EPOCHS * STEPS) as f64;
        let lr = 0.05 * (1.0 - (std::f64::consts::TAU * 2.0 * share).cos());
        let noise = 0.01 * (step as f64 * 1.7).sin();
        let loss = 0.1 + 0.9 * (-6.0 * share).exp() + 0.6 * lr + noise;
        let (loss, lr, grad_norm) = (Some(loss), Some(lr), Some(0.5 + loss));
        history.steps.push(Step { step, epoch: step / STEPS, loss, lr, grad_norm });
        if step % 20 == 0 {
            history.looks.push(look(step, lr.unwrap()));
        }
    }
    for epoch in 0..EPOCHS {
        let train_loss = mean_loss(&history, epoch);
        let accuracy = 0.9 - 0.3 * train_loss;
        let valid =
            BTreeMap::from([("loss".to_owned(), train_loss + 0.1), ("accuracy".to_owned(), accuracy)]);
        let train_loss = Some(train_loss);
        history.epochs.push(Epoch { epoch, step: (epoch + 1) * STEPS, train_loss, valid, best: true });
    }
    let best =
        history.epochs.iter().max_by(|a, b| a.valid["accuracy"].total_cmp(&b.valid["accuracy"])).unwrap();
    TrainContext {
        slack: None,
        kept: Some(Kept { epoch: best.epoch, score: Some(best.valid["accuracy"]) }),
        history,
        finished: true,
        non_finite: None,
        broken: Vec::new(),
        constant_loss: Some(0.69),
        primary: Some(Primary { name: "accuracy".to_owned(), more_is_better: true }),
        regularisation: Some(Regularisation { dropout: 0.1, weight_decay: 0.01, label_smoothing: 0.0 }),
        seconds: vec![("wait".to_owned(), 0.1), ("step".to_owned(), 9.0)],
        making: vec![("cut".to_owned(), 1.0), ("change".to_owned(), 3.0)],
        rows: vec![(0, vec![1, 2, 3])],
        repeated_hashes: Some(("ab".to_owned(), "ab".to_owned())),
    }
}

fn mean_loss(history: &History, epoch: u64) -> f64 {
    let steps = history.steps.iter().filter(|step| step.epoch == epoch);
    steps.filter_map(|step| step.loss).sum::<f64>() / STEPS as f64
}

fn look(step: u64, lr: f64) -> Look {
    let layer = |grad_norm, update_ratio| LayerStats {
        grad_norm,
        weight_norm: 3.0,
        update_ratio,
        values: None,
        gradient: None,
    };
    let activation = ActivationStats { mean: 0.1, sd: 1.0, dead: 0.1, saturated: 0.05, values: None };
    Look {
        step,
        layers: BTreeMap::from([
            ("blocks.0.linear.weight".to_owned(), layer(0.3, 0.1 * lr)),
            ("blocks.0.linear.bias".to_owned(), layer(1e-9, 0.0)),
            ("head.weight".to_owned(), layer(0.4, 0.1 * lr)),
        ]),
        activations: BTreeMap::from([("blocks.0".to_owned(), activation)]),
    }
}

fn judge(id: &str, context: &TrainContext) -> Judgement {
    let practice = PRACTICES.iter().find(|practice| practice.page.id == id).unwrap();
    (practice.judge)(context)
}

/// The healthy run with a change; the practice must find it, and with this verdict.
#[track_caller]
fn check(id: &str, expected: Verdict, change: impl FnOnce(&mut TrainContext)) -> Judgement {
    let mut context = healthy();
    change(&mut context);
    let judged = judge(id, &context);
    assert_eq!(judged.verdict, expected, "{id}: {}", judged.summary);
    judged
}

fn each_loss(context: &mut TrainContext, loss: impl Fn(usize, f64) -> f64) {
    for (index, step) in context.history.steps.iter_mut().enumerate() {
        step.loss = step.loss.map(|before| loss(index, before));
    }
    let history = &mut context.history;
    for at in 0..history.epochs.len() {
        history.epochs[at].train_loss = Some(mean_loss(history, history.epochs[at].epoch));
    }
}

fn each_layer(context: &mut TrainContext, name: &str, change: impl Fn(&mut LayerStats)) {
    for look in &mut context.history.looks {
        change(look.layers.get_mut(name).unwrap());
    }
}

#[test]
fn the_pages_are_whole() {
    let faults = practice::faults(PRACTICES.iter().map(|practice| &practice.page));
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn a_healthy_run_passes_everything() {
    for practice in PRACTICES {
        let judged = (practice.judge)(&healthy());
        assert_eq!(judged.verdict, Verdict::Pass, "{}: {}", practice.page.id, judged.summary);
    }
}

#[test]
fn a_running_healthy_run_raises_no_alarm_at_any_epoch() {
    let whole = healthy();
    for epochs in 0..EPOCHS as usize {
        let mut context = TrainContext { finished: false, kept: None, ..healthy() };
        context.history.epochs.truncate(epochs);
        context.history.steps.truncate(epochs * STEPS as usize);
        context.history.looks = whole.history.looks.clone();
        context.history.looks.retain(|look| look.step < epochs as u64 * STEPS);
        for practice in PRACTICES {
            let judged = (practice.judge)(&context);
            let quiet = matches!(judged.verdict, Verdict::Pass | Verdict::Skipped);
            assert!(quiet, "{} after {epochs} epochs: {}", practice.page.id, judged.summary);
        }
    }
}

#[test]
fn hostile_histories_get_a_verdict() {
    let mut contexts =
        vec![TrainContext::default(), TrainContext { finished: true, ..TrainContext::default() }];
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -1.0, f64::MAX, f64::MIN_POSITIVE] {
        let mut context = healthy();
        each_loss(&mut context, |_, _| number);
        context
            .history
            .steps
            .iter_mut()
            .for_each(|step| (step.lr, step.grad_norm) = (Some(number), Some(number)));
        for look in &mut context.history.looks {
            for stats in look.layers.values_mut() {
                (stats.grad_norm, stats.weight_norm, stats.update_ratio) = (number, number, number);
            }
            for stats in look.activations.values_mut() {
                (stats.mean, stats.sd, stats.dead, stats.saturated) = (number, number, number, number);
            }
        }
        for epoch in &mut context.history.epochs {
            epoch.valid.values_mut().for_each(|value| *value = number);
        }
        context.constant_loss = Some(number);
        context.seconds = vec![("wait".to_owned(), number)];
        context.kept = Some(Kept { epoch: u64::MAX, score: Some(number) });
        context.broken = vec![BrokenSeries { value: number, count: usize::MAX, of: 0, ..broken_series("x") }];
        contexts.push(context.clone());
        context.history.axis = Axis::Steps;
        context.history.epochs.iter_mut().for_each(|epoch| epoch.epoch = u64::MAX);
        context.history.steps.iter_mut().for_each(|step| step.step = u64::MAX);
        contexts.push(context);
    }
    // Any part of a step or an epoch may be missing.
    for part in 0..5 {
        let mut context = healthy();
        for step in &mut context.history.steps {
            let parts = [&mut step.loss, &mut step.lr, &mut step.grad_norm];
            parts
                .into_iter()
                .enumerate()
                .filter(|(at, _)| *at != part)
                .for_each(|(_, figure)| *figure = None);
        }
        for epoch in &mut context.history.epochs {
            epoch.train_loss = epoch.train_loss.filter(|_| part == 3);
            epoch.valid.retain(|_, _| part == 4);
        }
        contexts.push(context);
    }
    for (steps, epochs, looks) in
        [(0, 40, 0), (200, 0, 10), (0, 0, 1), (1, 1, 1), (1, 0, 0), (0, 1, 0), (3, 5, 2)]
    {
        let mut context = healthy();
        context.history.steps.truncate(steps);
        context.history.epochs.truncate(epochs);
        context.history.looks.truncate(looks);
        contexts.push(context.clone());
        context.history.looks.iter_mut().for_each(|look| (look.layers.clear(), look.activations.clear()).0);
        context.finished = false;
        contexts.push(context);
    }
    for (index, context) in contexts.iter().enumerate() {
        for practice in PRACTICES {
            let judged = (practice.judge)(context);
            assert!(!judged.summary.is_empty(), "{} over context {index}", practice.page.id);
            let skipped = judged.verdict == Verdict::Skipped;
            assert_eq!(skipped, judged.reason.is_some(), "{} over context {index}", practice.page.id);
        }
    }
    assert!(PRACTICES.iter().all(|practice| (practice.judge)(&contexts[0]).verdict == Verdict::Skipped));
}

#[test]
fn finite_names_step_layer_and_rows() {
    let found =
        NonFinite { what: "gradient".into(), step: 7, layer: "head.weight".into(), rows: (0..50).collect() };
    let judged = check("train.finite", Verdict::Fail, |context| context.non_finite = Some(found));
    assert!(judged.summary.contains("`head.weight`") && judged.summary.contains("step 7"));
    assert_eq!(judged.evidence["rows"].as_array().unwrap().len(), 20);
    assert_eq!(judged.evidence["row_count"], 50);
    check("train.finite", Verdict::Fail, |context| context.history.steps[9].loss = Some(f64::NAN));
    let name = "head.weight";
    check("train.finite", Verdict::Fail, |context| {
        each_layer(context, name, |stats| stats.weight_norm = f64::INFINITY);
    });
}

fn broken_series(name: &str) -> BrokenSeries {
    BrokenSeries {
        name: name.to_owned(),
        kind: SeriesKind::Loss,
        step: Some(7),
        epoch: Some(2),
        value: f64::NAN,
        count: 3,
        of: 9,
        recovered: false,
    }
}

#[test]
fn finite_finds_what_hides_in_the_validation_figures() {
    let id = "train.finite";
    let set = |context: &mut TrainContext, name: &str, epochs: std::ops::Range<usize>| {
        for epoch in &mut context.history.epochs[epochs] {
            epoch.valid.insert(name.to_owned(), f64::INFINITY);
        }
    };
    let judged = check(id, Verdict::Fail, |context| set(context, "loss", 3..40));
    assert_eq!(judged.summary, "`valid/loss` is infinite from step 20 (epoch 3) on");
    assert_eq!((&judged.evidence["epoch"], &judged.evidence["broken_points"]), (&3.into(), &37.into()));
    let judged = check(id, Verdict::Warn, |context| set(context, "accuracy", 3..4));
    assert_eq!(judged.summary, "`valid/accuracy` is infinite at step 20 (epoch 3)");
    // A metric that has no value anywhere is undefined on these rows.
    check(id, Verdict::Pass, |context| set(context, "auroc", 0..40));
}

#[test]
fn finite_names_the_series_of_another_tools_log() {
    let id = "train.finite";
    let judged = check(id, Verdict::Fail, |context| {
        let late = BrokenSeries { step: Some(9), ..broken_series("eval_loss") };
        let gradient = BrokenSeries { kind: SeriesKind::Gradient, ..broken_series("grad_norm") };
        let metric = BrokenSeries { kind: SeriesKind::Other, step: Some(1), ..broken_series("f1") };
        context.broken = vec![metric, late, gradient];
    });
    assert_eq!(judged.summary, "`grad_norm` is not a number from step 7 (epoch 2) on");
    assert_eq!(judged.evidence["other_series"], serde_json::json!(["f1", "eval_loss"]));
    // A loss scaler leaves out single steps whose gradients overflow.
    check(id, Verdict::Warn, |context| {
        let kind = SeriesKind::Gradient;
        context.broken = vec![BrokenSeries { kind, recovered: true, ..broken_series("grad_norm") }];
    });
}

#[test]
fn learning_finds_a_flat_loss_and_a_still_layer() {
    check("train.learning", Verdict::Fail, |context| {
        each_loss(context, |i, _| 0.7 + 0.005 * (i as f64).sin());
    });
    let judged = check("train.learning", Verdict::Warn, |context| {
        each_layer(context, "head.weight", |stats| stats.update_ratio = 0.0);
    });
    assert_eq!(judged.evidence["still_layers"][0], "head.weight");
}

fn larger(step: &mut Step, times: f64) {
    step.grad_norm = step.grad_norm.map(|norm| norm * times);
}

#[test]
fn gradients_that_vanish_or_explode_are_found() {
    check("train.vanishing-gradients", Verdict::Warn, |context| {
        each_layer(context, "blocks.0.linear.weight", |stats| stats.grad_norm = 1e-8);
    });
    check("train.exploding-gradients", Verdict::Warn, |context| {
        context.history.steps.iter_mut().skip(1).for_each(|step| larger(step, 1e3));
    });
    let judged = check("train.exploding-gradients", Verdict::Warn, |context| {
        context.history.steps.iter_mut().skip(50).step_by(40).for_each(|step| larger(step, 1e3));
    });
    assert_eq!(judged.evidence["exploding_steps"], 4);
    check("train.exploding-gradients", Verdict::Pass, |context| {
        context.history.steps[50].grad_norm = Some(1e3);
    });
}

#[test]
fn dead_and_saturated_units_are_found() {
    let worse = |context: &mut TrainContext, change: fn(&mut ActivationStats)| {
        context
            .history
            .looks
            .iter_mut()
            .for_each(|look| change(look.activations.get_mut("blocks.0").unwrap()));
    };
    check("train.dead-units", Verdict::Warn, |context| worse(context, |stats| stats.dead = 0.8));
    check("train.saturated-units", Verdict::Warn, |context| worse(context, |stats| stats.saturated = 0.7));
}

#[test]
fn divergence_is_told_by_how_it_ended() {
    let id = "train.divergence";
    check(id, Verdict::Fail, |context| each_loss(context, |i, loss| if i > 150 { 50.0 } else { loss }));
    let judged = check(id, Verdict::Warn, |context| {
        each_loss(context, |i, loss| if (20..60).contains(&i) { 50.0 } else { loss });
    });
    assert_eq!(judged.evidence["began_at"], 20);
    check(id, Verdict::Warn, |context| each_loss(context, |i, loss| if i > 150 { 0.8 } else { loss }));
}

#[test]
fn a_loss_that_never_falls_below_its_start_and_ends_above_it_diverged() {
    let id = "train.divergence";
    let rising = |i: usize, _| if i < 10 { 0.7 } else { 0.7 + 0.01 * (i as f64 - 10.0) };
    let judged = check(id, Verdict::Fail, |context| each_loss(context, rising));
    assert_eq!((&judged.evidence["began_at"], &judged.evidence["lost_share"]), (&12.into(), &0.0.into()));
    assert!(judged.summary.contains("since step 12"), "{}", judged.summary);
    // A loss that is flat up to its noise does not diverge, whatever its last batch says.
    check(id, Verdict::Pass, |context| {
        each_loss(context, |i, _| if i % 100 > 97 { 0.95 } else { 0.7 + 0.05 * (i as f64).cos().abs() });
    });
}

/// Another tool's log: steps now and then, no gradients, no best epoch, the numbers of epochs the tool's own.
fn foreign(valid: impl Fn(u64) -> f64) -> TrainContext {
    let mut context = TrainContext { finished: true, ..TrainContext::default() };
    for epoch in 1..=20 {
        let train_loss = Some(1.0 / epoch as f64);
        let valid = BTreeMap::from([("loss".to_owned(), valid(epoch))]);
        context.history.epochs.push(Epoch { epoch, step: 50 * epoch, train_loss, valid, best: false });
    }
    context
}

#[test]
fn a_log_of_epochs_alone_is_judged() {
    let mut context = foreign(|epoch| if epoch <= 8 { 1.0 / epoch as f64 } else { 0.02 * epoch as f64 });
    let judged = judge("train.overfitting", &context);
    assert_eq!((judged.verdict, &judged.evidence["began_epoch"]), (Verdict::Warn, &8.into()));
    assert!(judged.summary.contains("since epoch 8 while"), "{}", judged.summary);
    context.history.axis = Axis::Steps;
    assert!(judge("train.overfitting", &context).summary.contains("since step 8 while"));
    for epoch in &mut context.history.epochs {
        epoch.train_loss = None;
    }
    assert_eq!(judge("train.overfitting", &context).verdict, Verdict::Warn);
    assert_eq!(judge("train.divergence", &context).verdict, Verdict::Skipped);
}

#[test]
fn a_log_of_steps_alone_is_judged_on_its_end() {
    let of = |loss: fn(u64) -> f64| {
        let step = |at: u64| Step { step: at, epoch: 0, loss: Some(loss(at)), lr: None, grad_norm: None };
        let history = History { steps: (0..60).map(step).collect(), ..History::default() };
        judge("train.slow-convergence", &TrainContext { finished: true, history, ..TrainContext::default() })
    };
    assert_eq!(of(|at| 1.0 - 0.01 * at as f64).verdict, Verdict::Warn);
    assert_eq!(of(|at| (-0.2 * at as f64).exp()).verdict, Verdict::Pass);
    assert_eq!(of(|at| if at < 40 { 1.0 - 0.01 * at as f64 } else { f64::NAN }).verdict, Verdict::Skipped);
}

#[test]
fn oscillation_is_a_swing_that_the_schedule_did_not_ask_for() {
    let swing = |i: usize, loss: f64| if (i / STEPS as usize).is_multiple_of(2) { loss } else { loss + 0.4 };
    check("train.oscillation", Verdict::Warn, |context| {
        each_loss(context, swing);
        context.history.steps.iter_mut().for_each(|step| step.lr = Some(0.1));
    });
    check("train.oscillation", Verdict::Pass, |context| {
        // The same swing, where every rise goes with a higher rate.
        each_loss(context, swing);
        for step in &mut context.history.steps {
            step.lr = Some(if step.epoch.is_multiple_of(2) { 0.01 } else { 0.1 });
        }
    });
}

#[test]
fn slow_convergence_is_short_steps_or_a_short_run() {
    let id = "train.slow-convergence";
    let names = ["head.weight", "blocks.0.linear.weight"];
    check(id, Verdict::Warn, |context| {
        for name in names {
            each_layer(context, name, |stats| stats.update_ratio *= 1e-3);
        }
    });
    let falling = |context: &mut TrainContext| {
        let count = context.history.steps.len() as f64;
        each_loss(context, |i, _| 1.0 - 0.9 * i as f64 / count);
        context.history.steps.iter_mut().for_each(|step| step.lr = Some(0.1));
    };
    check(id, Verdict::Warn, falling);
    check(id, Verdict::Pass, |context| {
        falling(context);
        context.history.steps.last_mut().unwrap().lr = Some(0.0);
    });
    // Nobody should train longer what overfits.
    check(id, Verdict::Pass, |context| {
        falling(context);
        context.primary = None;
        for epoch in &mut context.history.epochs {
            epoch.valid.insert("loss".to_owned(), 0.5 + 0.02 * epoch.epoch as f64);
        }
    });
}

#[test]
fn overfitting_names_its_epoch_and_regularisation_what_is_off() {
    let overfit = |context: &mut TrainContext| {
        for epoch in &mut context.history.epochs {
            let loss = if epoch.epoch <= 10 { 0.5 } else { 0.5 + 0.02 * (epoch.epoch - 10) as f64 };
            epoch.valid.insert("loss".to_owned(), loss);
            epoch.valid.insert("accuracy".to_owned(), 1.0 - loss);
        }
    };
    let judged = check("train.overfitting", Verdict::Warn, overfit);
    assert_eq!(judged.evidence["began_epoch"], 0, "the first of the lowest");
    check("train.overfitting", Verdict::Pass, |context| {
        overfit(context);
        let epochs = &mut context.history.epochs;
        for epoch in epochs {
            epoch.valid.insert("accuracy".to_owned(), 0.9);
        }
    });
    check("train.regularisation", Verdict::Pass, overfit);
    check("train.regularisation", Verdict::Warn, |context| {
        overfit(context);
        let off = Regularisation { dropout: 0.0, weight_decay: 0.0, label_smoothing: 0.0 };
        context.regularisation = Some(off);
    });
}

#[test]
fn underfitting_is_no_better_than_a_constant() {
    check("train.underfitting", Verdict::Warn, |context| context.constant_loss = Some(0.09));
}

#[test]
fn the_wrong_epoch_and_the_wrong_weights_are_found() {
    let id = "train.best-weights-kept";
    check(id, Verdict::Fail, |context| context.kept = Some(Kept { epoch: 0, score: None }));
    // Groups that are held together come before the score.
    check(id, Verdict::Pass, |context| {
        let score = context.history.epochs[0].valid["accuracy"];
        for epoch in &mut context.history.epochs {
            epoch.valid.insert("group_difference".to_owned(), if epoch.epoch == 0 { 0.01 } else { 0.2 });
        }
        (context.slack, context.kept) = (Some(0.05), Some(Kept { epoch: 0, score: Some(score) }));
    });
    check(id, Verdict::Fail, |context| context.kept.as_mut().unwrap().score = Some(0.5));
    check(id, Verdict::Fail, |context| context.primary.as_mut().unwrap().more_is_better = false);
    check(id, Verdict::Fail, |context| context.kept = Some(Kept { epoch: 99, score: None }));
}

#[test]
fn waiting_and_unequal_hashes_are_found() {
    let judged = check("train.input-bound", Verdict::Warn, |context| context.seconds[0].1 = 9.0);
    assert!(judged.summary.ends_with("75 % of theirs on `change`"), "{}", judged.summary);
    check("train.reproducible", Verdict::Fail, |context| {
        context.repeated_hashes = Some(("ab".to_owned(), "cd".to_owned()));
    });
}
