//! From a method and shares to the part of every row.

use plumb_ledger::Stream;
use plumb_ledger::nearest::did_you_mean;

use crate::{Column, Labels, Table, Target};

use super::{Part, Split, SplitConfig, SplitError, SplitMethod, column, group, random, stratified, time};

/// The bin of each row of a pool; none for a row that cannot be used.
pub(super) type Bins = Vec<Option<usize>>;

/// A method: puts the rows of a pool into one bin for each share, the first one earliest where order counts.
/// The flag asks that every class stands in the first bin, where the method can see to it.
type Assign = fn(&Pool, &[f64], bool) -> Result<Bins, SplitError>;

/// Rows to be parted, and what methods look at.
pub(super) struct Pool<'a> {
    pub(super) target: &'a Target,
    pub(super) column: Option<&'a Column>,
    /// Labelled rows, ascending.
    pub(super) rows: Vec<u32>,
    pub(super) stream: Stream,
    /// Whether the rows have been parted before by another stream, and are to fall otherwise.
    pub(super) redrawn: bool,
    method: SplitMethod,
}

/// Parts the labelled rows into train, valid and test by `config`; rows without a label are unused.
///
/// Every part with a share gets a row and every class stands in train, or it is an error.
pub fn split(table: &Table, target: &Target, config: &SplitConfig) -> Result<Split, SplitError> {
    let pool = Pool::new(table, target, config)?;
    let shares = config.shares();
    let parts = shares.iter().filter(|&&share| share > 0.0).count();
    if pool.rows.len() < parts {
        return Err(SplitError::TooFewRows { rows: pool.rows.len(), parts });
    }
    let bins = pool.assign(&shares, true)?;
    let mut parts = vec![Part::Unused; table.rows()];
    for (&row, bin) in pool.rows.iter().zip(bins) {
        parts[row as usize] = bin.map_or(Part::Unused, |bin| Part::USED[bin]);
    }
    checked(parts, target, &shares)
}

/// A split in which every part with a share has a row and every class stands in train.
pub(super) fn checked(parts: Vec<Part>, target: &Target, shares: &[f64; 3]) -> Result<Split, SplitError> {
    for (part, share) in Part::USED.into_iter().zip(shares) {
        if *share > 0.0 && !parts.contains(&part) {
            return Err(SplitError::EmptyPart { part: part.as_str() });
        }
    }
    if let Labels::Classes(codes) = &target.labels {
        let mut in_train = vec![false; target.classes.len()];
        let labelled = || parts.iter().zip(codes).filter_map(|(&part, code)| Some((part, (*code)?)));
        labelled()
            .filter(|&(part, _)| part == Part::Train)
            .for_each(|(_, code)| in_train[code as usize] = true);
        let unlearnt = |&(part, code): &(Part, u32)| part != Part::Unused && !in_train[code as usize];
        if let Some((part, code)) = labelled().find(unlearnt) {
            let class = target.classes[code as usize].clone();
            return Err(SplitError::ClassNotInTrain { class, part: part.as_str() });
        }
    }
    Ok(Split::new(parts))
}

impl<'a> Pool<'a> {
    /// The labelled rows, everything about the job's choices checked.
    pub(super) fn new(
        table: &'a Table,
        target: &'a Target,
        config: &SplitConfig,
    ) -> Result<Self, SplitError> {
        let (valid, test) = (config.valid, config.test);
        if !(valid >= 0.0 && test >= 0.0 && valid + test < 1.0) {
            return Err(SplitError::Shares { valid, test });
        }
        if table.rows() != target.len() {
            return Err(SplitError::Lengths { table: table.rows(), target: target.len() });
        }
        let method = match config.method {
            SplitMethod::Auto if target.task.is_classification() => SplitMethod::Stratified,
            SplitMethod::Auto => SplitMethod::Random,
            method => method,
        };
        let column = match (&config.column, method.needs_column()) {
            (Some(name), true) => Some(find(table, name)?),
            (None, true) => return Err(SplitError::ColumnNeeded { method: method.as_str() }),
            (_, false) => None,
        };
        let rows = target.labelled_rows();
        Ok(Self { target, column, rows, stream: config.seed.stream("split"), redrawn: false, method })
    }

    /// The same choices for some of the rows, under a stream of their own.
    pub(super) fn with_rows(&self, rows: Vec<u32>, index: u64) -> Self {
        Self { rows, stream: self.stream.at(index), ..*self }
    }

    /// Puts each row into a bin by the method.
    pub(super) fn assign(&self, shares: &[f64], keep_first: bool) -> Result<Bins, SplitError> {
        let assign: Assign = match self.method {
            SplitMethod::Auto | SplitMethod::Random => random::assign,
            SplitMethod::Stratified => stratified::assign,
            SplitMethod::Group => group::assign,
            SplitMethod::Time => time::assign,
            SplitMethod::Column => column::assign,
        };
        assign(self, shares, keep_first)
    }

    /// The method, `auto` resolved.
    pub(super) fn method(&self) -> SplitMethod {
        self.method
    }

    /// The column that the method needs.
    pub(super) fn named_column(&self) -> Result<&'a Column, SplitError> {
        self.column.ok_or(SplitError::ColumnNeeded { method: self.method.as_str() })
    }
}

fn find<'a>(table: &'a Table, name: &str) -> Result<&'a Column, SplitError> {
    table.column(name).ok_or_else(|| SplitError::UnknownColumn {
        column: name.to_owned(),
        near: did_you_mean(name, table.names()),
    })
}
