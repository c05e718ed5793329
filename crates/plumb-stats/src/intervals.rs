//! Bootstrap intervals of metrics.
//!
//! Resample `r` is a function of `seed.stream("bootstrap").at(r)` alone, so the interval does not depend on the
//! number of threads. Metrics of the confusion matrix draw the matrix itself (a multinomial), whatever the number
//! of rows; all others share one draw of row weights for each resample, and each is one pass over it.

use plumb_ledger::{Seed, Stream};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::describe::quantile_of_sorted;
use crate::distributions::{normal_cdf, normal_quantile, student_quantile_two_sided};
use crate::metrics::Plan;
use crate::outcome::Owned;
use crate::ranks::{by_score, sorted};
use crate::resample::{Strata, draw_weights, draw_weights_stratified, multinomial};
use crate::{Metric, Outcome};

/// How an interval is read off the resamples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// The quantiles of the resamples.
    Percentile,
    /// Bias-corrected and accelerated (Efron 1987), as `scipy.stats.bootstrap(method="BCa")`.
    Bca,
}

impl Method {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Percentile => "percentile",
            Self::Bca => "BCa",
        }
    }
}

/// How to bootstrap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrap {
    /// How many resamples.
    pub resamples: usize,
    /// The coverage, such as 0.95.
    pub level: f64,
    /// Where the draws come from.
    pub seed: Seed,
    /// How the interval is read off.
    pub method: Method,
    /// Whether each class keeps its number of rows. Has no meaning for regression.
    pub stratified: bool,
}

impl Bootstrap {
    /// 1,000 percentile resamples at 95 %: the ends then vary by about 3 % of the interval's width over seeds.
    pub fn new(seed: Seed) -> Self {
        Self { resamples: 1000, level: 0.95, seed, method: Method::Percentile, stratified: false }
    }

    pub(crate) fn stream(&self, resample: usize) -> Stream {
        self.seed.stream("bootstrap").at(resample as u64)
    }

    /// The lower and the upper tail.
    pub(crate) fn tails(&self) -> [f64; 2] {
        let tail = 0.5 * (1.0 - self.level);
        [tail, 1.0 - tail]
    }
}

/// A metric with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The metric on the rows themselves.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// How it was read off.
    pub method: Method,
    /// How many resamples gave a defined value: those without any row of a needed class do not.
    pub resamples: usize,
}

impl Interval {
    /// How it was made: `BCa bootstrap, 1000 resamples`.
    pub fn made_by(&self) -> String {
        format!("{} bootstrap, {} resamples", self.method.as_str(), self.resamples)
    }
}

/// The interval of one metric; `None` when the metric is undefined on the rows or on most resamples.
pub fn bootstrap(outcome: &Outcome<'_>, metric: &Metric, settings: &Bootstrap) -> Option<Interval> {
    bootstrap_all(outcome, &[metric], settings).pop().flatten()
}

/// The intervals of several metrics over shared draws: much cheaper than one after the other.
pub fn bootstrap_all(
    outcome: &Outcome<'_>,
    metrics: &[&Metric],
    settings: &Bootstrap,
) -> Vec<Option<Interval>> {
    let sorted = by_score(outcome).map(|order| Owned::of_rows(outcome, &order));
    let outcome = &sorted.as_ref().map_or(*outcome, Owned::outcome);
    let plans: Vec<Option<Plan>> = metrics.par_iter().map(|metric| (metric.plan)(outcome)).collect();
    let draws = Draws::new(outcome, &plans, settings);
    let resamples: Vec<Vec<Option<f64>>> =
        (0..settings.resamples).into_par_iter().map(|r| draws.resample(&plans, settings.stream(r))).collect();
    let interval = |(number, plan): (usize, &Option<Plan>)| {
        let plan = plan.as_ref()?;
        let values: Vec<f64> = resamples.iter().filter_map(|values| values[number]).collect();
        read_off(plan.rows(), &|weights| plan.weighted(weights), plan.value()?, &values, settings)
    };
    plans.par_iter().enumerate().map(interval).collect()
}

/// The interval of a metric of so many rows from its value and its resamples; `weighted` is the metric under weights of rows. `None`
/// where half of the resamples are undefined: what is left is a biased choice.
pub(crate) fn read_off(
    rows: usize,
    weighted: &(impl Fn(&[u32]) -> Option<f64> + Sync),
    value: f64,
    values: &[f64],
    settings: &Bootstrap,
) -> Option<Interval> {
    if values.len() * 2 <= settings.resamples {
        return None;
    }
    let sorted = sorted(values);
    let corrected = (settings.method == Method::Bca)
        .then(|| bca_tails(value, &sorted, &jackknife(rows, weighted), settings.level))
        // All resamples on one side of the value, or all alike: there is nothing to correct by.
        .filter(|tails| tails.iter().all(|tail| *tail > 0.0 && *tail < 1.0));
    let method = if corrected.is_some() { Method::Bca } else { Method::Percentile };
    let [low, high] = corrected.unwrap_or(settings.tails()).map(|tail| quantile_of_sorted(&sorted, tail));
    let is_finite = low.is_finite() && high.is_finite();
    is_finite.then_some(Interval { value, low, high, method, resamples: values.len() })
}

