//! The history of one run as curves: read once, then only what is new.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::event::Line;
use super::layers::Layers;
use super::series::{Block, Series};
use super::tail::{Progress, Tail, open_regular};

/// Curves over epochs that are kept. 64: metrics there are a dozen.
const MOST_METRICS: usize = 64;
/// A zoom into fewer blocks than this reads their lines again.
const FEW_BLOCKS: usize = 64;
/// Steps and epochs that are remembered for listeners, who look twice a second.
const MOST_RECENT: usize = 512;
/// Bytes read again at most. 32 MiB: blocks of ten million steps have a thousand lines of a hundred bytes.
const READ_AGAIN: u64 = 32 << 20;

/// The curves over steps, by the names of their fields.
pub(crate) const STEP_CURVES: [&str; 3] = ["loss", "grad_norm", "lr"];

/// What happened so far.
#[derive(Debug)]
pub(crate) struct Curves {
    tail: Tail,
    path: PathBuf,
    steps: [Series; 3],
    /// By name: `train_loss`, and `valid.` with the name of a metric.
    epochs: Vec<(String, Series)>,
    /// What the layers did.
    pub(crate) layers: Layers,
    /// The last step.
    pub(crate) last_step: Option<f64>,
    /// The last completed epoch.
    pub(crate) last_epoch: Option<f64>,
    /// The epoch whose weights are kept.
    pub(crate) best_epoch: Option<f64>,
    /// Seconds of training, over all resumptions.
    pub(crate) seconds: f64,
    last_seconds: f64,
    /// Lines that are no events.
    pub(crate) unreadable: usize,
    /// How often everything was read anew.
    pub(crate) generation: u64,
    /// Steps and epochs so far, and the last of them as they are sent to listeners.
    events: u64,
    recent: VecDeque<Recent>,
}

