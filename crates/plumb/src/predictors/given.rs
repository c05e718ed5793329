//! A table of predictions: what another tool predicted, in a file.

use std::collections::HashMap;
use std::path::Path;

use plumb_data::read::{Progress, ReadOptions, read};
use plumb_data::{Column, Kind, PredictError, Predictions, Predictor, Table, Target};
use plumb_ledger::{ExitCode, Explain, Limits};
use plumb_stats::Task;

use super::Opened;
use super::columns::{Found, find, suspects};
use crate::fault::Fault;
use crate::run::Screen;

/// What the command line says about the file.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct GivenOptions<'a> {
    /// The column by which its rows are matched with those of the data.
    pub(crate) key: Option<&'a str>,
    /// The column that is the prediction.
    pub(crate) column: Option<&'a str>,
    /// The class that a single score is for.
    pub(crate) positive: Option<&'a str>,
    /// Whether the data was read from this very file.
    pub(crate) is_data: bool,
    /// Rows of the table before those that the file is for.
    pub(crate) before: usize,
}

/// Why a file of predictions cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GivenError {
    /// No column is called like a prediction.
    #[error("no column is a prediction: {0}")]
    NoColumn(String),
    /// The columns are not the same.
    #[error("column `{column}` is not in both the data and the predictions: {file}")]
    NoKey {
        /// The column.
        column: String,
        /// The file.
        file: String,
    },
    /// A key stands for two rows.
    #[error("`{key}` stands twice in column `{column}`: {file}")]
    Twice {
        /// The value.
        key: String,
        /// The column.
        column: String,
        /// The file.
        file: String,
    },
    /// The numbers of rows differ.
    #[error("{predictions} predictions for {data} rows of data: {file}")]
    Rows {
        /// Rows of predictions.
        predictions: usize,
        /// Rows of data.
        data: usize,
        /// The file.
        file: String,
    },
    /// A value is no probability.
    #[error("row {row}: {value} is no probability: {file}")]
    NoProbability {
        /// The row of the file, from 1.
        row: usize,
        /// What stands there.
        value: String,
        /// The file.
        file: String,
    },
    /// Probabilities do not sum to 1.
    #[error("row {row}: the probabilities of all classes sum to {sum}: {file}")]
    Sum {
        /// The row of the file, from 1.
        row: usize,
        /// Their sum.
        sum: String,
        /// The file.
        file: String,
    },
    /// The positive class is none.
    #[error("`{0}` is not one of the two classes of the target")]
    NoClass(String),
    /// No row has a prediction.
    #[error("no row of the data has a prediction: {0}")]
    Nothing(String),
}

impl Explain for GivenError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoColumn(_) => "call the columns `p_CLASS` or `prediction`, or name one with `--column`".to_owned(),
            Self::NoKey { .. } | Self::Rows { .. } | Self::Nothing(_) => {
                "name a column that both have with `--key`, or give one prediction for each row, in the same order".to_owned()
            }
            Self::Twice { .. } => "name a column whose values are all different".to_owned(),
            Self::NoProbability { .. } | Self::Sum { .. } => {
                "write probabilities from 0 to 1 that sum to 1 in each row: a softmax of logits gives them".to_owned()
            }
            Self::NoClass(_) => "`--positive` names the class that the score is for".to_owned(),
        })
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::NoClass(_) => ExitCode::Usage,
            _ => ExitCode::Data,
        }
    }
}

/// The predictions for the rows of one table.
struct Given {
    task: Task,
    classes: Vec<String>,
    /// Row-major, for every row of the table; NaN where there is none.
    values: Vec<f64>,
    labels_only: bool,
}

