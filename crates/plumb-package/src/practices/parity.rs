//! package.parity: does every way to the model give the trained model's answers?

use plumb_ledger::{Evidence, Judgement, Page, Practice, Source};
use serde_json::{Value, json};

use super::{Agreement, PackageContext, Parity};

const PAGE: Page = Page {
    id: "package.parity",
    question: "Does every way to the model give the trained model's answers?",
    why: "A model is trained in one program and answers in another. Preparation done again by hand, another order of columns, another \
          version of an operator: each is a model that nobody has measured.",
    evidence: "Example rows in the bundle, as raw as they were in the data, with the answers of the trained model. The model of the bundle, \
               its ONNX files and, where one is named, a server are asked about the same rows. The largest difference of a probability is \
               written down; that of numbers beside the range of the recorded ones. A quantized file is held against its own answers: what \
               it costs beside the trained model is `compress.accuracy-kept`.",
    thresholds: &[],
    false_alarms: "A server that rounds its answers differs by the rounding. Rows with missing numbers cannot be sent as JSON and are left \
                   out, which is said.",
    remedy: "serve the bundle's own files; a server must take the raw columns, in the types that its metadata states",
    sources: &[Source::TestScore],
};

pub(super) const PRACTICE: Practice<PackageContext> = Practice { page: PAGE, judge };

fn judge(context: &PackageContext) -> Judgement {
    if let Some(Err(refusal)) = &context.checked {
        return Judgement::skipped(format!("the bundle was refused: {refusal}"));
    }
    let tried: Vec<(&Parity, &Agreement)> =
        context.parities.iter().filter_map(|parity| Some((parity, parity.found.as_ref().ok()?))).collect();
    let untried =
        || context.parities.iter().filter_map(|parity| Some((parity, parity.found.as_ref().err()?)));
    let judged =
        match tried.iter().find(|(_, found)| !found.holds()) {
            _ if tried.is_empty() => Judgement::skipped(untried().next().map_or_else(
                || "no example rows".to_owned(),
                |(parity, why)| format!("{}: {why}", parity.way),
            )),
            Some((parity, found)) => Judgement::fail(format!(
                "{} differs by {:.1e} on {} rows, over {:.0e}",
                parity.way, found.difference, found.rows, found.tolerance
            )),
            None => {
                let ways: Vec<&str> = tried.iter().map(|(parity, _)| parity.way.as_str()).collect();
                let most = tried.iter().map(|(_, found)| found.difference).fold(0.0, f64::max);
                let rows = tried.iter().map(|(_, found)| found.rows).max().unwrap_or(0);
                let summary =
                    format!("{} give the recorded answers within {most:.0e} on {rows} rows", ways.join(", "));
                match untried().next() {
                    None => Judgement::pass(summary),
                    Some((parity, why)) => {
                        Judgement::warn(format!("{summary}; {} was not tried: {why}", parity.way))
                    }
                }
            }
        };
    judged.with("ways", context.parities.iter().map(evidence).collect::<Vec<Evidence>>())
}

fn evidence(parity: &Parity) -> Evidence {
    let mut facts = Evidence::new();
    facts.insert("way".to_owned(), json!(parity.way));
    let mut tell = |name: &str, fact: Value| drop(facts.insert(name.to_owned(), fact));
    match &parity.found {
        Ok(found) => {
            tell("rows", json!(found.rows));
            tell("difference", json!(found.difference));
            tell("tolerance", json!(found.tolerance));
            tell("other_class", json!(found.flipped));
        }
        Err(why) => tell("not_tried", json!(why)),
    }
    facts
}