impl Curves {
    /// The curves of a history file of which nothing is read yet.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            tail: Tail::new(path.clone()),
            path,
            steps: [(); 3].map(|()| Series::new(Series::BLOCKS)),
            epochs: Vec::new(),
            layers: Layers::default(),
            last_step: None,
            last_epoch: None,
            best_epoch: None,
            seconds: 0.0,
            last_seconds: 0.0,
            unreadable: 0,
            generation: 0,
            events: 0,
            recent: VecDeque::new(),
        }
    }

    /// Reads on for a few mebibytes; tells whether there may be more.
    pub(crate) fn read_on(&mut self) -> io::Result<bool> {
        let mut tail = std::mem::replace(&mut self.tail, Tail::new(PathBuf::new()));
        let progress = tail.read(&mut |offset, line| self.line(offset, line));
        self.tail = tail;
        match progress? {
            Progress::Same => Ok(false),
            Progress::Read => Ok(true),
            Progress::Anew => {
                *self = Self { generation: self.generation + 1, ..Self::new(std::mem::take(&mut self.path)) };
                Ok(true)
            }
        }
    }

    /// How many bytes were read and how many there are.
    pub(crate) fn progress(&self) -> (u64, u64) {
        self.tail.progress()
    }

    /// Lines that could not be used.
    pub(crate) fn bad_lines(&self) -> usize {
        self.unreadable + self.tail.overlong
    }

    fn line(&mut self, offset: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let Ok(line) = serde_json::from_slice::<Line<'_>>(bytes) else {
            self.unreadable += 1;
            return;
        };
        match line.event.as_ref() {
            "step" => self.step(offset, &line),
            "layers" => self.layers.push(line, offset),
            "epoch" => self.epoch(offset, &line),
            _ => {}
        }
    }

    fn step(&mut self, offset: u64, line: &Line<'_>) {
        for (series, value) in self.steps.iter_mut().zip(step_values(line)) {
            series.push(line.step.0, value, offset);
        }
        self.last_step = Some(line.step.0);
        self.remember(Recent::Step(line.step.0, step_values(line)));
    }

    fn remember(&mut self, event: Recent) {
        self.events += 1;
        if self.recent.len() == MOST_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(event);
    }

    /// How many steps and epochs there were.
    pub(crate) fn events(&self) -> u64 {
        self.events
    }

    /// The steps and epochs after the first `seen`; `None` when they are not all remembered.
    pub(crate) fn since(&self, seen: u64) -> Option<Value> {
        let new = usize::try_from(self.events.checked_sub(seen)?).ok()?;
        let start = self.recent.len().checked_sub(new)?;
        Some(self.recent.range(start..).map(Recent::json).collect())
    }

    fn epoch(&mut self, offset: u64, line: &Line<'_>) {
        let epoch = line.epoch.0;
        self.epoch_value("train_loss", epoch, line.train_loss.0, offset);
        for (name, value) in &line.valid.0 {
            self.epoch_value(&format!("valid.{name}"), epoch, value.0, offset);
        }
        let valid = line.valid.0.iter().map(|(name, value)| (format!("valid.{name}"), value.0));
        let values = std::iter::once(("train_loss".to_owned(), line.train_loss.0)).chain(valid).collect();
        self.remember(Recent::Epoch(epoch, values));
        self.last_epoch = Some(epoch);
        if line.best {
            self.best_epoch = Some(epoch);
        }
        if line.seconds.0.is_finite() {
            // The clock begins anew where a run was resumed.
            let before = if line.seconds.0 < self.last_seconds { 0.0 } else { self.last_seconds };
            self.seconds += line.seconds.0 - before;
            self.last_seconds = line.seconds.0;
        }
    }

    fn epoch_value(&mut self, name: &str, epoch: f64, value: f64, offset: u64) {
        let known = self.epochs.iter().position(|(known, _)| known == name);
        let at = known.unwrap_or(self.epochs.len());
        if at == MOST_METRICS {
            return;
        }
        if at == self.epochs.len() {
            self.epochs.push((name.to_owned(), Series::new(Series::BLOCKS)));
        }
        if let Some((_, series)) = self.epochs.get_mut(at) {
            series.push(epoch, value, offset);
        }
    }

    /// The names of the curves over epochs.
    pub(crate) fn epoch_names(&self) -> impl Iterator<Item = &str> {
        self.epochs.iter().map(|(name, _)| name.as_str())
    }

    /// A curve by its name.
    pub(crate) fn get(&self, name: &str) -> Option<&Series> {
        let step = STEP_CURVES.iter().position(|known| *known == name);
        match step {
            Some(at) => self.steps.get(at),
            None => self.epochs.iter().find(|(known, _)| known == name).map(|(_, series)| series),
        }
    }

    /// A window of a curve in at most `most` blocks. Where the window is narrow and the blocks are wide, the lines
    /// behind them are read again, so that the last detail is there.
    pub(crate) fn window(&self, name: &str, from: f64, to: f64, most: usize) -> Option<Vec<Block>> {
        let series = self.get(name)?;
        let touched = series.touched(from, to);
        let column = STEP_CURVES.iter().position(|known| *known == name);
        if let Some(column) = column.filter(|_| series.size() > 1 && touched.len() <= FEW_BLOCKS)
            && let Some(again) = self.read_again(series, column, touched)
        {
            return Some(again.window(from, to, most));
        }
        Some(series.window(from, to, most))
    }

    fn read_again(&self, series: &Series, column: usize, touched: std::ops::Range<usize>) -> Option<Series> {
        let start = touched.start.saturating_sub(1);
        let begin = series.blocks().get(start)?.offset;
        let end = series.blocks().get(touched.end + 1).map_or(self.progress().0, |block| block.offset);
        let bytes = stretch(&self.path, begin, end.checked_sub(begin)?.min(READ_AGAIN)).ok()?;
        let mut again = Series::new(Series::BLOCKS);
        for line in bytes.split(|&byte| byte == b'\n') {
            if let Ok(line) = serde_json::from_slice::<Line<'_>>(line)
                && line.event == "step"
            {
                again.push(line.step.0, step_values(&line)[column], 0);
            }
        }
        (again.count() > 0).then_some(again)
    }
}

