//! Between the columns of a table and the tensors of a model that knows only tensors: which column is which input, and what an output
//! means.

use std::sync::OnceLock;

use arrow_array::Array as _;
use plumb_data::pictures::png;
use plumb_data::{Column, Kind, Predictions, Table, Target};
use plumb_ledger::{ExitCode, Explain, base64};
use plumb_stats::Task;

use super::pixels::{PictureInput, PixelError, PixelOptions};

/// What the elements of a tensor are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    /// Floating point numbers.
    Float,
    /// Whole numbers.
    Whole,
    /// Truth values.
    Truth,
    /// Texts.
    Text,
}

/// An input or output as a model declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declared {
    /// Its name.
    pub(super) name: String,
    /// Its elements.
    pub(super) element: Element,
    /// Its extents; none for one that a request decides.
    pub(super) shape: Vec<Option<usize>>,
}

/// The elements of a tensor, row-major.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Elements {
    /// Floating point numbers.
    Floats(Vec<f64>),
    /// Whole numbers.
    Whole(Vec<i64>),
    /// Truth values.
    Truths(Vec<bool>),
    /// Texts.
    Texts(Vec<String>),
}

/// A tensor.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tensor {
    /// Its name.
    pub(super) name: String,
    /// Its extents.
    pub(super) shape: Vec<usize>,
    /// Its elements.
    pub(super) elements: Elements,
}

/// What the command line says about a foreign model.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WiringOptions<'a> {
    /// The columns that go in, in the order in which the model takes them; empty for all.
    pub(crate) inputs: &'a [String],
    /// The classes, in the order of the model's outputs; empty for those of the data, sorted.
    pub(crate) classes: &'a [String],
    /// What runs an ONNX file.
    pub(crate) runtime: Runtime,
    /// How pictures become numbers.
    pub(crate) pixels: PixelOptions<'a>,
}

/// What runs an ONNX file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Runtime {
    /// What Plumb has itself.
    #[default]
    Embedded,
    /// ONNX Runtime of 1.17 or later, the library named in `ORT_DYLIB_PATH`; only of a build with the feature `onnxruntime`.
    Onnxruntime,
}

/// Why a model and a table do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WiringError {
    /// A column is named that is not there.
    #[error("column `{0}` is not in the data")]
    NoColumn(String),
    /// The numbers of columns differ.
    #[error("the model takes {wanted} numbers a row, the data has {found} columns for them: {columns}")]
    Width {
        /// How many it takes.
        wanted: usize,
        /// How many there are.
        found: usize,
        /// Which.
        columns: String,
    },
    /// An input that no column is for.
    #[error("the model's input `{0}` is no column of the data")]
    NoInput(String),
    /// A shape that is no row of columns.
    #[error("the model's input `{name}` has the shape {shape}, which no column fills")]
    Shape {
        /// The input.
        name: String,
        /// Its shape.
        shape: String,
    },
    /// A value that the input cannot take.
    #[error("column `{column}`, row {row}: `{value}` cannot go into the model's input of {element}")]
    Value {
        /// The column.
        column: String,
        /// The row, from 0.
        row: usize,
        /// The value.
        value: String,
        /// What it takes.
        element: &'static str,
    },
    /// No output can be read as a prediction.
    #[error("no output of the model is a prediction for {wanted}: {outputs}")]
    NoOutput {
        /// What is looked for.
        wanted: String,
        /// What there is.
        outputs: String,
    },
    /// As many classes as are named are not what the model gives.
    #[error("the model gives {found} numbers a row for {classes} classes")]
    Classes {
        /// Numbers a row.
        found: usize,
        /// Classes.
        classes: usize,
    },
    /// Pictures do not go in.
    #[error(transparent)]
    Pixels(#[from] PixelError),
}

