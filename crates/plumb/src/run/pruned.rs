//! The model of a run without some of its units, trained on between steps on the rows that it was trained on.

use plumb_learn::compress::{Pruned, Pruning, prune_gradually};
use plumb_learn::predict::TrainedModel;
use plumb_learn::train::{Checkpoint, Control, Event, Observer};

use super::stage_data::Data;
use super::stage_prepare::prepare;
use super::stage_train::data as of_training;
use super::{Run, interrupt, screen, settle, stage_split};
use crate::fault::Fault;

/// Prunes. The job must be that of the model's run, so that its rows are parted and prepared as they were.
pub(crate) fn pruned(
    run: &mut Run,
    data: &Data,
    model: &TrainedModel,
    how: &Pruning,
) -> Result<Pruned, Fault> {
    let parts = stage_split::split(run, data)?;
    let plan = settle::settle(run, data, &parts.split().train())?;
    let ready = prepare(run, &plan, data, parts.split())?;
    if ready.preparation != *model.preparation() {
        return Err(Fault::failed("the rows are not prepared as they were when the run was trained")
            .hint("the data has changed since, or the run is of another version of plumb: train it again"));
    }
    let clock = screen::SharedClock::of(&run.screen);
    let epochs = how.steps.max(1) as u64 * how.epochs;
    run.screen.begin("training between steps of pruning", epochs);
    let mut watcher = Epochs { screen: &mut run.screen, done: 0 };
    let found = prune_gradually(model, how, &of_training(&ready), &plan.train, &mut watcher, &clock);
    run.screen.end();
    Ok(found?)
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
