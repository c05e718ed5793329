//! `plumb evaluate PREDICTOR`: how good a trained model is, whoever trained it.

use std::path::PathBuf;

use plumb_ledger::ExitCode;

use crate::clock::SystemClock;
use crate::evaluation::{Ask, evaluate, several};
use crate::fault::Fault;
use crate::predictors::{GivenOptions, PixelOptions, Resize, Runtime, Scaling, Size, WiringOptions};
use crate::run::Screen;
use crate::{catalogue, commands::practices};

/// Measure and judge a trained model
///
/// PREDICTOR is the folder of a run, a bundle, an ONNX file, the address of a model that a server of the Open Inference Protocol (v2) has, or a file of predictions that any tool has made: one row for each row of the data, with a column
/// `p_CLASS` for each class, one score for the second of two classes, or a column `prediction`. Every metric comes with an interval, the
/// `evaluate.*` and `fairness.*` practices judge it, and each look at test rows is counted in the folder that `PLUMB_STATE` names.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  plumb evaluate runs/adult-1\n  plumb evaluate runs/adult-1 --data adult_2026.csv --by month\n  \
                  plumb evaluate forest.onnx --data test.csv --train train.csv --target label\n  \
                  plumb evaluate resnet50.onnx --data photos --pixels imagenet --resize crop\n  \
                  plumb evaluate predictions.csv --target label --groups sex\n  \
                  plumb evaluate scores.csv --data test.csv --key id --labels toxic,insult,threat\n  \
                  plumb evaluate http://localhost:8080/v2/models/adult --data test.csv --target label\n  \
                  plumb evaluate lightgbm.parquet --data test.csv --train train.csv --target label --key id --out evaluation\n\n\
                  Each look at test rows is counted, in the folder that PLUMB_STATE names."
)]
pub(crate) struct Args {
    #[command(flatten)]
    rows: RowArgs,
    /// PREDICTOR is a table of predictions, which is told by itself
    #[arg(long)]
    predictions: bool,
    /// A column of groups of people: the `fairness.*` practices; may be given several times
    #[arg(long, value_name = "COL")]
    groups: Vec<String>,
    /// A column of sources or periods: `evaluate.shift`; may be given several times
    #[arg(long, value_name = "COL")]
    by: Vec<String>,
    /// Several labels that are there or not, each a column of the data, with a column `p_LABEL` in the predictions
    #[arg(long, value_name = "LABELS", value_delimiter = ',', conflicts_with = "target")]
    labels: Vec<String>,
    #[command(flatten)]
    given: GivenArgs,
}

/// How a table of predictions is read.
#[derive(Debug, clap::Args)]
pub(crate) struct GivenArgs {
    /// The column by which predictions and data are matched
    #[arg(long, value_name = "COL")]
    key: Option<String>,
    /// The column of the file that is the prediction
    #[arg(long, value_name = "COL")]
    column: Option<String>,
    /// The class that a single score is for
    #[arg(long, value_name = "CLASS")]
    positive: Option<String>,
}