impl Explain for WiringError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoColumn(_) | Self::Width { .. } | Self::NoInput(_) => {
                "`--inputs A,B,C` names the columns that go in, in the model's order".to_owned()
            }
            Self::Shape { .. } => {
                "a model for tables takes one number for each column, or one input a column; one for pictures has one or three channels, first or last"
                    .to_owned()
            }
            Self::Value { .. } => "fill it in the data, or leave the column out with `--inputs`".to_owned(),
            Self::NoOutput { .. } => {
                "export the model with its probabilities as one tensor, rows by classes".to_owned()
            }
            Self::Classes { .. } => "`--classes A,B,C` names them in the order of the outputs".to_owned(),
            Self::Pixels(error) => return error.hint(),
        })
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::Usage
    }
}

/// Which columns fill an input.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Filled {
    input: Declared,
    /// The names of the columns, side by side.
    columns: Vec<String>,
    /// Whether the tensor has a second extent.
    is_wide: bool,
}

/// What an output means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// A number for each row.
    Number,
    /// A number for each class.
    Classes,
    /// The number of the second of two classes.
    Positive,
}

/// A model's inputs and output, tied to the columns of a table and the classes of a target.
#[derive(Debug, Clone)]
pub(super) struct Wiring {
    filled: Vec<Filled>,
    pictures: Vec<PictureInput>,
    /// The name of the output.
    pub(super) output: String,
    meaning: Meaning,
    /// The classes in the order of the outputs; empty for numbers.
    pub(super) classes: Vec<String>,
    /// Whether the output is probabilities and no logits, as its first values show: a single row may look like either.
    are_shares: OnceLock<bool>,
}

impl Wiring {
    /// Ties what a model declares to a table. A single numeric input of two extents takes the columns of numbers side by side; otherwise
    /// every input is the column of its name.
    pub(super) fn new(
        inputs: &[Declared],
        outputs: &[Declared],
        table: &Table,
        target: &Target,
        options: &WiringOptions<'_>,
    ) -> Result<Self, WiringError> {
        let mut pictures = Vec::new();
        let mut rest = Vec::new();
        for input in inputs {
            match PictureInput::of(input, inputs.len(), table, target, options)? {
                Some(picture) => pictures.push(picture),
                None => rest.push(input),
            }
        }
        let filled = match rest.as_slice() {
            [only]
                if only.shape.len() == 2
                    && only.element != Element::Text
                    && column(table, &only.name).is_none() =>
            {
                vec![side_by_side(only, table, target, options)?]
            }
            all => all.iter().map(|input| by_name(input, table)).collect::<Result<_, _>>()?,
        };
        let classes = match target.task {
            Task::Regression => Vec::new(),
            _ if options.classes.is_empty() => target.classes.clone(),
            _ => options.classes.to_vec(),
        };
        let (output, meaning) = output(outputs, &classes)?;
        Ok(Self { filled, pictures, output, meaning, classes, are_shares: OnceLock::new() })
    }

    /// What was assumed, for the person.
    pub(super) fn in_words(&self) -> String {
        let columns: Vec<String> = self
            .pictures
            .iter()
            .map(PictureInput::in_words)
            .chain(self.filled.iter().flat_map(|of| of.columns.iter().cloned()))
            .collect();
        let shown: Vec<String> = columns.iter().take(12).cloned().collect();
        let more = if columns.len() > shown.len() { ", ..." } else { "" };
        let answer = match self.meaning {
            Meaning::Number => "a number".to_owned(),
            Meaning::Positive => {
                format!("how likely `{}` is", self.classes.get(1).map(String::as_str).unwrap_or_default())
            }
            Meaning::Classes => format!("how likely each of {} classes is", self.classes.len()),
        };
        format!("the model takes {}{more}; its output `{}` says {answer}", shown.join(", "), self.output)
    }

    /// The inputs for some rows.
    pub(super) fn inputs(&self, table: &Table, rows: &[u32]) -> Result<Vec<Tensor>, WiringError> {
        let pictures = self.pictures.iter().map(|of| Ok(of.tensor(table, rows)?));
        pictures.chain(self.filled.iter().map(|filled| filled.tensor(table, rows))).collect()
    }