/// What a resample is drawn from.
struct Draws {
    rows: usize,
    strata: Option<Strata>,
    /// Whether any plan needs weights of rows.
    needs_rows: bool,
    /// Counts of the confusion matrix, when a plan needs it.
    cells: Option<(Vec<u64>, usize)>,
    stratified: bool,
}

impl Draws {
    fn new(outcome: &Outcome<'_>, plans: &[Option<Plan>], settings: &Bootstrap) -> Self {
        let strata = match *outcome {
            Outcome::Classes { truth, .. } if settings.stratified => Some(Strata::new(truth)),
            _ => None,
        };
        let cells = plans.iter().flatten().find_map(|plan| match plan {
            Plan::Confusion { codes, classes, .. } => Some((count(codes, classes * classes), *classes)),
            _ => None,
        });
        let needs_rows = plans.iter().flatten().any(|plan| !matches!(plan, Plan::Confusion { .. }));
        Self { rows: outcome.rows(), strata, needs_rows, cells, stratified: settings.stratified }
    }

    fn resample(&self, plans: &[Option<Plan>], stream: Stream) -> Vec<Option<f64>> {
        let weights = if self.needs_rows { self.weights(stream) } else { Vec::new() };
        let matrix = self.cells.as_ref().map(|(counts, classes)| self.matrix(stream, counts, *classes));
        let value = |plan: &Option<Plan>| match plan.as_ref()? {
            Plan::Confusion { classes, of, .. } => of(matrix.as_ref()?, *classes).filter(|v| v.is_finite()),
            plan => plan.weighted(&weights),
        };
        plans.iter().map(value).collect()
    }

    fn weights(&self, stream: Stream) -> Vec<u32> {
        match &self.strata {
            Some(strata) => draw_weights_stratified(stream, strata),
            None => draw_weights(stream, self.rows),
        }
    }

    fn matrix(&self, stream: Stream, counts: &[u64], classes: usize) -> Vec<u64> {
        let stream = stream.at(u64::MAX); // apart from the draws of row weights
        if !self.stratified {
            return multinomial(stream, counts.iter().sum(), counts);
        }
        let rows = counts.chunks(classes.max(1)).enumerate();
        rows.flat_map(|(class, row)| multinomial(stream.at(class as u64), row.iter().sum(), row)).collect()
    }
}

fn count(codes: &[u32], cells: usize) -> Vec<u64> {
    let mut counts = vec![0; cells];
    for &code in codes {
        counts[code as usize] += 1;
    }
    counts
}

/// At most this many leave-out evaluations, each a pass over the rows.
const JACKKNIFE: usize = 500;

/// The metric with each row left out. Past 500 rows, with each of 500 interleaved groups of rows left out: the
/// acceleration is a ratio of moments and hardly moves.
fn jackknife(rows: usize, weighted: &(impl Fn(&[u32]) -> Option<f64> + Sync)) -> Vec<f64> {
    let groups = rows.min(JACKKNIFE);
    let without = |group: usize| {
        let mut weights = vec![1; rows];
        weights.iter_mut().skip(group).step_by(groups).for_each(|weight| *weight = 0);
        weighted(&weights)
    };
    (0..groups).into_par_iter().map(without).collect::<Vec<_>>().into_iter().flatten().collect()
}

/// The two tail shares at which BCa reads the sorted resamples, from the observed value and the values with each
/// row left out.
pub fn bca_tails(observed: f64, sorted: &[f64], left_out: &[f64], level: f64) -> [f64; 2] {
    let below = sorted.iter().filter(|&&x| x < observed).count();
    let up_to = sorted.iter().filter(|&&x| x <= observed).count();
    let bias = normal_quantile((below + up_to) as f64 / (2 * sorted.len()) as f64);
    let mean = left_out.iter().sum::<f64>() / left_out.len() as f64;
    let moment = |power: i32| left_out.iter().map(|x| (mean - x).powi(power)).sum::<f64>();
    let (cubes, squares) = (moment(3), moment(2));
    let acceleration = if squares > 0.0 { cubes / (6.0 * squares.powf(1.5)) } else { 0.0 };
    let tail = 0.5 * (1.0 - level);
    [tail, 1.0 - tail].map(|tail| {
        let z = bias + normal_quantile(tail);
        normal_cdf(bias + z / (1.0 - acceleration * z))
    })
}

