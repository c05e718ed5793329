//! The column to be predicted, as the task sees it.

use std::collections::BTreeMap;

use plumb_ledger::{ExitCode, Explain, nearest};
use plumb_stats::Task;

use crate::{Column, Kind, Table};

/// Distinct values up to which whole numbers can be classes. 20: the ten digits and the grades of a scale, not counts.
pub(crate) const MOST_NUMBERED_CLASSES: usize = 20;

/// Rows that each of them must have on average. 10: fewer examples teach no class.
pub(crate) const ROWS_PER_NUMBERED_CLASS: usize = 10;

/// Classes that a target may have. 10,000: past it the target is a name, not a class.
pub(crate) const MOST_CLASSES: usize = 10_000;

/// The labels of all rows of a table; a row without one is unlabelled.
#[derive(Debug, Clone, PartialEq)]
pub enum Labels {
    /// Class codes into [`Target::classes`].
    Classes(Vec<Option<u32>>),
    /// Numbers, finite.
    Numbers(Vec<Option<f64>>),
}

/// The target of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The column's name.
    pub name: String,
    /// What is to be predicted.
    pub task: Task,
    /// The names of the classes, sorted (numbers by value, else by code point); empty for regression.
    /// Codes of [`Labels::Classes`] index into it.
    pub classes: Vec<String>,
    /// One entry for each row of the table.
    pub labels: Labels,
}

/// Why a column cannot be a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// There is no such column.
    #[error("target column `{}` is not in the data", name.escape_debug())]
    Missing {
        /// The name in the job.
        name: String,
        /// What may have been meant.
        near: String,
    },
    /// No row has a label.
    #[error("target column `{}` has no value in any row", .0.escape_debug())]
    NoLabels(String),
    /// There is nothing to tell apart.
    #[error("target column `{}` has one class only: `{}`", name.escape_debug(), class.escape_debug())]
    OneClass {
        /// The column.
        name: String,
        /// Its only class.
        class: String,
    },
    /// There is nothing to learn.
    #[error("target column `{}` is constant: every value is {value}", name.escape_debug())]
    Constant {
        /// The column.
        name: String,
        /// Its only value.
        value: String,
    },
    /// A label that no loss can take.
    #[error("target column `{}` is infinite in {count} rows, first in row {row}", name.escape_debug())]
    Infinite {
        /// The column.
        name: String,
        /// How many labels are infinite.
        count: usize,
        /// The first row, from 1.
        row: usize,
    },
    /// More classes than make sense.
    #[error("target column `{}` has {found} classes, the limit is {MOST_CLASSES}", name.escape_debug())]
    TooManyClasses {
        /// The column.
        name: String,
        /// How many it has.
        found: usize,
    },
    /// A kind that nothing can be predicted of.
    #[error("target column `{}` cannot be predicted as {}", name.escape_debug(), kind.as_str())]
    Kind {
        /// The column.
        name: String,
        /// The kind.
        kind: Kind,
    },
    /// The job wants numbers where there are words.
    #[error("target column `{}` is no number in row {row}", name.escape_debug())]
    NoNumber {
        /// The column.
        name: String,
        /// The first such row, from 1.
        row: usize,
    },
}

impl Explain for TargetError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing { near, .. } => near.clone(),
            Self::NoLabels(_) | Self::OneClass { .. } | Self::Constant { .. } => {
                "name another column with `--target`, or add data with other labels".to_owned()
            }
            Self::Infinite { .. } => {
                "mend these labels, or leave them empty: rows without a label are not used".to_owned()
            }
            Self::TooManyClasses { name, .. } => {
                format!("if it is a quantity, set `data.kinds.{name} = \"number\"`")
            }
            Self::Kind { name, .. } => format!("set `data.kinds.{name}` to \"number\" or \"category\""),
            Self::NoNumber { name, .. } => format!("set `data.kinds.{name} = \"category\"`"),
        })
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::Data
    }
}

