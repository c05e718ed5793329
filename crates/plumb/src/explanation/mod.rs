//! What `plumb explain` does: why a predictor says what it says, and whether the explanation can be believed.

mod answer;
mod attribution;
mod file;
mod pictures;

use std::collections::BTreeMap;
use std::path::Path;

use plumb_data::{Column, Kind};
use plumb_evaluate::explain::{
    Asked, Counterfactual, Dependence, Embedded, Importance, Influence, LimeConfig, LimeExplanation,
    Neighbours, PictureExplanation, Prototypes, ShapValues, WordsConfig, WordsExplanation, counterfactual,
    dependence, lime, permutation_importance, words,
};
use plumb_evaluate::{EvaluateError, Primary};
use plumb_ledger::clock::Clock as _;
use plumb_ledger::{Entry, ExitCode};
use plumb_stats::{Metric, most_probable};

use attribution::Way;

use crate::console;
use crate::evaluation::{Ask, Ready, open};
use crate::fault::Fault;
use crate::run::{self, Run, Screen};

/// What is asked beside the predictor and its rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How<'a> {
    /// The method.
    pub(crate) method: Method,
    /// Whether margins are explained and not answers.
    pub(crate) of_margins: bool,
    /// Rows that are explained.
    pub(crate) rows: usize,
    /// Background rows.
    pub(crate) background: usize,
    /// Coalitions, steps or draws for each row, pictures for each picture; none for the method's own number.
    pub(crate) budget: Option<usize>,
    /// What covers parts of pictures.
    pub(crate) cover: Cover,
    /// The row that integrated gradients start from; none for the mean of the background.
    pub(crate) baseline: Option<u32>,
    /// A file for the neighbours that LIME asks about.
    pub(crate) neighbours: Option<&'a Path>,
}

/// How rows are explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Method {
    /// Shapley values: exact where a model's answers are sums over trees or columns, else as `kernel`.
    Shap,
    /// Exact Shapley values of forests and linear models of numbers in ONNX files, for any number of columns.
    Exact,
    /// Shapley values by KernelSHAP; exact up to eleven columns.
    Kernel,
    /// Shapley values by permutations of the columns.
    Permutation,
    /// The same with one drawn background row for each permutation (Strumbelj, Kononenko), with standard errors.
    Sampling,
    /// Gradients from a baseline to the row; of networks for tables.
    IntegratedGradients,
    /// Gradients from drawn background rows to the row (`shap`'s gradient explainer), with standard errors; of networks for tables.
    ExpectedGradients,
    /// Local linear models.
    Lime,
}

/// What a covered part of a picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Cover {
    /// The mean colour of the segment, or of the picture under a patch.
    Mean,
    /// The middle grey.
    Grey,
}

/// All that was found.
pub(crate) struct Explained {
    /// How single rows are explained.
    pub(crate) method: Method,
    /// The names of the inputs.
    pub(crate) inputs: Vec<String>,
    /// The outputs: classes, or the target.
    pub(crate) outputs: Vec<String>,
    /// What the Shapley values are of: the outputs, or their margins.
    pub(crate) valued: Vec<String>,
    /// The rows that are explained.
    pub(crate) rows: Vec<u32>,
    /// The background rows.
    pub(crate) background: Vec<u32>,
    /// How long the rows took that are explained.
    pub(crate) seconds: f64,
    /// What columns add; none by LIME.
    pub(crate) values: Option<ShapValues>,
    /// Local linear models; of LIME alone.
    pub(crate) local: Vec<LimeExplanation>,
    /// What each input is worth.
    pub(crate) importance: Vec<Importance>,
    /// The metric of it.
    pub(crate) metric: &'static str,
    /// What some answers rest on; empty of models that show nothing.
    pub(crate) influence: Vec<Influence>,
    /// Rows that stand for each class.
    pub(crate) prototypes: Vec<Prototypes>,
    /// The labels of the train rows that are named.
    pub(crate) labels: BTreeMap<u32, String>,
    /// What the words of some texts add.
    pub(crate) words: Vec<WordsExplanation>,
    /// What the parts of some pictures add.
    pub(crate) pictures: Vec<PictureExplanation>,
    /// How the answers depend on the inputs that matter most.
    pub(crate) dependence: Vec<Dependence>,
    /// The fewest changes that turn a row.
    pub(crate) counterfactuals: Vec<Counterfactual>,
    /// The cells of each explained row, input by input.
    pub(crate) cells: Vec<Vec<String>>,
    /// The cells of the rows that counterfactuals take values from.
    pub(crate) others: Vec<Vec<String>>,
}

