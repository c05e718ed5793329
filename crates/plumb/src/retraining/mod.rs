//! `plumb retrain`: the job of a model with new data, the result beside the model in use, and the place of it only for the better one.
//!
//! A round goes one way: is there a trigger ([`trigger`]), who is champion ([`champion`]), does the data go with its job ([`incoming`]), which
//! round is it ([`round`]), train and package ([`challenger`]), judge both on rows that neither was trained on ([`judge`]), promote or
//! refuse ([`promote`]), write down ([`outcome`]). Every step leaves a file that is written whole or not at all, and a step whose file is
//! there is not taken again: a round that was killed anywhere is finished by the same command.

mod answer;
mod challenger;
mod champion;
mod incoming;
mod judge;
mod outcome;
mod promote;
mod round;
mod trigger;
mod unattended;

use std::path::{Path, PathBuf};
use std::time::Duration;

use plumb_evaluate::retrain::{PRACTICES, RetrainContext, Rule};
use plumb_ledger::lock::FolderLock;
use plumb_ledger::{Entry, ExitCode, Ledger, Sha256};
use serde_json::json;

use crate::console;
use crate::fault::Fault;
use crate::run::{Screen, interrupt};
use challenger::Trained;
use champion::{Champion, Seat};
use incoming::Incoming;
#[cfg(test)]
pub(crate) use outcome::DataFacts;
pub(crate) use outcome::{Outcome, Side};
use round::{Found, Round};
use trigger::Asked;
#[cfg(test)]
pub(crate) use trigger::Fired;

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Wishes<'a> {
    /// A bundle, or the alias of a registry that is to move: `NAME@champion`.
    pub(crate) champion: &'a str,
    /// The new data.
    pub(crate) data: &'a [PathBuf],
    /// The metric that decides; the champion's own without it.
    pub(crate) metric: Option<&'a str>,
    /// When the challenger takes the place.
    pub(crate) rule: Rule,
    /// The registry.
    pub(crate) registry: Option<&'a Path>,
    /// The public key that the champion's signature must be of.
    pub(crate) key: Option<&'a Path>,
    /// The folder of the rounds.
    pub(crate) out: &'a Path,
    /// The folder of a monitor, whose verdicts are the trigger.
    pub(crate) when: Option<&'a Path>,
    /// The pause between rounds of a loop; one round without it.
    pub(crate) every: Option<Duration>,
    /// Rounds of a loop at most.
    pub(crate) max: Option<u64>,
    /// `--set` arguments.
    pub(crate) overrides: &'a [String],
    /// The key that signs the challenger's bundle.
    pub(crate) sign: Option<&'a Path>,
    /// Practices that end the command, and that the challenger must not lose.
    pub(crate) gates: &'a [String],
    /// Whether only what would be done is told.
    pub(crate) dry_run: bool,
    /// Whether the answer is JSON.
    pub(crate) json: bool,
}

/// How a round ended.
#[derive(Debug)]
enum Done {
    /// There was nothing to do, for this reason.
    Nothing(String),
    /// It was decided; `again` when that was so before.
    Decided {
        /// What.
        outcome: Box<Outcome>,
        /// Whether nothing was done for it now.
        again: bool,
    },
}

/// Retrains once, or again and again.
pub(crate) fn retrain(wishes: &Wishes<'_>, mut screen: Screen) -> Result<ExitCode, Fault> {
    let seat = Seat::of(wishes.champion, wishes.registry, wishes.key)?;
    if wishes.dry_run {
        console::result(plan(wishes, &seat, &mut screen)?)?;
        return Ok(ExitCode::Done);
    }
    std::fs::create_dir_all(wishes.out).map_err(|error| {
        Fault::usage(format!("cannot make the folder ({error}): {}", wishes.out.display()))
            .hint("`--out DIR` takes another folder; it must be one you can write to")
    })?;
    let _lock = FolderLock::take(wishes.out).map_err(|error| {
        Fault::usage(error.to_string())
            .hint("wait for the other process, or `--out DIR` takes another folder")
    })?;
    interrupt::listen()?;
    if let Some(pause) = wishes.every {
        return unattended::rounds(wishes, &seat, pause, &mut screen);
    }
    let done = one(wishes, &seat, &mut screen)?;
    console::result(answer::of(&done, wishes.json))?;
    match &done {
        Done::Decided { outcome, .. } => gated(wishes, outcome),
        Done::Nothing(_) => Ok(ExitCode::Done),
    }
}

/// Ends with a fault where a named practice failed.
fn gated(wishes: &Wishes<'_>, outcome: &Outcome) -> Result<ExitCode, Fault> {
    let broken: Vec<&Entry> = outcome.ledger.broken_gates(wishes.gates).collect();
    if broken.is_empty() { Ok(ExitCode::Done) } else { Err(Fault::gate_named(&broken)) }
}

/// What is asked for in a digest: rounds that were asked for otherwise are other rounds.
fn settings(wishes: &Wishes<'_>) -> Sha256 {
    let asked = json!({
        "champion": wishes.champion,
        "metric": wishes.metric,
        "rule": wishes.rule,
        "overrides": wishes.overrides,
        "gates": wishes.gates,
    });
    Sha256::of(asked.to_string().as_bytes())
}

