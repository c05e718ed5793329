//! `plumb verify BUNDLE`: signature and digests, then what the files say of one another, then what every way to the model says.

use std::path::Path;

use plumb_data::{Labels, Predictor as _, Target};
use plumb_learn::predict::TrainedModel;
use plumb_ledger::{Explain as _, Ledger, Verdict};
use plumb_package::description::Origin;
use plumb_package::practices::{Agreement, Checked, PRACTICES, PackageContext, Parity};
use plumb_package::{Bundle, BundleLimits, DESCRIPTION, Refusal, SIGNATURE, SignatureState, Why};
use serde_json::Value;

use super::answers::{self, QUANTIZED, SAME};
use super::assemble::NATIVE;
use super::examples::{self, EXAMPLES, Recorded};
use super::{answer, metrics, public_key, source};
use crate::console;
use crate::fault::Fault;
use crate::predictors::{self, bundle_model};
use crate::run::{Screen, files};

/// What was checked, and how it ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Check {
    /// What: `signature`, `digests`, `metrics`, a way to the model.
    pub(super) name: String,
    /// How it ended.
    pub(super) verdict: Verdict,
    /// One sentence.
    pub(super) summary: String,
}

/// All that was checked.
#[derive(Debug)]
pub(super) struct Verified {
    /// The name of the model; none of a bundle that was refused.
    pub(super) name: Option<String>,
    /// In the order in which it was checked.
    pub(super) checks: Vec<Check>,
    /// The verdicts of the `package.*` practices.
    pub(super) ledger: Ledger,
}

impl Verified {
    fn add(&mut self, name: &str, verdict: Verdict, summary: impl Into<String>) {
        self.checks.push(Check { name: name.to_owned(), verdict, summary: summary.into() });
    }

    fn pass(&mut self, name: &str, summary: impl Into<String>) {
        self.add(name, Verdict::Pass, summary);
    }
}

/// Verifies, and says what it found, a line each. What does not hold is an error, and nothing after it was looked at.
pub(crate) fn verify(
    bundle: &Path,
    key: Option<&Path>,
    endpoint: Option<&str>,
    json: bool,
    screen: &mut Screen,
) -> Result<plumb_ledger::ExitCode, Fault> {
    let (verified, ended) = examined(bundle, key, endpoint, screen)?;
    console::result(answer::verified(bundle, &verified, json))?;
    ended.map(|()| plumb_ledger::ExitCode::Done)
}

/// Verifies without a word; what does not hold is an error.
pub(crate) fn holds(bundle: &Path, screen: &mut Screen) -> Result<(), Fault> {
    examined(bundle, None, None, screen)?.1
}

/// What was checked, and what does not hold.
fn examined(
    bundle: &Path,
    key: Option<&Path>,
    endpoint: Option<&str>,
    screen: &mut Screen,
) -> Result<(Verified, Result<(), Fault>), Fault> {
    super::check(bundle)?;
    let key = key.map(public_key).transpose()?;
    let mut verified = Verified { name: None, checks: Vec::new(), ledger: Ledger::new(source::name(bundle)) };
    let mut context = PackageContext {
        signature: SignatureState::Absent,
        checked: None,
        origin: Origin::default(),
        rebuilt: None,
        parities: Vec::new(),
    };
    let opened = Bundle::open(bundle, key.as_ref(), &BundleLimits::DEFAULT);
    let ended = match opened {
        Ok(opened) => checked(&opened, endpoint, &mut verified, &mut context, screen),
        Err(refusal) => {
            verified.add("digests", Verdict::Fail, refusal.to_string());
            context.checked = Some(Err(refusal.clone()));
            Err(refused(&refusal, bundle))
        }
    };
    verified.ledger.judge_all(PRACTICES, &context, |_| {});
    let broken =
        context.parities.iter().find(|parity| parity.found.as_ref().is_ok_and(|found| !found.holds()));
    let ended = ended.and_then(|()| match broken {
        None => Ok(()),
        Some(parity) => {
            Err(Fault::failed(format!("the answers are not those that are recorded: {}", parity.way))
                .hint("`plumb practices package.parity` tells what may be behind it"))
        }
    });
    Ok((verified, ended))
}

