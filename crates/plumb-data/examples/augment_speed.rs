//! Pictures augmented a second on one thread, as one JSON object; `scripts/compare/augment_speed` puts torchvision
//! beside it.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "it measures time and shows the result")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use plumb_data::augment::{Border, Method, Normaliser, OPERATIONS, Policy};
use plumb_data::pictures::{Channels, Picture};
use plumb_ledger::Seed;
use serde_json::{Map, Value, json};

/// How long each figure is measured, three times over; the best counts, as others share the machine.
const MEASURED: Duration = Duration::from_millis(100);
const REPEATS: usize = 3;

/// Calls a second.
fn rate(mut call: impl FnMut(u64)) -> f64 {
    let mut once = || {
        let (start, mut calls) = (Instant::now(), 0);
        while start.elapsed() < MEASURED {
            (0..16).for_each(|index| call(calls + index));
            calls += 16;
        }
        calls as f64 / start.elapsed().as_secs_f64()
    };
    (0..REPEATS).map(|_| once()).fold(0.0, f64::max)
}

/// Waves with noise, red, green and blue.
fn picture(side: usize) -> Option<Picture> {
    let noise = Seed(0).stream("noise");
    let level = |i: usize| {
        let wave = ((i / 3 % side) as f64 * 0.1).sin() * ((i / 3 / side) as f64 * 0.07).cos();
        (128.0 + 90.0 * wave + 25.0 * (noise.uniform(i as u64) - 0.5)) as u8
    };
    Picture::new(side, side, Channels::Rgb, (0..side * side * 3).map(level).collect())
}

fn main() -> Result<(), &'static str> {
    let stream = Seed(1).stream("augment");
    let mut result = Map::new();
    for side in [32, 224] {
        let picture = picture(side).ok_or("a picture of no pixels")?;
        let methods = [
            ("flip-crop", Method::FlipCrop),
            ("trivial-augment", Method::TrivialAugment),
            ("rand-augment", Method::RAND_AUGMENT),
        ];
        for (name, method) in methods {
            let padding = if name == "flip-crop" { side / 8 } else { 0 };
            let flip = if name == "flip-crop" { 0.5 } else { 0.0 };
            let policy =
                Policy { crop_padding: Some(padding), horizontal_flip: Some(flip), ..Policy::of(method) };
            let figure = rate(|index| {
                black_box(policy.apply(black_box(&picture), stream.at(index)));
            });
            result.insert(format!("{name} {side}"), json!(figure.round()));
        }
        let (normaliser, mut floats) = (Normaliser::new(&[0.5], &[0.25]), vec![0.0; side * side * 3]);
        let figure = rate(|_| normaliser.apply(black_box(&picture), black_box(&mut floats)));
        result.insert(format!("normalise {side}"), json!(figure.round()));
        for operation in OPERATIONS {
            let magnitude = operation.magnitude.map_or(0.0, |range| 0.3 * range.greatest.min(1.5 / 0.3));
            let figure = rate(|index| {
                black_box(operation.apply(
                    black_box(&picture),
                    magnitude,
                    Border::default(),
                    stream.at(index),
                ));
            });
            result.insert(format!("{} {side}", operation.name), json!(figure.round()));
        }
    }
    println!("{}", Value::Object(result));
    Ok(())
}
