//! What of the job concerns pictures: the size of the input, the changes of training pictures.

use plumb_data::augment::{AugmentError, Augmentation, Method, Mix, Parts, Policy, Step, VIEWS};
use plumb_data::pictures::{Channels, PictureSet};
use plumb_data::prepare::{self, ImageMoments};
use plumb_learn::losses::Loss;
use plumb_learn::models::pictures::architectures;
use plumb_learn::train::TrainConfig;

use crate::fault::Fault;
use crate::job::{Augment, Auto, JobFile, PrepareSection};
use crate::pretrained::Pretrained;

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
        let cropped = train.augmentation.parts.is_some();
        of.augment = if cropped { Augment::Crop } else { Augment::Shift };
    }
    let text_like = is_two_toned(set, rows);
    let flip = of.flip.or(of.augment != Augment::None && !text_like);
    of.flip = Auto::Value(flip);
    let cropped = match of.augment {
        Augment::Crop => true,
        Augment::Trivial | Augment::Rand => train.augmentation.parts.is_some(),
        Augment::Auto | Augment::None | Augment::Shift => false,
    };
    let mut policy = Policy { erase: of.erase, ..Policy::of(method(of)?) };
    if text_like && of.operations.is_empty() {
        policy = policy.for_text_like();
    }
    // Said outright, because some methods flip and shift of themselves and some do not.
    policy.horizontal_flip = Some(if flip { 0.5 } else { 0.0 });
    let shifted = !cropped && of.augment != Augment::None;
    policy.crop_padding = Some(if shifted { shift(side, job.train.epochs.or(train.epochs)) } else { 0 });
    policy.check()?;
    let parts = cropped.then_some(Parts::LARGE);
    train.augmentation = Augmentation { parts, policy, mix: mix(of, &train.loss)? };
    Ok(())
}

/// Passes over the pictures up to which a shift is small.
const FEW_EPOCHS: u64 = 20;

/// Pixels by which a picture is shifted at most: an eighth of its side (He et al. 2016), a sixteenth where it is seen so few
/// times that the network would rather underfit (airbench).
fn shift(side: usize, epochs: u64) -> usize {
    if epochs > FEW_EPOCHS { side / 8 } else { side.div_ceil(16) }
}

/// The changes beyond flips and crops.
fn method(of: &PrepareSection) -> Result<Method, Fault> {
    let steps: Result<Vec<Step>, AugmentError> = of.operations.iter().map(|step| step.parse()).collect();
    let steps = steps?;
    let drawn = match of.augment {
        Augment::Trivial => Method::TrivialAugment,
        Augment::Rand => Method::RAND_AUGMENT,
        _ if steps.is_empty() => return Ok(Method::None),
        _ => return Ok(Method::Operations(steps)),
    };
    if steps.is_empty() {
        return Ok(drawn);
    }
    Err(Fault::usage("`prepare.operations` beside a method that draws its own")
        .hint("set `prepare.augment` to `shift`, `crop` or `none`, or leave `prepare.operations` empty"))
}

/// The side of the network's pictures: their own where the network takes them as they are, else what its published
/// weights want, or what is cheap enough to learn from.
pub(super) fn side(
    wanted: Auto<usize>,
    usual: usize,
    preset: &str,
    pretrained: Option<&Pretrained>,
) -> Result<usize, Fault> {
    let published = architectures::named(preset).ok();
    if let Some(of) = published.filter(|of| !of.any_side) {
        return match wanted.or(of.side) {
            side if side == of.side => Ok(side),
            _ => Err(Fault::usage(format!("`{preset}` looks at pictures of {} pixels", of.side))
                .hint("leave `prepare.image_size` at `auto`")),
        };
    }
    // A ResNet that starts from nothing keeps small pictures at full size in its first layer.
    let halves_five_times =
        published.is_some_and(|of| pretrained.is_some() || !of.name.starts_with("resnet"));
    if !halves_five_times {
        return Ok(wanted.or(usual));
    }
    let small = usual <= prepare::SMALL_PICTURE;
    let side = wanted.or(match published {
        _ if small => ENLARGED,
        Some(of) if pretrained.is_some() => of.side,
        _ => usual,
    });
    if side < HALVED {
        return Err(Fault::usage(format!("`{preset}` needs pictures of at least {HALVED} pixels"))
            .hint("set `prepare.image_size` to 32 or more, or leave it at `auto`"));
    }
    Ok(side)
}

/// The side to which small pictures are enlarged for a network that halves them five times: 3 by 3 places are left.
const ENLARGED: usize = 96;
/// The least side that can be halved five times.
const HALVED: usize = 32;

/// The first of the ways to look at a picture; mirrored only where training mirrors. None where one look is enough.
pub(super) fn views(wanted: usize, has_pictures: bool, train: &TrainConfig) -> Vec<String> {
    let mirrors = train.augmentation.policy.horizontal_flip.is_some_and(|probability| probability > 0.0);
    let views = VIEWS.iter().filter(|view| view.keeps_text || mirrors).take(wanted);
    if wanted > 1 && has_pictures { views.map(|view| view.name.to_owned()).collect() } else { Vec::new() }
}

/// The moments that pictures are scaled by, where they are not the train pictures' own.
pub(super) fn moments(
    of: &mut PrepareSection,
    pretrained: Option<&Pretrained>,
) -> Result<Option<ImageMoments>, Fault> {
    if let Some(architecture) = pretrained.and_then(|of| of.published.picture()) {
        let published = |moments: [f32; 3]| Auto::Value(moments.map(f64::from).to_vec());
        if of.image_mean == Auto::Auto {
            of.image_mean = published(architecture.mean);
        }
        if of.image_deviation == Auto::Auto {
            of.image_deviation = published(architecture.deviation);
        }
    }
    let three = |moments: &Auto<Vec<f64>>| match moments {
        Auto::Value(moments) => <[f64; 3]>::try_from(moments.as_slice()).ok().map(|of| of.map(|m| m as f32)),
        Auto::Auto => None,
    };
    match (three(&of.image_mean), three(&of.image_deviation)) {
        (Some(mean), Some(deviation)) if deviation.iter().all(|&of| of > 0.0) => {
            Ok(Some(ImageMoments { mean, deviation }))
        }
        _ if of.image_mean == Auto::Auto && of.image_deviation == Auto::Auto => Ok(None),
        _ => Err(Fault::usage("`prepare.image_mean` and `prepare.image_deviation` do not go together")
            .hint("give three numbers for each, deviations above 0, or leave both at `auto`")),
    }
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
