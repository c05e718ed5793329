//! What of the job concerns pictures: the size of the input, the changes of training pictures.

use plumb_data::augment::{Augmentation, Crop, Mix};
use plumb_data::pictures::{Channels, PictureSet};
use plumb_learn::losses::Loss;
use plumb_learn::train::TrainConfig;

use crate::fault::Fault;
use crate::job::{Augment, Auto, JobFile, PrepareSection};

/// Settles `[prepare]` for these train rows.
pub(super) fn settle(
    job: &mut JobFile,
    train: &mut TrainConfig,
    set: &PictureSet,
    rows: &[u32],
    side: usize,
) -> Result<(), Fault> {
    let of = &mut job.prepare;
    of.image_size = Auto::Value(side);
    if of.augment == Augment::Auto {
        let cropped = matches!(train.augmentation.crop, Crop::Resized { .. });
        of.augment = if cropped { Augment::Crop } else { Augment::Shift };
    }
    let crop = match of.augment {
        Augment::None => Crop::None,
        Augment::Auto | Augment::Shift => Crop::shift(side),
        Augment::Crop => Crop::RESIZED,
    };
    let flip = of.flip.or(of.augment != Augment::None && !is_two_toned(set, rows));
    of.flip = Auto::Value(flip);
    train.augmentation = Augmentation { crop, flip, mix: mix(of, &train.loss)? };
    Ok(())
}

/// How pairs are blended. Their labels are blended too, which needs classes.
fn mix(of: &PrepareSection, loss: &Loss) -> Result<Mix, Fault> {
    let mix = match (of.mixup > 0.0, of.cutmix > 0.0) {
        (false, false) => return Ok(Mix::None),
        (true, false) => Mix::MixUp { alpha: of.mixup },
        (false, true) => Mix::CutMix { alpha: of.cutmix },
        (true, true) => {
            let message = "`prepare.mixup` and `prepare.cutmix` are both above 0";
            return Err(Fault::usage(message).hint("a batch is blended in one way: set one of them to 0"));
        }
    };
    match loss {
        Loss::CrossEntropy { .. } => Ok(mix),
        Loss::SquaredError => Err(Fault::usage("only the pictures of classes can be blended")
            .hint("set `prepare.mixup` and `prepare.cutmix` to 0")),
    }
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

#[cfg(test)]
mod tests {
    use plumb_data::pictures::Picture;

    use super::*;

    fn picture(channels: Channels, level: impl Fn(usize) -> u8) -> Picture {
        Picture::new(8, 8, channels, (0..64 * channels.count()).map(level).collect()).unwrap()
    }

    #[test]
    fn writing_is_told_from_shades_and_from_colours() {
        let writing = |at: usize| if at.is_multiple_of(5) { 250 } else { 3 };
        let shades = |at: usize| (at * 4) as u8;
        let told = |picture: Picture| is_two_toned(&std::iter::once(picture).collect(), &[0]);
        assert!(told(picture(Channels::Grey, writing)));
        assert!(!told(picture(Channels::Grey, shades)));
        assert!(!told(picture(Channels::Rgb, writing)));
        assert!(!is_two_toned(&PictureSet::default(), &[]));
    }
}
