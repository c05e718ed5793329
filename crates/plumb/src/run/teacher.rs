//! `train.teacher`: a trained model that the network learns from, beside the labels.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use plumb_data::prepare::{Preparation, Prepared};
use plumb_data::read::{ReadOptions, read};
use plumb_data::split::{Part, Split, row_digests};
use plumb_data::{Kind, Table};
use plumb_learn::predict::TrainedModel;
use plumb_learn::train::{Distillation, Teacher};
use plumb_ledger::{Limits, Sha256};

use super::files;
use super::settle::Plan;
use super::stage_data::Data;
use crate::fault::Fault;
use crate::job::JobFile;
use crate::predictors;

/// The teacher of a plan.
#[derive(Debug, Clone)]
pub(crate) struct Taught {
    /// The model.
    model: Arc<TrainedModel>,
    /// The digest of its weights.
    pub(super) sha256: Sha256,
    /// The digests of the rows of its run: those that it was trained on, and all.
    rows: Arc<[BTreeSet<u64>; 2]>,
    /// Its folder, for messages.
    folder: String,
}

/// Bytes of `split.parquet` as a table in memory: some tens of millions of rows.
const TABLE_BYTES: usize = 2 << 30;

/// Holds the job's choice against itself and loads the model.
pub(super) fn settle(job: &JobFile) -> Result<Option<(Taught, Distillation)>, Fault> {
    let Some(folder) = job.train.teacher.as_ref().filter(|_| teaches(job)) else {
        return Ok(None);
    };
    if job.split.folds > 0 {
        return Err(Fault::usage("`train.teacher` beside folds, whose test rows it was trained on")
            .hint("set `split.folds` to 0"));
    }
    let path = Path::new(folder);
    predictors::check_run(path)?;
    let model = predictors::trained_model(path)?;
    let sha256 = model.weights().sha256()?;
    let rows = Arc::new(digests(path)?);
    let taught = Taught { model: Arc::new(model), sha256, rows, folder: folder.clone() };
    let of = &job.train;
    Ok(Some((
        taught,
        Distillation {
            weight: of.distill_weight,
            temperature: of.distill_temperature,
            features: of.distill_features,
        },
    )))
}

/// Whether the teacher counts in the loss.
fn teaches(job: &JobFile) -> bool {
    job.train.distill_weight > 0.0 || job.train.distill_features > 0.0
}

/// The digests of the rows that a run was trained on, and of all its rows.
fn digests(folder: &Path) -> Result<[BTreeSet<u64>; 2], Fault> {
    let broken = |what: &str| {
        Fault::usage(format!("`train.teacher`: {what}, `{}`: {}", files::SPLIT, folder.display()))
            .hint("name the folder of a finished run, such as `runs/big-1`")
    };
    let kinds = [("part", Kind::Category), ("digest", Kind::Category)];
    let options = ReadOptions {
        files: vec![files::SPLIT.to_owned()],
        base: folder.to_owned(),
        kinds: kinds.map(|(name, kind)| (name.to_owned(), kind)).into(),
        limits: Limits { table_bytes: TABLE_BYTES, ..Limits::DEFAULT },
        ..ReadOptions::default()
    };
    let table = read(&options, &|_| {}).map_err(|error| broken(&error.to_string()))?.table;
    let (Some(part), Some(digest)) = (table.column("part"), table.column("digest")) else {
        return Err(broken("no columns `part` and `digest`"));
    };
    let mut found = [BTreeSet::new(), BTreeSet::new()];
    for row in 0..table.rows() {
        let digest =
            digest.display(row).parse().map_err(|_no_number| broken("a digest is no whole number"))?;
        if part.display(row) == Part::Train.as_str() {
            found[0].insert(digest);
        }
        found[1].insert(digest);
    }
    Ok(found)
}

impl Taught {
    /// The teacher with the train rows of `split`, which must be rows of its own run; none that the student is chosen or judged by may
    /// be among those that it was trained on.
    pub(super) fn teacher(
        &self,
        plan: &Plan,
        data: &Data,
        split: &Split,
        student: &Preparation,
    ) -> Result<Teacher, Fault> {
        Teacher::check_target(&self.model, student)?;
        self.check_rows(&data.table, split)?;
        let rows: Prepared = self.model.preparation().apply(&data.table, &split.train(), None)?;
        let changes_texts = !plan.changes.words.is_empty() || !plan.changes.back.is_empty();
        Ok(Teacher::new(self.model.as_ref().clone(), rows, student, &plan.train, changes_texts)?)
    }

    fn check_rows(&self, table: &Table, split: &Split) -> Result<(), Fault> {
        let [taught, all] = self.rows.as_ref();
        let digests = row_digests(table);
        let of = |wanted: &[Part]| -> BTreeSet<u64> {
            let rows = digests.iter().zip(split.parts()).filter(|(_, part)| wanted.contains(part));
            rows.map(|(digest, _)| *digest).collect()
        };
        let (train, judged) = (of(&[Part::Train]), of(&[Part::Valid, Part::Test]));
        let unknown = train.union(&judged).filter(|digest| !all.contains(digest)).count();
        let hint = "train the teacher on the same `data.*` with the same `split.*` and `train.seed`";
        if unknown > 0 {
            let message = format!(
                "`train.teacher`: {unknown} rows of the data are not those of its run, so nobody knows what it has seen of the valid and test \
                 rows: {}",
                self.folder
            );
            return Err(Fault::usage(message).hint(hint));
        }
        // Rows that occur twice may stand in both parts of one split.
        let seen = judged.iter().filter(|row| taught.contains(row) && !train.contains(row)).count();
        if seen > 0 {
            let message = format!(
                "`train.teacher` was trained on {seen} of the valid and test rows, by which the student is chosen and judged: {}",
                self.folder
            );
            return Err(Fault::usage(message).hint(hint));
        }
        Ok(())
    }
}