/// Rows whose metric is measured again for each exchanged column.
const IMPORTANCE_ROWS: usize = 2000;
/// How often columns are exchanged.
const REPEATS: usize = 5;
/// Rows over which dependence is averaged, and inputs that are drawn.
const DEPENDENCE_ROWS: usize = 200;
const DEPENDENCE_INPUTS: usize = 6;
/// Rows that get a counterfactual, and rows that it may come from.
const COUNTERFACTUALS: usize = 10;
const OTHERS: usize = 2000;
/// Train rows that may speak, answers that are traced to them, and rows that are named for each.
const EMBEDDED: usize = 5000;
const INFLUENCED: usize = 10;
const VOICES: usize = 4;
/// Rows of a class from which those that stand for it are chosen.
const PROTOTYPES_OF: usize = 400;
/// Texts whose words are left out.
const TEXTS: usize = 8;

/// Explains, judges, writes and answers.
pub(crate) fn explain(ask: &Ask<'_>, how: How<'_>, screen: Screen) -> Result<ExitCode, Fault> {
    let (mut run, ready) = open(ask, screen)?;
    let answer = whole(&mut run, &ready, how, ask.json);
    if let (Err(_), Some(folder)) = (&answer, &run.folder) {
        folder.abandon();
    }
    console::result(answer?)?;
    let broken: Vec<&Entry> = run.ledger.broken_gates(ask.gates).collect();
    if broken.is_empty() { Ok(ExitCode::Done) } else { Err(Fault::gate_named(&broken)) }
}

fn whole(run: &mut Run, ready: &Ready, how: How<'_>, as_json: bool) -> Result<String, Fault> {
    let table = &ready.opened.table;
    if ready.opened.predictor.is_given() {
        return Err(Fault::usage("a file of predictions cannot be asked why it says what it says")
            .hint("name a model: the folder of a run"));
    }
    let target = ready.opened.target.name.as_str();
    let is_input = |column: &Column| {
        column.name != target
            && (column.kind.is_table_input() || column.kind == Kind::Text)
            && column.images().is_none()
    };
    let inputs: Vec<usize> =
        (0..table.columns().len()).filter(|&place| is_input(&table.columns()[place])).collect();
    if inputs.is_empty() && pictures::place(table).is_none() {
        return Err(Fault::usage(
            "the data has no column of numbers, categories, times, texts or pictures to explain by",
        )
        .hint("name data that holds the model's inputs: `--data DATA`"));
    }
    let asked = Asked { predictor: ready.opened.predictor.as_ref(), table, inputs: &inputs };
    attribution::check(&asked, &how)?;
    let explained = explained(run, ready, &asked, how)?;
    file::write(run, &explained, table, how)?;
    run.end_stage()?;
    Ok(answer::answer(run, &explained, as_json))
}

/// At most so many of some rows, evenly spread.
fn spread(rows: &[u32], most: usize) -> Vec<u32> {
    let count = most.min(rows.len());
    (0..count).map(|at| rows[at * rows.len() / count]).collect()
}