    /// The values of the output for some rows: `ask` is given the inputs of at most `most` rows at once, with pictures of as many as
    /// have `numbers` numbers together. A model of a fixed batch gets batches of this size, the last filled up with its last row.
    pub(super) fn ask<E: From<WiringError>>(
        &self,
        table: &Table,
        rows: &[u32],
        (most, numbers): (usize, usize),
        mut ask: impl FnMut(Vec<Tensor>) -> Result<Vec<f64>, E>,
    ) -> Result<Vec<f64>, E> {
        let fixed = self.pictures.iter().find_map(|of| of.batch);
        let count: usize = self.pictures.iter().map(PictureInput::count).sum();
        let most = fixed.unwrap_or_else(|| numbers.checked_div(count).unwrap_or(most).clamp(1, most));
        let mut values = Vec::new();
        for rows in rows.chunks(most) {
            let mut batch = rows.to_vec();
            if let (Some(size), Some(&last)) = (fixed, rows.last()) {
                batch.resize(size, last);
            }
            let mut found = ask(self.inputs(table, &batch)?)?;
            found.truncate(found.len() / batch.len() * rows.len());
            values.extend(found);
        }
        Ok(values)
    }

    /// For each input its name, the places of its columns among those at `inputs`, and whether it has a second extent; none where a column
    /// is not among them.
    pub(super) fn players(&self, table: &Table, inputs: &[usize]) -> Option<Vec<(String, Vec<u32>, bool)>> {
        let player = |name: &String| {
            let player = inputs.iter().position(|&place| table.columns()[place].name == *name)?;
            u32::try_from(player).ok()
        };
        let of = |filled: &Filled| {
            let players = filled.columns.iter().map(player).collect::<Option<_>>()?;
            Some((filled.input.name.clone(), players, filled.is_wide))
        };
        self.filled.iter().map(of).collect()
    }

    /// Whether answers are passed on as they are, but for rounding: numbers, and the probabilities of all classes. None where no value has
    /// shown yet what the output is.
    pub(super) fn passes_on(&self) -> Option<bool> {
        match self.meaning {
            Meaning::Number => Some(true),
            Meaning::Positive => Some(false),
            Meaning::Classes => self.are_shares.get().copied(),
        }
    }

    /// The predictions in the values of the output, row-major. Numbers that are no probabilities are taken for logits.
    pub(super) fn predictions(&self, values: Vec<f64>, rows: usize) -> Result<Predictions, WiringError> {
        let (width, classes) = (values.len() / rows.max(1), self.classes.len());
        match self.meaning {
            Meaning::Number => Ok(Predictions::Numbers(values)),
            Meaning::Positive if width == 1 => {
                let are_shares =
                    *self.are_shares.get_or_init(|| values.iter().all(|p| (0.0..=1.0).contains(p)));
                let share = |x: f64| if are_shares { x } else { 1.0 / (1.0 + (-x).exp()) };
                let values = values.iter().flat_map(|&x| [1.0 - share(x), share(x)]).collect();
                Ok(Predictions::Probabilities { values, classes: 2 })
            }
            _ if width != classes => Err(WiringError::Classes { found: width, classes }),
            _ => {
                let are_shares = *self.are_shares.get_or_init(|| are_shares(&values, classes));
                Ok(Predictions::Probabilities { values: as_shares(values, classes, are_shares), classes })
            }
        }
    }
}

/// A softmax of 32 bits over thousands of classes is this far off 1.
const SLACK: f64 = 1e-3;

/// Whether every row is a distribution.
fn are_shares(values: &[f64], classes: usize) -> bool {
    let is_row = |row: &[f64]| {
        row.iter().all(|p| (-SLACK..=1.0 + SLACK).contains(p))
            && (row.iter().sum::<f64>() - 1.0).abs() < SLACK
    };
    values.chunks_exact(classes).all(is_row)
}

/// Shares as they are but for rounding, logits through a softmax.
fn as_shares(mut values: Vec<f64>, classes: usize, are_shares: bool) -> Vec<f64> {
    for row in values.chunks_exact_mut(classes) {
        let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for value in row.iter_mut() {
            *value = if are_shares { value.clamp(0.0, 1.0) } else { (*value - top).exp() };
        }
        let total: f64 = row.iter().sum();
        for share in row.iter_mut() {
            *share /= total;
        }
    }
    values
}