impl Target {
    /// The target of a table.
    ///
    /// Categories and texts are classes. Numbers are classes when there are two of them, or when they are whole, stand
    /// close together (at least every second value of their range occurs), are at most [`MOST_NUMBERED_CLASSES`] and
    /// have [`ROWS_PER_NUMBERED_CLASS`] rows each on average; otherwise a quantity. `kind` decides where it is given.
    /// Rows whose label is missing are unlabelled.
    ///
    /// # Errors
    ///
    /// No such column, no label at all, one class, a constant, an infinite label.
    pub fn of(table: &Table, name: &str, kind: Option<Kind>) -> Result<Self, TargetError> {
        let Some(column) = table.column(name) else {
            let names: Vec<&str> = table.names().collect();
            let near = nearest::did_you_mean(name, names);
            return Err(TargetError::Missing { name: name.to_owned(), near });
        };
        if column.missing() == column.len() {
            return Err(TargetError::NoLabels(name.to_owned()));
        }
        match kind.unwrap_or_else(|| natural_kind(column)) {
            Kind::Number => numbers(column),
            Kind::Category | Kind::Text | Kind::Group => classes(column),
            kind => Err(TargetError::Kind { name: name.to_owned(), kind }),
        }
    }

    /// The same target with these classes as well, in the same order of classes: what a predictor can answer may not occur in the data.
    #[must_use]
    pub fn knowing(&self, classes: &[String]) -> Self {
        let Labels::Classes(codes) = &self.labels else { return self.clone() };
        let mut all = self.classes.clone();
        all.extend(classes.iter().filter(|class| !self.classes.contains(class)).cloned());
        all.sort_by(|a, b| by_value(a, b));
        let place = |class: &String| all.iter().position(|known| known == class).map(|place| place as u32);
        let places: Vec<Option<u32>> = self.classes.iter().map(place).collect();
        let code = |code: &Option<u32>| code.and_then(|code| places.get(code as usize).copied().flatten());
        let labels = Labels::Classes(codes.iter().map(code).collect());
        let task = if all.len() > 2 { Task::Multiclass } else { self.task };
        Self { name: self.name.clone(), task, classes: all, labels }
    }

    /// How many rows have no label.
    pub fn unlabelled(&self) -> usize {
        match &self.labels {
            Labels::Classes(codes) => codes.iter().filter(|code| code.is_none()).count(),
            Labels::Numbers(numbers) => numbers.iter().filter(|number| number.is_none()).count(),
        }
    }

    /// The rows that have a label, ascending.
    pub fn labelled_rows(&self) -> Vec<u32> {
        let rows = 0..self.len() as u32;
        match &self.labels {
            Labels::Classes(codes) => rows.filter(|&row| codes[row as usize].is_some()).collect(),
            Labels::Numbers(numbers) => rows.filter(|&row| numbers[row as usize].is_some()).collect(),
        }
    }

    /// How many rows it covers, labelled or not.
    pub fn len(&self) -> usize {
        match &self.labels {
            Labels::Classes(codes) => codes.len(),
            Labels::Numbers(numbers) => numbers.len(),
        }
    }

    /// Whether it covers no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The class codes of labelled rows, in the order of `rows`; empty for regression.
    pub fn codes_of(&self, rows: &[u32]) -> Vec<u32> {
        match &self.labels {
            Labels::Classes(codes) => rows.iter().filter_map(|&row| codes[row as usize]).collect(),
            Labels::Numbers(_) => Vec::new(),
        }
    }

    /// The numbers of labelled rows, in the order of `rows`; empty for classification.
    pub fn numbers_of(&self, rows: &[u32]) -> Vec<f64> {
        match &self.labels {
            Labels::Numbers(numbers) => rows.iter().filter_map(|&row| numbers[row as usize]).collect(),
            Labels::Classes(_) => Vec::new(),
        }
    }
}

/// Number or category, by the values alone: how the column would serve as an input does not matter here.
fn natural_kind(column: &Column) -> Kind {
    match column.numbers() {
        Some(values) if numbers_are_classes(values.iter().flatten()) => Kind::Category,
        Some(_) => Kind::Number,
        None if column.times().is_some() => Kind::Time,
        None => Kind::Category,
    }
}