/// The refusal, with the bundle that it is about.
fn refused(refusal: &Refusal, bundle: &Path) -> Fault {
    let fault = Fault::failed(format!("{} is not to be used: {refusal}", bundle.display()));
    match refusal.hint() {
        Some(hint) => fault.hint(hint),
        None => fault,
    }
}

fn checked(
    bundle: &Bundle,
    endpoint: Option<&str>,
    verified: &mut Verified,
    context: &mut PackageContext,
    screen: &mut Screen,
) -> Result<(), Fault> {
    verified.name = Some(bundle.description.name.clone());
    context.signature = bundle.signature.clone();
    context.origin = bundle.description.origin.clone();
    let count = Checked { files: bundle.files.len(), bytes: bundle.files.bytes() };
    context.checked = Some(Ok(count));
    match &bundle.signature {
        SignatureState::Holds(key) => {
            verified.pass(
                "signature",
                format!("{SIGNATURE} holds for every file, key {}", key.get(..12).unwrap_or(key)),
            );
        }
        SignatureState::Unchecked => {
            verified.add(
                "signature",
                Verdict::Warn,
                format!("{SIGNATURE} is there; name the key with `--key`"),
            );
        }
        SignatureState::Absent => verified.add("signature", Verdict::Warn, "there is none"),
    }
    verified.pass(
        "digests",
        format!("{} files, {} bytes, none changed, added or missing", count.files, count.bytes),
    );
    let ended = inside(bundle, endpoint, verified, &mut context.parities, screen);
    if let Err(fault) = &ended {
        verified.add("contents", Verdict::Fail, fault.message());
    }
    ended
}

/// What the files say of one another, and the model of the example rows.
fn inside(
    bundle: &Bundle,
    endpoint: Option<&str>,
    verified: &mut Verified,
    parities: &mut Vec<Parity>,
    screen: &mut Screen,
) -> Result<(), Fault> {
    let model = bundle_model(bundle)?;
    described(bundle, &model)?;
    verified.pass("description", format!("{DESCRIPTION} and the model name the same columns and classes"));
    let stated: Value = serde_json::from_str(bundle.files.text_of(files::METRICS)?)
        .map_err(|error| Refusal::of(Why::Damaged(error.to_string()), files::METRICS))?;
    source::check_weights(&model, &stated)?;
    verified.pass("weights", format!("are those that {} was measured with", files::METRICS));
    match metrics::recomputed(&bundle.files, &stated)? {
        Some(same) => verified.pass("metrics", format!("{same} figures follow from {}", files::PREDICTIONS)),
        None => verified.add("metrics", Verdict::Skipped, format!("no {}", files::PREDICTIONS)),
    }
    if bundle.files.get(EXAMPLES).is_none() {
        verified.add("answers", Verdict::Skipped, format!("no {EXAMPLES}"));
        return Ok(());
    }
    let recorded = examples::read(bundle.files.text_of(EXAMPLES)?, &bundle.description.inputs)
        .map_err(|why| Refusal::of(Why::Damaged(why), EXAMPLES))?;
    for parity in asked(bundle, &model, &recorded, endpoint, screen)? {
        tell(verified, &parity);
        parities.push(parity);
    }
    Ok(())
}

/// The description states what the model's own files state.
fn described(bundle: &Bundle, model: &TrainedModel) -> Result<(), Refusal> {
    let of = &bundle.description;
    let preparation = model.preparation();
    let named: Vec<(&str, &str)> =
        preparation.columns.iter().map(|column| (column.name.as_str(), column.kind.as_str())).collect();
    let listed: Vec<(&str, &str)> =
        of.inputs.iter().map(|input| (input.name.as_str(), input.kind.as_str())).collect();
    let lies = [
        (of.task != model.task(), "another task"),
        (of.classes != model.classes(), "other classes"),
        (of.target != preparation.target, "another target"),
        (named != listed, "other columns"),
    ];
    let Some((_, lie)) = lies.iter().find(|(lies, _)| *lies) else { return Ok(()) };
    Err(Refusal::of(Why::Damaged(format!("it states {lie} than the model")), DESCRIPTION))
}