/// What would be done.
fn plan(wishes: &Wishes<'_>, seat: &Seat, screen: &mut Screen) -> Result<String, Fault> {
    let trigger = match trigger::asked(wishes.when)? {
        Asked::Quiet(words) => return Ok(answer::of(&Done::Nothing(words), wishes.json)),
        Asked::ByHand => Vec::new(),
        Asked::Fired(fired) => fired,
    };
    let champion = seat.current()?;
    let incoming = Incoming::read(&champion, wishes.data, wishes.overrides, screen)?;
    let metric = judge::metric(wishes.metric, &champion)?;
    let found = round::find(wishes.out, &champion, &incoming.digest, &settings(wishes))?;
    Ok(answer::plan(wishes, &champion, &incoming, metric.name, (&trigger, &found)))
}

/// One round.
fn one(wishes: &Wishes<'_>, seat: &Seat, screen: &mut Screen) -> Result<Done, Fault> {
    // A round that has begun is ended, whatever the monitor says by now.
    let (trigger, quiet) = match trigger::asked(wishes.when)? {
        Asked::Quiet(words) if round::is_any_open(wishes.out)? => (Vec::new(), Some(words)),
        Asked::Quiet(words) => return Ok(Done::Nothing(words)),
        Asked::ByHand => (Vec::new(), None),
        Asked::Fired(fired) => (fired, None),
    };
    for fired in &trigger {
        screen.say(&format!("trigger: {} {}: {}", fired.verdict.as_str(), fired.id, fired.summary));
    }
    let mut champion = seat.current()?;
    let mut incoming = Incoming::read(&champion, wishes.data, wishes.overrides, screen)?;
    judge::metric(wishes.metric, &champion)?;
    let round = match (round::find(wishes.out, &champion, &incoming.digest, &settings(wishes))?, quiet) {
        (Found::Decided(_) | Found::New(_), Some(words)) => return Ok(Done::Nothing(words)),
        (Found::Decided(outcome), None) => {
            outcome.write_in(wishes.out)?;
            return Ok(Done::Decided { outcome, again: true });
        }
        (Found::Open(round), _) => {
            screen.say(&format!("going on with {}", round.name()));
            if round.intent.sha256 != champion.sha256 {
                champion = seat.as_seen(&round.intent)?;
                incoming = Incoming::read(&champion, wishes.data, wishes.overrides, screen)?;
            }
            round
        }
        (Found::New(number), None) => {
            let intent = round::Intent::new(&champion, &incoming.digest, settings(wishes), trigger);
            Round::begin(wishes.out, number, intent)?
        }
    };
    for note in &incoming.notes {
        screen.say(note);
    }
    let outcome = decided(wishes, seat, &round, &champion, &incoming, screen)?;
    outcome.write_in(wishes.out)?;
    Ok(Done::Decided { outcome: Box::new(outcome), again: false })
}

/// From a round that has begun to its outcome, which is written last.
fn decided(
    wishes: &Wishes<'_>,
    seat: &Seat,
    round: &Round,
    champion: &Champion,
    incoming: &Incoming,
    screen: &mut Screen,
) -> Result<Outcome, Fault> {
    let trained = challenger::trained(round, champion, incoming, wishes.sign, screen)?;
    let mut context = RetrainContext {
        compared: Err(String::new()),
        untouched: None,
        rule: wishes.rule,
        lost_gates: Vec::new(),
        new_fails: Vec::new(),
        taken: None,
    };
    let mut side = None;
    let mut promoted = false;
    match &trained {
        Trained::Stopped(why) => context.compared = Err(why.clone()),
        Trained::Bundle(bundle) => {
            let metric = judge::metric(wishes.metric, champion)?;
            (context.compared, context.untouched) =
                judge::compared(champion, bundle, incoming, metric, screen)?;
            let lost = judge::lost(champion, bundle, &incoming.job.gates.fail, wishes.gates)?;
            (context.lost_gates, context.new_fails) = (lost.gates, lost.others);
            let placed = promote::placed(seat, champion, bundle, &mut context)?;
            promoted = placed.promoted;
            side = Some(Side { version: placed.version, sha256: champion::digest_of(bundle)? });
        }
    }
    let (decision, reason) = context.decision();
    let mut ledger = Ledger::new(champion.name.clone());
    ledger.judge_all(PRACTICES, &context, |entry| screen.verdict(entry));
    let outcome = Outcome {
        schema: outcome::SCHEMA,
        name: champion.name.clone(),
        round: round.name(),
        alias: seat.alias().map(str::to_owned),
        trigger: round.intent.trigger.clone(),
        data: incoming.facts(),
        champion: Side { version: champion.version, sha256: champion.sha256.clone() },
        challenger: side,
        rule: context.rule,
        untouched: context.untouched,
        compared: context.compared.ok(),
        lost_gates: context.lost_gates,
        new_fails: context.new_fails,
        decision,
        reason,
        promoted,
        ledger,
    };
    outcome.write_in(&round.folder)?;
    Ok(outcome)
}
