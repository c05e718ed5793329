//! What the `data.*` practices look at, and the facts that several of them share.

use std::sync::OnceLock;

use plumb_ledger::{Judgement, Seed};
use rayon::prelude::*;

use super::Embedding;
use super::column_facts::ColumnFacts;
use super::looks::{Look, looks};
use super::row_hashes::{self, Selection};
use crate::pictures::{PictureSet, near_copies};
use crate::read::ReadReport;
use crate::texts::near_texts;
use crate::{Column, Kind, Table, Target};

/// A table under audit. Shared facts are computed once, on first use.
#[derive(Debug)]
pub struct AuditContext {
    /// The table.
    pub table: Table,
    /// What reading found out.
    pub report: ReadReport,
    /// What is to be predicted, when a target is named.
    pub target: Option<Target>,
    /// Data that the table should be like: last year's, production's.
    pub reference: Option<Table>,
    /// Columns whose groups must be represented.
    pub groups: Vec<String>,
    /// Columns by which results will be told apart: vendor, camera, site.
    pub sources: Vec<String>,
    /// The column that says which rows are train, valid and test.
    pub parts: Option<String>,
    /// The column that orders rows in time.
    pub time: Option<String>,
    /// Columns whose kind the job states: what was decided by a person is not questioned again.
    pub declared_kinds: Vec<String>,
    /// What a network sees of the pictures, where the job names one that was trained before.
    pub embedding: Option<Embedding>,
    /// The seed of subsamples and probes.
    pub seed: Seed,
    facts: OnceLock<Vec<ColumnFacts>>,
    row_hashes: OnceLock<Vec<u64>>,
    near_pictures: OnceLock<Vec<(u32, u32)>>,
    near_texts: OnceLock<Vec<(u32, u32)>>,
    looks: OnceLock<Option<Vec<Option<Look>>>>,
}

impl AuditContext {
    /// A context with neither target nor reference; set the public fields to add them.
    pub fn new(table: Table, report: ReadReport, seed: Seed) -> Self {
        Self {
            table,
            report,
            target: None,
            reference: None,
            groups: Vec::new(),
            sources: Vec::new(),
            parts: None,
            time: None,
            declared_kinds: Vec::new(),
            embedding: None,
            seed,
            facts: OnceLock::new(),
            row_hashes: OnceLock::new(),
            near_pictures: OnceLock::new(),
            near_texts: OnceLock::new(),
            looks: OnceLock::new(),
        }
    }

    /// The facts of each column, in the order of the table. One sort a numeric column, one pass over the others.
    pub(super) fn facts(&self) -> &[ColumnFacts] {
        self.facts.get_or_init(|| self.table.columns().par_iter().map(ColumnFacts::of).collect())
    }

    /// Each column with its facts.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&Column, &ColumnFacts)> {
        self.table.columns().iter().zip(self.facts())
    }

    /// The columns that a model may take in, with their facts.
    pub(super) fn inputs(&self) -> impl Iterator<Item = (&Column, &ColumnFacts)> {
        self.columns().filter(|(column, _)| column.kind.is_table_input() && !self.is_target(column))
    }

    /// A hash of every row over all columns that say something about it (neither `id` nor `ignore`).
    pub(super) fn row_hashes(&self) -> &[u64] {
        self.row_hashes.get_or_init(|| row_hashes::of_rows(&self.table, &self.compared()))
    }

    /// Rows whose picture is nearly that of an earlier row, with that row; none for tables without pictures.
    pub(super) fn near_pictures(&self) -> &[(u32, u32)] {
        let find = || self.pictures().map_or_else(Vec::new, near_copies);
        self.near_pictures.get_or_init(find)
    }

    /// Rows one of whose texts is nearly that of an earlier row, with that row; rows that are equal in all columns left out.
    pub(super) fn near_texts(&self) -> &[(u32, u32)] {
        self.near_texts.get_or_init(|| {
            let hashes = self.row_hashes();
            let differs = |&(a, b): &(u32, u32)| hashes[a as usize] != hashes[b as usize];
            self.texts().flat_map(near_texts).filter(differs).collect()
        })
    }

    /// The columns of texts that are inputs.
    pub(super) fn texts(&self) -> impl Iterator<Item = &Column> {
        self.table.texts(self.target.as_ref().map(|target| target.name.as_str()))
    }

    /// How each picture looks; none for tables without pictures.
    pub(super) fn looks(&self) -> Option<&[Option<Look>]> {
        self.looks.get_or_init(|| self.pictures().map(looks)).as_deref()
    }

    /// The pictures of the first column that has some.
    pub(super) fn pictures(&self) -> Option<&PictureSet> {
        self.table.columns().iter().find_map(|column| column.images()).map(|images| images.set.as_ref())
    }

    /// The columns that tell rows apart, with their place in the table.
    pub(super) fn compared(&self) -> Selection<'_> {
        let says_something = |column: &Column| !matches!(column.kind, Kind::Id | Kind::Ignore);
        Selection::of(&self.table, says_something)
    }

    /// The target and its labelled rows, or why the question has no meaning here.
    pub(super) fn labelled(&self) -> Result<(&Target, Vec<u32>), Box<Judgement>> {
        let target =
            self.target.as_ref().ok_or_else(|| Box::new(Judgement::skipped("no target is named")))?;
        if target.len() != self.table.rows() {
            return Err(Box::new(Judgement::skipped("the target does not cover the rows of the table")));
        }
        match target.labelled_rows() {
            rows if rows.len() < 2 => Err(Box::new(Judgement::skipped("fewer than two rows have a label"))),
            rows => Ok((target, rows)),
        }
    }

    /// Whether a column is the target.
    pub(super) fn is_target(&self, column: &Column) -> bool {
        self.target.as_ref().is_some_and(|target| target.name == column.name)
    }
}
