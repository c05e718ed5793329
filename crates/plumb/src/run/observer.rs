//! Watches a training: history, notes for other programs, checkpoints, progress, Ctrl-C.

use std::io;
use std::path::{Path, PathBuf};

use plumb_data::pictures::Picture;
use plumb_learn::parameters::Arrays;
use plumb_learn::train::{Checkpoint, Control, Event, Observer};
use plumb_ledger::Sha256;
use plumb_ledger::atomic::{self, StagedFolder, WriteError};
use plumb_ledger::clock::Clock;

use super::film::{Camera, Film};
use super::history::History;
use super::live::Live;
use super::{Screen, interrupt};
use crate::log::Logs;
use crate::log::note::Content;

/// The file of a checkpoint that tells how long `history.jsonl` was.
const HISTORY_LENGTH: &str = "history.json";
/// The file of a checkpoint that holds the film so far; only of picture networks.
const FILM: &str = "film.json";
/// The folder of the best weights, beside that of the newest state.
const BEST: &str = "best";

/// Where the events of a training go.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) history: History,
    /// Other programs that are told.
    pub(crate) logs: Logs,
    /// Shows how a picture network came to see.
    pub(crate) camera: Option<Camera>,
    /// What it took last, until it is told.
    pub(crate) taken: Vec<(String, Picture)>,
}

/// Watches one training.
#[derive(Debug)]
pub(crate) struct Watcher<'a> {
    screen: &'a mut Screen,
    /// The folder of its checkpoint.
    checkpoint: PathBuf,
    /// Files for the events; none for a repeat, whose events are of no interest later.
    recorder: Option<Recorder>,
    /// The digest of the weights in `checkpoints/best`.
    best: Option<Sha256>,
    /// The metric shown while training.
    primary: String,
    score: Option<f64>,
    /// Judges as training goes on; none for a repeat.
    pub(crate) live: Option<Live<'a>>,
    /// Why recording failed, if it did; it ends the training.
    pub(crate) failed: Option<io::Error>,
}

impl<'a> Watcher<'a> {
    /// A watcher; `live` has already seen the events before the checkpoint.
    pub(crate) fn new(
        screen: &'a mut Screen,
        checkpoint: PathBuf,
        recorder: Option<Recorder>,
        primary: &str,
        live: Option<Live<'a>>,
    ) -> Self {
        let primary = primary.to_owned();
        Self { screen, checkpoint, recorder, best: None, primary, score: None, live, failed: None }
    }

    /// The film, once training is over.
    pub(crate) fn take_film(&mut self) -> Film {
        let camera = self.recorder.as_mut().and_then(|recorder| recorder.camera.as_mut());
        camera.map(|camera| std::mem::take(&mut camera.film)).unwrap_or_default()
    }

    fn record(&mut self, event: &Event) -> io::Result<()> {
        let Some(recorder) = &mut self.recorder else { return Ok(()) };
        recorder.history.append(event)?;
        let now = self.screen.clock().unix_ms();
        for line in recorder.logs.event(now, event) {
            self.screen.say(&line);
        }
        if let (Event::Epoch { step, .. }, false) = (event, recorder.taken.is_empty()) {
            let pictures = std::mem::take(&mut recorder.taken);
            recorder.logs.offer(now, Content::Pictures { step: *step, pictures });
        }
        Ok(())
    }

    fn show(&mut self, event: &Event) {
        match event {
            Event::Epoch { valid, .. } => self.score = valid.get(&self.primary).copied(),
            Event::Step { step, epoch, loss, .. } => {
                let score = self.score.map(|score| format!(", valid {} {score:.4}", self.primary));
                let figures = format!("epoch {}, loss {loss:.4}{}", epoch + 1, score.unwrap_or_default());
                self.screen.advance(step + 1, &figures);
            }
            Event::Layers { .. } => {}
        }
    }

    fn save(&mut self, checkpoint: &Checkpoint) -> Result<(), String> {
        let length = match &mut self.recorder {
            Some(recorder) => {
                recorder.history.sync().map_err(|e| format!("cannot write the history ({e})"))?
            }
            None => 0,
        };
        let film = self.recorder.as_ref().and_then(|recorder| recorder.camera.as_ref());
        let film = film.and_then(|camera| serde_json::to_vec(&camera.film).ok());
        let write = || {
            let mut folder = StagedFolder::new(&self.checkpoint)?;
            for (name, bytes) in &checkpoint.files {
                folder.write(name, bytes)?;
            }
            folder.write(HISTORY_LENGTH, length.to_string().as_bytes())?;
            if let Some(film) = &film {
                folder.write(FILM, film)?;
            }
            folder.commit_keeping_old()
        };
        write().and_then(|()| self.save_best(checkpoint)).map_err(|e| e.to_string())
    }

    /// Puts the best weights so far into `checkpoints/best`, for whoever wants them before the run ends. The run itself
    /// goes on from those in `last`, which always belong to its state.
    fn save_best(&mut self, checkpoint: &Checkpoint) -> Result<(), WriteError> {
        let (Some(_), Some(bytes)) = (&self.recorder, checkpoint.best_bytes()) else { return Ok(()) };
        let digest = Some(Sha256::of(bytes));
        if self.best == digest {
            return Ok(());
        }
        let mut folder = StagedFolder::new(&self.checkpoint.with_file_name(BEST))?;
        folder.write("model.safetensors", bytes)?;
        folder.commit()?;
        self.best = digest;
        Ok(())
    }
}

impl Observer for Watcher<'_> {
    fn event(&mut self, event: &Event) -> Control {
        self.show(event);
        let stop = self.live.as_mut().is_some_and(|live| {
            live.event(event, self.screen);
            live.is_gate_broken()
        });
        if let Err(error) = self.record(event) {
            self.failed = Some(error);
            return Control::Stop;
        }
        if stop || interrupt::asked() { Control::Stop } else { Control::Continue }
    }

    fn epoch_weights(&mut self, epoch: u64, weights: &dyn Fn() -> Arrays) {
        let Some(recorder) = &mut self.recorder else { return };
        let Some(camera) = &mut recorder.camera else { return };
        recorder.taken = camera.take(epoch, weights);
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), String> {
        self.save(checkpoint)
    }
}

/// A checkpoint found in a run folder.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// What training goes on from; none when there is none.
    pub(crate) checkpoint: Option<Checkpoint>,
    /// How long `history.jsonl` was then.
    pub(crate) history_length: u64,
    /// The film until then.
    pub(crate) film: Film,
}

/// Looks for a checkpoint. A damaged one is told and gives way to the one before it, or to none: training from there, or
/// anew, leads to the same weights.
pub(crate) fn find_checkpoint(folder: &Path, screen: &Screen) -> Found {
    match atomic::read_folder_or_old(folder) {
        Ok(None) => Found::default(),
        Ok(Some(atomic::Found { mut files, damage })) => {
            if let Some(damage) = damage {
                screen.say(&format!("training goes on from the checkpoint before the newest: {damage}"));
            }
            let length = files.remove(HISTORY_LENGTH).and_then(|bytes| String::from_utf8(bytes).ok());
            let history_length = length.and_then(|text| text.parse().ok()).unwrap_or(0);
            let film = files.remove(FILM).and_then(|bytes| serde_json::from_slice(&bytes).ok());
            let film = film.unwrap_or_default();
            Found { checkpoint: Some(Checkpoint { files }), history_length, film }
        }
        Err(problem) => {
            screen.say(&format!("the checkpoint cannot be used, training starts anew: {problem}"));
            Found::default()
        }
    }
}