/// A step or an epoch as listeners get it.
#[derive(Debug)]
enum Recent {
    Step(f64, [f64; 3]),
    Epoch(f64, Vec<(String, f64)>),
}

impl Recent {
    /// JSON knows no NaN: it is sent as `null`.
    fn json(&self) -> Value {
        let (x, at, values): (_, _, serde_json::Map<String, Value>) = match self {
            Self::Step(step, values) => (
                "step",
                step,
                STEP_CURVES.iter().zip(values).map(|(name, y)| ((*name).to_owned(), json!(y))).collect(),
            ),
            Self::Epoch(epoch, values) => {
                ("epoch", epoch, values.iter().map(|(name, y)| (name.clone(), json!(y))).collect())
            }
        };
        json!({ "x": x, "at": at, "values": values })
    }
}

fn step_values(line: &Line<'_>) -> [f64; 3] {
    [line.loss.0, line.grad_norm.0, line.lr.0]
}

fn stretch(path: &Path, begin: u64, length: u64) -> io::Result<Vec<u8>> {
    use std::io::{Read as _, Seek as _};
    let Some(mut file) = open_regular(path)? else { return Ok(Vec::new()) };
    file.seek(io::SeekFrom::Start(begin))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a fixture need not be durable")]
mod tests {
    use super::*;

    fn read(text: &str) -> (tempfile::TempDir, Curves) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.jsonl");
        std::fs::write(&path, text).unwrap();
        let mut curves = Curves::new(path);
        while curves.read_on().unwrap() {}
        (folder, curves)
    }

    #[test]
    fn events_become_curves_and_a_torn_line_is_counted() {
        let text = concat!(
            "{\"event\":\"step\",\"step\":0,\"epoch\":0,\"loss\":1.5,\"lr\":0.1,\"grad_norm\":2}\n",
            "{\"event\":\"step\",\"step\":1,\"epoch\":0,\"loss\":null,\"lr\":0.1,\"grad_norm\":2}\n",
            "{\"event\":\"epoch\",\"epoch\":0,\"step\":2,\"train_loss\":0.5,\"valid\":{\"loss\":0.4},\"best\":true,\"seconds\":7}\n",
            "{\"event\":\"epoch\",\"epoch\":1,\"step\":4,\"train_loss\":0.4,\"valid\":{\"loss\":0.5},\"best\":false,\"seconds\":3}\n",
            "{\"event\":\"saved\"}\nnonsense\n{\"event\":\"ste",
        );
        let (_folder, curves) = read(text);
        let loss = curves.get("loss").unwrap();
        assert_eq!((loss.count(), loss.blocks()[1].bad), (2, 1));
        assert_eq!(curves.epoch_names().collect::<Vec<_>>(), ["train_loss", "valid.loss"]);
        assert_eq!((curves.last_epoch, curves.best_epoch, curves.seconds), (Some(1.0), Some(0.0), 10.0));
        assert_eq!(curves.bad_lines(), 1);
        assert!(curves.get("../ledger.json").is_none());
    }

    #[test]
    fn a_narrow_window_of_a_long_history_shows_every_point() {
        let line = |step: usize| {
            format!(
                "{{\"event\":\"step\",\"step\":{step},\"epoch\":0,\"loss\":{}.25,\"lr\":1,\"grad_norm\":1}}\n",
                step % 100
            )
        };
        let text: String = (0..40_000).map(line).collect();
        let (_folder, curves) = read(&text);
        assert!(curves.get("loss").unwrap().size() > 1);
        let window = curves.window("loss", 20_000.0, 20_050.0, 1_000).unwrap();
        let inside: Vec<f64> =
            window.iter().filter(|b| (20_000.0..=20_050.0).contains(&b.from)).map(|b| b.first).collect();
        assert_eq!(inside, (0..=50).map(|at| f64::from(at) + 0.25).collect::<Vec<_>>());
        assert!(window.iter().all(|block| block.count() == 1));
    }
}