fn numbers_are_classes(values: impl Iterator<Item = f64>) -> bool {
    let mut distinct: Vec<f64> = Vec::new();
    let mut rows = 0_usize;
    for value in values {
        rows += 1;
        if let Err(place) = distinct.binary_search_by(|known| known.total_cmp(&value)) {
            distinct.insert(place, value);
        }
        if distinct.len() > MOST_NUMBERED_CLASSES {
            return false;
        }
    }
    let (Some(first), Some(last)) = (distinct.first(), distinct.last()) else { return false };
    if distinct.len() == 2 {
        return rows > 2;
    }
    let whole = distinct.iter().all(|value| value.fract() == 0.0);
    let close = last - first < 2.0 * distinct.len() as f64;
    whole && close && rows >= ROWS_PER_NUMBERED_CLASS * distinct.len()
}

fn numbers(column: &Column) -> Result<Target, TargetError> {
    let name = || column.name.clone();
    let numbers: Vec<Option<f64>> = match column.numbers() {
        Some(values) => values.iter().collect(),
        None => texts_as_numbers(column)?,
    };
    let infinite = || numbers.iter().zip(1..).filter(|(x, _)| x.is_some_and(f64::is_infinite));
    if let Some((_, row)) = infinite().next() {
        return Err(TargetError::Infinite { name: name(), count: infinite().count(), row });
    }
    let mut labels = numbers.iter().flatten();
    let first = labels.next().copied().unwrap_or_default();
    if labels.all(|&label| label.total_cmp(&first).is_eq()) {
        return Err(TargetError::Constant { name: name(), value: first.to_string() });
    }
    let labels = Labels::Numbers(numbers);
    Ok(Target { name: name(), task: Task::Regression, classes: Vec::new(), labels })
}

fn texts_as_numbers(column: &Column) -> Result<Vec<Option<f64>>, TargetError> {
    let number = |row: usize| {
        if column.is_missing(row) {
            return Ok(None);
        }
        let text = column.display(row);
        let number = text.trim().parse().ok().filter(|x: &f64| !x.is_nan());
        number.map(Some).ok_or_else(|| TargetError::NoNumber { name: column.name.clone(), row: row + 1 })
    };
    (0..column.len()).map(number).collect()
}

fn classes(column: &Column) -> Result<Target, TargetError> {
    let name = column.name.clone();
    let category = column.to_category();
    let Some(view) = category.categories() else { return Err(TargetError::NoLabels(name)) };
    let levels: Vec<&str> = (0..view.len() as u32).map(|code| view.level(code)).collect();
    let mut order: Vec<u32> = (0..levels.len() as u32).collect();
    order.sort_by(|&a, &b| by_value(levels[a as usize], levels[b as usize]));
    let classes: Vec<String> = order.iter().map(|&code| levels[code as usize].to_owned()).collect();
    let task = match classes.len() {
        0 => return Err(TargetError::NoLabels(name)),
        1 => return Err(TargetError::OneClass { name, class: classes.concat() }),
        2 => Task::Binary,
        3..=MOST_CLASSES => Task::Multiclass,
        found => return Err(TargetError::TooManyClasses { name, found }),
    };
    let codes: BTreeMap<u32, u32> = order.iter().copied().zip(0..).collect();
    let code = |row| view.code(row).and_then(|code| codes.get(&code).copied());
    let labels = Labels::Classes((0..column.len()).map(code).collect());
    Ok(Target { name, task, classes, labels })
}

