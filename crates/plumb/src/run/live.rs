//! Verdicts while training goes on: a person hears at once what is wrong, and a gate stops what cannot end well.

use plumb_learn::train::Event;
use plumb_learn::watch::{self, TrainContext};
use plumb_ledger::Ledger;

use super::{RunFolder, Screen, files};

/// What is known of a training while it runs, judged again and again.
#[derive(Debug)]
pub(crate) struct Live<'a> {
    /// The facts so far; the history grows.
    pub(crate) context: TrainContext,
    ledger: &'a mut Ledger,
    folder: Option<&'a RunFolder>,
    gates: &'a [String],
    /// Steps until the next judgement.
    next: u64,
}

/// Steps before the first judgement: fewer than two looks say nothing.
const FIRST: u64 = 100;

impl<'a> Live<'a> {
    /// Of a training about which `context` is known before it starts.
    pub(crate) fn new(
        context: TrainContext,
        ledger: &'a mut Ledger,
        folder: Option<&'a RunFolder>,
        gates: &'a [String],
    ) -> Self {
        Self { context, ledger, folder, gates, next: FIRST }
    }

    /// Takes an event in. Whenever a tenth more of the history is there all `train.*` practices are asked, so that a long run
    /// is gone through about ten times in all.
    pub(crate) fn event(&mut self, event: &Event, screen: &Screen) {
        self.context.history.push(event);
        let steps = match event {
            Event::Step { step, .. } | Event::Epoch { step, .. } => *step,
            Event::Layers { .. } => return,
        };
        if steps >= self.next {
            self.next = steps + (steps / 10).max(FIRST / 2);
            self.judge(screen);
        }
    }

    fn judge(&mut self, screen: &Screen) {
        let mut changed = false;
        for practice in watch::PRACTICES {
            let judgement = (practice.judge)(&self.context);
            let before = self.ledger.get(practice.page.id).map(|entry| entry.verdict);
            let entry = self.ledger.record(&practice.page, judgement);
            if before != Some(entry.verdict) {
                changed = true;
                screen.verdict(entry);
            }
        }
        if let (true, Some(folder)) = (changed, self.folder) {
            // For whoever looks in meanwhile. The stage's end writes it again and says what is wrong with the disk.
            drop(folder.write_json(files::LEDGER, &self.ledger));
        }
    }

    /// Whether training must not go on.
    pub(crate) fn is_gate_broken(&self) -> bool {
        self.ledger.broken_gates(self.gates).next().is_some()
    }
}
