//! What `plumb explain` says on stdout.

use std::fmt::Write as _;

use plumb_evaluate::explain::ShapValues;
use plumb_ledger::Verdict;
use serde_json::{Value, json};

use super::Explained;
use super::file::as_json;
use crate::console::visible;
use crate::report::format::number;
use crate::run::{Run, files};

/// Columns of a list, and rows that are shown.
const COLUMNS: usize = 20;
const ROWS: usize = 5;
const FACTS: usize = 4;

/// For a person: the columns by what they are worth, some rows, the verdicts. For a machine: all of it.
pub(super) fn answer(run: &Run, explained: &Explained, for_machines: bool) -> String {
    let folder = run.folder.as_ref().map(|folder| folder.path().display().to_string());
    if for_machines {
        let report = folder.map(|folder| format!("{folder}/{}", files::REPORT));
        let answer: Value = json!({"schema": 1, "explanation": as_json(explained), "seconds": explained.seconds, "ledger": run.ledger, "report": report});
        return format!("{answer:#}");
    }
    let mut text = String::new();
    if !explained.inputs.is_empty() {
        columns(&mut text, explained);
        rows(&mut text, explained);
        push(&mut text, format_args!("{:<8} {}\n", "by", explained.method()));
    }
    pictures(&mut text, explained);
    words(&mut text, explained);
    turned(&mut text, explained);
    for entry in run.ledger.worst_first() {
        push(
            &mut text,
            format_args!("{:<8} {:<28} {}\n", entry.verdict.as_str(), entry.id, visible(&entry.summary)),
        );
        if entry.verdict <= Verdict::Warn {
            push(&mut text, format_args!("{:37} remedy: {}\n", "", visible(&entry.remedy)));
        }
    }
    if let Some(folder) = folder {
        push(&mut text, format_args!("report    {folder}/{}\n", files::REPORT));
    }
    text.trim_end().to_owned()
}

fn columns(text: &mut String, explained: &Explained) {
    let size = explained.values.as_ref().map(ShapValues::importance);
    let mut order: Vec<usize> = (0..explained.inputs.len()).collect();
    order.sort_by(|&a, &b| explained.importance[b].mean.total_cmp(&explained.importance[a].mean));
    let loss = format!("loss of {}", explained.metric);
    push(text, format_args!("{:<28}{loss:>28}{:>22}\n", "column", "mean size of its part"));
    for at in order.into_iter().take(COLUMNS) {
        let of = &explained.importance[at];
        let worth = format!("{} \u{b1} {}", number(of.mean), number(of.deviation));
        let size = size.as_ref().map_or_else(|| "-".to_owned(), |size| number(size[at]));
        push(text, format_args!("{:<28}{worth:>28}{size:>22}\n", visible(&explained.inputs[at])));
    }
}

fn rows(text: &mut String, explained: &Explained) {
    for place in 0..explained.rows.len().min(ROWS) {
        let (output, answer, facts) = explained.strongest(place);
        let errors = explained.values.as_ref().and_then(|values| values.errors_of(place, output));
        let said = facts.iter().take(FACTS).map(|&(input, value)| {
            let cell = visible(&explained.cells[place][input]);
            let error = errors.map_or_else(String::new, |errors| format!(" \u{b1} {:.3}", errors[input]));
            format!("{} = {cell} {value:+.3}{error}", visible(&explained.inputs[input]))
        });
        let said: Vec<String> = said.collect();
        let output = visible(&explained.valued[output]);
        push(
            text,
            format_args!("row {}: {output} {}: {}\n", explained.rows[place], number(answer), said.join(", ")),
        );
    }
}

fn words(text: &mut String, explained: &Explained) {
    for of in explained.words.iter().take(ROWS) {
        let mut order: Vec<usize> = (0..of.occlusion.len()).collect();
        order.sort_by(|&a, &b| of.occlusion[b].abs().total_cmp(&of.occlusion[a].abs()));
        let word = |place: &usize| {
            let piece = of.places.iter().position(|known| *known == Some(*place));
            piece.map_or_else(String::new, |piece| {
                format!("{} {:+.3}", visible(of.pieces[piece].trim()), of.occlusion[*place])
            })
        };
        let said: Vec<String> = order.iter().take(FACTS).map(word).collect();
        let output = visible(&explained.outputs[of.output]);
        push(
            text,
            format_args!(
                "row {}: {output} {} by its words: {}\n",
                of.row,
                number(of.answer),
                said.join(", ")
            ),
        );
    }
}

fn pictures(text: &mut String, explained: &Explained) {
    for of in explained.pictures.iter().take(ROWS) {
        let mut order: Vec<usize> = (0..of.coefficients.len()).collect();
        order.sort_by(|&a, &b| of.coefficients[b].abs().total_cmp(&of.coefficients[a].abs()));
        let part = |&part: &usize| {
            let (x, y) = of.segments.middle(part);
            format!("{:+.3} at {:.0} % across, {:.0} % down", of.coefficients[part], 100.0 * x, 100.0 * y)
        };
        let said: Vec<String> = order.iter().take(FACTS).map(part).collect();
        let output = visible(&explained.outputs[of.output]);
        let (answer, said) = (number(of.answer), said.join("; "));
        push(text, format_args!("row {}: {output} {answer} by parts of its picture: {said}\n", of.row));
    }
}

fn turned(text: &mut String, explained: &Explained) {
    for (of, other) in explained.counterfactuals.iter().zip(&explained.others).take(ROWS) {
        let change = |&input: &usize| {
            let name = visible(&explained.inputs[input]);
            let place = explained.rows.iter().position(|&row| row == of.row).unwrap_or(0);
            format!(
                "{name} {} instead of {}",
                visible(&other[input]),
                visible(&explained.cells[place][input])
            )
        };
        let changes: Vec<String> = of.changed.iter().map(change).collect();
        let after = visible(&explained.outputs[of.after]);
        push(text, format_args!("row {} would be {after} with {}\n", of.row, changes.join(" and ")));
    }
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _infallible = text.write_fmt(line);
}
