//! A look at a log: what was found before, and what is new.

use plumb_data::prepare::Preparation;
use plumb_stats::Metric;
use plumb_stats::sequential::level_of_look;

use super::compare::compare;
use super::figures::{Figures, LogFigures, MOST_WINDOWS, Replayed, SCHEMA, Skew, Window};
use super::layout::Layout;
use super::quality::{self, Known, Labels};
use super::reader::{Log, Logged};
use super::sample::{Sample, Truth};
use super::skew;
use super::windows::{LEAST_ROWS, Mode};

/// What a log is looked at with.
#[derive(Debug)]
pub struct Look<'a> {
    /// What the model is called.
    pub model: &'a str,
    /// The digest of its bundle.
    pub bundle_sha256: &'a str,
    /// Its columns.
    pub layout: &'a Layout,
    /// How its rows are prepared.
    pub preparation: &'a Preparation,
    /// The metric that it is judged by.
    pub metric: &'static Metric,
    /// Its reference sample.
    pub reference: &'a Sample,
    /// The digest of that.
    pub reference_sha256: &'a str,
    /// What it said of the part that it was judged on, and what was true there.
    pub judged: Option<&'a (plumb_data::Predictions, Truth)>,
    /// How rows are put into windows.
    pub mode: Mode,
    /// The chance of any false alarm over all looks.
    pub level: f64,
    /// Labels, where some came.
    pub labels: Option<&'a Labels>,
    /// Logged rows asked again.
    pub replayed: Option<Replayed>,
    /// Milliseconds since 1970.
    pub unix_ms: u64,
}

impl Look<'_> {
    /// What there is to say of a log. Windows that were judged before stay as they were, but for their quality where labels came; of
    /// `before` nothing is kept that was found with another model, reference, level or kind of window.
    pub fn at(&self, log: Log, before: Option<Figures>) -> Figures {
        let before = before.filter(|before| self.goes_on(before)).map(|before| before.windows);
        let mut windows = before.unwrap_or_default();
        let logged = log.rows.map(Logged::at_one_share);
        let mut found = Figures {
            schema: SCHEMA,
            model: self.model.to_owned(),
            bundle_sha256: self.bundle_sha256.to_owned(),
            reference_sha256: self.reference_sha256.to_owned(),
            reference_rows: self.reference.rows.len(),
            unix_ms: self.unix_ms,
            mode: self.mode.to_string(),
            level: self.level,
            metric: self.metric.name.to_owned(),
            log: LogFigures {
                segments: log.segments,
                damaged: log.damaged.into_iter().map(|(file, why)| format!("{file}: {why}")).collect(),
                rows: logged.as_ref().map_or(0, Logged::len),
                served: logged.as_ref().map_or(0.0, |logged| logged.weights.iter().sum()),
                others: log.others,
                older: log.older,
            },
            windows: Vec::new(),
            skew: None,
            labels: None,
        };
        if let Some(logged) = &logged {
            let newest = self.judge_new(logged, &mut windows);
            found.skew = newest.map(|(name, rows, level)| self.skew(&name, &rows, level));
            found.labels = self.labels.map(|labels| labels.counts(logged, &self.layout.classes));
            self.judge_labelled(logged, &mut windows);
        }
        windows.drain(..windows.len().saturating_sub(MOST_WINDOWS));
        found.windows = windows;
        found
    }

    fn goes_on(&self, before: &Figures) -> bool {
        before.schema == SCHEMA
            && before.bundle_sha256 == self.bundle_sha256
            && before.reference_sha256 == self.reference_sha256
            && before.mode == self.mode.to_string()
            && (before.level - self.level).abs() < 1e-12
    }

    /// Judges the windows that were not judged before. Answers the newest window's rows.
    fn judge_new(&self, logged: &Logged, windows: &mut Vec<Window>) -> Option<(String, Logged, f64)> {
        let last = windows.last().map(|window| window.last);
        let fresh = match last.filter(|_| self.mode.is_once()) {
            Some(last) => logged.between(last.saturating_add(1), u64::MAX),
            None => logged.clone(),
        };
        let mut newest = None;
        for (name, rows) in self.mode.windows(&fresh, self.unix_ms) {
            let rows = fresh.keep(&rows);
            if let Some(judged) = self.window(name, &rows, windows.last()) {
                windows.push(judged);
            }
        }
        if let Some(window) = windows.last() {
            newest = Some((window.name.clone(), logged.between(window.first, window.last), window.level));
        }
        newest
    }

    /// Judges one window; none where nothing is new in it.
    fn window(&self, name: String, rows: &Logged, before: Option<&Window>) -> Option<Window> {
        let (first, last) = (*rows.places.first()?, *rows.places.last()?);
        if before.is_some_and(|before| before.last == last) {
            return None;
        }
        let count = rows.len();
        let skipped = (count < LEAST_ROWS).then(|| format!("{count} rows, under {LEAST_ROWS}"));
        // A window that is not judged spends nothing.
        let look = before.map_or(0, |before| before.look) + u64::from(skipped.is_none());
        let level = level_of_look(self.level, look);
        let (reference, classes) = (&self.reference.rows, &self.layout.classes);
        let (drift, estimate) = match skipped {
            Some(_) => (Vec::new(), None),
            None => (
                compare(reference, &rows.rows, classes, level),
                quality::estimate(self.metric, &rows.rows.predictions, self.reference),
            ),
        };
        let (from_ms, to_ms) = (*rows.unix_ms.first()?, *rows.unix_ms.last()?);
        Some(Window {
            name,
            first,
            last,
            from_ms,
            to_ms,
            rows: count,
            look,
            level,
            skipped,
            drift,
            estimate,
            quality: None,
        })
    }

    /// Measures each window whose rows are still in the log and have labels.
    fn judge_labelled(&self, logged: &Logged, windows: &mut [Window]) {
        let reference = (self.reference.rows.predictions.clone(), self.reference.truth.clone());
        let (predictions, truth) = self.judged.unwrap_or(&reference);
        let (Some(labels), Some(judged)) = (self.labels, Known::of(predictions, truth)) else { return };
        for window in windows.iter_mut().filter(|window| window.skipped.is_none()) {
            let of = logged.between(window.first, window.last);
            // What has left the log meanwhile cannot be measured again.
            if of.len() < window.rows {
                continue;
            }
            let truth = labels.truth(&of.ids, &self.layout.classes);
            let Some(known) = Known::of(&of.rows.predictions, &truth) else { continue };
            let found = quality::quality(self.metric, &known, &judged, window.level, window.quality.as_ref());
            window.quality = found.or(window.quality.take());
        }
    }

    fn skew(&self, name: &str, rows: &Logged, level: f64) -> Skew {
        let is_enough = rows.len() >= LEAST_ROWS;
        let findings =
            is_enough.then(|| skew::findings(&self.reference.rows, &rows.rows, self.preparation, level));
        Skew {
            window: name.to_owned(),
            rows: rows.len(),
            level,
            findings: findings.unwrap_or_default(),
            replayed: self.replayed,
        }
    }
}
