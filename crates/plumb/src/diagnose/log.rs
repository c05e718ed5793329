//! A log of any tool in memory: series of numbers by name, each with where in the training it was taken.

use std::collections::BTreeMap;

use plumb_learn::watch::Look;

use super::limits::{NAME_BYTES, POINTS, SERIES};

/// A log as its format's reader gives it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    /// The series by the names that the tool gave them.
    pub(crate) series: BTreeMap<String, Vec<Point>>,
    /// Closer looks at layers, which Plumb's own history alone has.
    pub(crate) looks: Vec<Look>,
    /// What a person should know about the reading: torn records, lines that were passed over.
    pub(crate) remarks: Vec<String>,
    points: usize,
}

/// A number of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    /// The step, where known.
    pub(crate) step: Option<u64>,
    /// The epoch as the tool counts it, where known: `1.5` is the middle of its second.
    pub(crate) epoch: Option<f64>,
    /// The number itself; may be NaN or infinite.
    pub(crate) value: f64,
}

/// Why a reader stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// It is not what its name says.
    #[error("{0}")]
    Broken(String),
    /// There is more of something than is read.
    #[error("over the limit of {limit} {what}")]
    TooMuch {
        /// What.
        what: &'static str,
        /// How many are read.
        limit: usize,
    },
}

impl Log {
    /// Adds a number.
    pub(crate) fn add(&mut self, name: &str, point: Point) -> Result<(), Refused> {
        if self.points == POINTS {
            return Err(Refused::TooMuch { what: "numbers", limit: POINTS });
        }
        if name.len() > NAME_BYTES {
            return Err(Refused::TooMuch { what: "bytes of a name", limit: NAME_BYTES });
        }
        if let Some(series) = self.series.get_mut(name) {
            series.push(point);
        } else if self.series.len() == SERIES {
            return Err(Refused::TooMuch { what: "series", limit: SERIES });
        } else {
            self.series.insert(name.to_owned(), vec![point]);
        }
        self.points += 1;
        Ok(())
    }

    /// Adds what was said so often, when it was.
    pub(crate) fn remark(&mut self, count: usize, what: &str) {
        if count > 0 {
            self.remarks.push(format!("{count} {what}"));
        }
    }

    /// Sorts each series, keeps the last of several numbers of one place (a resumed run writes its steps again), and
    /// tells every point its epoch where others of the log, or a series of epochs, know it.
    pub(crate) fn settled(mut self) -> Self {
        let names: Vec<String> = self.series.keys().filter(|name| is_epoch(name)).cloned().collect();
        let both = |point: &Point| Some((point.step?, point.epoch?));
        let mut epochs: BTreeMap<u64, f64> = self.series.values().flatten().filter_map(both).collect();
        for point in names.iter().filter_map(|name| self.series.remove(name)).flatten() {
            if let (Some(step), true) = (point.step, point.value.is_finite()) {
                epochs.insert(step, point.value);
            }
        }
        for series in self.series.values_mut() {
            for (at, point) in series.iter_mut().enumerate() {
                if let (Some(step), None) = (point.step, point.epoch) {
                    point.epoch = epochs.range(..=step).next_back().map(|(_, epoch)| *epoch);
                }
                if point.step.is_none() && point.epoch.is_none() {
                    point.step = Some(at as u64);
                }
            }
            series.reverse();
            series.sort_by(|a, b| a.step.cmp(&b.step).then(order(a.epoch, b.epoch)));
            series.dedup_by(|a, b| a.step == b.step && order(a.epoch, b.epoch).is_eq());
        }
        self
    }
}

fn order(a: Option<f64>, b: Option<f64>) -> std::cmp::Ordering {
    let key = |epoch: Option<f64>| epoch.unwrap_or(f64::NEG_INFINITY);
    key(a).total_cmp(&key(b))
}

/// Whether a series tells the epoch of each step, as Lightning's `epoch` and the Trainer's `train/epoch` do.
fn is_epoch(name: &str) -> bool {
    name.rsplit(['/', '.']).next().is_some_and(|last| last.eq_ignore_ascii_case("epoch"))
}

/// A step as text or JSON gives it: a whole number that is not negative.
pub(crate) fn whole(number: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    ((0.0..EXACT).contains(&number) && number.fract() == 0.0).then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resumed_runs_later_numbers_count_and_epochs_are_looked_up() {
        let mut log = Log::default();
        let point = |step, value| Point { step: Some(step), epoch: None, value };
        for (step, value) in [(0, 1.0), (5, 0.5), (9, f64::NAN), (5, 0.4), (9, 0.3)] {
            log.add("loss", point(step, value)).unwrap();
        }
        for (step, epoch) in [(0, 0.0), (8, 1.0)] {
            log.add("train/epoch", point(step, epoch)).unwrap();
        }
        let log = log.settled();
        let series: Vec<_> = log.series["loss"].iter().map(|p| (p.step, p.epoch, p.value)).collect();
        let expected = [(0, 0.0, 1.0), (5, 0.0, 0.4), (9, 1.0, 0.3)];
        assert_eq!(series, expected.map(|(step, epoch, value)| (Some(step), Some(epoch), value)));
        assert_eq!(log.series.len(), 1);
    }

    #[test]
    fn limits_are_named() {
        let mut log = Log::default();
        let point = Point { step: None, epoch: None, value: 1.0 };
        let refused = log.add(&"x".repeat(NAME_BYTES + 1), point).unwrap_err();
        assert_eq!(refused.to_string(), format!("over the limit of {NAME_BYTES} bytes of a name"));
        for series in 0..SERIES {
            log.add(&series.to_string(), point).unwrap();
        }
        assert_eq!(
            log.add("one more", point).unwrap_err(),
            Refused::TooMuch { what: "series", limit: SERIES }
        );
        log.add("0", point).unwrap();
    }

    #[test]
    fn only_whole_steps_count() {
        assert_eq!([3.0, -1.0, 0.5, f64::NAN, 1e300].map(whole), [Some(3), None, None, None, None]);
    }
}
