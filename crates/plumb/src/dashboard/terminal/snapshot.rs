//! What the terminal shows of a run at one moment.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use plumb_ledger::{Entry, Ledger, Verdict};
use serde_json::{Value, json};

use super::super::store::{Block, Curves, OpenRun, State, Store, Summary, bytes, json_file};
use crate::run::files;

/// Blocks of a curve: two to a character.
const BLOCKS: usize = 120;
/// A history that is read for the first time is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// A curve with its last value.
#[derive(Debug)]
pub(crate) struct Shown {
    /// Its name.
    pub(super) name: String,
    /// Its last value.
    pub(super) last: f64,
    /// The curve.
    pub(super) blocks: Vec<Block>,
    /// How many values are no numbers, and where the first of them stands.
    pub(super) bad: (u64, f64),
}

/// A run at one moment.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// The run.
    pub(crate) run: Arc<Summary>,
    /// Steps so far.
    pub(crate) steps: u64,
    /// Epochs completed.
    pub(crate) epochs: u64,
    /// Epochs at most; 0 when that is not known.
    pub(crate) of_epochs: u64,
    /// Seconds of training up to the last epoch.
    pub(crate) seconds: f64,
    /// The loss of each step, then the curves over epochs.
    pub(crate) curves: Vec<Shown>,
    /// The layers that stick out: what is said of them.
    pub(crate) layers: Vec<String>,
    /// All verdicts.
    pub(crate) verdicts: Vec<Entry>,
}

impl Snapshot {
    /// Looks at the one run of a store.
    pub(crate) fn take(store: &Store) -> Option<Self> {
        let run = store.runs().first().cloned()?;
        let open: Arc<OpenRun> = store.open(&run);
        open.catch_up(PATIENCE);
        let ledger = json_file(&run.path.join(files::LEDGER)).unwrap_or_else(|| Ledger::new(&run.id));
        let curves = open.curves();
        Some(Self {
            steps: curves.last_step.map_or(0, |step| step as u64 + 1),
            epochs: curves.last_epoch.map_or(0, |epoch| epoch as u64 + 1),
            of_epochs: epochs(&run.path),
            seconds: curves.seconds,
            curves: shown(&curves),
            layers: layers(&curves),
            verdicts: ledger.verdicts,
            run,
        })
    }

    /// How many verdicts fell so.
    pub(crate) fn count(&self, verdict: Verdict) -> usize {
        self.verdicts.iter().filter(|entry| entry.verdict == verdict).count()
    }

    /// Whether the run goes on.
    pub(crate) fn goes_on(&self) -> bool {
        self.run.state == State::Running
    }

    /// For machines.
    pub(crate) fn json(&self) -> Value {
        let last: serde_json::Map<String, Value> =
            self.curves.iter().map(|curve| (curve.name.clone(), json!(curve.last))).collect();
        let not_finite: serde_json::Map<String, Value> =
            self.curves.iter().filter(|c| c.bad.0 > 0).map(|c| (c.name.clone(), json!(c.bad.0))).collect();
        let words = [Verdict::Fail, Verdict::Warn, Verdict::Pass, Verdict::Skipped];
        let verdicts: serde_json::Map<String, Value> = words
            .map(|verdict| (verdict.as_str().to_owned(), json!(self.count(verdict))))
            .into_iter()
            .collect();
        json!({
            "schema": 1,
            "run": self.run.id,
            "state": self.run.state.as_str(),
            "stage": self.run.stage,
            "steps": self.steps,
            "epochs": self.epochs,
            "of_epochs": if self.of_epochs == 0 { Value::Null } else { json!(self.of_epochs) },
            "last": last,
            "not_finite": not_finite,
            "verdicts": verdicts,
        })
    }
}

/// `train.epochs` of the resolved job.
fn epochs(folder: &Path) -> u64 {
    let text = bytes(&folder.join(files::JOB)).and_then(|bytes| String::from_utf8(bytes).ok());
    let job: Option<toml::Table> = text.and_then(|text| text.parse().ok());
    let epochs = job.as_ref().and_then(|job| job.get("train")).and_then(|train| train.get("epochs"));
    epochs.and_then(toml::Value::as_integer).and_then(|epochs| u64::try_from(epochs).ok()).unwrap_or(0)
}

fn shown(curves: &Curves) -> Vec<Shown> {
    let names = std::iter::once("loss").chain(curves.epoch_names());
    let one = |name: &str| {
        let blocks = curves.window(name, f64::MIN, f64::MAX, BLOCKS)?;
        let last = blocks.last()?;
        // What was last is what it is, even when it is no number.
        let last = if last.bad > 0 && last.count() == last.bad { f64::NAN } else { last.last };
        let bad = blocks.iter().map(|block| block.bad).sum();
        let bad_at = blocks.iter().find(|block| block.bad > 0).map_or(f64::NAN, |block| block.bad_at);
        Some(Shown { name: called(name), last, bad: (bad, bad_at), blocks })
    };
    names.filter_map(one).collect()
}

fn called(curve: &str) -> String {
    match curve {
        "loss" => "step loss".to_owned(),
        "train_loss" => "train loss".to_owned(),
        other => other.replacen("valid.", "valid ", 1).replace('_', " "),
    }
}

/// A figure, whether its least or its greatest value is the worst, and the words for it.
const WORST: [(&str, bool, &str); 4] = [
    ("grad_norm", false, "smallest gradient"),
    ("update_ratio", true, "largest update"),
    ("dead", true, "most dead units"),
    ("saturated", true, "most saturated"),
];

fn layers(curves: &Curves) -> Vec<String> {
    let said = |&(figure, greatest, words): &(&str, bool, &str)| {
        let last = |curve: &'_ super::super::store::LayerCurve| {
            curve.series.blocks().last().map(|block| (curve.layer.clone(), block.last))
        };
        let known = curves.layers.of(figure).filter_map(last).filter(|(_, value)| value.is_finite());
        let worst = known.reduce(|worst, next| {
            let worse = if greatest { next.1 > worst.1 } else { next.1 < worst.1 };
            if worse { next } else { worst }
        });
        let (layer, value) = worst?;
        (value.abs() > 0.0).then(|| format!("{words} {} ({layer})", crate::report::format::number(value)))
    };
    WORST.iter().filter_map(said).collect()
}