/// A predictor, the rows that it is asked about, and what becomes of the answer.
#[derive(Debug, clap::Args)]
pub(crate) struct RowArgs {
    /// The folder of a run, a bundle, an `.onnx` file, a table of predictions, or `http://HOST/v2/models/NAME`, asked with the token in `PLUMB_TOKEN`
    predictor: PathBuf,
    /// The rows to look at; without it a run's own test part, or the rows of the predictions themselves
    #[arg(long, value_name = "DATA", num_args = 1..)]
    data: Vec<PathBuf>,
    /// Rows that the model was trained on: baselines are fitted on them
    #[arg(long, value_name = "DATA", num_args = 1.., requires = "data")]
    train: Vec<PathBuf>,
    /// The column of the data that says which rows are train, valid and test
    #[arg(long, value_name = "COL")]
    parts: Option<String>,
    /// The column that was to be predicted
    #[arg(long, value_name = "COL")]
    target: Option<String>,
    /// The columns that go into an ONNX file or a model behind an address, in its order
    #[arg(long, value_name = "COLS", value_delimiter = ',')]
    inputs: Vec<String>,
    /// The classes in the order of such a model's outputs; those of the data, sorted, without it
    #[arg(long, value_name = "CLASSES", value_delimiter = ',')]
    classes: Vec<String>,
    /// What runs an ONNX file: `embedded`, or `onnxruntime` (1.17 or later, its library named in `ORT_DYLIB_PATH`) of a build that has the feature
    #[arg(long, value_enum, hide_possible_values = true, default_value_t = Runtime::Embedded)]
    runtime: Runtime,
    /// How the levels of pictures, 0 to 255, become the floating point numbers that such a model was trained on: `unit` (0 to 1),
    /// `minus-one-one`, `bytes` (as they are), `imagenet` (its means and deviations), or others as `MEAN,..:DEVIATION,..`, of levels from
    /// 0 to 1, one for each channel
    #[arg(long, value_name = "SCALE", allow_hyphen_values = true)]
    pixels: Option<Scaling>,
    /// The side of the pictures that such a model takes, or HEIGHTxWIDTH, where its file leaves it open
    #[arg(long, value_name = "SIDE")]
    size: Option<Size>,
    /// How pictures of other extents come to those of such a model, by Pillow's bilinear filter: the whole picture stretched, as Keras and
    /// most transformers do, or the middle square of seven eighths, torchvision's `Resize(256)` and `CenterCrop(224)`
    #[arg(long, value_enum, default_value_t = Resize::Stretch)]
    resize: Resize,
    /// A key of the job and its value, such as `evaluate.primary=auroc`
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// A folder for what was found, the ledger and the page; nothing is written otherwise
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// A practice that ends the command with exit code 3 when it fails; may be given several times
    #[arg(long = "gate", value_name = "ID")]
    gates: Vec<String>,
    /// Print what was found and the verdicts as JSON
    #[arg(long)]
    json: bool,
}

/// Evaluates.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    if args.predictions && args.rows.predictor.is_dir() {
        let shown = args.rows.predictor.display();
        return Err(Fault::usage(format!("a folder is no table of predictions: {shown}"))
            .hint("leave `--predictions` out for the folder of a run"));
    }
    let ask = Ask { groups: &args.groups, by: &args.by, given: args.given.options(), ..args.rows.ask()? };
    let screen = Screen::new(SystemClock::start());
    if args.labels.is_empty() { evaluate(&ask, screen) } else { several(&ask, &args.labels, screen) }
}

impl GivenArgs {
    /// As the predictor takes it.
    pub(crate) fn options(&self) -> GivenOptions<'_> {
        GivenOptions {
            key: self.key.as_deref(),
            column: self.column.as_deref(),
            positive: self.positive.as_deref(),
            ..GivenOptions::default()
        }
    }
}

impl RowArgs {
    /// As the evaluation takes it.
    pub(crate) fn ask(&self) -> Result<Ask<'_>, Fault> {
        if let Some(unknown) = self.gates.iter().find(|id| catalogue::page(id).is_none()) {
            return Err(practices::unknown(unknown));
        }
        let pixels = PixelOptions { scaling: self.pixels.as_ref(), size: self.size, resize: self.resize };
        Ok(Ask {
            predictor: &self.predictor,
            data: &self.data,
            train: &self.train,
            parts: self.parts.as_deref(),
            target: self.target.as_deref(),
            groups: &[],
            by: &[],
            given: GivenOptions::default(),
            wiring: WiringOptions {
                inputs: &self.inputs,
                classes: &self.classes,
                runtime: self.runtime,
                pixels,
            },
            overrides: &self.overrides,
            gates: &self.gates,
            out: self.out.as_deref(),
            json: self.json,
        })
    }
}
