//! Pictures explained by their parts: what was found as JSON, and drawn over the pictures.

use plumb_data::{Images, Table};
use plumb_evaluate::explain::{Asked, Fill, PictureExplanation, PicturesConfig, pictures};
use plumb_learn::explain::Heat;
use serde_json::{Value, json};

use super::{Cover, Explained, How, likeliest, spread};
use crate::fault::Fault;
use crate::report::format::number;
use crate::run::{Gallery, Group, PICTURE_SIDE, Run, Shown, enlarged, heated, marked, shown};

/// Pictures that are explained: a thousand answers each.
const PICTURES: usize = 8;

/// The place of the column of pictures.
pub(super) fn place(table: &Table) -> Option<usize> {
    table.columns().iter().position(|column| column.images().is_some())
}

/// Explains the pictures of some rows; of tables without pictures nothing.
pub(super) fn by_parts(
    run: &mut Run,
    asked: &Asked<'_>,
    rows: &[u32],
    how: How<'_>,
) -> Result<Vec<PictureExplanation>, Fault> {
    let Some(place) = place(asked.table) else { return Ok(Vec::new()) };
    let wanted = likeliest(asked, &spread(rows, PICTURES))?;
    let own = PicturesConfig::new(run.seed());
    let fill = match how.cover {
        Cover::Mean => Fill::Mean,
        Cover::Grey => Fill::Grey,
    };
    let config = PicturesConfig { samples: how.budget.unwrap_or(own.samples), fill, ..own };
    run.screen.begin("covering parts of pictures", wanted.len() as u64);
    let screen = &mut run.screen;
    let found = pictures(asked, place, &wanted, &config, &mut |done| screen.advance(done, "pictures"))?;
    run.screen.end();
    Ok(found)
}

/// The sizes of the segments of pictures that were explained twice.
pub(super) fn twice(all: &[PictureExplanation]) -> Vec<(Vec<f64>, Vec<f64>)> {
    let sizes = |values: &[f64]| values.iter().map(|value| value.abs()).collect::<Vec<f64>>();
    let of_two = all.iter().filter(|of| !of.again.is_empty());
    of_two.map(|of| (sizes(&of.coefficients), sizes(&of.again))).collect()
}

/// A picture with its segments, as runs of pixels of the same segment row by row: `[segment, pixels]`.
pub(super) fn as_json(outputs: &[String], of: &PictureExplanation) -> Value {
    let runs: Vec<(u32, usize)> =
        of.segments.labels().chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect();
    json!({
        "row": of.row,
        "output": outputs[of.output],
        "answer": of.answer,
        "width": of.segments.width(),
        "height": of.segments.height(),
        "segments": runs,
        "adds": of.coefficients,
        "intercept": of.intercept,
        "r2": of.r2,
        "occlusion": {"side": of.occlusion.side, "patch": of.occlusion.patch, "drops": of.occlusion.drops},
    })
}

/// The pictures beside what was found over them; none without pictures.
pub(super) fn gallery(explained: &Explained, table: &Table) -> Option<Gallery> {
    let images = place(table).and_then(|place| table.columns()[place].images())?;
    let shown = explained.pictures.iter().filter_map(|of| triple(explained, images, of)).flatten();
    let caption = "Each picture, its segments by the coefficients of LIME's linear model, and what covering a patch does. Blue segments speak for \
                   the class that the picture is taken for, orange ones against it, the strongest in full colour; warm is where the class loses \
                   most when it is covered. R\u{b2} says how much of what the model does is linear in the segments: of a low one LIME tells \
                   little.";
    let group = Group::new("Why pictures are taken for what they are", caption, shown.collect());
    (!explained.pictures.is_empty()).then(|| Gallery::of(vec![group]))
}

fn triple(explained: &Explained, images: &Images, of: &PictureExplanation) -> Option<[Shown; 3]> {
    let picture = enlarged(&images.set.get(of.row as usize)?, PICTURE_SIDE);
    let most = of.coefficients.iter().fold(0.0f64, |most, weight| most.max(weight.abs()));
    let weights: Vec<f64> =
        of.coefficients.iter().map(|weight| if most > 0.0 { weight / most } else { 0.0 }).collect();
    let (width, height) = (of.segments.width(), of.segments.height());
    let part = |x: f64, y: f64| {
        let (x, y) = ((x * width as f64) as usize, (y * height as f64) as usize);
        of.segments.labels().get(y * width + x).map_or(0, |&label| label as usize)
    };
    let lime = marked(&picture, &weights, part);
    let drops = &of.occlusion.drops;
    let heat = Heat::of(of.occlusion.side, drops.iter().map(|&drop| drop as f32).collect());
    let largest = drops.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let output = &explained.outputs[of.output];
    let r2 = of.r2.map_or_else(|| "a constant".to_owned(), |r2| format!("R\u{b2} {r2:.2}"));
    Some([
        shown(&picture, format!("row {}: {output}", of.row), number(of.answer)),
        shown(&lime, "segments".to_owned(), r2),
        shown(&heated(&picture, &heat), "covered".to_owned(), format!("loses {}", number(largest.max(0.0)))),
    ])
}
