//! Why the model says what it says: what columns are worth, how answers depend on them, single rows.

use super::metric_names::in_words;
use super::plain;
use super::texts::marked;
use crate::report::RunFiles;
use crate::report::charts::Figure;
use crate::report::charts::forest;
use crate::report::charts::lines::{self, Curve as Line, Lines};
use crate::report::charts::scale::Spread;
use crate::report::files::explanation::{
    Added, Change, Curve, ExplainedRow, ExplainedText, Explanation, RestsOn, StandsFor, TextPiece, TrainRow,
    Turned,
};
use crate::report::format::{count, number};
use crate::report::text::cut;
use crate::report::view::{Block, Cell, ReadText, Table};

/// Columns drawn and listed, rows shown, columns of a row.
const MOST_DRAWN: usize = 12;
const MOST_LISTED: usize = 100;
const MOST_ROWS: usize = 6;
const MOST_FACTS: usize = 8;
/// Rows that stand open.
const OPEN_ROWS: usize = 2;
/// Outputs of a curve.
const MOST_CURVES: usize = 6;
/// Letters of a cell.
const LETTERS: usize = 60;

/// All of it.
pub(super) fn blocks(folder: &RunFiles) -> Vec<Block> {
    let Some(of) = folder.explanation.as_ref().filter(|of| !of.importance.is_empty()) else {
        return Vec::new();
    };
    let words = format!(
        "What the model does with each column, not what causes what. Method: {}, against {} background rows.",
        of.method,
        count(of.background)
    );
    let mut blocks = vec![Block::text(words)];
    blocks.extend(Block::figures([worth(of)]));
    blocks.push(Block::Table(columns(of)));
    blocks.extend(Block::figures(of.dependence.iter().map(|curve| dependence(of, curve))));
    blocks.extend(of.dependence.iter().filter_map(|curve| by_category(of, curve)).map(Block::Table));
    blocks
        .extend(of.rows.iter().take(MOST_ROWS).enumerate().map(|(at, row)| Block::Table(facts(of, row, at))));
    blocks.extend(texts(of));
    blocks.extend((!of.influence.is_empty()).then(|| Block::Table(rests_on(of))));
    blocks.extend((!of.prototypes.is_empty()).then(|| Block::Table(stands_for(of))));
    blocks.extend((!of.counterfactuals.is_empty()).then(|| Block::Table(turned(&of.counterfactuals))));
    blocks
}

/// The train rows that answers rest on.
fn rests_on(of: &Explanation) -> Table {
    let named = |rows: &[TrainRow]| {
        let named = |of: &TrainRow| format!("{} ({})", count(of.row as usize), cut(&of.label, 24));
        Cell::text(rows.iter().map(named).collect::<Vec<_>>().join(", "))
    };
    let row = |of: &RestsOn| {
        let name = Cell::text(format!("row {}: {}", count(of.row as usize), cut(&of.output, 24)));
        vec![name, named(&of.speak_for), named(&of.against), named(&of.alike)]
    };
    let head = ["answer", "train rows that speak for it", "against it", "most alike"];
    let caption = "The train rows that answers rest on, by what the last layer shows of them and how far they are from their labels";
    Table::new(caption, &head, of.influence.iter().map(row).collect()).folded("What single answers rest on")
}

/// Rows that stand for classes.
fn stands_for(of: &Explanation) -> Table {
    let row = |of: &StandsFor| {
        let rows: Vec<String> = of.rows.iter().map(|row| count(*row as usize)).collect();
        vec![Cell::text(cut(&of.class, 40)), Cell::text(rows.join(", "))]
    };
    let rows = of.prototypes.iter().map(row).collect();
    Table::new("Train rows that stand for each class, as the network sees it", &["class", "rows"], rows)
}

/// Texts with their words marked.
fn texts(of: &Explanation) -> Vec<Block> {
    if of.texts.is_empty() {
        return Vec::new();
    }
    let words = "Words by how much less the model would say what it says without them (blue), or more (orange): each word is left out wherever it \
                 stands, the strongest of each text in full colour.";
    let text = |of: &ExplainedText| {
        let weight = |piece: &TextPiece| piece.occlusion.map_or(0.0, |of| of.0);
        let most = of.pieces.iter().map(|piece| weight(piece).abs()).fold(0.0, f64::max);
        let share = |piece: &TextPiece| if most > 0.0 { weight(piece) / most } else { 0.0 };
        ReadText {
            heading: format!(
                "row {} is taken for {} ({})",
                count(of.row as usize),
                of.output,
                number(of.answer.0)
            ),
            words: of.pieces.iter().map(|piece| marked(&piece.text, share(piece))).collect(),
        }
    };
    vec![Block::text(words), Block::Texts { texts: of.texts.iter().map(text).collect() }]
}

/// The columns by what they are worth, the most first.
fn ranked(of: &Explanation) -> Vec<usize> {
    let mut order: Vec<usize> = (0..of.importance.len()).collect();
    order.sort_by(|&a, &b| of.importance[b].loss.0.total_cmp(&of.importance[a].loss.0));
    order
}