fn explained(run: &mut Run, ready: &Ready, asked: &Asked<'_>, how: How<'_>) -> Result<Explained, Fault> {
    let parts = &ready.parts;
    let judged = if parts.test.is_empty() { &parts.valid } else { &parts.test };
    let rows = spread(judged, how.rows);
    let known = if parts.train.is_empty() { judged } else { &parts.train };
    // Both halves of the background: one to explain by, one to ask again.
    let both = spread(known, 2 * how.background);
    let half = |from: usize| both.iter().copied().skip(from).step_by(2).collect::<Vec<u32>>();
    let (background, second) = match how.baseline {
        Some(row) => (vec![row], Vec::new()),
        None => (half(0), half(1)),
    };
    let metric = primary(run, ready)?.metric;
    let mut found = Explained {
        method: how.method,
        inputs: asked.names(),
        outputs: outputs(ready),
        valued: outputs(ready),
        background: background.clone(),
        seconds: 0.0,
        values: None,
        local: Vec::new(),
        importance: Vec::new(),
        metric: metric.name,
        dependence: Vec::new(),
        words: Vec::new(),
        pictures: Vec::new(),
        influence: Vec::new(),
        prototypes: Vec::new(),
        labels: BTreeMap::new(),
        counterfactuals: Vec::new(),
        cells: cells(asked, &rows),
        others: Vec::new(),
        rows,
    };
    let started = run.screen.clock().elapsed();
    found.pictures = pictures::by_parts(run, asked, &found.rows, how)?;
    let way = Way::of(&how, asked.inputs.len(), run.seed()).filter(|_| !asked.inputs.is_empty());
    match &way {
        Some(way) => found.values = Some(attributed(run, asked, way, &found.rows, &background)?),
        None if asked.inputs.is_empty() => {}
        None => found.local = by_lime(run, asked, &found.rows, known, how)?,
    }
    found.seconds = run.screen.clock().elapsed().saturating_sub(started).as_secs_f64();
    let values = way.as_ref().zip(found.values.as_ref());
    let pictures = pictures::twice(&found.pictures);
    attribution::judge(run, ready, asked, values, pictures, (&background, &second))?;
    if let Some(values) = found.values.as_ref().filter(|_| how.of_margins) {
        found.valued = margins(&found.outputs, values.width);
    }
    if !asked.inputs.is_empty() {
        by_columns(run, ready, asked, (judged, known, metric), &mut found)?;
    }
    by_train_rows(ready, asked, &mut found)?;
    Ok(found)
}

/// What is asked of columns beside single rows.
fn by_columns(
    run: &mut Run,
    ready: &Ready,
    asked: &Asked<'_>,
    (judged, known, metric): (&[u32], &[u32], &Metric),
    found: &mut Explained,
) -> Result<(), Fault> {
    found.importance = importance(run, ready, asked, judged, metric)?;
    let mut order: Vec<usize> = (0..found.inputs.len()).collect();
    order.sort_by(|&a, &b| found.importance[b].mean.total_cmp(&found.importance[a].mean));
    for &input in order.iter().take(DEPENDENCE_INPUTS) {
        found.dependence.extend(dependence(asked, input, &spread(judged, DEPENDENCE_ROWS))?);
    }
    found.words = by_words(run, asked, &found.rows)?;
    let others = spread(known, OTHERS);
    for &row in found.rows.iter().take(COUNTERFACTUALS) {
        found.counterfactuals.extend(counterfactual(asked, row, &others)?);
    }
    found.others = cells(asked, &found.counterfactuals.iter().map(|of| of.other).collect::<Vec<_>>());
    Ok(())
}

fn outputs(ready: &Ready) -> Vec<String> {
    match ready.opened.predictor.classes() {
        [] => vec![ready.opened.target.name.clone()],
        classes => classes.to_vec(),
    }
}

/// What margins are called: one of two classes is the second's.
fn margins(outputs: &[String], width: usize) -> Vec<String> {
    let of = |output: &String| format!("margin of {output}");
    match outputs {
        [_, second] if width == 1 => vec![of(second)],
        all if all.len() == width => all.iter().map(of).collect(),
        _ => (0..width).map(|at| format!("margin {at}")).collect(),
    }
}

fn cells(asked: &Asked<'_>, rows: &[u32]) -> Vec<Vec<String>> {
    let cell = |row: &u32, place: &usize| asked.table.columns()[*place].display(*row as usize);
    rows.iter().map(|row| asked.inputs.iter().map(|place| cell(row, place)).collect()).collect()
}

fn primary(run: &Run, ready: &Ready) -> Result<Primary, EvaluateError> {
    let parts = &ready.parts;
    let known = [&parts.train, &parts.test, &parts.valid].into_iter().find(|rows| !rows.is_empty());
    let rows = known.map(Vec::as_slice).unwrap_or_default();
    Primary::choose(&run::evaluate_config(run).primary, &ready.opened.target, rows, true)
}

