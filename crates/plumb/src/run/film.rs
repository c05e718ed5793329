//! How a picture network came to see: its first filters and its activations after some of the epochs.

use plumb_data::pictures::{Picture, png};
use plumb_data::prepare::{Preparation, Prepared, PreparedLabels};
use plumb_learn::model::ModelConfig;
use plumb_learn::parameters::Arrays;
use plumb_learn::predict::TrainedModel;
use plumb_ledger::base64;
use serde::{Deserialize, Serialize};

use super::drawings::{heated, sheet_of_filters};

/// Frames of a film: as many as stand side by side on the page.
const FRAMES: u64 = 6;
/// Pictures that are looked at.
const PICTURES: usize = 2;
/// The longer side of a frame in the file.
const SIDE: usize = 112;

/// What was seen, in the order of the epochs. It stands in the checkpoint, so that a resumed run has all of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Film {
    /// One for each epoch that was looked at.
    pub(crate) frames: Vec<Frame>,
}

/// One epoch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Frame {
    /// Epochs before it.
    pub(crate) epoch: u64,
    /// The filters of the first layer; none where it has none that can be shown.
    pub(crate) filters: Option<Still>,
    /// Activations by picture, then by layer, from fine to coarse.
    pub(crate) activations: Vec<Vec<Still>>,
}

/// A picture in a frame.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Still {
    /// What it shows.
    pub(crate) name: String,
    /// A PNG file in Base64.
    pub(crate) png: String,
}

/// Takes the frames.
#[derive(Debug)]
pub(crate) struct Camera {
    config: ModelConfig,
    preparation: Preparation,
    /// The pictures that are looked at, prepared.
    pictures: Vec<Picture>,
    epochs: u64,
    /// What it has taken.
    pub(crate) film: Film,
}

impl Camera {
    /// A camera on the first validation pictures of different classes, which goes on with a film; none without pictures.
    pub(crate) fn new(
        config: &ModelConfig,
        preparation: &Preparation,
        valid: &Prepared,
        epochs: u64,
        film: Film,
    ) -> Option<Self> {
        let (images, encoding) = (valid.images.as_ref()?, preparation.image()?);
        let picture = |row: u32| images.picture(row).map(|picture| encoding.picture(picture));
        let pictures = rows_of_different_classes(&valid.labels).into_iter().filter_map(picture).collect();
        let (config, preparation) = (config.clone(), preparation.clone());
        Some(Self { config, preparation, pictures, epochs, film })
    }

    /// Takes a frame, if the epoch is one of those that are shown; answers with its pictures under the tags of TensorBoard.
    pub(crate) fn take(&mut self, epoch: u64, weights: &dyn Fn() -> Arrays) -> Vec<(String, Picture)> {
        if !is_shown(epoch, self.epochs) {
            return Vec::new();
        }
        let weights = weights();
        let sheet = sheet_of_filters(&weights);
        let Ok(model) = TrainedModel::new(self.config.clone(), self.preparation.clone(), &weights) else {
            return Vec::new();
        };
        let drawn = |picture: &Picture| -> Vec<(String, Picture)> {
            let maps = model.activations(picture).into_iter();
            maps.map(|(name, heat)| (name, heated(picture, &heat))).collect()
        };
        let maps: Vec<Vec<(String, Picture)>> = self.pictures.iter().map(drawn).collect();
        let still = |(name, picture): &(String, Picture)| Still {
            name: name.clone(),
            png: base64(&png(picture, SIDE)),
        };
        let activations = maps.iter().map(|of| of.iter().map(still).collect()).collect();
        let sheet = sheet.map(|sheet| ("filters".to_owned(), sheet));
        self.film.frames.push(Frame { epoch, filters: sheet.as_ref().map(still), activations });
        let tagged = |(at, maps): (usize, Vec<(String, Picture)>)| {
            maps.into_iter().map(move |(name, map)| (format!("activations {}/{name}", at + 1), map))
        };
        sheet.into_iter().chain(maps.into_iter().enumerate().flat_map(tagged)).collect()
    }
}

/// The first, the last, and others at even distances.
fn is_shown(epoch: u64, epochs: u64) -> bool {
    let last = epochs.saturating_sub(1);
    (0..FRAMES).any(|frame| frame * last / (FRAMES - 1) == epoch)
}

fn rows_of_different_classes(labels: &PreparedLabels) -> Vec<u32> {
    let PreparedLabels::Classes(classes) = labels else { return (0..PICTURES as u32).collect() };
    let mut rows: Vec<u32> = Vec::new();
    for (row, class) in classes.iter().enumerate() {
        if rows.len() < PICTURES && rows.iter().all(|&of| classes[of as usize] != *class) {
            rows.push(row as u32);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_epoch_are_shown_and_few_between() {
        let shown = |epochs| (0..epochs).filter(|&epoch| is_shown(epoch, epochs)).collect::<Vec<u64>>();
        assert_eq!(shown(1), [0]);
        assert_eq!(shown(3), [0, 1, 2]);
        assert_eq!(shown(10), [0, 1, 3, 5, 7, 9]);
        assert_eq!(shown(60), [0, 11, 23, 35, 47, 59]);
    }

    #[test]
    fn examples_are_of_different_classes() {
        assert_eq!(rows_of_different_classes(&PreparedLabels::Classes(vec![3, 3, 3, 1, 0])), [0, 3]);
        assert_eq!(rows_of_different_classes(&PreparedLabels::Classes(vec![2, 2])), [0]);
    }
}
