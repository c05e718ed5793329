//! Whether the figures of `metrics.json` follow from the predictions that stand beside it.

use plumb_package::{Files, Refusal, Why};
use plumb_stats::{Metric, Outcome, Task, metrics};
use serde_json::Value;

use crate::comparison::{Outcomes, Predicted, rows_of};
use crate::fault::Fault;
use crate::run::files;

/// A difference up to which a figure is the same: the last places of another processor's logarithm.
const SAME: f64 = 1e-9;

/// How many figures were computed again and are the same; none without predictions.
pub(super) fn recomputed(all: &Files, stated: &Value) -> Result<Option<usize>, Fault> {
    let Some(file) = all.get(files::PREDICTIONS) else { return Ok(None) };
    let predicted = Predicted::from_bytes(file.bytes())
        .map_err(|why| Refusal::of(Why::Damaged(why.to_string()), files::PREDICTIONS))?;
    let mut same = 0;
    for part in ["valid", "test"] {
        let places = rows_of(&predicted, part);
        for (name, figure) in stated[part].as_object().into_iter().flatten() {
            let (Some(value), Some(metric)) = (figure["value"].as_f64(), metrics::metric(name)) else {
                continue;
            };
            let Some(again) = of(&predicted.outcomes, &places, metric) else { continue };
            if (again - value).abs() > SAME * value.abs().max(1.0) {
                let lie = format!("`{part}` `{name}` is {value}, the predictions give {again}");
                return Err(Refusal::of(Why::Damaged(lie), files::METRICS).into());
            }
            same += 1;
        }
    }
    Ok(Some(same))
}

/// A metric of the labelled rows at these places; none where it is undefined.
fn of(outcomes: &Outcomes, places: &[usize], metric: &Metric) -> Option<f64> {
    match outcomes {
        Outcomes::Numbers { truth, predicted } => {
            let pairs = places.iter().map(|&place| Some((*truth.get(place)?, *predicted.get(place)?)));
            let pairs: Vec<(f64, f64)> = pairs.collect::<Option<_>>()?;
            let (truth, predicted): (Vec<f64>, Vec<f64>) =
                pairs.into_iter().filter(|(truth, _)| truth.is_finite()).unzip();
            if !metric.tasks.contains(&Task::Regression) {
                return None;
            }
            (metric.compute)(&Outcome::Numbers { truth: &truth, predicted: &predicted })
        }
        Outcomes::Classes { names, truth, probabilities, .. } => {
            let classes = names.len();
            let (mut known, mut shares) = (Vec::new(), Vec::new());
            for &place in places {
                let Some(Some(class)) = truth.get(place) else { continue };
                known.push(*class);
                shares.extend_from_slice(probabilities.get(place * classes..(place + 1) * classes)?);
            }
            let task = if classes > 2 { Task::Multiclass } else { Task::Binary };
            if known.is_empty() || classes < 2 || !metric.tasks.contains(&task) {
                return None;
            }
            (metric.compute)(&Outcome::Classes { truth: &known, probabilities: &shares, classes })
        }
    }
}
