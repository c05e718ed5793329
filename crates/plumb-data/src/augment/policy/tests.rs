//! Policies: their draws, their tables, their words.

use plumb_ledger::Seed;
use serde_json::{Value, json};

use super::*;
use crate::augment::operations::{ROTATE, operation};
use crate::pictures::Channels;

fn picture(side: usize) -> Picture {
    let pixels = (0..side * side * 3).map(|i| (i * 7) as u8).collect();
    Picture::new(side, side, Channels::Rgb, pixels).unwrap()
}

#[test]
fn nothing_is_done_by_none() {
    let stream = Seed(1).stream("augment");
    let policy = Policy::of(Method::None);
    assert!((0..20).all(|index| policy.apply(&picture(8), stream.at(index)) == picture(8)));
}

#[test]
fn flip_crop_flips_half_and_shifts_by_an_eighth() {
    let policy = Policy::of(Method::FlipCrop);
    let stream = Seed(1).stream("augment");
    let windows: Vec<Window> = (0..4000).map(|index| policy.window(&picture(32), stream.at(index))).collect();
    let flipped = windows.iter().filter(|window| window.mirrored).count();
    // Five standard deviations are 158.
    assert!(flipped.abs_diff(2000) < 158, "{flipped}");
    assert!(windows.iter().all(|window| window.left.abs() <= 4 && window.top.abs() <= 4));
    assert!(windows.iter().any(|window| window.left == -4) && windows.iter().any(|window| window.top == 4));
    assert!(windows.iter().all(|window| !window.upturned));
}

#[test]
fn an_option_does_not_move_the_draws_of_another() {
    let stream = Seed(1).stream("augment").at(3);
    let plain = Policy::of(Method::FlipCrop).window(&picture(32), stream);
    let upturned = Policy { vertical_flip: Some(1.0), ..Policy::default() }.window(&picture(32), stream);
    assert_eq!(Window { upturned: true, ..plain }, upturned);
}

fn methods() -> Vec<Method> {
    let steps = ["blur", "rotate", "flip-horizontal"].map(|name| Step {
        operation: operation(name).unwrap(),
        probability: 0.5,
        magnitude: operation(name).unwrap().magnitude.map(|range| [range.unchanged, 2.0]),
    });
    let list = Method::Operations(steps.into());
    vec![Method::None, Method::FlipCrop, Method::TrivialAugment, Method::RAND_AUGMENT, list]
}

/// Made by `oracles/augment.py` with torchvision.
#[test]
fn tables_are_torchvisions() {
    let golden: Value = serde_json::from_str(include_str!("../../../tests/golden/augment.json")).unwrap();
    for policy in golden["policies"].as_array().unwrap() {
        let trivial = policy["name"] == "trivial-augment";
        let table = if trivial { trivial_augment::TABLE } else { rand_augment::TABLE };
        let side = policy["side"].as_u64().unwrap();
        let expected = policy["table"].as_array().unwrap();
        assert_eq!(table.len(), expected.len());
        for (entry, expected) in table.iter().zip(expected) {
            let (name, signed, magnitudes) = entry::magnitudes(entry, side as usize, false);
            assert_eq!(signed, expected["signed"], "{name}");
            let theirs = expected["name"].as_str().unwrap();
            let own = |value: f64| match name {
                "posterize" => 8.0 - value.round(),
                "solarize" => value / 255.0,
                "translate-x" | "translate-y" => value * side as f64,
                _ => value,
            };
            let renamed = name.replace("saturation", "color").replace('-', "");
            assert_eq!(renamed, theirs.to_lowercase());
            for (bin, expected) in expected["magnitudes"].as_array().into_iter().flatten().enumerate() {
                let (found, expected) = (own(magnitudes[bin]), expected.as_f64().unwrap());
                assert!((found - expected).abs() < 1e-4, "{name} {bin}: {found} {expected}");
            }
        }
    }
}

#[test]
fn trivial_augment_leaves_one_picture_in_six_alone() {
    let (stream, draws) = (Seed(4).stream("augment"), 2800);
    let before = picture(24);
    let drawn = |index| {
        let mut changing = Changing::new(before.clone(), Border::default());
        entry::draw(trivial_augment::TABLE, None, false, &mut changing, stream.at(index));
        changing.finish()
    };
    let same = (0..draws).filter(|&index| drawn(index) == before).count();
    // Of 14 entries the identity, autocontrast (every level occurs, nothing can be stretched), one magnitude of 31 of
    // nine others and three of posterize, which round to no bit: 477. Five standard deviations are 100.
    assert!(same.abs_diff(477) < 100, "{same}");
}