/// Numbers by value and before words, words by code point.
fn by_value(a: &str, b: &str) -> std::cmp::Ordering {
    let number = |text: &str| text.parse::<f64>().ok().filter(|x| !x.is_nan());
    match (number(a), number(b)) {
        (Some(x), Some(y)) => x.total_cmp(&y).then_with(|| a.cmp(b)),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(column: Column) -> Result<Target, TargetError> {
        let name = column.name.clone();
        Target::of(&Table::new(vec![column]).unwrap(), &name, None)
    }

    fn numbers_of(values: impl IntoIterator<Item = f64>) -> Result<Target, TargetError> {
        of(Column::number("y", Kind::Number, values.into_iter().map(Some)))
    }

    fn cycle(values: &[f64], rows: usize) -> Vec<f64> {
        values.iter().copied().cycle().take(rows).collect()
    }

    #[test]
    fn whole_numbers_are_classes_when_they_are_few_close_and_frequent() {
        let task = |values: Vec<f64>| numbers_of(values).unwrap().task;
        assert_eq!(task(cycle(&[2.0, 1.0], 50)), Task::Binary);
        assert_eq!(task((0..1_797).map(|i| f64::from(i % 10)).collect()), Task::Multiclass);
        assert_eq!(task((0..50).map(|i| f64::from(i % 10)).collect()), Task::Regression, "five rows each");
        assert_eq!(task(cycle(&[10.0, 20.0, 30.0], 90)), Task::Regression, "far apart: a rounded quantity");
        assert_eq!(task((0..1_000).map(|i| f64::from(i % 29)).collect()), Task::Regression, "a count");
        assert_eq!(task(cycle(&[0.5, 1.5, 2.5], 90)), Task::Regression);
    }

    #[test]
    fn classes_are_sorted_and_missing_labels_stay_missing() {
        let target =
            of(Column::category("y", Kind::Category, [Some("b"), None, Some("a"), Some("10"), Some("9")]));
        let target = target.unwrap();
        assert_eq!(target.classes, ["9", "10", "a", "b"]);
        assert_eq!(target.labels, Labels::Classes(vec![Some(3), None, Some(2), Some(1), Some(0)]));
        assert_eq!((target.unlabelled(), target.labelled_rows()), (1, vec![0, 2, 3, 4]));
    }

    #[test]
    fn the_job_decides_where_it_speaks() {
        let table =
            Table::new(vec![Column::number("y", Kind::Number, (0..90).map(|i| Some(f64::from(i % 3))))]);
        let table = table.unwrap();
        assert_eq!(Target::of(&table, "y", Some(Kind::Number)).unwrap().task, Task::Regression);
        assert_eq!(Target::of(&table, "y", Some(Kind::Category)).unwrap().task, Task::Multiclass);
        let refused = Target::of(&table, "y", Some(Kind::Image)).unwrap_err();
        assert_eq!(refused, TargetError::Kind { name: "y".to_owned(), kind: Kind::Image });
    }

    #[test]
    fn what_cannot_be_learned_is_refused_in_one_sentence() {
        let says = |result: Result<Target, TargetError>| result.unwrap_err().to_string();
        assert_eq!(says(numbers_of([4.5; 3])), "target column `y` is constant: every value is 4.5");
        let one = of(Column::category("y", Kind::Category, [Some("a"), Some("a")]));
        assert_eq!(says(one), "target column `y` has one class only: `a`");
        let none = of(Column::number("y", Kind::Number, [None, None]));
        assert_eq!(says(none), "target column `y` has no value in any row");
        let infinite = numbers_of([1.0, 2.5, f64::INFINITY, f64::NEG_INFINITY]);
        assert_eq!(says(infinite), "target column `y` is infinite in 2 rows, first in row 3");
    }

    #[test]
    fn a_class_that_only_the_predictor_knows_takes_its_place() {
        let target = of(Column::category("y", Kind::Category, [Some("a"), None, Some("c")])).unwrap();
        let wider = target.knowing(&["c".to_owned(), "b".to_owned()]);
        assert_eq!((wider.task, wider.classes.concat()), (Task::Multiclass, "abc".to_owned()));
        assert_eq!(wider.labels, Labels::Classes(vec![Some(0), None, Some(2)]));
        assert_eq!(target.knowing(&target.classes), target);
    }

    #[test]
    fn a_near_miss_is_named() {
        let table = Table::new(vec![Column::number("income", Kind::Number, [Some(1.0)])]).unwrap();
        let error = Target::of(&table, "incme", None).unwrap_err();
        assert_eq!(error.to_string(), "target column `incme` is not in the data");
        assert_eq!(error.hint().unwrap(), "did you mean `income`?");
        assert_eq!(error.exit_code(), ExitCode::Data);
    }
}
