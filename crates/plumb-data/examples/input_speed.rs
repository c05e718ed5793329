//! Pictures a second from JPEG files to the numbers of a network, as one JSON object; `scripts/compare/input_speed` puts
//! torchvision's loader beside it.
//!
//! `input_speed FOLDER THREADS SECONDS`: read, decode, a random part at 224 x 224, mirrored or not, scaled.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "it measures time and shows the result")]

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use plumb_data::augment::{Augmentation, Method, Mix, Normaliser, Parts, Policy};
use plumb_data::pictures::{Channels, PictureLimits, decode};
use plumb_data::prepare::ImageEncoding;
use plumb_ledger::Seed;
use serde_json::json;

const SIDE: usize = 224;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name the folder")?;
    let threads: usize = arguments.next().ok_or("how many threads?")?.parse()?;
    let seconds: f64 = arguments.next().ok_or("how many seconds?")?.parse()?;
    let files: Result<Vec<PathBuf>, std::io::Error> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect();
    let mut files = files?;
    files.sort();
    let policy = Policy { horizontal_flip: Some(0.5), crop_padding: Some(0), ..Policy::of(Method::FlipCrop) };
    let augmentation = Augmentation { parts: Some(Parts::default()), policy, mix: Mix::None };
    let (mean, deviation) = (vec![0.485, 0.456, 0.406], vec![0.229, 0.224, 0.225]);
    let encoding = ImageEncoding { side: SIDE, resized: 256, channels: Channels::Rgb, mean, deviation };
    let normaliser = Normaliser::new(&encoding.mean, &encoding.deviation);
    let (next, broken) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (start, limit) = (Instant::now(), Duration::from_secs_f64(seconds));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut numbers = vec![0.0; encoding.count()];
                while start.elapsed() < limit {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let stream = Seed(0).stream("augment").at(number as u64);
                    let bytes = std::fs::read(&files[number % files.len()]).unwrap_or_default();
                    match decode(&bytes, &PictureLimits::DEFAULT) {
                        Ok(picture) => {
                            normaliser.apply(&augmentation.apply(picture, &encoding, stream), &mut numbers);
                        }
                        Err(_) => drop(broken.fetch_add(1, Ordering::Relaxed)),
                    }
                    std::hint::black_box(&numbers);
                }
            });
        }
    });
    let rate = next.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64();
    println!("{}", json!({ "pictures_per_second": rate, "broken": broken.load(Ordering::Relaxed) }));
    Ok(())
}