#[test]
fn a_policy_for_text_flips_nothing_and_turns_little() {
    let steps = vec![
        Step { operation: &ROTATE, probability: 1.0, magnitude: Some([-90.0, 10.0]) },
        Step { operation: operation("solarize").unwrap(), probability: 1.0, magnitude: Some([0.0, 9.0]) },
        Step { operation: operation("invert").unwrap(), probability: 1.0, magnitude: None },
    ];
    let policy = Policy { horizontal_flip: Some(1.0), erase: 1.0, ..Policy::of(Method::Operations(steps)) };
    let policy = policy.for_text_like();
    let Method::Operations(steps) = &policy.method else { panic!("another method") };
    assert_eq!(steps.iter().map(|step| step.operation.name).collect::<Vec<_>>(), ["rotate", "invert"]);
    assert_eq!(steps[0].magnitude, Some([-15.0, 10.0]));
    assert_eq!((policy.horizontal_flip, policy.vertical_flip), (Some(0.0), Some(0.0)));
    assert_eq!((policy.erase.to_bits(), policy.keep_text), (0, true));
    let trivial = Policy::of(Method::TrivialAugment).for_text_like();
    let stream = Seed(1).stream("augment");
    assert!((0..200).all(|index| !trivial.window(&picture(32), stream.at(index)).mirrored));
    for entry in trivial_augment::TABLE {
        let (name, _, magnitudes) = entry::magnitudes(entry, 32, true);
        let limit = match name {
            "rotate" => 15.0,
            "translate-x" | "translate-y" => 0.125,
            "shear-x" | "shear-y" => 0.3,
            _ => continue,
        };
        assert!((magnitudes[entry::BINS - 1] - limit).abs() < 1e-12, "{name}: {magnitudes:?}");
    }
}

#[test]
fn policies_stand_in_jobs_as_they_are_written_there() {
    let read = |value: &Value| serde_json::from_value::<Policy>(value.clone());
    let words = [
        (json!({"method": "none"}), Method::None),
        (json!({"method": "flip-crop"}), Method::FlipCrop),
        (json!({}), Method::FlipCrop),
        (json!({"method": "trivial-augment"}), Method::TrivialAugment),
        (json!({"method": {"rand-augment": {}}}), Method::RAND_AUGMENT),
    ];
    for (value, method) in words {
        assert_eq!(read(&value).unwrap(), Policy::of(method), "{value}");
    }
    let list =
        json!({"method": {"operations": [{"name": "rotate", "magnitude": [-5, 5]}]}, "border": "reflect"});
    let step = Step { operation: &ROTATE, probability: 1.0, magnitude: Some([-5.0, 5.0]) };
    let policy = Policy { border: Border::Reflect, ..Policy::of(Method::Operations(vec![step])) };
    assert_eq!(read(&list).unwrap(), policy);
    let fault = |value| read(&value).unwrap_err().to_string();
    let near = fault(json!({"method": {"operations": [{"name": "rotated"}]}}));
    assert!(near.contains("did you mean `rotate`?"), "{near}");
    assert!(fault(json!({"flip": 1.0})).contains("unknown field `flip`"));
    assert!(fault(json!({"method": {"rand-augment": {"count": 1}}})).contains("unknown field `count`"));
    for method in methods() {
        let policy = Policy { erase: 0.25, crop_padding: Some(3), ..Policy::of(method) };
        assert_eq!(read(&serde_json::to_value(&policy).unwrap()).unwrap(), policy);
    }
}

#[test]
fn figures_out_of_range_are_refused_with_a_hint() {
    use plumb_ledger::Explain;
    let step = |name: &str, magnitude| {
        let operation = operation(name).unwrap();
        Policy::of(Method::Operations(vec![Step { operation, probability: 0.5, magnitude }]))
    };
    let cases = [
        (Policy { erase: f64::NAN, ..Policy::default() }, "the probability of `erase` is NaN"),
        (Policy { horizontal_flip: Some(1.5), ..Policy::default() }, "the probability of `horizontal-flip`"),
        (step("rotate", None), "`rotate` needs two magnitudes between -180 and 180 (degrees)"),
        (step("rotate", Some([0.0, 200.0])), "`rotate` needs two magnitudes"),
        (step("invert", Some([0.0, 1.0])), "`invert` has no magnitude"),
        (Policy::of(Method::RandAugment { operations: 1, magnitude: 31 }), "the magnitude 31"),
    ];
    for (policy, expected) in cases {
        let error = policy.check().unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
        assert!(error.hint().is_some());
    }
    assert!(methods().into_iter().all(|method| Policy::of(method).check().is_ok()));
}

#[test]
fn a_policy_is_a_function_of_picture_and_stream_on_any_thread() {
    let stream = Seed(9).stream("augment");
    for method in methods() {
        let policy = Policy { erase: 0.5, vertical_flip: Some(0.5), ..Policy::of(method) };
        let apply = |index| policy.apply(&picture(19), stream.at(index));
        let here: Vec<Picture> = (0..64).map(apply).collect();
        let there = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..64).rev().map(|index| scope.spawn(move || apply(index))).collect();
            handles.into_iter().rev().map(|handle| handle.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(here, there, "{:?}", policy.method);
    }
}