fn importance(
    run: &mut Run,
    ready: &Ready,
    asked: &Asked<'_>,
    judged: &[u32],
    metric: &Metric,
) -> Result<Vec<Importance>, Fault> {
    let rows = spread(judged, IMPORTANCE_ROWS);
    let stream = run.seed().stream("permutation importance");
    let count = rows.len();
    let order =
        move |input: usize, repeat: usize| stream.at(input as u64).at(repeat as u64).permutation(count);
    Ok(permutation_importance(asked, &ready.opened.target, &rows, metric, REPEATS, &order)?)
}

fn by_lime(
    run: &mut Run,
    asked: &Asked<'_>,
    rows: &[u32],
    train: &[u32],
    how: How<'_>,
) -> Result<Vec<LimeExplanation>, Fault> {
    let config = LimeConfig::new(run.seed());
    let wanted = likeliest(asked, rows)?;
    run.screen.begin("explaining", rows.len() as u64);
    let (mut found, mut kept) = (Vec::new(), Vec::new());
    let neighbours = Neighbours::draw(asked, train, &config)?;
    lime(asked, &wanted, &neighbours, &config, &mut |of, near| {
        found.push(of);
        kept.extend(how.neighbours.map(|_| near));
        run.screen.advance(found.len() as u64, "rows");
    })?;
    run.screen.end();
    if let Some(path) = how.neighbours {
        file::write_neighbours(path, &asked.names(), &neighbours, &kept)?;
    }
    Ok(found)
}

/// Rows with the output that the model says of them.
fn likeliest(asked: &Asked<'_>, rows: &[u32]) -> Result<Vec<(u32, usize)>, EvaluateError> {
    let answers = asked.rows(rows)?;
    Ok(rows.iter().copied().zip(answers.chunks_exact(asked.width()).map(most_probable)).collect())
}

/// The words of the texts of some rows.
fn by_words(run: &mut Run, asked: &Asked<'_>, rows: &[u32]) -> Result<Vec<WordsExplanation>, Fault> {
    let is_text = |place: &&usize| asked.table.columns()[**place].kind == Kind::Text;
    let Some(&place) = asked.inputs.iter().find(is_text) else { return Ok(Vec::new()) };
    let wanted = likeliest(asked, &spread(rows, TEXTS))?;
    run.screen.begin("leaving words out", wanted.len() as u64);
    let config = WordsConfig::new(run.seed());
    let screen = &mut run.screen;
    let found = words(asked, place, &wanted, &config, &mut |done| screen.advance(done, "texts"))?;
    run.screen.end();
    Ok(found)
}

/// What answers rest on, and rows that stand for classes: of networks of our own, which show what they see of a row.
fn by_train_rows(ready: &Ready, asked: &Asked<'_>, found: &mut Explained) -> Result<(), Fault> {
    let target = &ready.opened.target;
    let train = spread(&ready.parts.train, EMBEDDED);
    if train.is_empty() {
        return Ok(());
    }
    let Some(embedded) = Embedded::of(asked, target, &train)? else { return Ok(()) };
    let wanted = likeliest(asked, &spread(&found.rows, INFLUENCED))?;
    found.influence = embedded.influence(asked, &wanted, VOICES)?;
    found.prototypes = embedded.prototypes(target, VOICES, PROTOTYPES_OF);
    let of_rows =
        found.influence.iter().flat_map(|of| of.speak_for.iter().chain(&of.against).chain(&of.alike));
    let named =
        of_rows.map(|voice| voice.row).chain(found.prototypes.iter().flat_map(|of| of.rows.iter().copied()));
    let column = asked.table.column(&target.name);
    found.labels = named
        .map(|row| (row, column.map(|column| column.display(row as usize)).unwrap_or_default()))
        .collect();
    Ok(())
}

fn attributed(
    run: &mut Run,
    asked: &Asked<'_>,
    way: &Way,
    rows: &[u32],
    background: &[u32],
) -> Result<ShapValues, Fault> {
    run.screen.begin("explaining", rows.len() as u64);
    let screen = &mut run.screen;
    let values = way.values(asked, rows, background, &mut |done| screen.advance(done, "rows"))?;
    run.screen.end();
    Ok(values)
}

#[cfg(test)]
mod tests;
