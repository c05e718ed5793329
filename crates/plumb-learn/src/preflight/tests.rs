//! Every `preflight.*` practice over a sound set-up, the fault it is made to find, and hostile facts.

use plumb_data::prepare::{PreparedLabels, TokenCount};
use plumb_ledger::{Judgement, Verdict, practice};

use super::*;
use crate::rate_finder::RateCurve;

/// A sound set-up.
fn sound() -> PreflightContext {
    let gradient = |name: &str, norm| Gradient { name: name.to_owned(), norm };
    PreflightContext {
        augmented: false,
        labels: Some(LabelCheck {
            rows: 500,
            mismatched: vec![],
            association: 0.2,
            shuffled: vec![0.01; 19],
        }),
        order: Some(BatchOrder { rows: 500, repeats: false, neighbours: 0.004, class_deviation: Some(0.3) }),
        inputs: vec![InputMoments { name: "age".to_owned(), mean: 0.1, sd: 0.7 }],
        wanted: Vec::new(),
        tokens: Some(TokenCount {
            rows: 500,
            length: 64,
            cut_rows: 20,
            tokens: 10_000,
            lost: 100,
            unknown: 3,
        }),
        preservation: None,
        fitted_on_train_only: Some(true),
        initial_loss: Some(0.9),
        uninformed_loss: Some(std::f64::consts::LN_2),
        subset: Some(Subset {
            rows: 32,
            steps: 60,
            lr: 0.01,
            first_loss: 0.9,
            last_loss: 0.04,
            zeroed_loss: 0.8,
        }),
        independence: Some(Independence {
            rows: 16,
            repeats: true,
            padded_change: None,
            own_changed: true,
            others_change: 0.0,
        }),
        gradients: vec![gradient("a.weight", 0.5), gradient("a.bias", 0.0), gradient("b.weight", 0.1)],
        size: Some(Size {
            parameters: 70_000,
            rows: 500,
            dropout: 0.15,
            weight_decay: 0.02,
            batch_norm: false,
            chooses_epoch: true,
        }),
        learning_curve: vec![
            CurvePoint { rows: 50, train: 0.99, valid: 0.8 },
            CurvePoint { rows: 100, train: 0.97, valid: 0.9 },
        ],
        baselines: vec![Baseline { name: "majority".to_owned(), metric: "accuracy".to_owned(), value: 0.76 }],
        learning_rate: Some(0.04),
        rate_curve: Some(RateCurve {
            suggestion: Some(0.02),
            exploded_at: Some(3.0),
            ..RateCurve::default()
        }),
    }
}

/// The sound set-up with a change; the practice must find it, and with this verdict.
#[track_caller]
fn check(id: &str, expected: Verdict, change: impl FnOnce(&mut PreflightContext)) -> Judgement {
    let mut context = sound();
    change(&mut context);
    let practice = PRACTICES.iter().find(|practice| practice.page.id == format!("preflight.{id}")).unwrap();
    let judged = (practice.judge)(&context);
    assert_eq!(judged.verdict, expected, "{id}: {}", judged.summary);
    judged
}

