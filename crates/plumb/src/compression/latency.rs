//! How long requests take: all variants by turns in one process, so that a busy moment meets all of them.

use plumb_evaluate::compress::Latency;
use plumb_ledger::clock::Clock as _;
use plumb_stats::describe::quantile;

use super::variant::Variant;
use crate::evaluation::Ready;
use crate::fault::Fault;
use crate::run::Run;

/// Rows of a request.
const BATCHES: [usize; 2] = [1, 8];
/// Requests that warm up.
const WARM: usize = 5;
/// Requests of a variant at least and at most.
const ROUNDS: [usize; 2] = [30, 400];
/// Seconds for all requests of a size.
const SECONDS: f64 = 6.0;

/// Measures every variant.
pub(super) fn measure(run: &mut Run, ready: &Ready, variants: &mut [Variant]) -> Result<(), Fault> {
    let rows = ready.parts.judged();
    run.screen.begin("timing", BATCHES.len() as u64);
    for (at, &batch) in BATCHES.iter().enumerate() {
        if rows.len() < batch {
            continue;
        }
        let times = by_turns(run, ready, variants, &rows[..batch])?;
        for (variant, times) in variants.iter_mut().zip(&times) {
            let of = |share: f64| quantile(times, share).unwrap_or(f64::NAN);
            variant.latency.push(Latency { batch, median_ms: of(0.5), p99_ms: of(0.99) });
        }
        run.screen.advance(at as u64 + 1, &format!("requests of {batch}"));
    }
    run.screen.end();
    Ok(())
}

/// Milliseconds of each request, by variant.
fn by_turns(run: &Run, ready: &Ready, variants: &[Variant], rows: &[u32]) -> Result<Vec<Vec<f64>>, Fault> {
    let failed = |error: plumb_data::PredictError| Fault::failed(error.message);
    let table = &ready.opened.table;
    let inputs: Vec<_> = variants
        .iter()
        .map(|variant| variant.served.inputs(table, rows))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    let clock = run.screen.clock();
    let mut times = vec![Vec::new(); variants.len()];
    let began = clock.elapsed();
    for round in 0..WARM + ROUNDS[1] {
        let spent = clock.elapsed().saturating_sub(began).as_secs_f64();
        if round >= WARM + ROUNDS[0] && spent > SECONDS {
            break;
        }
        for (variant, (inputs, times)) in variants.iter().zip(inputs.iter().zip(&mut times)) {
            let inputs = inputs.clone();
            let start = clock.elapsed();
            variant.served.answer(inputs).map_err(failed)?;
            let took = clock.elapsed().saturating_sub(start).as_secs_f64();
            if round >= WARM {
                times.push(1e3 * took);
            }
        }
    }
    Ok(times)
}
