//! What of the job concerns pictures: the size of the input, the changes of training pictures.

use plumb_data::augment::{Augmentation, Crop, Mix};
use plumb_data::pictures::{Channels, PictureSet};
use plumb_learn::train::TrainConfig;

use crate::job::{Augment, Auto, JobFile};

/// Settles `[prepare]` for these train rows.
pub(super) fn settle(
    job: &mut JobFile,
    train: &mut TrainConfig,
    set: &PictureSet,
    rows: &[u32],
    side: usize,
) {
    let of = &mut job.prepare;
    of.image_size = Auto::Value(side);
    if of.augment == Augment::Auto {
        of.augment = if matches!(train.augmentation.crop, Crop::Resized { .. }) {
            Augment::Crop
        } else {
            Augment::Shift
        };
    }
    let flip = of.augment != Augment::None && of.flip.or(!is_two_toned(set, rows));
    of.flip = Auto::Value(flip);
    let mix = match (of.mixup, of.cutmix) {
        (alpha, _) if alpha > 0.0 => Mix::MixUp { alpha },
        (_, alpha) if alpha > 0.0 => Mix::CutMix { alpha },
        _ => Mix::None,
    };
    let crop = match of.augment {
        Augment::None => Crop::None,
        Augment::Auto | Augment::Shift => Crop::Shift { pixels: side / 8 },
        Augment::Crop => Crop::Resized { least: 0.35 },
    };
    train.augmentation = Augmentation { crop, flip, mix };
}

/// Pictures that are looked at: enough for a share to two digits.
const LOOKED_AT: usize = 500;
/// Share of the pixels in the two tones from which pictures are taken for writing. MNIST has 0.92, Fashion-MNIST 0.64.
const TWO_TONES: f64 = 0.8;
/// How far from black or white a pixel still counts as such.
const NEAR: u8 = 32;

/// Whether the pictures are grey and nearly all of their pixels black or white, as scanned writing is.
fn is_two_toned(set: &PictureSet, rows: &[u32]) -> bool {
    let step = rows.len().div_ceil(LOOKED_AT).max(1);
    let (mut tones, mut pixels) = (0usize, 0usize);
    for picture in rows.iter().step_by(step).filter_map(|&row| set.get(row as usize)) {
        if picture.channels() != Channels::Grey {
            return false;
        }
        tones += picture.pixels().iter().filter(|&&value| value <= NEAR || value >= 255 - NEAR).count();
        pixels += picture.pixels().len();
    }
    pixels > 0 && tones as f64 >= TWO_TONES * pixels as f64
}
