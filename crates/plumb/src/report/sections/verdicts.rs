//! What every practice said: the fails first, then what to look at, then the rest folded away.

use plumb_ledger::{Entry, Ledger, Verdict};
use serde_json::Value;

use crate::report::RunFiles;
use crate::report::format::{count, counted, number};
use crate::report::text::{cut, spans};
use crate::report::view::{Block, VerdictLine, Verdicts};

/// Elements of a list of evidence that are shown.
const MOST_LISTED: usize = 20;
/// Characters of a structured fact that are shown.
const LONGEST_FACT: usize = 300;

/// One block for each verdict that was given.
pub(super) fn blocks(folder: &RunFiles) -> Vec<Block> {
    of_ledger(&folder.ledger)
}

/// The same of a ledger alone.
pub(crate) fn of_ledger(ledger: &Ledger) -> Vec<Block> {
    let order = [Verdict::Fail, Verdict::Warn, Verdict::Pass, Verdict::Skipped];
    order.into_iter().filter_map(|verdict| block(ledger, verdict)).collect()
}

fn block(ledger: &Ledger, verdict: Verdict) -> Option<Block> {
    let entries: Vec<VerdictLine> =
        ledger.verdicts.iter().filter(|entry| entry.verdict == verdict).map(line).collect();
    if entries.is_empty() {
        return None;
    }
    let practices = counted(entries.len(), "practice");
    let one = entries.len() == 1;
    let heading = match verdict {
        Verdict::Fail => format!("{practices} failed"),
        Verdict::Warn => format!("{practices} to look at"),
        Verdict::Pass => format!("{practices} {}", if one { "holds" } else { "hold" }),
        Verdict::Skipped => format!("{practices} {} skipped", if one { "was" } else { "were" }),
    };
    let folded = matches!(verdict, Verdict::Pass | Verdict::Skipped);
    Some(Block::Verdicts(Verdicts { verdict: verdict.as_str(), heading, folded, entries }))
}

fn line(entry: &Entry) -> VerdictLine {
    let judged = matches!(entry.verdict, Verdict::Fail | Verdict::Warn);
    VerdictLine {
        id: entry.id.clone(),
        summary: spans(entry.reason.as_ref().unwrap_or(&entry.summary)),
        remedy: if judged { spans(&entry.remedy) } else { Vec::new() },
        evidence: entry
            .evidence
            .iter()
            .map(|(name, fact)| (name.replace('_', " "), fact_text(fact)))
            .collect(),
    }
}

fn fact_text(fact: &Value) -> String {
    match fact {
        Value::Array(list) => {
            let shown: Vec<String> = list.iter().take(MOST_LISTED).map(fact_text).collect();
            let more = list.len() - shown.len();
            let rest = if more > 0 { format!(", and {} more", count(more)) } else { String::new() };
            format!("{}{rest}", shown.join(", "))
        }
        Value::Object(_) => {
            let text = fact.to_string().replace("\":", "\": ").replace(",\"", ", \"");
            cut(&text, LONGEST_FACT)
        }
        Value::Number(value) => match value.as_u64() {
            Some(whole) => count(whole as usize),
            None => value.as_f64().map_or_else(|| value.to_string(), number),
        },
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Null => "none".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_text_for_people() {
        assert_eq!(fact_text(&serde_json::json!(0.123_456)), "0.1235");
        assert_eq!(fact_text(&serde_json::json!([1, 20_000, "x"])), "1, 20,000, x");
        let long: Vec<usize> = (0..50).collect();
        assert!(fact_text(&serde_json::json!(long)).ends_with("19, and 30 more"));
        assert_eq!(fact_text(&serde_json::json!({"a": 1, "b": true})), r#"{"a": 1, "b": true}"#);
    }
}
