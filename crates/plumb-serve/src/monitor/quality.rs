//! How good the answers were, as soon as labels tell, and how good they are expected to be before.

use std::collections::HashMap;

use plumb_data::{Predictions, Table};
use plumb_ledger::{Seed, digest::xxh3};
use plumb_stats::expected::expected;
use plumb_stats::sequential::level_of_look;
use plumb_stats::tests::unpaired_bootstrap;
use plumb_stats::{Bootstrap, Metric, Outcome, Task, bootstrap};

use super::figures::{Estimate, LabelCounts, Quality};
use super::reader::Logged;
use super::sample::{Sample, Truth};

/// A loss that counts, as a share of the recorded metric.
pub(super) const WORSE: f64 = 0.05;
/// Metrics near 0 have no share: below this the loss is beside this.
const SMALLEST: f64 = 0.1;
/// Labelled rows that a window must have.
pub(super) const LEAST_LABELLED: usize = 50;
/// Draws of labels for the spread of an expected metric.
const DRAWS: usize = 200;
/// Classes up to which quality is expected: each row counts once for every class.
const MOST_CLASSES: usize = 100;

/// Labels by the names of rows.
#[derive(Debug, Clone)]
pub struct Labels {
    by_id: HashMap<String, String>,
    rows: usize,
    repeated: usize,
}

impl Labels {
    /// Those of a table with a column of names and one of true values; a name that comes again takes the place of the earlier one.
    pub fn of(table: &Table, id: &str, target: &str) -> Result<Self, String> {
        let column = |name: &str| {
            table.column(name).ok_or_else(|| format!("the labels have no column `{}`", name.escape_debug()))
        };
        let (ids, labels) = (column(id)?, column(target)?);
        let mut found = Self { by_id: HashMap::new(), rows: 0, repeated: 0 };
        for row in (0..table.rows()).filter(|&row| !ids.is_missing(row) && !labels.is_missing(row)) {
            found.rows += 1;
            let before = found.by_id.insert(ids.display(row), labels.display(row));
            found.repeated += usize::from(before.is_some());
        }
        Ok(found)
    }

    /// What was true of logged rows.
    pub(super) fn truth(&self, ids: &[String], classes: &[String]) -> Truth {
        let texts = ids.iter().map(|id| self.by_id.get(id));
        if classes.is_empty() {
            let number = |text: &String| text.trim().parse().ok().filter(|x: &f64| x.is_finite());
            return Truth::Numbers(texts.map(|text| text.and_then(number).unwrap_or(f64::NAN)).collect());
        }
        let codes: HashMap<&str, u32> = classes.iter().map(String::as_str).zip(0..).collect();
        Truth::Classes(texts.map(|text| codes.get(text?.as_str()).copied()).collect())
    }

    /// What became of them beside all rows of the log.
    pub(super) fn counts(&self, logged: &Logged, classes: &[String]) -> LabelCounts {
        let named: std::collections::HashSet<&str> = logged.ids.iter().map(String::as_str).collect();
        let unmatched = self.by_id.keys().filter(|id| !named.contains(id.as_str())).count();
        let labelled = match self.truth(&logged.ids, classes) {
            Truth::Classes(codes) => codes.iter().flatten().count(),
            Truth::Numbers(numbers) => numbers.iter().filter(|x| x.is_finite()).count(),
        };
        let unusable = logged.ids.iter().filter(|id| self.by_id.contains_key(*id)).count() - labelled;
        LabelCounts { rows: self.rows, repeated: self.repeated, unusable, unmatched, labelled }
    }
}

/// Rows whose truth is known, as metrics read them.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Known {
    Classes { truth: Vec<u32>, probabilities: Vec<f64>, classes: usize },
    Numbers { truth: Vec<f64>, predicted: Vec<f64> },
}

impl Known {
    pub(super) fn of(predictions: &Predictions, truth: &Truth) -> Option<Self> {
        match (predictions, truth) {
            (Predictions::Numbers(predicted), Truth::Numbers(truth)) => {
                let pairs = truth.iter().zip(predicted).filter(|(t, p)| t.is_finite() && p.is_finite());
                let (truth, predicted) = pairs.map(|(t, p)| (*t, *p)).unzip();
                Some(Self::Numbers { truth, predicted })
            }
            (Predictions::Probabilities { values, classes }, Truth::Classes(codes)) => {
                let (mut truth, mut probabilities) = (Vec::new(), Vec::new());
                for (code, p) in codes.iter().zip(values.chunks_exact((*classes).max(1))) {
                    if let Some(code) = code {
                        truth.push(*code);
                        probabilities.extend_from_slice(p);
                    }
                }
                Some(Self::Classes { truth, probabilities, classes: *classes })
            }
            _ => None,
        }
    }

    fn outcome(&self) -> Outcome<'_> {
        match self {
            Self::Numbers { truth, predicted } => Outcome::Numbers { truth, predicted },
            Self::Classes { truth, probabilities, classes } => {
                Outcome::Classes { truth, probabilities, classes: *classes }
            }
        }
    }

    fn rows(&self) -> usize {
        self.outcome().rows()
    }

    /// The digest of what is true of which answer.
    fn digest(&self) -> String {
        let bytes: Vec<u8> = match self {
            Self::Numbers { truth, .. } => truth.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Self::Classes { truth, .. } => truth.iter().flat_map(|x| x.to_le_bytes()).collect(),
        };
        format!("{:016x}", xxh3(&bytes))
    }
}

/// How much worse a metric is, as a share of the reference.
fn worse_by(metric: &Metric, value: f64, reference: f64) -> f64 {
    -metric.gain(value, reference) / reference.abs().max(SMALLEST)
}

