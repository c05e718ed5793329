//! Which embedded runtime answers a model's file: the kernels of Plumb, unless `rten` is clearly faster on this machine.

use plumb_ledger::clock::Clock as _;
use plumb_onnx::{Embedded, OnnxError, OnnxModel, Tensor};

use crate::clock::SystemClock;

/// Times that each is asked; the shortest counts, for whatever else the machine does only makes it longer.
const ASKED: usize = 3;
/// What `rten` must stay below, as a share of the time of Plumb's kernels: a choice must not hang on noise.
const CLEARLY: f64 = 0.8;

/// The file on the faster runtime, as measured on one row. `inputs` makes that row's.
pub(super) fn fastest(
    bytes: Vec<u8>,
    inputs: impl Fn() -> Option<Vec<(String, Tensor)>>,
    output: &str,
) -> Result<OnnxModel, OnnxError> {
    let own = OnnxModel::read(bytes.clone())?;
    if own.embedded() != Some(Embedded::Own) {
        return Ok(own);
    }
    let Ok(other) = OnnxModel::read_on(bytes, Embedded::Rten) else { return Ok(own) };
    let seconds = |model: &OnnxModel| {
        let mut best = None;
        // The first time fills caches.
        for _ in 0..=ASKED {
            let inputs = inputs()?;
            let clock = SystemClock::start();
            model.run(inputs, output).ok()?;
            let taken = clock.elapsed().as_secs_f64();
            best = Some(best.map_or(taken, |best: f64| best.min(taken)));
        }
        best
    };
    let is_faster =
        matches!((seconds(&own), seconds(&other)), (Some(own), Some(other)) if other < CLEARLY * own);
    Ok(if is_faster { other } else { own })
}
