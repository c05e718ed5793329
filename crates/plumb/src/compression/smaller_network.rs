//! Smaller networks: a student that learned from the run, and a network without some of its units.

use std::path::PathBuf;

use plumb_learn::compress::{Importance, Pruning, prune_gradually};

use super::Wishes;
use super::variant::Variant;
use crate::clock::SystemClock;
use crate::evaluation::Ready;
use crate::fault::Fault;
use crate::job::{self, Auto};
use crate::predictors::trained_model;
use crate::run::{self, Run, RunFolder, Screen, files};

/// The folder of the student's own run, in that of the new one.
const STUDENT: &str = "student";
/// What a person is told meanwhile.
const TRAINING: &str = "training between steps of pruning";
/// What the rate of the training is multiplied by between steps of pruning.
const RATE: f64 = 0.3;
/// The share of a training's epochs that follows each step of pruning, where nothing else is said.
const SHARE_OF_EPOCHS: u64 = 10;

/// A job trained with the run as its teacher, on the same rows in the same parts. From here on the run's job is the student's.
pub(super) fn distilled(
    run: &mut Run,
    wishes: &Wishes<'_>,
    job: &std::path::Path,
) -> Result<(Variant, PathBuf), Fault> {
    let mut student = job::load(job, &[])?;
    let teacher = std::path::absolute(wishes.run).unwrap_or_else(|_| wishes.run.to_owned());
    let own = &run.job;
    student.data.clone_from(&own.data);
    student.split.clone_from(&own.split);
    student.evaluate.clone_from(&own.evaluate);
    student.train.seed = own.train.seed;
    student.train.teacher = Some(teacher.display().to_string());
    if student.train.seeds == Auto::Auto {
        student.train.seeds = Auto::Value(1);
    }
    let folder = run.folder()?.join(STUDENT);
    let place = RunFolder::create(Some(&folder), STUDENT)?;
    let inner = Run::new(run::resolved(student)?, Some(place), Screen::new(SystemClock::start()));
    run.screen.say("the student learns from the run");
    inner.write_job()?;
    run::run_quietly(inner)?;
    run.job = run::resolved(job::load(&folder.join(files::JOB), &[])?)?;
    let made = format!("`{}` trained with the run as its teacher", job.display());
    Ok((Variant::of_network("student", made, trained_model(&folder)?)?, folder))
}

/// Epochs of a training that follows a change: what is wished, or a tenth of the run's.
pub(super) fn epochs(run: &Run, wishes: &Wishes<'_>) -> u64 {
    let trained = run.job.train.epochs.or(SHARE_OF_EPOCHS);
    wishes.epochs.unwrap_or_else(|| trained.div_ceil(SHARE_OF_EPOCHS))
}

/// The last variant without a share of its units.
pub(super) fn pruned(
    run: &mut Run,
    ready: &Ready,
    variants: &[Variant],
    wishes: &Wishes<'_>,
    share: f64,
) -> Result<Variant, Fault> {
    let of = variants.last().ok_or_else(|| Fault::failed("there is no model"))?;
    let epochs = epochs(run, wishes);
    let how = Pruning { share, importance: Importance::Taylor, steps: wishes.steps, epochs, rate: RATE };
    let whole = (TRAINING, wishes.steps.max(1) as u64 * epochs);
    let found = run::trained_on(run, &ready.data, &of.model, whole, |(data, train, observer, clock)| {
        prune_gradually(&of.model, &how, &data, train, observer, clock)
    })?;
    let units: Vec<String> = found
        .layers
        .iter()
        .map(|layer| format!("{} {} of {} {}", layer.layer, layer.after, layer.before, layer.kind))
        .collect();
    let made = format!(
        "{:.0} % of its units left out in {} steps with {epochs} epochs after each, {:.1} % of the multiplications of a row left ({})",
        100.0 * share,
        how.steps,
        100.0 * found.after.multiply_adds as f64 / found.before.multiply_adds.max(1) as f64,
        units.join(", ")
    );
    let name = if of.made.is_empty() { "pruned".to_owned() } else { format!("{}, pruned", of.name) };
    Variant::of_network(&name, made, found.model)
}
