//! Batches of training, made ahead of the network by threads of their own.
//!
//! A batch is a function of (seed, its number, its rows): which thread makes it, how many there are and how far ahead they are
//! changes nothing. Thread `i` of `n` makes every `n`-th batch, so their order needs no lock.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Scope;
use std::time::Duration;

use plumb_data::augment::Augmentation;
use plumb_data::prepare::{Prepared, PreparedImages, PreparedLabels};
use plumb_ledger::clock::Clock;
use plumb_ledger::{Seed, Stream};
use rayon::prelude::*;

use super::TrainConfig;
use super::state::{Making, Plan};
use crate::batches::{Batch, Batches, Mixed, Tokens, pick_labels};

/// Batches that a thread may have ready: one while the network works on another.
const AHEAD: usize = 2;

/// Where the batches come from.
pub(super) struct Feed<'a> {
    source: Source<'a>,
    /// Threads that make batches; empty where a batch is only gathered.
    threads: Vec<Receiver<Inputs>>,
    /// The number of its first batch, counted from the start of the training.
    first: u64,
    /// The number of the next one.
    next: u64,
    spent: Arc<Spent>,
}

/// Nanoseconds that the threads have spent on each step of making batches, all together.
#[derive(Debug, Default)]
struct Spent {
    cut: AtomicU64,
    change: AtomicU64,
    scale: AtomicU64,
    blend: AtomicU64,
}

/// What a batch is made from.
#[derive(Clone)]
struct Source<'a> {
    data: &'a Prepared,
    batches: Batches,
    augmentation: &'a Augmentation,
    changes: Stream,
    blends: Stream,
    epochs: u64,
    clock: &'a dyn Clock,
    spent: Arc<Spent>,
}

/// The pictures of a batch, ready for the network.
struct Inputs {
    numbers: Vec<f32>,
    mixed: Option<Mixed>,
}

impl<'a> Feed<'a> {
    /// A feed that goes on with batch `index` of `epoch`. Its threads end with it.
    pub(super) fn start<'scope>(
        scope: &'scope Scope<'scope, 'a>,
        plan: &Plan<'a>,
        config: &'a TrainConfig,
        (epoch, index): (u64, usize),
        clock: &'a dyn Clock,
    ) -> Self {
        let spent = Arc::new(Spent::default());
        let seed = Seed(config.seed);
        let source = Source {
            data: plan.data.train,
            batches: plan.batches.clone(),
            augmentation: &config.augmentation,
            changes: seed.stream("augment"),
            blends: seed.stream("mix"),
            epochs: config.epochs,
            clock,
            spent: Arc::clone(&spent),
        };
        let first = epoch * source.batches.per_epoch() as u64 + index as u64;
        let workers = if plan.data.train.images.is_some() { config.workers.max(1) as u64 } else { 0 };
        let start = |worker: u64| {
            let (sender, receiver) = sync_channel(AHEAD);
            let source = source.clone();
            scope.spawn(move || source.work(first + worker, workers, &sender));
            receiver
        };
        Self { threads: (0..workers).map(start).collect(), source, first, next: first, spent }
    }

    /// Seconds that the threads have spent so far.
    pub(super) fn making(&self) -> Making {
        let seconds = |of: &AtomicU64| of.load(Ordering::Relaxed) as f64 * 1e-9;
        let Spent { cut, change, scale, blend } = &*self.spent;
        Making { cut: seconds(cut), change: seconds(change), scale: seconds(scale), blend: seconds(blend) }
    }

    /// The next batch, whose rows are `rows`.
    pub(super) fn next(&mut self, rows: &[u32], plan: &Plan<'_>) -> Batch {
        let number = self.next;
        self.next += 1;
        let workers = self.threads.len().max(1) as u64;
        let thread = self.threads.get(((number - self.first) % workers) as usize);
        // A thread that ended early would have panicked; its batch is then made here.
        let inputs = match thread.and_then(|thread| thread.recv().ok()) {
            Some(inputs) => Some(inputs),
            None => self.source.inputs(rows, number),
        };
        let (numbers, mixed) = inputs.map_or((None, None), |inputs| (Some(inputs.numbers), inputs.mixed));
        let batch = Batch::with_images(self.source.data, rows, numbers, &plan.device);
        let tokens = self.source.changed_tokens(rows, number, plan).or(batch.tokens);
        let weights = plan.weights_of(&batch.rows);
        Batch { tokens, mixed, weights, ..batch }
    }
}

