//! `preflight.normalised`: do the inputs have mean about 0 and deviation about 1?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::{InputMoments, PreflightContext, WantedMoments};

const MEAN: Threshold = Threshold {
    name: "size of an input's mean",
    value: 2.0,
    reason: "a median of 0 with a long tail gives a mean below 1; raw ages and years are far above",
};
const SD: Threshold = Threshold {
    name: "standard deviation of an input",
    value: 5.0,
    reason: "robust scaling with a smooth clip stays below 3; standard scaling is 1",
};
const FAR: Threshold = Threshold {
    name: "mean or deviation that fails",
    value: 100.0,
    reason: "one step of such an input moves its weights a hundred times further than the others'",
};

const COLOUR: Threshold = Threshold {
    name: "difference from the moments that pretrained weights want",
    value: 0.01,
    reason: "published moments are rounded to three digits; a hundredth is two and a half levels of brightness",
};

pub(super) const PRACTICE: Practice<PreflightContext> = Practice {
    page: Page {
        id: "preflight.normalised",
        question: "Do the inputs have mean about 0 and deviation about 1, fitted on training rows only?",
        why: "Optimizers and start values assume inputs of size 1. An input in thousands drowns the others and \
              forces a tiny rate.",
        evidence: "For the inputs furthest off, mean and standard deviation over the training rows; whether the \
                   preparation has seen the training rows alone. With pretrained weights: mean and deviation by which each \
                   colour is scaled, and those that the weights were trained with.",
        thresholds: &[MEAN, SD, FAR, COLOUR],
        false_alarms: "An input that is nearly constant but for rare values may have a small deviation: only large \
                       ones are judged.",
        remedy: "Set `prepare.scaling = \"robust\"` (the default).",
        sources: &[Source::BestPractices, Source::Recipe],
    },
    judge,
};

/// Columns named one by one.
const LISTED: usize = 10;

fn judge(context: &PreflightContext) -> Judgement {
    if context.fitted_on_train_only == Some(false) {
        return Judgement::fail("the preparation was fitted on other rows than the training rows")
            .remedy("fit the preparation after the split, on the training rows");
    }
    if let Some(judged) = as_wanted(context) {
        return judged;
    }
    if context.inputs.is_empty() {
        return Judgement::skipped("no number enters the model");
    }
    let mut off: Vec<(&InputMoments, f64)> =
        context.inputs.iter().map(|input| (input, distance(input))).collect();
    off.sort_by(|a, b| b.1.total_cmp(&a.1));
    let (worst, distance) = off[0];
    let count = off.iter().filter(|(_, distance)| *distance > 1.0).count();
    let shown = format!("`{}` has mean {:.3} and deviation {:.3}", worst.name, worst.mean, worst.sd);
    let judged = if worst.mean.abs().max(worst.sd) > FAR.value || distance.is_infinite() {
        Judgement::fail(format!("{count} inputs are not scaled: {shown}"))
    } else if count > 0 {
        Judgement::warn(format!("{count} inputs are not scaled: {shown}"))
    } else {
        Judgement::pass(format!("all {} inputs are scaled; furthest off, {shown}", off.len()))
    };
    let listed = off.iter().take(LISTED);
    judged
        .with("inputs", off.len())
        .with("off", count)
        .with("names", listed.clone().map(|(input, _)| input.name.as_str()).collect::<Vec<_>>())
        .with("means", listed.clone().map(|(input, _)| input.mean).collect::<Vec<_>>())
        .with("sds", listed.map(|(input, _)| input.sd).collect::<Vec<_>>())
}

/// Colours are held to what pretrained weights were trained with, not to 0 and 1.
fn as_wanted(context: &PreflightContext) -> Option<Judgement> {
    let off = |of: &WantedMoments| {
        of.wanted.iter().zip(of.found).map(|(wanted, found)| (wanted - found).abs()).fold(0.0, f64::max)
    };
    let worst = context.wanted.iter().max_by(|a, b| off(a).total_cmp(&off(b)))?;
    let shown = |[mean, deviation]: [f64; 2]| format!("mean {mean:.3} and deviation {deviation:.3}");
    let (found, wanted) = (shown(worst.found), shown(worst.wanted));
    let judged = if off(worst) > COLOUR.value {
        Judgement::fail(format!(
            "`{}` is scaled by {found}, the pretrained weights want {wanted}",
            worst.name
        ))
        .remedy("leave `prepare.image_mean` and `prepare.image_deviation` at `auto`")
    } else {
        Judgement::pass(format!(
            "colours are scaled as the pretrained weights want: `{}` by {found}",
            worst.name
        ))
    };
    Some(judged.with("largest_difference", off(worst)))
}

/// How far off, in units of what is allowed; a number that is none is infinitely far.
fn distance(input: &InputMoments) -> f64 {
    let off = (input.mean.abs() / MEAN.value).max(input.sd / SD.value);
    if input.mean.is_finite() && input.sd.is_finite() { off } else { f64::INFINITY }
}