impl Predictor for Given {
    fn task(&self) -> Task {
        self.task
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn is_given(&self) -> bool {
        true
    }

    fn knows_how_sure(&self) -> bool {
        !self.labels_only
    }

    fn predict(&self, _table: &Table, rows: &[u32]) -> Result<Predictions, PredictError> {
        let width = self.classes.len().max(1);
        let row = |row: &u32| self.values.get(*row as usize * width..(*row as usize + 1) * width);
        let found: Option<Vec<&[f64]>> = rows.iter().map(row).collect();
        let values =
            found.ok_or_else(|| PredictError { message: "no prediction for a row".to_owned() })?.concat();
        Ok(match self.task {
            Task::Regression => Predictions::Numbers(values),
            _ => Predictions::Probabilities { values, classes: width },
        })
    }
}

/// Reads the file and matches its rows with those of the data.
pub(super) fn open(
    file: &Path,
    table: &Table,
    target: &Target,
    options: &GivenOptions<'_>,
    screen: &mut Screen,
) -> Result<Opened, Fault> {
    let read;
    let source = if options.is_data {
        table
    } else {
        read = read_file(file, screen)?;
        &read
    };
    let shown = file.display().to_string();
    let found = find(source, target, options.column).ok_or_else(|| GivenError::NoColumn(shown.clone()))?;
    let (places, how) =
        if options.is_data { (same(table.rows()), None) } else { matched(source, table, options, &shown)? };
    let columns: Vec<&Column> = found.places().iter().map(|&place| &source.columns()[place]).collect();
    let has_all = |row: &u32| columns.iter().all(|column| !column.is_missing(*row as usize));
    let places: Vec<Option<u32>> = places.into_iter().map(|row| row.filter(has_all)).collect();
    let rows: Vec<u32> = (0..).zip(&places).filter(|(_, row)| row.is_some()).map(|(row, _)| row).collect();
    if rows.is_empty() {
        return Err(GivenError::Nothing(shown).into());
    }
    let given = Values { source, places: &places, target, file: &shown }.of(&found, options)?;
    let mut remarks: Vec<String> = how.into_iter().collect();
    remarks.push(about(&found, &columns, &given, options));
    let wanted = table.rows() - options.before;
    if rows.len() < wanted {
        remarks.push(format!("{} of {wanted} rows have a prediction", rows.len()));
    }
    let target = target.knowing(&given.classes);
    let table = if options.is_data { set_aside(table, &target, &found) } else { table.clone() };
    Ok(Opened { predictor: Box::new(given), rows: Some(rows), table, target, remarks })
}

fn read_file(file: &Path, screen: &mut Screen) -> Result<Table, Fault> {
    /// 2 GiB: a million rows of two hundred classes.
    const TABLE_BYTES: usize = 2 << 30;
    let path = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let options = ReadOptions {
        files: vec![path.display().to_string()],
        limits: Limits { table_bytes: TABLE_BYTES, ..Limits::DEFAULT },
        ..ReadOptions::default()
    };
    let read = read(&options, &|_: Progress| {})?;
    for note in &read.report.notes {
        screen.say(note);
    }
    Ok(read.table)
}

fn about(found: &Found, columns: &[&Column], given: &Given, options: &GivenOptions<'_>) -> String {
    let name = columns.first().map(|column| column.name.as_str()).unwrap_or_default();
    match found {
        Found::Probabilities(places) => format!("predictions: the probabilities of {} classes", places.len()),
        Found::Positive(_) => {
            let class = options.positive.or(given.classes.get(1).map(String::as_str)).unwrap_or_default();
            format!("predictions: column `{name}` is the probability of `{class}`")
        }
        Found::Predicted(_) if given.labels_only => {
            format!("predictions: column `{name}` names a class; without probabilities much cannot be judged")
        }
        Found::Predicted(_) => format!("predictions: column `{name}`"),
    }
}

fn same(rows: usize) -> Vec<Option<u32>> {
    (0..rows as u32).map(Some).collect()
}

type Matched = (Vec<Option<u32>>, Option<String>);

/// The row of the predictions for each row of the data, and how they were matched where it was not asked for.
fn matched(
    source: &Table,
    data: &Table,
    options: &GivenOptions<'_>,
    file: &str,
) -> Result<Matched, GivenError> {
    if let Some(key) = options.key {
        return Ok((by_key(source, data, key, file)?, None));
    }
    if let (Some(numbers), None) = (source.column("row").and_then(Column::numbers), data.column("row")) {
        let fold = source.column("fold").and_then(Column::numbers);
        let mut places = vec![None; data.rows()];
        for (at, number) in numbers.iter().enumerate() {
            let is_fold = fold.is_some_and(|fold| fold.value(at) > 0.0);
            let place = number.filter(|x| *x >= 0.0 && x.fract() == 0.0 && !is_fold).map(|x| x as usize);
            if let Some(place) = place.and_then(|place| places.get_mut(options.before + place)) {
                *place = Some(at as u32);
            }
        }
        return Ok((places, Some("predictions are matched by their column `row`, from 0".to_owned())));
    }
    let rows = data.rows() - options.before;
    if source.rows() != rows {
        return Err(GivenError::Rows { predictions: source.rows(), data: rows, file: file.to_owned() });
    }
    let places = std::iter::repeat_n(None, options.before).chain(same(rows)).collect();
    Ok((places, Some("predictions are matched by the order of the rows".to_owned())))
}

fn by_key(source: &Table, data: &Table, key: &str, file: &str) -> Result<Vec<Option<u32>>, GivenError> {
    let (Some(of_source), Some(of_data)) = (source.column(key), data.column(key)) else {
        return Err(GivenError::NoKey { column: key.to_owned(), file: file.to_owned() });
    };
    let mut places: HashMap<String, u32> = HashMap::new();
    for row in (0..of_source.len()).filter(|&row| !of_source.is_missing(row)) {
        if places.insert(of_source.display(row), row as u32).is_some() {
            let key_value = of_source.display(row);
            return Err(GivenError::Twice { key: key_value, column: key.to_owned(), file: file.to_owned() });
        }
    }
    Ok((0..of_data.len()).map(|row| places.get(&of_data.display(row)).copied()).collect())
}

/// The table with its predictions set aside: none of them is an input.
fn set_aside(table: &Table, target: &Target, found: &Found) -> Table {
    let all = suspects(table, target).into_iter().chain(found.places().iter().copied());
    all.fold(table.clone(), |table, place| {
        table.with_values(place, Kind::Ignore, table.columns()[place].values.clone())
    })
}

/// From columns to values in the order of the data.
struct Values<'a> {
    source: &'a Table,
    /// For each row of the data the row of the predictions.
    places: &'a [Option<u32>],
    target: &'a Target,
    file: &'a str,
}

