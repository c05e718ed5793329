//! `explanation.json` and `explanation.parquet`: what was found, for machines and for the page.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, StringArray, UInt32Array};
use plumb_data::Table;
use plumb_evaluate::explain::{
    Counterfactual, Dependence, Influence, Neighbourhood, Neighbours, Prototypes, ShapValues, Voice,
    WordsExplanation,
};
use plumb_ledger::atomic;
use plumb_stats::most_probable;
use serde_json::{Value, json};

use super::{Explained, How, Method, pictures};
use crate::fault::Fault;
use crate::report::{self, RunFiles};
use crate::run::{self, Run, files};

/// Rows with all their values in the JSON file; the Parquet file has all.
const ROWS: usize = 50;

impl Explained {
    /// Of the row at a place: the output that is explained, its answer, and what inputs add to it, the largest first. By LIME
    /// the output was chosen before, else it is the one that the model says; of numbers there is one.
    pub(super) fn strongest(&self, place: usize) -> (usize, f64, Vec<(usize, f64)>) {
        let Some(values) = &self.values else {
            let of = &self.local[place];
            return (of.output, of.answer, of.coefficients.clone());
        };
        let answer = &values.answers[place * values.width..][..values.width];
        let output = most_probable(answer);
        let mut facts: Vec<(usize, f64)> = values.of(place, output).iter().copied().enumerate().collect();
        facts.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        (output, answer[output], facts)
    }

    /// How rows are explained.
    pub(super) fn method(&self) -> &'static str {
        match (self.method, &self.values) {
            (_, None) if self.inputs.is_empty() => "lime of segments, occlusion",
            (Method::Lime, _) | (_, None) => "lime",
            (Method::IntegratedGradients, _) => "integrated gradients",
            (Method::ExpectedGradients, _) => "expected gradients",
            (_, Some(values)) if values.is_closed_form => "shap, closed form",
            (_, Some(values)) if values.is_exact => "shap, all coalitions",
            (Method::Sampling, _) => "shap, drawn coalitions and background rows",
            (_, Some(_)) => "shap, drawn coalitions",
        }
    }
}

/// The file as a whole.
pub(super) fn as_json(explained: &Explained) -> Value {
    let size = explained.values.as_ref().map(ShapValues::importance);
    let importance = |(at, name): (usize, &String)| {
        let of = &explained.importance[at];
        json!({"column": name, "loss": of.mean, "deviation": of.deviation, "size": size.as_ref().map(|size| size[at])})
    };
    // Of pictures alone no column adds anything.
    let of_columns = if explained.inputs.is_empty() { 0 } else { explained.rows.len() };
    let rows = (0..of_columns.min(ROWS)).map(|place| row(explained, place));
    let turned = explained
        .counterfactuals
        .iter()
        .zip(&explained.others)
        .map(|(of, other)| turned(explained, of, other));
    json!({
        "schema": 1,
        "method": explained.method(),
        "inputs": explained.inputs,
        "outputs": explained.outputs,
        "background": explained.background.len(),
        "background_rows": explained.background,
        "metric": explained.metric,
        "base": explained.values.as_ref().map(|values| &values.base),
        "importance": explained.inputs.iter().enumerate().map(importance).collect::<Vec<_>>(),
        "dependence": explained.dependence.iter().map(|of| curve(explained, of)).collect::<Vec<_>>(),
        "rows": rows.collect::<Vec<_>>(),
        "influence": explained.influence.iter().map(|of| rests_on(explained, of)).collect::<Vec<_>>(),
        "prototypes": explained.prototypes.iter().map(|of| stands_for(explained, of)).collect::<Vec<_>>(),
        "texts": explained.words.iter().map(|of| text(explained, of)).collect::<Vec<_>>(),
        "pictures": explained.pictures.iter().map(|of| pictures::as_json(&explained.outputs, of)).collect::<Vec<_>>(),
        "counterfactuals": turned.collect::<Vec<_>>(),
    })
}

fn row(explained: &Explained, place: usize) -> Value {
    let (output, answer, facts) = explained.strongest(place);
    let errors = explained.values.as_ref().and_then(|values| values.errors_of(place, output));
    let fact = |&(input, value): &(usize, f64)| json!({"column": explained.inputs[input], "cell": explained.cells[place][input], "adds": value, "error": errors.map(|errors| errors[input])});
    json!({
        "row": explained.rows[place],
        "output": explained.valued[output],
        "answer": answer,
        "r2": explained.local.get(place).and_then(|of| of.r2),
        "columns": facts.iter().map(fact).collect::<Vec<_>>(),
    })
}

fn rests_on(explained: &Explained, of: &Influence) -> Value {
    let voice = |voice: &Voice| json!({"row": voice.row, "label": explained.labels.get(&voice.row), "weight": voice.weight, "likeness": voice.likeness});
    let voices = |all: &[Voice]| all.iter().map(voice).collect::<Vec<Value>>();
    json!({
        "row": of.row,
        "output": explained.outputs[of.output],
        "for": voices(&of.speak_for),
        "against": voices(&of.against),
        "alike": voices(&of.alike),
    })
}

fn stands_for(explained: &Explained, of: &Prototypes) -> Value {
    let label = of.rows.first().and_then(|row| explained.labels.get(row));
    json!({"class": label, "rows": of.rows, "spread": of.spread})
}

/// A text piece by piece, with what the answer loses without each word and its coefficient.
fn text(explained: &Explained, of: &WordsExplanation) -> Value {
    let piece = |(piece, place): (&String, &Option<usize>)| {
        let at = |values: &[f64]| place.map(|place| values[place]);
        json!({"text": piece, "occlusion": at(&of.occlusion), "adds": at(&of.coefficients)})
    };
    json!({
        "row": of.row,
        "output": explained.outputs[of.output],
        "answer": of.answer,
        "r2": of.r2,
        "pieces": of.pieces.iter().zip(&of.places).map(piece).collect::<Vec<_>>(),
    })
}