fn column<'t>(table: &'t Table, name: &str) -> Option<&'t Column> {
    table.column(name).or_else(|| {
        let plain = |name: &str| name.replace([' ', '-', '.'], "_").to_lowercase();
        table.columns().iter().find(|column| plain(&column.name) == plain(name))
    })
}

fn side_by_side(
    input: &Declared,
    table: &Table,
    target: &Target,
    options: &WiringOptions<'_>,
) -> Result<Filled, WiringError> {
    let columns: Vec<String> = if options.inputs.is_empty() {
        let is_number = |column: &&Column| {
            column.kind == Kind::Number && column.numbers().is_some() && column.name != target.name
        };
        table.columns().iter().filter(is_number).map(|column| column.name.clone()).collect()
    } else {
        for name in options.inputs {
            table.column(name).ok_or_else(|| WiringError::NoColumn(name.clone()))?;
        }
        options.inputs.to_vec()
    };
    match input.shape[1] {
        Some(wanted) if wanted != columns.len() => {
            Err(WiringError::Width { wanted, found: columns.len(), columns: columns.join(", ") })
        }
        _ => Ok(Filled { input: input.clone(), columns, is_wide: true }),
    }
}

fn by_name(input: &Declared, table: &Table) -> Result<Filled, WiringError> {
    let is_column = matches!(input.shape.as_slice(), [_] | [_, Some(1) | None]);
    if !is_column {
        let extent =
            |extent: &Option<usize>| extent.map_or_else(|| "?".to_owned(), |extent| extent.to_string());
        let shape = format!("[{}]", input.shape.iter().map(extent).collect::<Vec<_>>().join(", "));
        return Err(WiringError::Shape { name: input.name.clone(), shape });
    }
    let found = column(table, &input.name).ok_or_else(|| WiringError::NoInput(input.name.clone()))?;
    Ok(Filled { columns: vec![found.name.clone()], is_wide: input.shape.len() == 2, input: input.clone() })
}

/// The output to read: of several that fit the one whose name speaks of probabilities, else the last.
fn output(outputs: &[Declared], classes: &[String]) -> Result<(String, Meaning), WiringError> {
    let meaning = |output: &Declared| {
        // Networks for pictures often end in a map of one place.
        let places = output.shape.iter().skip(2).rev().take_while(|extent| **extent == Some(1)).count();
        let width = match &output.shape[..output.shape.len() - places] {
            [_] => Some(1),
            [_, width] => *width,
            _ => return None,
        };
        if output.element != Element::Float {
            return None;
        }
        match (classes.len(), width) {
            (0, Some(1) | None) => Some(Meaning::Number),
            (2, Some(1)) => Some(Meaning::Positive),
            (0, Some(_)) => None,
            (count, width) => width.is_none_or(|width| width == count).then_some(Meaning::Classes),
        }
    };
    let fitting: Vec<(&Declared, Meaning)> =
        outputs.iter().filter_map(|output| Some((output, meaning(output)?))).collect();
    let named = fitting.iter().find(|(output, _)| output.name.to_lowercase().contains("prob"));
    let chosen = named.or(fitting.last());
    chosen.map(|(output, meaning)| (output.name.clone(), *meaning)).ok_or_else(|| {
        let wanted =
            if classes.is_empty() { "a number".to_owned() } else { format!("{} classes", classes.len()) };
        let shown = |output: &Declared| format!("`{}` of {} extents", output.name, output.shape.len());
        WiringError::NoOutput { wanted, outputs: outputs.iter().map(shown).collect::<Vec<_>>().join(", ") }
    })
}

/// Rows that are turned from columns at once: they stay in the nearest cache.
const BLOCK: usize = 128;