/// How far a sum of probabilities may be from 1: three decimals are usual in files.
const SLACK: f64 = 5e-3;

impl Values<'_> {
    fn of(&self, found: &Found, options: &GivenOptions<'_>) -> Result<Given, GivenError> {
        let classes = self.target.classes.clone();
        let task = self.target.task;
        let given = |values| Given { task, classes: classes.clone(), values, labels_only: false };
        match found {
            Found::Probabilities(places) => Ok(given(self.probabilities(places)?)),
            Found::Positive(place) => {
                let positive =
                    options.positive.unwrap_or(classes.get(1).map(String::as_str).unwrap_or_default());
                let at = classes.iter().position(|class| class == positive);
                let at = at.ok_or_else(|| GivenError::NoClass(positive.to_owned()))?;
                let shares = self.numbers(*place)?;
                self.check(&shares)?;
                Ok(given(
                    shares.iter().flat_map(|p| if at == 1 { [1.0 - p, *p] } else { [*p, 1.0 - p] }).collect(),
                ))
            }
            Found::Predicted(place) if task == Task::Regression => Ok(given(self.numbers(*place)?)),
            Found::Predicted(place) => Ok(self.labels(*place)),
        }
    }

    /// A column in the order of the data; NaN where there is no prediction.
    fn numbers(&self, place: usize) -> Result<Vec<f64>, GivenError> {
        let column = &self.source.columns()[place];
        let numbers = column.numbers().ok_or_else(|| GivenError::NoProbability {
            row: 1,
            value: format!("`{}`", column.display(0)),
            file: self.file.to_owned(),
        })?;
        Ok(self.places.iter().map(|row| row.map_or(f64::NAN, |row| numbers.value(row as usize))).collect())
    }

    fn check(&self, shares: &[f64]) -> Result<(), GivenError> {
        let wrong =
            shares.iter().zip(self.places).find(|(p, row)| row.is_some() && !(0.0..=1.0).contains(*p));
        wrong.map_or(Ok(()), |(p, row)| {
            let row = row.map_or(0, |row| row as usize + 1);
            Err(GivenError::NoProbability { row, value: p.to_string(), file: self.file.to_owned() })
        })
    }

    fn probabilities(&self, places: &[usize]) -> Result<Vec<f64>, GivenError> {
        let columns: Vec<Vec<f64>> =
            places.iter().map(|&place| self.numbers(place)).collect::<Result<_, _>>()?;
        for column in &columns {
            self.check(column)?;
        }
        let mut values = Vec::with_capacity(self.places.len() * columns.len());
        for (at, row) in self.places.iter().enumerate() {
            let start = values.len();
            values.extend(columns.iter().map(|column| column[at]));
            let sum: f64 = values[start..].iter().sum();
            if let Some(row) = row.filter(|_| (sum - 1.0).abs() > SLACK) {
                let (row, sum) = (row as usize + 1, format!("{sum:.4}"));
                return Err(GivenError::Sum { row, sum, file: self.file.to_owned() });
            }
            // Rounded in the file: a row is a distribution all the same.
            values[start..].iter_mut().for_each(|p| *p /= sum);
        }
        Ok(values)
    }

    fn labels(&self, place: usize) -> Given {
        let column = &self.source.columns()[place];
        let label = |row: &Option<u32>| row.map(|row| column.display(row as usize));
        let labels: Vec<Option<String>> = self.places.iter().map(label).collect();
        let mut new: Vec<String> =
            labels.iter().flatten().filter(|l| !self.target.classes.contains(l)).cloned().collect();
        new.sort();
        new.dedup();
        let classes = self.target.knowing(&new).classes;
        let codes: HashMap<&str, usize> =
            classes.iter().enumerate().map(|(code, class)| (class.as_str(), code)).collect();
        let mut values = vec![f64::NAN; labels.len() * classes.len()];
        for (row, label) in values.chunks_exact_mut(classes.len().max(1)).zip(&labels) {
            if let Some(&code) = label.as_deref().and_then(|label| codes.get(label)) {
                row.fill(0.0);
                row[code] = 1.0;
            }
        }
        let task = if classes.len() > 2 { Task::Multiclass } else { self.target.task };
        Given { task, classes, values, labels_only: true }
    }
}
