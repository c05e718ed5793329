//! The page of a round of retraining: what was decided, by which figures, of which rows.

use plumb_evaluate::retrain::{Compared, Known, Untouched};

use super::ReportError;
use super::format::{count, number};
use super::page::{Shown, lay_out};
use super::sections::answer::Answer;
use super::sections::verdicts;
use super::view::{Block, Cell, Table};
use crate::retraining::Outcome;

/// Draws the page. The same outcome gives the same bytes.
pub(crate) fn render(outcome: &Outcome) -> Result<String, ReportError> {
    let mut sections =
        vec![Shown { id: "verdicts", title: "Verdicts", blocks: verdicts::of_ledger(&outcome.ledger) }];
    if let Some(compared) = &outcome.compared {
        sections.push(Shown { id: "comparison", title: "Comparison", blocks: comparison(outcome, compared) });
    }
    sections.push(Shown { id: "rows", title: "Rows", blocks: rows(outcome) });
    let sentences = vec![format!("{}.", outcome.head()), format!("{}.", outcome.reason)];
    let subject = format!("{}, {}", outcome.name, outcome.round);
    let heading = if outcome.promoted { "Promoted" } else { "Not promoted" };
    lay_out(&Answer::of_log(&outcome.ledger, subject, heading.to_owned(), sentences), &sections)
}

fn comparison(outcome: &Outcome, of: &Compared) -> Vec<Block> {
    let percent = 100.0 * of.level;
    let gain = format!("{:+.4} ({:+.4} to {:+.4})", of.gain, of.low, of.high);
    let row = vec![
        Cell::text(of.metric.clone()),
        Cell::number(number(of.champion)),
        Cell::number(number(of.challenger)),
        Cell::number(gain),
        Cell::number(number(of.p)),
    ];
    let head = ["metric", "champion", "challenger", "gain", "p"];
    let caption =
        format!("Both on {} rows, with the {percent:.0} % interval of the paired bootstrap", count(of.rows));
    let mut blocks = vec![
        Block::text(format!("Asked is: {}.", outcome.rule.words())),
        Block::Table(Table::new(caption, &head, vec![row])),
    ];
    if let (Some([champion, challenger]), Some(p)) = (of.only_right, of.mcnemar_p) {
        blocks.push(Block::text(format!(
            "The champion alone is right on {} rows, the challenger alone on {}; McNemar's exact p is {}.",
            count(champion as usize),
            count(challenger as usize),
            number(p)
        )));
    }
    if !of.groups.is_empty() {
        let rows = of.groups.iter().map(|group| {
            let figures = [group.champion, group.challenger, group.gain, group.p_adjusted].map(number);
            let name = Cell::text(format!("{} = {}", group.column, group.value));
            let cells = std::iter::once(count(group.rows)).chain(figures).map(Cell::number);
            std::iter::once(name).chain(cells).collect()
        });
        let head = ["group", "rows", "champion", "challenger", "gain", "p (Holm)"];
        blocks.push(Block::Table(Table::new("Each group of the job", &head, rows.collect())));
    }
    blocks
}

fn rows(outcome: &Outcome) -> Vec<Block> {
    let data = &outcome.data;
    let files = if data.files == 1 { "one file".to_owned() } else { format!("{} files", count(data.files)) };
    let mut blocks = vec![Block::text(format!(
        "The new data has {} rows in {files}, SHA-256 {}.",
        count(data.rows),
        data.sha256
    ))];
    blocks.extend(outcome.untouched.as_ref().map(|of| Block::text(format!("{}.", untouched(of)))));
    blocks.extend(outcome.trigger.iter().map(|fired| {
        Block::text(format!("Trigger: {} {}: {}.", fired.verdict.as_str(), fired.id, fired.summary))
    }));
    blocks
}

/// Which test rows were judged, in words.
pub(crate) fn untouched(of: &Untouched) -> String {
    let (test, left_out) = (count(of.test), count(of.left_out));
    match of.known {
        Known::Rows => {
            format!(
                "of {test} test rows {left_out} were left out, which the champion was trained on or chosen by"
            )
        }
        Known::Files => {
            format!("of {test} test rows {left_out} were left out, from files of the champion's data")
        }
        Known::No => format!(
            "all {test} test rows were taken: the champion's bundle does not say which rows it was trained on"
        ),
    }
}

#[cfg(test)]
mod tests {
    use plumb_evaluate::retrain::{Decision, GroupCompared, Rule};
    use plumb_ledger::{Ledger, Sha256, Verdict};

    use super::*;
    use crate::retraining::{DataFacts, Fired, Side};

    /// An outcome with this text wherever a file can have one.
    fn outcome(text: &str) -> Outcome {
        let side = |version| Side { version: Some(version), sha256: Sha256::of(b"x") };
        let group = GroupCompared {
            column: text.to_owned(),
            value: text.to_owned(),
            rows: 40,
            champion: 0.8,
            challenger: f64::NAN,
            gain: 0.1,
            p_adjusted: 0.5,
        };
        Outcome {
            schema: 1,
            name: text.to_owned(),
            round: text.to_owned(),
            alias: Some(text.to_owned()),
            trigger: vec![Fired {
                id: text.to_owned(),
                verdict: Verdict::Warn,
                summary: text.to_owned(),
                ledger_sha256: Sha256::of(b"y"),
            }],
            data: DataFacts { files: 1, rows: 100, sha256: Sha256::of(b"z") },
            champion: side(1),
            challenger: Some(side(2)),
            rule: Rule { least: 0.0, not_worse: None },
            untouched: Some(Untouched { test: 40, left_out: 2, known: Known::Rows }),
            compared: Some(Compared {
                metric: text.to_owned(),
                champion: 0.8,
                challenger: 0.9,
                gain: 0.1,
                low: 0.05,
                high: 0.15,
                level: 0.95,
                p: 0.001,
                only_right: Some([1, 5]),
                mcnemar_p: Some(0.2),
                rows: 38,
                groups: vec![group],
            }),
            lost_gates: vec![text.to_owned()],
            new_fails: vec![text.to_owned()],
            decision: Decision::Promote,
            reason: text.to_owned(),
            promoted: true,
            ledger: Ledger::new(text),
        }
    }

    #[test]
    fn hostile_names_stay_text() {
        let tags = |page: &str| page.matches('<').count();
        let plain = render(&outcome("x")).unwrap();
        assert!(plain.contains("<h1>Promoted</h1>") && plain.contains("+0.0500 to +0.1500"), "{plain}");
        for payload in include_str!("templates/xss_payloads.txt").lines() {
            let page = render(&outcome(payload)).unwrap();
            // A pair of backticks makes two tags of `code`, nothing makes others.
            let code = page.matches("<code>").count() + page.matches("</code>").count();
            assert_eq!(tags(&page) - code, tags(&plain), "{payload}");
        }
    }
}