/// The quality of a window beside that of the judged part; `before` is what was found when fewer labels were there. None with too few
/// labels, or where the metric is undefined.
pub(super) fn quality(
    metric: &Metric,
    window: &Known,
    judged: &Known,
    level: f64,
    before: Option<&Quality>,
) -> Option<Quality> {
    let (labelled, labels) = (window.rows(), window.digest());
    if labelled < LEAST_LABELLED {
        return None;
    }
    if let Some(same) = before.filter(|before| before.labels == labels && before.labelled == labelled) {
        return Some(same.clone());
    }
    let settings = Bootstrap { resamples: 400, ..Bootstrap::new(Seed(0)) };
    let found = unpaired_bootstrap(&window.outcome(), &judged.outcome(), metric, &settings)?;
    let interval = bootstrap(&window.outcome(), metric, &settings)?;
    let look = before.map_or(0, |before| before.look) + 1;
    let level = level_of_look(level, look);
    let worse_by = worse_by(metric, found.first, found.second);
    Some(Quality {
        labelled,
        value: found.first,
        low: interval.low,
        high: interval.high,
        reference: found.second,
        p: found.p,
        worse_by,
        worse: found.p <= level && worse_by >= WORSE,
        look,
        level,
        labels,
    })
}

/// What quality is expected of a window; none for numbers, whose predictions do not say how sure they are, and for very many classes.
pub(super) fn estimate(metric: &Metric, window: &Predictions, reference: &Sample) -> Option<Estimate> {
    let known = Known::of(&reference.rows.predictions, &reference.truth)?;
    let Known::Classes { probabilities, classes, .. } = &known else { return None };
    let Predictions::Probabilities { values, classes: same } = window else { return None };
    if classes != same
        || *classes > MOST_CLASSES
        || !metric.tasks.iter().any(|task| *task != Task::Regression)
    {
        return None;
    }
    let stream = Seed(0).stream("expected labels");
    let of = |p: &[f64]| expected(metric, p, *classes, 0.95, DRAWS, stream);
    let (now, then) = (of(values)?, of(probabilities)?);
    let measured = (metric.compute)(&known.outcome())?;
    // As far apart as labels that follow the probabilities would put them, or by less than what counts.
    let is_within = then.low <= measured && measured <= then.high;
    let trusted = is_within || worse_by(metric, then.value, measured).abs() < WORSE;
    Some(Estimate {
        value: now.value,
        low: now.low,
        high: now.high,
        reference: then.value,
        measured,
        worse_by: worse_by(metric, now.value, then.value),
        trusted,
    })
}

#[cfg(test)]
mod tests {
    use plumb_data::{Column, Kind};
    use plumb_stats::metric;

    use super::*;

    fn known(rows: u32, right_of_ten: u32) -> Known {
        let said = |row: u32| row / 10 % 2;
        let truth = |row: u32| if row % 10 < right_of_ten { said(row) } else { 1 - said(row) };
        let p = (0..rows).flat_map(|row| if said(row) == 1 { [0.1, 0.9] } else { [0.9, 0.1] });
        Known::Classes { truth: (0..rows).map(truth).collect(), probabilities: p.collect(), classes: 2 }
    }

    #[test]
    fn a_loss_is_found_and_looked_at_anew_only_with_other_labels() {
        let accuracy = metric("accuracy").unwrap();
        let found =
            |rows, right, before| quality(accuracy, &known(rows, right), &known(2_000, 9), 0.01, before);
        let same = found(500, 9, None).unwrap();
        assert!(!same.worse && same.look == 1, "{same:?}");
        let lost = found(500, 7, Some(&same)).unwrap();
        assert!(lost.worse && lost.look == 2 && lost.level < same.level, "{lost:?}");
        assert_eq!(found(500, 7, Some(&lost)).unwrap(), lost);
        assert_eq!(found(40, 7, None), None);
    }

    #[test]
    fn the_last_label_wins() {
        let table = Table::new(vec![
            Column::category("id", Kind::Id, [Some("a"), Some("b"), Some("a"), None, Some("z")]),
            Column::number("y", Kind::Number, [Some(0.0), Some(1.0), Some(1.0), Some(1.0), Some(0.0)]),
        ]);
        let labels = Labels::of(&table.unwrap(), "id", "y").unwrap();
        let classes = ["0".to_owned(), "1".to_owned()];
        let ids = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        assert_eq!(labels.truth(&ids, &classes), Truth::Classes(vec![Some(1), Some(1), None]));
        assert_eq!((labels.rows, labels.repeated), (4, 1));
        let Truth::Numbers(numbers) = labels.truth(&ids, &[]) else { panic!("numbers are numbers") };
        assert!(numbers[0] > 0.5 && numbers[2].is_nan());
    }

    #[test]
    fn what_is_expected_needs_calibrated_probabilities() {
        let sample = |right| {
            let Known::Classes { truth, probabilities, .. } = known(1_000, right) else { panic!("classes") };
            let rows = super::super::Rows {
                table: Table::new(Vec::new()).unwrap(),
                predictions: Predictions::Probabilities { values: probabilities, classes: 2 },
                embeddings: None,
            };
            Sample { rows, truth: Truth::Classes(truth.into_iter().map(Some).collect()) }
        };
        let accuracy = metric("accuracy").unwrap();
        let window = Predictions::Probabilities { values: [0.7, 0.3].repeat(500), classes: 2 };
        let found = estimate(accuracy, &window, &sample(9)).unwrap();
        assert!(
            found.trusted && (found.value - 0.7).abs() < 1e-6 && (found.worse_by - 2.0 / 9.0).abs() < 1e-6
        );
        assert!(!estimate(accuracy, &window, &sample(5)).unwrap().trusted);
        assert_eq!(estimate(accuracy, &Predictions::Numbers(vec![1.0]), &sample(9)), None);
    }
}
