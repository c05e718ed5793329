//! From the series of a log to the history that the `train.*` practices read.

use std::collections::{BTreeMap, BTreeSet};

use plumb_learn::watch::{Axis, BrokenSeries, Epoch, History, Step, TrainContext};

use super::log::{Log, Point};
use super::roles::{Part, Roles, kind};

/// What the practices look at.
pub(crate) fn context(log: &Log, roles: &Roles, finished: bool) -> TrainContext {
    TrainContext { history: history(log, roles), broken: broken(log), finished, ..TrainContext::default() }
}

/// The number of an epoch: the tool's own, and where it counts parts of epochs, the one that ends next, so that what was
/// logged in an epoch and the evaluation at its end have one number.
pub(crate) fn number(epoch: f64) -> u64 {
    // Thirds of an epoch do not add up to a whole one in binary.
    (epoch - 1e-6).ceil().max(0.0) as u64
}

/// A number of a series as a loss.
fn losses<'a>(log: &'a Log, part: Option<&'a Part>) -> impl Iterator<Item = (Point, f64)> + 'a {
    part.into_iter().flat_map(|part| {
        let points = log.series.get(&part.series).into_iter().flatten();
        points.map(|point| (*point, part.loss(point.value)))
    })
}

fn history(log: &Log, roles: &Roles) -> History {
    let scores: Vec<(&str, &[Point])> = roles
        .scores
        .iter()
        .filter_map(|score| Some((score.name.as_str(), log.series.get(score.valid.as_ref()?)?.as_slice())))
        .collect();
    let by_step: Vec<(Point, f64)> = losses(log, roles.train_by_step.as_ref()).collect();
    let by_epoch: Vec<(Point, f64)> = losses(log, roles.train_by_epoch.as_ref()).collect();
    let valid: Vec<(Point, f64)> = losses(log, roles.valid.as_ref()).collect();
    let series = [&by_epoch, &valid].map(|series| series.iter().map(|(point, _)| *point).collect::<Vec<_>>());
    // The losses number the epochs: a score may be logged otherwise often, as Keras logs some by iterations.
    let placed: Vec<&[Point]> = if series.iter().all(Vec::is_empty) {
        scores.iter().map(|(_, points)| *points).collect()
    } else {
        series.iter().map(Vec::as_slice).collect()
    };
    let keys = Keys::of(&placed, &by_step);
    let mut epochs: BTreeMap<u64, Epoch> = BTreeMap::new();
    let mut put = |point: &Point, set: &mut dyn FnMut(&mut Epoch)| {
        let Some(key) = keys.of_evaluation(point) else { return };
        let epoch = epochs.entry(key).or_insert_with(|| Epoch { epoch: key, ..Epoch::default() });
        epoch.step = epoch.step.max(point.step.unwrap_or(0));
        set(epoch);
    };
    for (point, loss) in &by_epoch {
        put(point, &mut |epoch| epoch.train_loss = Some(*loss));
    }
    for (point, loss) in &valid {
        put(point, &mut |epoch| _ = epoch.valid.insert("loss".to_owned(), *loss));
    }
    for (name, points) in &scores {
        for point in *points {
            put(point, &mut |epoch| _ = epoch.valid.insert((*name).to_owned(), point.value));
        }
    }
    for (key, mean) in means(&keys, &by_step) {
        let epoch = epochs.entry(key).or_insert_with(|| Epoch { epoch: key, ..Epoch::default() });
        epoch.train_loss = epoch.train_loss.or(Some(mean));
    }
    History {
        steps: steps(log, roles, &keys, &by_step),
        looks: log.looks.clone(),
        epochs: epochs.into_values().collect(),
        axis: keys.axis,
    }
}

/// How the epochs of a history are numbered.
struct Keys {
    axis: Axis,
    /// The numbers in use, by which a step finds its own.
    known: BTreeSet<u64>,
}

impl Keys {
    /// By epoch where every evaluation has one of its own, by step otherwise.
    fn of(placed: &[&[Point]], by_step: &[(Point, f64)]) -> Self {
        let all = || placed.iter().copied().flatten();
        let own = |points: &&[Point]| {
            let numbers: BTreeSet<u64> = points.iter().filter_map(|point| point.epoch.map(number)).collect();
            numbers.len() == points.len()
        };
        if all().next().is_none() {
            let numbers: BTreeSet<u64> =
                by_step.iter().filter_map(|(point, _)| point.epoch.map(number)).collect();
            return Self { axis: Axis::Epochs, known: numbers };
        }
        if placed.iter().all(own) {
            return Self {
                axis: Axis::Epochs,
                known: all().filter_map(|point| point.epoch.map(number)).collect(),
            };
        }
        Self { axis: Axis::Steps, known: all().filter_map(|point| point.step).collect() }
    }

    fn of_evaluation(&self, point: &Point) -> Option<u64> {
        let key = match self.axis {
            Axis::Epochs => point.epoch.map(number),
            Axis::Steps => point.step,
        };
        key.filter(|key| self.known.contains(key))
    }

    /// The epoch that a step belongs to; by step the next evaluation, so that what follows the last has none.
    fn of_step(&self, point: &Point) -> Option<u64> {
        match self.axis {
            Axis::Epochs => point.epoch.map(number).filter(|number| self.known.contains(number)),
            Axis::Steps => self.known.range(point.step?..).next().copied(),
        }
    }
}