#[test]
fn the_pages_are_whole() {
    let faults = practice::faults(PRACTICES.iter().map(|practice| &practice.page));
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn a_sound_set_up_passes_everything_that_is_for_tables() {
    for practice in PRACTICES {
        let judged = (practice.judge)(&sound());
        let for_images = practice.page.id == "preflight.augmentation-preserves-labels";
        let expected = if for_images { Verdict::Skipped } else { Verdict::Pass };
        assert_eq!(judged.verdict, expected, "{}: {}", practice.page.id, judged.summary);
    }
}

#[test]
fn hostile_facts_get_a_verdict() {
    let mut contexts = vec![PreflightContext::default()];
    for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -1.0, f64::MAX, f64::MIN_POSITIVE] {
        contexts.push(PreflightContext {
            augmented: true,
            labels: Some(LabelCheck { rows: 1, mismatched: vec![], association: x, shuffled: vec![x; 3] }),
            order: Some(BatchOrder { rows: 9, repeats: false, neighbours: x, class_deviation: Some(x) }),
            inputs: vec![InputMoments { name: String::new(), mean: x, sd: x }],
            wanted: vec![WantedMoments { name: String::new(), wanted: [x; 2], found: [0.5; 2] }],
            tokens: Some(TokenCount { tokens: 1, lost: usize::MAX, unknown: 1, ..TokenCount::default() }),
            preservation: Some(Preservation {
                asked: 1,
                accuracy: x,
                chance: x,
                changes: vec![Change { name: "mirrored".to_owned(), kept: x }],
            }),
            fitted_on_train_only: None,
            initial_loss: Some(x),
            uninformed_loss: Some(x),
            subset: Some(Subset { rows: 1, steps: 1, lr: x, first_loss: x, last_loss: x, zeroed_loss: x }),
            independence: Some(Independence {
                rows: 2,
                repeats: true,
                padded_change: None,
                own_changed: false,
                others_change: x,
            }),
            gradients: vec![Gradient { name: String::new(), norm: x }],
            size: Some(Size {
                parameters: usize::MAX,
                rows: 1,
                dropout: x,
                weight_decay: x,
                ..Size::default()
            }),
            learning_curve: vec![CurvePoint { rows: 1, train: x, valid: x }; 3],
            baselines: vec![Baseline { name: String::new(), metric: "accuracy".to_owned(), value: x }],
            learning_rate: Some(x),
            rate_curve: Some(RateCurve { suggestion: Some(x), exploded_at: Some(x), ..RateCurve::default() }),
        });
    }
    contexts.push(PreflightContext {
        tokens: Some(TokenCount::default()),
        labels: Some(LabelCheck::default()),
        order: Some(BatchOrder::default()),
        subset: Some(Subset::default()),
        independence: Some(Independence::default()),
        size: Some(Size::default()),
        rate_curve: Some(RateCurve::default()),
        learning_rate: Some(0.1),
        ..PreflightContext::default()
    });
    for context in &contexts {
        for practice in PRACTICES {
            let judged = (practice.judge)(context);
            assert!(!judged.summary.is_empty(), "{}", practice.page.id);
            assert_eq!(judged.verdict == Verdict::Skipped, judged.reason.is_some(), "{}", practice.page.id);
        }
    }
    assert!(PRACTICES.iter().all(|practice| (practice.judge)(&contexts[0]).verdict == Verdict::Skipped));
}

#[test]
fn labels_of_other_rows_and_labels_without_a_signal_are_found() {
    check("labels-match-inputs", Verdict::Fail, |c| c.labels.as_mut().unwrap().mismatched = vec![3]);
    check("labels-match-inputs", Verdict::Warn, |c| c.labels.as_mut().unwrap().association = 0.001);
}

#[test]
fn unshuffled_batches_are_found() {
    let id = "batches-shuffled";
    check(id, Verdict::Fail, |c| c.order.as_mut().unwrap().repeats = true);
    check(id, Verdict::Fail, |c| c.order.as_mut().unwrap().neighbours = 0.9);
    check(id, Verdict::Warn, |c| c.order.as_mut().unwrap().class_deviation = Some(9.0));
}

#[test]
fn the_order_of_the_file_is_described_as_such() {
    let rows: Vec<u32> = (0..100).collect();
    let labels = PreparedLabels::Classes(rows.iter().map(|row| row / 50).collect());
    let batches: Vec<&[u32]> = rows.chunks(10).collect();
    let found = order::of([&rows, &rows], &batches, &labels);
    assert!(found.repeats && found.neighbours > 0.99 && found.class_deviation.unwrap() > 7.0);
}

#[test]
fn unscaled_inputs_are_named() {
    let set = |c: &mut PreflightContext, mean, sd| (c.inputs[0].mean, c.inputs[0].sd) = (mean, sd);
    let judged = check("normalised", Verdict::Warn, |c| set(c, 38.6, 13.6));
    assert!(judged.summary.contains("`age`"));
    check("normalised", Verdict::Fail, |c| set(c, 189_664.0, 105_604.0));
    check("normalised", Verdict::Fail, |c| c.fitted_on_train_only = Some(false));
}

#[test]
fn a_first_loss_out_of_scale_is_found() {
    check("initial-loss", Verdict::Warn, |c| c.initial_loss = Some(3.0));
    check("initial-loss", Verdict::Fail, |c| c.initial_loss = Some(300.0));
    check("initial-loss", Verdict::Warn, |c| c.initial_loss = Some(0.1));
}

#[test]
fn a_model_that_ignores_its_inputs_or_cannot_memorise_is_found() {
    check("input-dependence", Verdict::Warn, |c| c.subset.as_mut().unwrap().zeroed_loss = 0.04);
    check("overfit-subset", Verdict::Warn, |c| c.subset.as_mut().unwrap().last_loss = 0.5);
    check("overfit-subset", Verdict::Fail, |c| c.subset.as_mut().unwrap().last_loss = 0.9);
    check("overfit-subset", Verdict::Fail, |c| c.subset.as_mut().unwrap().last_loss = f64::NAN);
}

