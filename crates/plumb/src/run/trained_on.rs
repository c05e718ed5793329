//! The model of a run trained on, on the rows that it was trained on.

use plumb_learn::predict::TrainedModel;
use plumb_learn::train::{Checkpoint, Control, Event, Observer, TrainConfig, TrainData};

use super::stage_data::Data;
use super::stage_prepare::prepare;
use super::stage_train::data as of_training;
use super::{Run, interrupt, screen, settle, stage_split};
use crate::fault::Fault;

/// What a training is given: rows, settings, who is told, the time.
pub(crate) type Training<'a> =
    (TrainData<'a>, &'a TrainConfig, &'a mut dyn Observer, &'a dyn plumb_ledger::clock::Clock);

/// Lets `work` train for so many epochs. The job must be that of the model's run, so that its rows are parted and prepared as they were.
pub(crate) fn trained_on<T, E: Into<Fault>>(
    run: &mut Run,
    data: &Data,
    model: &TrainedModel,
    (what, epochs): (&str, u64),
    work: impl FnOnce(Training<'_>) -> Result<T, E>,
) -> Result<T, Fault> {
    let parts = stage_split::split(run, data)?;
    let plan = settle::settle(run, data, &parts.split().train())?;
    let ready = prepare(run, &plan, data, parts.split())?;
    if ready.preparation != *model.preparation() {
        return Err(Fault::failed("the rows are not prepared as they were when the run was trained")
            .hint("the data has changed since, or the run is of another version of plumb: train it again"));
    }
    let clock = screen::SharedClock::of(&run.screen);
    run.screen.begin(what, epochs);
    let mut watcher = Epochs { screen: &mut run.screen, done: 0 };
    let found = work((of_training(&ready), &plan.train, &mut watcher, &clock));
    run.screen.end();
    found.map_err(Into::into)
}

/// Counts epochs.
struct Epochs<'a> {
    screen: &'a mut screen::Screen,
    done: u64,
}

impl Observer for Epochs<'_> {
    fn event(&mut self, event: &Event) -> Control {
        if let Event::Epoch { train_loss, .. } = event {
            self.done += 1;
            self.screen.advance(self.done, &format!("loss {train_loss:.4}"));
        }
        if interrupt::asked() { Control::Stop } else { Control::Continue }
    }

    fn checkpoint(&mut self, _checkpoint: &Checkpoint) -> Result<(), String> {
        Ok(())
    }
}