/// The mean training loss of each epoch's steps; a number that is none makes it none.
fn means(keys: &Keys, by_step: &[(Point, f64)]) -> BTreeMap<u64, f64> {
    let mut sums: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for (point, loss) in by_step {
        if let Some(key) = keys.of_step(point) {
            let (sum, count) = sums.entry(key).or_default();
            (*sum, *count) = (*sum + loss, *count + 1.0);
        }
    }
    sums.into_iter().map(|(key, (sum, count))| (key, sum / count)).collect()
}

fn steps(log: &Log, roles: &Roles, keys: &Keys, by_step: &[(Point, f64)]) -> Vec<Step> {
    let mut steps: BTreeMap<u64, Step> = BTreeMap::new();
    let mut put = |point: &Point, set: &mut dyn FnMut(&mut Step)| {
        let Some(step) = point.step.or_else(|| point.epoch.map(number)) else { return };
        let epoch = keys.of_step(point).unwrap_or(0);
        set(steps.entry(step).or_insert(Step { step, epoch, loss: None, lr: None, grad_norm: None }));
    };
    for (point, loss) in by_step {
        put(point, &mut |step| step.loss = Some(*loss));
    }
    let series =
        |name: &Option<String>| name.as_ref().and_then(|name| log.series.get(name)).into_iter().flatten();
    for point in series(&roles.rate) {
        put(point, &mut |step| step.lr = Some(point.value));
    }
    for point in series(&roles.gradient) {
        put(point, &mut |step| step.grad_norm = Some(point.value));
    }
    steps.into_values().collect()
}

/// Every series of the log, whatever its part, that holds a number which is none.
fn broken(log: &Log) -> Vec<BrokenSeries> {
    let of = |(name, points): (&String, &Vec<Point>)| {
        let first = points.iter().find(|point| !point.value.is_finite())?;
        Some(BrokenSeries {
            name: name.clone(),
            kind: kind(name),
            step: first.step,
            epoch: first.epoch.map(number),
            value: first.value,
            count: points.iter().filter(|point| !point.value.is_finite()).count(),
            of: points.len(),
            recovered: points.last().is_some_and(|point| point.value.is_finite()),
        })
    };
    log.series.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::super::roles::{self, Chosen};
    use super::*;

    /// Step, epoch and number.
    type Told = (Option<u64>, Option<f64>, f64);

    fn log(series: &[(&str, &[Told])]) -> Log {
        let mut log = Log::default();
        for (name, points) in series {
            for &(step, epoch, value) in *points {
                log.add(name, Point { step, epoch, value }).unwrap();
            }
        }
        log.settled()
    }

    fn history_of(log: &Log) -> History {
        history(log, &roles::of(log, Chosen::default()).unwrap())
    }

    fn epochs(history: &History) -> Vec<(u64, u64, Option<f64>, Option<f64>)> {
        let of = |e: &Epoch| (e.epoch, e.step, e.train_loss, e.valid.get("loss").copied());
        history.epochs.iter().map(of).collect()
    }

    #[test]
    fn steps_between_evaluations_are_averaged_and_epochs_keep_the_tools_numbers() {
        let at = |step, epoch, value| (Some(step), Some(epoch), value);
        let log = log(&[
            (
                "loss",
                &[at(4, 0.5, 3.0), at(8, 1.0, 1.0), at(12, 1.5, 0.5), at(16, 2.0, 0.3), at(18, 2.25, 9.0)],
            ),
            ("eval_loss", &[at(8, 1.0, 2.0), at(16, 2.0, 1.5)]),
        ]);
        let history = history_of(&log);
        assert_eq!(epochs(&history), [(1, 8, Some(2.0), Some(2.0)), (2, 16, Some(0.4), Some(1.5))]);
        assert_eq!(history.steps.iter().map(|step| step.epoch).collect::<Vec<_>>(), [1, 1, 2, 2, 0]);
    }

    #[test]
    fn several_evaluations_of_an_epoch_are_numbered_by_step() {
        let at = |step, epoch, value| (Some(step), Some(epoch), value);
        let log = log(&[
            ("loss", &[at(4, 0.1, 3.0), at(8, 0.2, 1.0), at(12, 0.3, 0.5), at(16, 0.4, 0.3)]),
            ("eval_loss", &[at(8, 0.2, 2.0), at(16, 0.4, 1.5)]),
        ]);
        let history = history_of(&log);
        assert_eq!(history.axis, Axis::Steps);
        assert_eq!(epochs(&history), [(8, 8, Some(2.0), Some(2.0)), (16, 16, Some(0.4), Some(1.5))]);
    }

    #[test]
    fn epochs_alone_are_enough_and_what_is_missing_is_no_nan() {
        let log = log(&[
            ("loss", &[(None, Some(0.0), 1.0), (None, Some(1.0), f64::NAN)]),
            ("val_loss", &[(None, Some(0.0), 1.0), (None, Some(2.0), 2.0)]),
            ("learning_rate", &[(None, Some(0.0), 0.1), (None, Some(1.0), 0.01)]),
        ]);
        let history = history_of(&log);
        assert!(history.epochs[1].train_loss.unwrap().is_nan());
        assert_eq!((history.epochs[2].train_loss, history.epochs[1].valid.len()), (None, 0));
        assert_eq!(history.steps.iter().map(|step| step.lr).collect::<Vec<_>>(), [Some(0.1), Some(0.01)]);
        assert_eq!(broken(&log).len(), 1);
        assert_eq!((broken(&log)[0].epoch, broken(&log)[0].count), (Some(1), 1));
    }

    #[test]
    fn thirds_of_an_epoch_belong_to_it() {
        assert_eq!(
            [0.0, 0.3, 1.0, 1.000_000_1, 1.1, 18.666, -3.0, f64::NAN].map(number),
            [0, 1, 1, 1, 2, 19, 0, 0]
        );
    }
}