fn curve(explained: &Explained, of: &Dependence) -> Value {
    let outputs = explained.outputs.len();
    let of_output =
        |output: usize| of.mean.iter().skip(output).step_by(outputs).copied().collect::<Vec<f64>>();
    json!({
        "column": explained.inputs[of.input],
        "rows": of.rows.len() / (of.labels.len() * outputs).max(1),
        "labels": of.labels,
        "values": of.values,
        "mean": (0..outputs).map(of_output).collect::<Vec<_>>(),
    })
}

fn turned(explained: &Explained, of: &Counterfactual, other: &[String]) -> Value {
    let place = explained.rows.iter().position(|&row| row == of.row).unwrap_or(0);
    let change = |&input: &usize| json!({"column": explained.inputs[input], "from": explained.cells[place][input], "to": other[input]});
    json!({
        "row": of.row,
        "before": explained.outputs[of.before],
        "after": explained.outputs[of.after],
        "probability": of.probability,
        "changes": of.changed.iter().map(change).collect::<Vec<_>>(),
    })
}

/// Writes the files and the page, where there is a folder.
pub(super) fn write(run: &Run, explained: &Explained, data: &Table, how: How<'_>) -> Result<(), Fault> {
    let Some(folder) = &run.folder else { return Ok(()) };
    run.write_job()?;
    let explanation = as_json(explained);
    run.write_json(files::EXPLANATION, &explanation)?;
    if how.method != Method::Lime && explained.values.is_some() {
        run.write(files::EXPLANATIONS, &table(explained)?)?;
    }
    let mut values =
        vec![(files::LEDGER, serde_json::to_value(&run.ledger)), (files::EXPLANATION, Ok(explanation))];
    if let Some(gallery) = pictures::gallery(explained, data) {
        run.write_json(files::PICTURES, &gallery)?;
        values.push((files::PICTURES, serde_json::to_value(&gallery)));
    }
    let mut bytes: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (name, value) in values {
        let value = value.and_then(|value| serde_json::to_vec(&value));
        let value = value.map_err(|e| Fault::failed(format!("cannot write {name} as JSON ({e})")))?;
        bytes.insert(name.to_owned(), value);
    }
    let of_run = RunFiles::from_bytes(&bytes)?;
    Ok(folder.write(files::REPORT, report::render(&of_run)?.as_bytes())?)
}

/// Writes what LIME's models were fitted to: a line for each neighbour of each row, with the row that each of its values comes from and
/// whether that is in the bin of the row's own. The first neighbour of a row is the row.
pub(super) fn write_neighbours(
    path: &Path,
    names: &[String],
    drawn: &Neighbours,
    near: &[Neighbourhood],
) -> Result<(), Fault> {
    let lines = || near.iter().flat_map(|near| near.answers.iter().map(move |answer| (near.row, *answer)));
    let whole =
        |values: &mut dyn Iterator<Item = u32>| Arc::new(UInt32Array::from_iter_values(values)) as ArrayRef;
    let mut columns: Vec<(String, ArrayRef)> = vec![
        ("row".to_owned(), whole(&mut lines().map(|(row, _)| row))),
        ("answer".to_owned(), Arc::new(Float64Array::from_iter_values(lines().map(|(_, answer)| answer)))),
    ];
    for (input, name) in names.iter().enumerate() {
        let from =
            near.iter().flat_map(|near| std::iter::once(near.row).chain(drawn.from[input].iter().copied()));
        columns.push((format!("from_{name}"), whole(&mut { from })));
        let same = near.iter().flat_map(|near| near.same.iter().skip(input).step_by(names.len()));
        columns.push((format!("same_{name}"), whole(&mut same.map(|same| u32::from(*same > 0.5)))));
    }
    atomic::write_file(path, &run::parquet_bytes(columns)?).map_err(|error| Fault::failed(error.to_string()))
}

/// One line for each explained row and output: what each input adds, and the standard errors of that where there are any.
fn table(explained: &Explained) -> Result<Vec<u8>, Fault> {
    let Some(values) = &explained.values else { return Ok(Vec::new()) };
    let lines =
        || (0..values.rows.len()).flat_map(|place| (0..values.width).map(move |output| (place, output)));
    let mut columns: Vec<(String, ArrayRef)> = vec![
        (
            "row".to_owned(),
            Arc::new(UInt32Array::from_iter_values(lines().map(|(place, _)| values.rows[place]))),
        ),
        (
            "output".to_owned(),
            Arc::new(lines().map(|(_, output)| Some(&explained.valued[output])).collect::<StringArray>()),
        ),
        (
            "base".to_owned(),
            Arc::new(Float64Array::from_iter_values(lines().map(|(_, output)| values.base[output]))),
        ),
        ("answer".to_owned(), Arc::new(Float64Array::from_iter_values(values.answers.iter().copied()))),
    ];
    for (input, name) in explained.inputs.iter().enumerate() {
        let of_input = values.values.iter().skip(input).step_by(values.inputs).copied();
        columns.push((format!("adds_{name}"), Arc::new(Float64Array::from_iter_values(of_input))));
    }
    for (input, name) in explained.inputs.iter().enumerate().filter(|_| !values.errors.is_empty()) {
        let of_input = values.errors.iter().skip(input).step_by(values.inputs).copied();
        columns.push((format!("error_{name}"), Arc::new(Float64Array::from_iter_values(of_input))));
    }
    run::parquet_bytes(columns)
}