impl Source<'_> {
    /// Makes batch `first`, `first + step`, ... until nobody takes them.
    fn work(&self, first: u64, step: u64, sender: &SyncSender<Inputs>) {
        let per_epoch = self.batches.per_epoch() as u64;
        let mut order = (u64::MAX, Vec::new());
        let mut number = first;
        while number < self.epochs * per_epoch {
            let epoch = number / per_epoch;
            if order.0 != epoch {
                order = (epoch, self.batches.order(epoch));
            }
            let rows = self.batches.slice(&order.1, (number % per_epoch) as usize);
            let Some(inputs) = self.inputs(rows, number) else { return };
            if sender.send(inputs).is_err() {
                return;
            }
            number += step;
        }
    }

    /// The tokens of batch `number`, of texts that are changed; none where they stay. A text that cannot be split stays, too.
    fn changed_tokens(&self, rows: &[u32], number: u64, plan: &Plan<'_>) -> Option<Tokens> {
        let (changed, texts) = (plan.data.changed?, self.data.texts.as_ref()?);
        let stream = self.changes.at(number);
        let row = |(place, &row): (usize, &u32)| {
            let tokens = changed.tokens(row, stream.at(place as u64));
            tokens.unwrap_or_else(|_| texts.row(row).to_vec())
        };
        let tokens: Vec<Vec<u32>> = rows.par_iter().enumerate().map(row).collect();
        Some(Tokens::filled(&tokens, texts.padding))
    }

    /// The pictures of batch `number`: each place of a batch has chances of its own, so a row that is drawn twice in an
    /// epoch is not changed alike.
    fn inputs(&self, rows: &[u32], number: u64) -> Option<Inputs> {
        let images = self.data.images.as_ref()?;
        let stream = self.changes.at(number);
        let begun = self.clock.elapsed();
        let within = Cell::new([Duration::ZERO; 2]);
        let mut numbers = images.gather(rows, |place, picture| {
            let (stream, start) = (stream.at(place as u64), self.clock.elapsed());
            let input = self.augmentation.cut(picture, &images.encoding, stream);
            let cut = self.clock.elapsed();
            let changed = self.augmentation.change(&input, stream);
            let [cutting, changing] = within.get();
            let end = self.clock.elapsed();
            within.set([cutting + cut.saturating_sub(start), changing + end.saturating_sub(cut)]);
            changed
        });
        let gathered = self.clock.elapsed();
        let mixed = self.mix(&mut numbers, images, rows, self.blends.at(number));
        let [cut, change] = within.get();
        let scale = gathered.saturating_sub(begun).saturating_sub(cut + change);
        let blend = self.clock.elapsed().saturating_sub(gathered);
        let spent = &self.spent;
        let steps =
            [(&spent.cut, cut), (&spent.change, change), (&spent.scale, scale), (&spent.blend, blend)];
        for (sum, step) in steps {
            sum.fetch_add(step.as_nanos() as u64, Ordering::Relaxed);
        }
        Some(Inputs { numbers, mixed })
    }

    fn mix(
        &self,
        numbers: &mut [f32],
        images: &PreparedImages,
        rows: &[u32],
        stream: Stream,
    ) -> Option<Mixed> {
        let PreparedLabels::Classes(_) = &self.data.labels else { return None };
        let extents =
            [rows.len(), images.encoding.side, images.encoding.side, images.encoding.channels.count()];
        let blend = self.augmentation.mix.apply(numbers, extents, stream)?;
        let partners: Vec<u32> = blend.partners.iter().map(|&place| rows[place as usize]).collect();
        Some(Mixed { labels: pick_labels(&self.data.labels, &partners), share: blend.share })
    }
}