impl Filled {
    fn tensor(&self, table: &Table, rows: &[u32]) -> Result<Tensor, WiringError> {
        let columns: Vec<&Column> = self
            .columns
            .iter()
            .map(|name| table.column(name).ok_or_else(|| WiringError::NoColumn(name.clone())))
            .collect::<Result<_, _>>()?;
        let cells = || rows.iter().flat_map(|&row| columns.iter().map(move |column| (*column, row as usize)));
        let refused = |column: &Column, row: usize, element| WiringError::Value {
            column: column.name.clone(),
            row,
            value: column.display(row),
            element,
        };
        let number = |column: &Column, row: usize| match column.numbers() {
            Some(numbers) if !column.is_missing(row) => Some(numbers.value(row)),
            _ => None,
        };
        let elements = match self.input.element {
            // A missing number is no number, as NumPy and pandas write it.
            Element::Float => {
                let width = columns.len();
                for column in columns.iter().filter(|column| column.numbers().is_none()) {
                    if let Some(&row) = rows.iter().find(|&&row| !column.is_missing(row as usize)) {
                        return Err(refused(column, row as usize, "numbers"));
                    }
                }
                let mut all = vec![f64::NAN; rows.len() * width];
                for (block, rows) in all.chunks_mut(BLOCK * width.max(1)).zip(rows.chunks(BLOCK)) {
                    for (at, numbers) in columns.iter().map(|column| column.numbers()).enumerate() {
                        let Some(numbers) = numbers else { continue };
                        for (place, &row) in block.iter_mut().skip(at).step_by(width).zip(rows) {
                            if numbers.is_valid(row as usize) {
                                *place = numbers.value(row as usize);
                            }
                        }
                    }
                }
                Elements::Floats(all)
            }
            Element::Whole => Elements::Whole(
                cells()
                    .map(|(column, row)| {
                        if let Some(times) = column.times() {
                            // Milliseconds since 1970, as Plumb's own files take them.
                            return Ok(if column.is_missing(row) { i64::MIN } else { times.value(row) });
                        }
                        let whole =
                            number(column, row).filter(|value| value.fract() == 0.0 && value.abs() < 9e15);
                        whole.map(|value| value as i64).ok_or_else(|| refused(column, row, "whole numbers"))
                    })
                    .collect::<Result<_, _>>()?,
            ),
            Element::Truth => Elements::Truths(
                cells()
                    .map(|(column, row)| match column.display(row).to_lowercase().as_str() {
                        "1" | "true" | "yes" => Ok(true),
                        "0" | "false" | "no" => Ok(false),
                        _ => Err(refused(column, row, "truth values")),
                    })
                    .collect::<Result<_, _>>()?,
            ),
            Element::Text => Elements::Texts(cells().map(|(column, row)| as_text(column, row)).collect()),
        };
        let shape = if self.is_wide { vec![rows.len(), columns.len()] } else { vec![rows.len()] };
        Ok(Tensor { name: self.input.name.clone(), shape, elements })
    }
}

/// A value as a text; a picture as the Base64 of a PNG file.
fn as_text(column: &Column, row: usize) -> String {
    match column.images().and_then(|images| images.set.get(row)) {
        Some(picture) if !column.is_missing(row) => base64(&png(&picture, usize::MAX)),
        _ => column.display(row),
    }
}

#[cfg(test)]
mod tests {
    use super::super::pixels::Resize;
    use super::*;

    fn table() -> Table {
        Table::new(vec![
            Column::number("bill length", Kind::Number, [Some(1.5), None, Some(3.0)]),
            Column::number("year", Kind::Number, [Some(2007.0), Some(2008.0), Some(2009.0)]),
            Column::category("sex", Kind::Category, [Some("male"), Some("female"), None]),
            Column::category("species", Kind::Category, [Some("a"), Some("b"), Some("a")]),
        ])
        .unwrap()
    }

    fn declared(name: &str, element: Element, shape: &[Option<usize>]) -> Declared {
        Declared { name: name.to_owned(), element, shape: shape.to_vec() }
    }

