//! Stage 4: seconds before training, is the set-up sound?

use plumb_data::prepare::{Encoding, Preparation};
use plumb_data::probe::{self, ProbeKind};
use plumb_data::split::Split;
use plumb_evaluate::Scored;
use plumb_learn::network::Network;
use plumb_learn::preflight::{self, Baseline, CurvePoint, PreflightContext, Subject, WantedMoments};
use serde_json::json;

use super::pipeline::Setup;
use super::screen::Screen;
use super::settle::Plan;
use super::stage_data::Data;
use super::{Run, files, kept_meaning, learning_curve, stage_train};
use crate::fault::Fault;
use crate::job::Rate;

/// Measures and judges the set-up; with `lr = "find"` the rate found becomes the plan's.
pub(crate) fn stage(run: &mut Run, setup: &mut Setup) -> Result<(), Fault> {
    let Setup { data, parts, plan, ready } = setup;
    let split = parts.split();
    let network = stage_train::start(&stage_train::model_config(plan, ready), plan, ready)?;
    let names = number_names(&ready.preparation);
    let subject = Subject {
        train: &ready.train,
        config: &plan.train,
        dropout: run.job.model.dropout.or(0.0),
        chooses_epoch: ready.valid.rows > 0,
        names: &names,
    };
    let mut context = measure(&network, &subject, &mut run.screen)?;
    if let Some(changed) = &ready.changed {
        context.augmented = true;
        context.preservation =
            kept_meaning::measure(data, &ready.train_rows, changed, run.seed())?.or(context.preservation);
    }
    take_found_rate(run, plan, &mut context);
    context.wanted = wanted_moments(plan, &ready.preparation);
    context.tokens = match &ready.preparation.texts {
        Some(of) => Some(of.count(&data.table, &ready.preparation.target, &ready.train_rows)?),
        None => None,
    };
    context.fitted_on_train_only = Some(ready.preparation.train_digest == split.train_digest());
    for kind in [ProbeKind::Linear, ProbeKind::TfIdf] {
        context.baselines.extend(baseline(kind, run, plan, data, split)?);
    }
    context.learning_curve = learning_curve::measure(data, split, plan.primary.metric, run.seed())?;
    run.judge(preflight::PRACTICES, &context);
    let curve = context.rate_curve.as_ref();
    let curve =
        curve.map(|of| json!({ "rates": of.rates, "losses": of.losses, "suggestion": of.suggestion }));
    let point = |of: &CurvePoint| json!({ "rows": of.rows, "train": of.train, "valid": of.valid });
    let learning: Vec<_> = context.learning_curve.iter().map(point).collect();
    let measured = json!({
        "schema": 1,
        "rate_finder": curve,
        "metric": plan.primary.metric.name,
        "learning_curve": learning,
    });
    run.write_json(files::PREFLIGHT, &measured)?;
    run.end_stage()
}

/// The facts, and how far the trial steps are.
fn measure<N: Network>(
    network: &N,
    subject: &Subject<'_>,
    screen: &mut Screen,
) -> Result<PreflightContext, Fault> {
    let mut done = 0;
    screen.begin("trying the set-up", preflight::most_steps(subject.train));
    let measured = preflight::measure(network, subject, &mut || {
        done += 1;
        screen.advance(done, "steps at most");
    });
    screen.end();
    Ok(measured?)
}

/// How pretrained weights want each colour scaled, and how the preparation does.
fn wanted_moments(plan: &Plan, preparation: &Preparation) -> Vec<WantedMoments> {
    let architecture = plan.pretrained.as_ref().and_then(|of| of.published.picture());
    let (Some(of), Some(image)) = (architecture, preparation.image()) else { return Vec::new() };
    let colour = |(index, name): (usize, &&str)| {
        let found = [image.mean.get(index)?, image.deviation.get(index)?].map(|&of| f64::from(of));
        let wanted = [of.mean[index], of.deviation[index]].map(f64::from);
        Some(WantedMoments { name: (*name).to_owned(), wanted, found })
    };
    ["red", "green", "blue"].iter().enumerate().filter_map(colour).collect()
}

/// The rate of the plan, found or given, stands in the job from here on.
fn take_found_rate(run: &mut Run, plan: &mut Plan, context: &mut PreflightContext) {
    if let (true, Some(curve)) = (plan.find_rate, &context.rate_curve) {
        match curve.suggestion {
            Some(rate) => plan.train.lr = rate,
            None => run.screen.say(&format!("the range test found no rate, {} is kept", plan.train.lr)),
        }
        context.learning_rate = Some(plan.train.lr);
    }
    run.job.train.lr = Rate::Value(plan.train.lr);
}

/// A simple model on the valid rows; none where it cannot be fitted.
fn baseline(
    kind: ProbeKind,
    run: &Run,
    plan: &Plan,
    data: &Data,
    split: &Split,
) -> Result<Option<Baseline>, Fault> {
    let target = data.target()?;
    if !kind.is_for(&data.table, target) {
        return Ok(None);
    }
    let Ok(fitted) = probe::fit(kind, &data.table, target, &split.train(), run.seed()) else {
        return Ok(None);
    };
    let scored = Scored::predict(&fitted, &data.table, target, &split.valid());
    let value = scored.ok().and_then(|scored| (plan.primary.metric.compute)(&scored.outcome()));
    let metric = plan.primary.metric.name.to_owned();
    Ok(value.map(|value| Baseline { name: kind.as_str().to_owned(), metric, value }))
}

/// The names of the scaled numbers, in the order in which they enter the model.
fn number_names(preparation: &Preparation) -> Vec<String> {
    let names = preparation.columns.iter().flat_map(|column| match &column.encoding {
        Encoding::Number { .. } => vec![column.name.clone()],
        Encoding::Time { parts, .. } => {
            parts.iter().map(|part| format!("{} ({:?})", column.name, part.part)).collect()
        }
        Encoding::OneHot(_) | Encoding::Embedding(_) | Encoding::Image(_) | Encoding::Text => Vec::new(),
    });
    names.collect()
}
