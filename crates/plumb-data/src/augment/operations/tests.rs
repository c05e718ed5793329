//! Every row of the table: against torchvision's pictures, and under hostile extents and magnitudes.

use plumb_ledger::Seed;
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::augment::levels::means;
use crate::pictures::Channels;

const FILL: Border = Border::Fill(128);

fn stream() -> Stream {
    Seed(11).stream("augment")
}

/// Levels within 64 of the middle and about it, ramps with noise on top.
fn picture(width: usize, height: usize, channels: Channels, seed: u64) -> Picture {
    let noise = Seed(seed).stream("picture");
    let count = width * height * channels.count();
    let pixels = (0..count).map(|i| 64 + i as u8 / 4 + noise.below(i as u64, 64) as u8).collect();
    Picture::new(width, height, channels, pixels).unwrap()
}

/// Made by `oracles/augment.py` with torchvision.
fn golden() -> Value {
    serde_json::from_str(include_str!("../../../tests/golden/augment.json")).unwrap()
}

fn bytes(hexadecimal: &Value) -> Vec<u8> {
    let pairs = hexadecimal.as_str().unwrap().as_bytes().chunks_exact(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn stored(golden: &Value, name: &str) -> Picture {
    let stored = &golden["pictures"][name];
    let extent = |key: &str| stored[key].as_u64().unwrap() as usize;
    let (width, height, pixels) = (extent("width"), extent("height"), bytes(&stored["pixels"]));
    let channels = if pixels.len() == width * height { Channels::Grey } else { Channels::Rgb };
    Picture::new(width, height, channels, pixels).unwrap()
}

#[test]
fn pictures_are_torchvisions_within_a_level() {
    let golden = golden();
    for case in golden["cases"].as_array().unwrap() {
        let (name, magnitude) = (case["operation"].as_str().unwrap(), case["magnitude"].as_f64().unwrap());
        let before = stored(&golden, case["picture"].as_str().unwrap());
        let after = operation(name).unwrap().apply(&before, magnitude, FILL, stream());
        let expected = bytes(&case["after"]);
        let differs = |(found, expected): (&u8, &u8)| found.abs_diff(*expected);
        let most = after.pixels().iter().zip(&expected).map(differs).max().unwrap();
        assert!(most <= 1, "{name} {magnitude} {}: {most} levels", case["picture"]);
    }
}

#[test]
fn every_operation_without_chance_has_a_golden_picture() {
    let golden = golden();
    let cases = golden["cases"].as_array().unwrap();
    for operation in OPERATIONS {
        let held = cases.iter().any(|case| case["operation"] == operation.name);
        let by_chance = ["cut-out", "erase", "identity", "noise"].contains(&operation.name);
        assert_ne!(held, by_chance, "{}", operation.name);
    }
}

#[test]
fn names_are_unique_and_in_order() {
    assert!(OPERATIONS.windows(2).all(|pair| pair[0].name < pair[1].name));
    for known in OPERATIONS {
        assert_eq!(operation(known.name), Some(known));
        assert!(!known.summary.is_empty() && !known.summary.ends_with('.'), "{}", known.name);
    }
    assert!(operation("turn").is_none());
}

#[test]
fn a_range_holds_its_neutral_magnitude() {
    for Operation { name, magnitude, .. } in OPERATIONS {
        if let Some(Magnitude { least, greatest, unchanged, .. }) = magnitude {
            assert!(least < greatest && (least..=greatest).contains(&unchanged), "{name}");
        }
    }
}

#[test]
fn brightness_stays_where_it_should() {
    let before = picture(32, 32, Channels::Rgb, 3);
    let mean = |picture: &Picture| means::<1>(&picture.grey())[0];
    for operation in OPERATIONS.iter().filter(|operation| operation.keeps.brightness) {
        let range = operation.magnitude.map_or(0.0..=0.0, |range| range.least..=range.greatest);
        let ends = [*range.start(), 0.3f64.clamp(*range.start(), *range.end()), *range.end()];
        let changed = |magnitude| {
            let after = operation.apply(&before, magnitude, FILL, stream());
            (mean(&after) - mean(&before)).abs()
        };
        let most = ends.into_iter().map(changed).fold(0.0, f64::max);
        // Noise as wide as the range clips on both sides and moves the mean towards the middle.
        assert!(most < 8.0, "{}: {most} levels", operation.name);
    }
}

#[test]
fn erasing_covers_the_share_that_was_asked_for() {
    let before = picture(64, 64, Channels::Grey, 0);
    let shares: Vec<f64> = (0..400)
        .map(|index| {
            let after = ERASE.apply(&before, 0.33, FILL, stream().at(index));
            let pairs = after.pixels().iter().zip(before.pixels());
            pairs.filter(|(after, before)| after != before).count() as f64 / 4096.0
        })
        .collect();
    assert!(shares.iter().all(|&share| share > 0.01 && share < 0.35), "{shares:?}");
    let mean = shares.iter().sum::<f64>() / 400.0;
    // Uniform over 2 % to 33 % has the mean 17.5 %; long ones fit less often, one byte of 256 is left as it was.
    assert!((mean - 0.17).abs() < 0.02, "{mean}");
}

#[test]
fn a_row_of_maps_is_resampled_once() {
    let before = picture(16, 16, Channels::Rgb, 1);
    let mut changing = Changing::new(before.clone(), FILL);
    for (operation, magnitude) in [(ROTATE, 30.0), (SHEAR_X, 0.3), (SHEAR_X, -0.3), (ROTATE, -30.0)] {
        changing.by(&operation, magnitude, stream());
    }
    // Back where it was: only what resampling four times would lose is missing.
    let after = changing.finish();
    let pairs = after.pixels().iter().zip(before.pixels());
    assert!(pairs.filter(|(after, before)| after.abs_diff(**before) > 1).count() < 3 * 16 * 4);
}

fn extents() -> impl Strategy<Value = (usize, usize)> {
    prop_oneof![
        Just((1, 1)),
        (Just(1usize), 1usize..20),
        (1usize..20, Just(1usize)),
        (1usize..20, 1usize..20)
    ]
}

proptest! {
    #[test]
    fn every_operation_keeps_the_conventions(
        (width, height) in extents(),
        (rgb, reflect) in any::<(bool, bool)>(),
        share in 0.0f64..=1.0,
        odd in prop::sample::select(vec![None, Some(f64::NAN), Some(f64::INFINITY), Some(-1e300)]),
        index in any::<u64>(),
    ) {
        let channels = if rgb { Channels::Rgb } else { Channels::Grey };
        let before = picture(width, height, channels, index);
        let border = if reflect { Border::Reflect } else { FILL };
        let stream = stream().at(index);
        for operation in OPERATIONS {
            let range = operation.magnitude.map(|range| range.least + share * (range.greatest - range.least));
            let magnitude = odd.or(range).unwrap_or(0.0);
            let after = operation.apply(&before, magnitude, border, stream);
            let kept = (after.width(), after.height(), after.channels());
            prop_assert_eq!(kept, (width, height, channels), "{}", operation.name);
            prop_assert_eq!(&after, &operation.apply(&before, magnitude, border, stream), "{}", operation.name);
            if let Some(Magnitude { unchanged, .. }) = operation.magnitude {
                let same = operation.apply(&before, unchanged, border, stream);
                prop_assert_eq!(&same, &before, "{}", operation.name);
            }
        }
    }

    /// The shortcut at the neutral magnitude hides nothing: close to it pictures are close.
    #[test]
    fn a_small_magnitude_changes_little(index in any::<u64>()) {
        let before = picture(24, 18, Channels::Rgb, index);
        for operation in OPERATIONS.iter().filter(|operation| !["erase", "cut-out"].contains(&operation.name)) {
            // The byte-wide `HSV` of the hue is coarse: it loses up to a few levels by itself.
            let Some(range) = operation.magnitude.filter(|_| operation.name != "hue") else { continue };
            let step = 1e-6 * (range.greatest - range.least);
            let near = (range.unchanged + step).min(range.greatest - step);
            let after = operation.apply(&before, near, Border::Reflect, stream());
            let pairs = after.pixels().iter().zip(before.pixels());
            let most = pairs.map(|(after, before)| after.abs_diff(*before)).max().unwrap();
            prop_assert!(most <= 1, "{}: {most}", operation.name);
        }
    }
}