    const OPTIONS: WiringOptions<'_> = WiringOptions {
        inputs: &[],
        classes: &[],
        runtime: Runtime::Embedded,
        pixels: PixelOptions { scaling: None, size: None, resize: Resize::Stretch },
    };

    fn wired(inputs: &[Declared], outputs: &[Declared]) -> Result<Wiring, WiringError> {
        let table = table();
        Wiring::new(inputs, outputs, &table, &Target::of(&table, "species", None).unwrap(), &OPTIONS)
    }

    #[test]
    fn numbers_stand_side_by_side_in_the_order_of_the_table() {
        let probabilities = [
            declared("label", Element::Whole, &[None]),
            declared("probabilities", Element::Float, &[None, Some(2)]),
        ];
        let wiring = wired(&[declared("X", Element::Float, &[None, Some(2)])], &probabilities).unwrap();
        let inputs = wiring.inputs(&table(), &[2, 0]).unwrap();
        assert_eq!((inputs[0].name.as_str(), inputs[0].shape.as_slice()), ("X", &[2, 2][..]));
        assert_eq!(inputs[0].elements, Elements::Floats(vec![3.0, 2009.0, 1.5, 2007.0]));
        assert_eq!((wiring.output.as_str(), wiring.classes.concat().as_str()), ("probabilities", "ab"));
        let wrong = wired(&[declared("X", Element::Float, &[None, Some(5)])], &probabilities).unwrap_err();
        assert!(wrong.to_string().contains("takes 5 numbers a row, the data has 2"), "{wrong}");
    }

    #[test]
    fn inputs_are_the_columns_of_their_names() {
        let score = [declared("score", Element::Float, &[None])];
        let inputs = [
            declared("bill_length", Element::Float, &[None, Some(1)]),
            declared("sex", Element::Text, &[None]),
        ];
        let wiring =
            wired(&inputs, &[score[0].clone(), declared("other", Element::Float, &[None, None, None])]);
        let wiring = wiring.unwrap();
        let tensors = wiring.inputs(&table(), &[1, 2]).unwrap();
        assert!(
            matches!(&tensors[0].elements, Elements::Floats(x) if x[0].is_nan() && (x[1] - 3.0).abs() < 1e-12)
        );
        assert_eq!(tensors[1].elements, Elements::Texts(vec!["female".to_owned(), String::new()]));
        let whole = [declared("bill_length", Element::Whole, &[None])];
        let refused = wired(&whole, &score).unwrap().inputs(&table(), &[0]).unwrap_err();
        assert!(refused.to_string().contains("`1.5` cannot go into"), "{refused}");
        assert!(matches!(
            wired(&[declared("age", Element::Float, &[None])], &score),
            Err(WiringError::NoInput(_))
        ));
        assert!(matches!(
            wired(&inputs, &[declared("label", Element::Text, &[None])]),
            Err(WiringError::NoOutput { .. })
        ));
    }

    #[test]
    fn scores_and_logits_become_probabilities() {
        let x = [declared("X", Element::Float, &[None, Some(2)])];
        let one = wired(&x, &[declared("out", Element::Float, &[None, Some(1)])]).unwrap();
        assert_eq!(
            one.predictions(vec![0.25], 1).unwrap(),
            Predictions::Probabilities { values: vec![0.75, 0.25], classes: 2 }
        );
        let one = wired(&x, &[declared("out", Element::Float, &[None, Some(1)])]).unwrap();
        let Predictions::Probabilities { values, .. } = one.predictions(vec![0.0, 3.0], 2).unwrap() else {
            panic!()
        };
        assert!((values[1] - 0.5).abs() < 1e-12 && (values[3] - 0.952_574).abs() < 1e-5, "{values:?}");
        let two = wired(&x, &[declared("out", Element::Float, &[None, None])]).unwrap();
        let Predictions::Probabilities { values, .. } = two.predictions(vec![2.0, 0.0, 0.5, 0.5], 2).unwrap()
        else {
            panic!()
        };
        assert!(
            (values[0] - 0.880_797).abs() < 1e-5 && (values[2] - 0.5).abs() < 1e-12,
            "logits, all of them: {values:?}"
        );
        assert!(matches!(
            two.predictions(vec![1.0; 6], 2),
            Err(WiringError::Classes { found: 3, classes: 2 })
        ));
    }
}