/// The mean of a few repeats, and where the mean and one more repeat are expected, by Student's t.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Repeats {
    /// How many repeats.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation.
    pub deviation: f64,
    /// The interval of the mean.
    pub mean_interval: [f64; 2],
    /// The interval of one more repeat.
    pub next_interval: [f64; 2],
}

/// Summarises repeats, such as the scores of folds or seeds; `None` below two. Folds share training rows, so their
/// interval is too narrow by an unknown factor (Bengio and Grandvalet 2004).
pub fn repeats(values: &[f64], level: f64) -> Option<Repeats> {
    let (mean, deviation) = (crate::describe::mean(values)?, crate::describe::deviation(values)?);
    let count = values.len();
    let t = student_quantile_two_sided(1.0 - level, (count - 1) as f64);
    let around = |half: f64| [mean - half, mean + half];
    let n = count as f64;
    Some(Repeats {
        count,
        mean,
        deviation,
        mean_interval: around(t * deviation / n.sqrt()),
        next_interval: around(t * deviation * (1.0 + 1.0 / n).sqrt()),
    })
}

/// The interval of the mean over folds, its variance corrected for the rows that the trainings share (Nadeau and Bengio,
/// Inference for the Generalization Error, 2003): `(1 / J + tested_to_fitted) s^2` for all `J = k r` scores of `r` repeats of
/// `k` folds, by Student's t with `J - 1` degrees of freedom (Bouckaert and Frank 2004). `None` below two scores.
///
/// `tested_to_fitted` is the number of rows that a fold tests for each row that it fits on.
pub fn corrected_interval(scores: &[f64], tested_to_fitted: f64, level: f64) -> Option<[f64; 2]> {
    let of = repeats(scores, level)?;
    let n = of.count as f64;
    let error = of.deviation * (1.0 / n + tested_to_fitted).sqrt();
    let half = student_quantile_two_sided(1.0 - level, n - 1.0) * error;
    Some([of.mean - half, of.mean + half])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::METRICS;

    fn outcome(rows: usize) -> (Vec<u32>, Vec<f64>) {
        let stream = Seed(5).stream("data");
        let truth: Vec<u32> = (0..rows).map(|i| u32::from(stream.uniform(i as u64) < 0.4)).collect();
        let score = |(i, t): (usize, &u32)| {
            (0.3 + 0.3 * f64::from(*t) + 0.2 * stream.normal((rows + i) as u64)).clamp(0.0, 1.0)
        };
        let scores = truth.iter().enumerate().map(score).flat_map(|p| [1.0 - p, p]).collect();
        (truth, scores)
    }

    #[test]
    fn the_interval_of_a_share_is_that_of_theory() {
        let (truth, probabilities) = outcome(2000);
        let outcome = Outcome::Classes { truth: &truth, probabilities: &probabilities, classes: 2 };
        let settings = Bootstrap::new(Seed(1));
        let accuracy = bootstrap(&outcome, crate::metric("accuracy").unwrap(), &settings).unwrap();
        let error = (accuracy.value * (1.0 - accuracy.value) / 2000.0).sqrt();
        assert!((accuracy.high - accuracy.low - 2.0 * 1.96 * error).abs() < 0.3 * error, "{accuracy:?}");
        let brier = bootstrap(&outcome, crate::metric("brier").unwrap(), &settings).unwrap();
        assert!(brier.low < brier.value && brier.value < brier.high);
    }

    #[test]
    fn threads_and_company_change_nothing() {
        let (truth, probabilities) = outcome(300);
        let outcome = Outcome::Classes { truth: &truth, probabilities: &probabilities, classes: 2 };
        let all: Vec<&Metric> = METRICS.iter().collect();
        for (method, stratified) in [(Method::Percentile, false), (Method::Bca, true)] {
            let settings = Bootstrap { resamples: 200, method, stratified, ..Bootstrap::new(Seed(1)) };
            let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
            let together = bootstrap_all(&outcome, &all, &settings);
            assert_eq!(together, one.install(|| bootstrap_all(&outcome, &all, &settings)));
            let alone: Vec<_> = all.iter().map(|metric| bootstrap(&outcome, metric, &settings)).collect();
            assert_eq!(together, alone);
            assert_eq!(together.iter().flatten().count(), 12, "every metric of classification");
        }
    }

    #[test]
    fn nothing_to_resample_is_none() {
        let empty = Outcome::Numbers { truth: &[], predicted: &[] };
        let settings = Bootstrap::new(Seed(1));
        assert!(METRICS.iter().all(|metric| bootstrap(&empty, metric, &settings).is_none()));
        let none = Bootstrap { resamples: 0, ..settings };
        let two = Outcome::Numbers { truth: &[1.0, 2.0], predicted: &[1.0, 3.0] };
        assert!(METRICS.iter().all(|metric| bootstrap(&two, metric, &none).is_none()));
    }
}