fn worth(of: &Explanation) -> Option<Figure> {
    let row = |at: usize| {
        let of = &of.importance[at];
        let (loss, margin) = (of.loss.0, 2.0 * of.deviation.0);
        forest::Row {
            name: cut(&of.column, 18),
            value: loss,
            interval: Some((loss - margin, loss + margin)),
            own: true,
        }
    };
    let rows: Vec<forest::Row> = ranked(of).into_iter().take(MOST_DRAWN).map(row).collect();
    let drawing = forest::draw(&format!("loss of {}", in_words(&of.metric)), "the columns", &rows)?;
    let caption = "How much worse the model is when the values of one column change places among the rows: mean of five exchanges and two \
                   standard deviations to each side.";
    Some(Figure::new("What each column is worth", caption, drawing))
}

fn columns(of: &Explanation) -> Table {
    let row = |at: usize| {
        let of = &of.importance[at];
        let size = if of.size.0.is_finite() { number(of.size.0) } else { "\u{2013}".to_owned() };
        vec![
            Cell::text(of.column.clone()),
            Cell::number(number(of.loss.0)),
            Cell::number(number(of.deviation.0)),
            Cell::number(size),
        ]
    };
    let rows = ranked(of).into_iter().take(MOST_LISTED).map(row).collect();
    let head = ["column", "loss when exchanged", "deviation", "mean size of what it adds"];
    Table::new("The columns by what they are worth", &head, rows).folded("All columns")
}

fn dependence(of: &Explanation, curve: &Curve) -> Option<Figure> {
    let x = plain(&curve.values);
    if x.is_empty() {
        return None;
    }
    let line = |(name, mean): (&String, &Vec<_>)| {
        Line::new(cut(name, 24), x.iter().copied().zip(plain(mean)).collect())
    };
    let all = of.outputs.iter().zip(&curve.mean);
    // Of two classes the second says all.
    let first = usize::from(of.outputs.len() == 2);
    let curves: Vec<Line> = all.skip(first).take(MOST_CURVES).map(line).collect();
    let label = format!("the mean answer by {}", curve.column);
    let name = cut(&curve.column, 40);
    let lines =
        Lines { label: &label, x_title: &name, y_title: "mean answer", spread: Spread::Linear, mark: None };
    let drawing = lines::draw(&lines, &curves)?;
    let caption = format!(
        "The mean answer over {} rows when all of them are given this value (partial dependence): where columns go together, rows are \
         asked about that do not occur.",
        count(curve.rows)
    );
    Some(Figure::new(format!("By {}", cut(&curve.column, 40)), caption, drawing))
}

fn by_category(of: &Explanation, curve: &Curve) -> Option<Table> {
    if !curve.values.is_empty() || curve.labels.is_empty() {
        return None;
    }
    let first = usize::from(of.outputs.len() == 2);
    let outputs: Vec<&String> = of.outputs.iter().skip(first).take(MOST_CURVES).collect();
    let head: Vec<&str> =
        std::iter::once(curve.column.as_str()).chain(outputs.iter().map(|name| name.as_str())).collect();
    let value = |output: usize, at: usize| {
        curve.mean.get(output).and_then(|mean| mean.get(at)).map_or(f64::NAN, |mean| mean.0)
    };
    let row = |(at, label): (usize, &String)| {
        let values = (0..outputs.len()).map(|output| Cell::number(number(value(first + output, at))));
        std::iter::once(Cell::text(cut(label, LETTERS))).chain(values).collect()
    };
    let caption =
        format!("The mean answer when all of {} rows have this {}", count(curve.rows), curve.column);
    Some(Table::new(caption, &head, curve.labels.iter().enumerate().map(row).collect()))
}

fn facts(of: &Explanation, row: &ExplainedRow, at: usize) -> Table {
    let fact = |added: &Added| {
        let error = added.error.map_or_else(String::new, |error| format!(" \u{b1} {}", number(error.0)));
        let adds = format!("{}{}{error}", if added.adds.0 > 0.0 { "+" } else { "" }, number(added.adds.0));
        vec![Cell::text(added.column.clone()), Cell::text(cut(&added.cell, LETTERS)), Cell::number(adds)]
    };
    let base = of.outputs.iter().position(|output| *output == row.output);
    let base = base
        .and_then(|at| of.base.as_ref()?.get(at))
        .map_or_else(String::new, |base| format!(", on average {}", number(base.0)));
    let caption = format!("Row {}: {} {}{base}", count(row.row as usize), row.output, number(row.answer.0));
    let adds = if of.base.is_some() { "adds" } else { "weight" };
    let rows = row.columns.iter().take(MOST_FACTS).map(fact).collect();
    let table = Table::new(caption.clone(), &["column", "value", adds], rows);
    if at < OPEN_ROWS { table } else { table.folded(caption) }
}

fn turned(all: &[Turned]) -> Table {
    let row = |of: &Turned| {
        let change = |change: &Change| {
            format!(
                "{}: {} instead of {}",
                change.column,
                cut(&change.to, LETTERS),
                cut(&change.from, LETTERS)
            )
        };
        let changes: Vec<String> = of.changes.iter().map(change).collect();
        vec![
            Cell::text(count(of.row as usize)),
            Cell::text(of.before.clone()),
            Cell::text(of.after.clone()),
            Cell::number(number(of.probability.0)),
            Cell::text(changes.join("; ")),
        ]
    };
    let caption = "The fewest changes that were found with which the model says something else; every value occurs in the data";
    Table::new(
        caption,
        &["row", "is taken for", "would be", "probability", "with"],
        all.iter().map(row).collect(),
    )
}