#[test]
fn rows_that_influence_each_other_are_found() {
    check("example-independence", Verdict::Fail, |c| c.independence.as_mut().unwrap().others_change = 0.1);
    check("example-independence", Verdict::Warn, |c| c.independence.as_mut().unwrap().own_changed = false);
}

#[test]
fn gradients_that_do_not_flow_are_found() {
    let judged = check("gradient-flow", Verdict::Fail, |c| c.gradients[0].norm = 0.0);
    assert_eq!(judged.evidence["without_gradient"][0], "a.weight");
    check("gradient-flow", Verdict::Fail, |c| c.gradients[2].norm = f64::NAN);
    check("gradient-flow", Verdict::Warn, |c| c.gradients[0].norm = 1e-9);
    check("gradient-flow", Verdict::Warn, |c| c.gradients[0].norm = 1e6);
}

#[test]
fn sizes_and_rates_out_of_range_are_found() {
    let size = |c: &mut PreflightContext, change: fn(&mut Size)| change(c.size.as_mut().unwrap());
    check("capacity", Verdict::Warn, |c| size(c, |size| size.rows = 5));
    let judged = check("capacity", Verdict::Pass, |_| ());
    assert!(
        judged.summary.ends_with("0.8000 on unseen rows after 50, 0.9000 after 100"),
        "{}",
        judged.summary
    );
    check("capacity", Verdict::Warn, |c| {
        size(c, |size| (size.dropout, size.weight_decay, size.chooses_epoch) = (0.0, 0.0, false));
    });
    check("dropout-rate", Verdict::Warn, |c| size(c, |size| size.dropout = 0.8));
    check("dropout-rate", Verdict::Warn, |c| size(c, |size| (size.dropout, size.weight_decay) = (0.0, 0.0)));
    check("baseline", Verdict::Warn, |c| c.baselines[0].value = 0.999);
}

#[test]
fn rates_far_from_the_found_one_are_named() {
    check("learning-rate", Verdict::Fail, |c| c.learning_rate = Some(4.0));
    check("learning-rate", Verdict::Warn, |c| c.learning_rate = Some(2.5));
    check("learning-rate", Verdict::Warn, |c| c.learning_rate = Some(4e-5));
    check("learning-rate", Verdict::Skipped, |c| c.rate_curve = Some(RateCurve::default()));
}

#[test]
fn colours_are_held_to_what_the_weights_want() {
    let with = |found: [f64; 2]| {
        move |context: &mut PreflightContext| {
            let wanted = WantedMoments { name: "red".to_owned(), wanted: [0.485, 0.229], found };
            // White on black: by itself it would be taken for unscaled.
            context.inputs = vec![InputMoments { name: "red".to_owned(), mean: 9.0, sd: 1.0 }];
            context.wanted = vec![wanted];
        }
    };
    check("normalised", Verdict::Pass, with([0.485, 0.229]));
    let judged = check("normalised", Verdict::Fail, with([0.5, 0.5]));
    assert!(judged.summary.contains("want mean 0.485 and deviation 0.229"), "{}", judged.summary);
}

#[test]
fn changes_that_make_other_pictures_are_told_from_strong_ones() {
    let with = |name: &'static str, kept, accuracy| {
        move |context: &mut PreflightContext| {
            let changes = vec![Change { name: name.to_owned(), kept }];
            context.preservation = Some(Preservation { asked: 500, accuracy, chance: 0.1, changes });
        }
    };
    check("augmentation-preserves-labels", Verdict::Pass, with("mirrored", 0.9, 0.9));
    check("augmentation-preserves-labels", Verdict::Fail, with("upside down", 0.5, 0.9));
    check("augmentation-preserves-labels", Verdict::Warn, with("part of it", 0.5, 0.9));
    check("augmentation-preserves-labels", Verdict::Skipped, with("mirrored", 0.5, 0.2));
}

#[test]
fn tokens_that_are_cut_or_unknown_are_found() {
    let with = |lost, unknown| {
        move |c: &mut PreflightContext| {
            c.tokens = Some(TokenCount { rows: 10, length: 64, cut_rows: 4, tokens: 1000, lost, unknown });
        }
    };
    check("tokens-kept", Verdict::Pass, with(150, 10));
    assert!(
        check("tokens-kept", Verdict::Warn, with(600, 0)).summary.contains("60.0 % of all tokens are lost")
    );
    check("tokens-kept", Verdict::Warn, with(0, 30));
    check("tokens-kept", Verdict::Fail, with(0, 400));
}