/// Every way to the model that the bundle has, and a server where one is named.
fn asked(
    bundle: &Bundle,
    model: &TrainedModel,
    recorded: &Recorded,
    endpoint: Option<&str>,
    screen: &mut Screen,
) -> Result<Vec<Parity>, Fault> {
    let width = model.classes().len().max(1);
    let then = |way: &str| {
        recorded
            .outputs
            .get(way)
            .ok_or_else(|| Refusal::of(Why::Damaged(format!("no answers of {way}")), EXAMPLES))
    };
    let native = then(NATIVE)?;
    let found = answers::native(model, &recorded.table)?;
    let parity = |way: &str, found| Parity { way: way.to_owned(), found: Ok(found) };
    let mut ways = vec![parity(NATIVE, answers::agreement(native, &found, width, SAME))];
    for (path, tolerance) in
        std::iter::once((files::ONNX, SAME)).chain(files::SMALLER.map(|name| (name, QUANTIZED)))
    {
        let Some(file) = bundle.files.get(path) else { continue };
        // A float file must say what the trained model says; a quantized one what it said itself.
        let beside = if path == files::ONNX { native } else { then(path)? };
        let found = answers::onnx(file.bytes().to_vec(), model, &recorded.table)
            .map_err(|fault| Refusal::of(Why::Damaged(fault.message().to_owned()), path))?;
        ways.push(parity(path, answers::agreement(beside, &found, width, tolerance)));
    }
    if let Some(url) = endpoint {
        screen.say(&format!("asking {url}"));
        // A server answers by the smaller file where there is one, as every command does.
        let smaller = files::SMALLER.iter().find(|path| bundle.files.get(path).is_some());
        let (beside, tolerance) = match smaller {
            Some(path) => (then(path)?, QUANTIZED),
            None => (native, SAME),
        };
        ways.push(parity(url, served(url, bundle, recorded, (beside, tolerance), width)?));
    }
    Ok(ways)
}

/// What a server says of those rows whose values JSON can carry.
fn served(
    url: &str,
    bundle: &Bundle,
    recorded: &Recorded,
    (beside, tolerance): (&[f64], f64),
    width: usize,
) -> Result<Agreement, Fault> {
    let sendable = |row: &usize| {
        recorded.table.columns().iter().all(|column| {
            let is_finite = column.numbers().is_none_or(|numbers| numbers.value(*row).is_finite());
            !column.is_missing(*row) && is_finite
        })
    };
    let rows: Vec<usize> = (0..recorded.table.rows()).filter(sendable).collect();
    let then: Vec<f64> = rows
        .iter()
        .flat_map(|&row| beside.get(row * width..(row + 1) * width).unwrap_or_default())
        .copied()
        .collect();
    let table = recorded.table.keep(&rows);
    let of = &bundle.description;
    let labels = if of.classes.is_empty() {
        Labels::Numbers(vec![None; rows.len()])
    } else {
        Labels::Classes(vec![None; rows.len()])
    };
    let target = Target { name: of.target.clone(), task: of.task, classes: of.classes.clone(), labels };
    let predictor = predictors::endpoint(url, &table, &target)?;
    let all: Vec<u32> = (0..rows.len() as u32).collect();
    let found = predictor.predict(&table, &all).map_err(|error| Fault::failed(error.message))?;
    Ok(answers::agreement(&then, &answers::values(found), width, tolerance))
}

fn tell(verified: &mut Verified, parity: &Parity) {
    match &parity.found {
        Ok(found) => {
            let verdict = if found.holds() { Verdict::Pass } else { Verdict::Fail };
            let words = if found.holds() { "within" } else { "not within" };
            let summary = format!(
                "{} rows, the recorded answers {words} {:.0e}: {:.1e} at most",
                found.rows, found.tolerance, found.difference
            );
            verified.add(&parity.way, verdict, summary);
        }
        Err(why) => verified.add(&parity.way, Verdict::Warn, why.clone()),
    }
}
