//! Pictures of a column as the tensor that a model of others takes: extents, the place of the channels, and what levels become.
//!
//! What a file declares is taken from there. What it cannot say, how levels become floating point numbers, is never guessed.

use std::str::FromStr;

use plumb_data::augment::Normaliser;
use plumb_data::pictures::{self, Channels, Filter, Picture, PictureSet, Rect};
use plumb_data::prepare::ImageEncoding;
use plumb_data::{Column, Images, Kind, Table, Target};
use plumb_ledger::{ExitCode, Explain};
use rayon::prelude::*;

use super::wiring::{Declared, Element, Elements, Tensor, WiringOptions};

/// What levels from 0 to 255 become.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scaling {
    /// What they are.
    Bytes,
    /// `(level / 255 - mean) / deviation`, one pair for each channel or for all.
    Moments {
        /// What it is called.
        name: String,
        /// The means.
        mean: Vec<f32>,
        /// The deviations, above 0.
        deviation: Vec<f32>,
    },
}

/// torchvision's moments of ImageNet.
const IMAGENET: ([f32; 3], [f32; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);

impl FromStr for Scaling {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let of = |mean: &[f32], deviation: &[f32]| Self::Moments {
            name: text.to_owned(),
            mean: mean.to_vec(),
            deviation: deviation.to_vec(),
        };
        match text {
            "bytes" => return Ok(Self::Bytes),
            "unit" => return Ok(of(&[0.0], &[1.0])),
            "minus-one-one" => return Ok(of(&[0.5], &[0.5])),
            "imagenet" => return Ok(of(&IMAGENET.0, &IMAGENET.1)),
            _ => {}
        }
        let wrong = "one of unit, minus-one-one, bytes, imagenet, or `MEAN,..:DEVIATION,..` with a number for each channel";
        let numbers = |part: &str| -> Option<Vec<f32>> {
            let one = |number: &str| number.trim().parse::<f32>().ok().filter(|number| number.is_finite());
            part.split(',').map(one).collect()
        };
        let moments =
            text.split_once(':').and_then(|(mean, deviation)| Some((numbers(mean)?, numbers(deviation)?)));
        let (mean, deviation) = moments.ok_or(wrong)?;
        let counts = [mean.len(), deviation.len()];
        if counts.iter().any(|count| ![1, 3].contains(count)) || deviation.iter().any(|&of| of <= 0.0) {
            return Err(format!("{wrong}, deviations above 0"));
        }
        Ok(of(&mean, &deviation))
    }
}

/// Height and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    height: usize,
    width: usize,
}

/// Pixels of a side at most: what decoding takes in.
const MOST_SIDE: usize = 1 << 15;

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let side = |text: &str| text.parse().ok().filter(|side| (1..=MOST_SIDE).contains(side));
        let (height, width) = text.split_once('x').unwrap_or((text, text));
        let size = side(height).zip(side(width)).map(|(height, width)| Self { height, width });
        size.ok_or_else(|| format!("a side such as 224, or HEIGHTxWIDTH, up to {MOST_SIDE}"))
    }
}

/// How pictures of other extents come to those of the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Resize {
    // The whole picture, its shape changed.
    #[default]
    Stretch,
    // The middle square of seven eighths of the shorter side.
    Crop,
}

/// What the command line says about pictures.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PixelOptions<'a> {
    /// What levels become; none when it was not said.
    pub(crate) scaling: Option<&'a Scaling>,
    /// The extents where the model leaves them open.
    pub(crate) size: Option<Size>,
    /// How pictures come to the model's extents.
    pub(crate) resize: Resize,
}

/// Why pictures do not go into an input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PixelError {
    /// There is no column of pictures.
    #[error("the model's input `{0}` takes pictures, and the data has no column of them")]
    NoColumn(String),
    /// There are several.
    #[error(
        "the model's input `{input}` takes pictures, and the data has several columns of them: {columns}"
    )]
    Several {
        /// The input.
        input: String,
        /// The columns.
        columns: String,
    },
    /// The scaling is not known.
    #[error(
        "how levels become the numbers that the model's input `{0}` was trained on does not stand in its file"
    )]
    Scaling(String),
    /// The extents are not known.
    #[error("the model's input `{0}` takes pictures of any extents")]
    Open(String),
    /// Moments of other channels.
    #[error("`--pixels {name}` has {moments} means, the model's pictures have {channels} channel")]
    Channels {
        /// The scaling.
        name: String,
        /// Its moments.
        moments: usize,
        /// Channels of the input.
        channels: usize,
    },
    /// The middle of a picture is square.
    #[error("`--resize crop` cuts squares, the model takes {height} x {width} pixels")]
    NotSquare {
        /// Rows.
        height: usize,
        /// Pixels of a row.
        width: usize,
    },
    /// A row without a picture.
    #[error("column `{column}` has no picture in row {row}")]
    NoPicture {
        /// The column.
        column: String,
        /// The row, from 0.
        row: u32,
    },
}

impl Explain for PixelError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoColumn(_) => {
                "name a folder of pictures with `--data`, or a table with a column of their paths (`--set data.kinds.COLUMN=image`)"
            }
            Self::Several { .. } => "`--inputs COLUMN` names the one that goes in",
            Self::Scaling(_) => {
                "say what it was trained on: `--pixels unit` (0 to 1), `minus-one-one`, `bytes` (0 to 255), `imagenet`, or MEANS:DEVIATIONS"
            }
            Self::Open(_) => "`--size 224` says which it was trained on, or `--size HEIGHTxWIDTH`",
            Self::Channels { .. } => "give one mean and one deviation: `--pixels 0.1307:0.3081`",
            Self::NotSquare { .. } => "leave `--resize` out: whole pictures are stretched",
            Self::NoPicture { .. } => "leave the row out of the data",
        };
        Some(hint.to_owned())
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::Usage
    }
}

/// How the numbers of a picture lie in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// `[batch, channels, height, width]`.
    ChannelsFirst,
    /// `[batch, height, width, channels]`.
    ChannelsLast,
    /// `[batch, height, width]`, of grey pictures.
    Plain,
    /// `[batch, height * width * channels]`, as scikit-learn's models take pictures.
    Flat,
}

/// An input that is filled with the pictures of a column.
#[derive(Debug, Clone)]
pub(super) struct PictureInput {
    name: String,
    column: String,
    layout: Layout,
    channels: Channels,
    height: usize,
    width: usize,
    /// Rows that go in at once, where the model fixes them.
    pub(super) batch: Option<usize>,
    /// None for whole numbers, which take levels as they are.
    scaling: Option<Scaling>,
    resize: Resize,
}

/// What the extents of an input say: layout, channels, height and width.
type Told = (Layout, Channels, Option<usize>, Option<usize>);

/// None for what is no picture, or may be one either way.
fn told(shape: &[Option<usize>]) -> Option<Told> {
    let channels = |extent: Option<usize>| match extent {
        Some(1) => Some(Channels::Grey),
        Some(3) => Some(Channels::Rgb),
        _ => None,
    };
    match *shape {
        [_, height, width] => Some((Layout::Plain, Channels::Grey, height, width)),
        [_, first, middle, last] => match (channels(first), channels(last)) {
            (Some(of), None) => Some((Layout::ChannelsFirst, of, middle, last)),
            (None, Some(of)) => Some((Layout::ChannelsLast, of, first, middle)),
            _ => None,
        },
        _ => None,
    }
}

/// A row of numbers as a square picture, in grey or in colours.
fn flat(width: Option<usize>, size: Option<Size>) -> Option<Told> {
    let of = |channels: Channels, height, width| Some((Layout::Flat, channels, Some(height), Some(width)));
    let numbers = width?;
    if let Some(Size { height, width }) = size {
        let fits = |channels: &Channels| height * width * channels.count() == numbers;
        let channels = [Channels::Grey, Channels::Rgb].into_iter().find(fits)?;
        return of(channels, height, width);
    }
    [Channels::Grey, Channels::Rgb].into_iter().find_map(|channels| {
        let side = (numbers / channels.count()).isqrt();
        (side * side * channels.count() == numbers).then_some(of(channels, side, side)?)
    })
}

fn picture_columns(table: &Table) -> impl Iterator<Item = &Column> {
    table.columns().iter().filter(|column| column.images().is_some())
}

/// Whether a single input of two extents is for pictures: they are named, or there is nothing else.
fn takes_pictures(input: &Declared, table: &Table, target: &Target, options: &WiringOptions<'_>) -> bool {
    let is_picture = |name: &String| table.column(name).is_some_and(|column| column.images().is_some());
    let is_number = |column: &Column| column.kind == Kind::Number && column.name != target.name;
    match options.inputs {
        [] => {
            table.column(&input.name).is_none_or(|column| column.images().is_some())
                && picture_columns(table).next().is_some()
                && !table.columns().iter().any(is_number)
        }
        named => named.iter().all(is_picture),
    }
}

impl PictureInput {
    /// The input, tied to a column of pictures; none for an input of something else. `inputs` is how many the model has.
    pub(super) fn of(
        input: &Declared,
        inputs: usize,
        table: &Table,
        target: &Target,
        options: &WiringOptions<'_>,
    ) -> Result<Option<Self>, PixelError> {
        if !matches!(input.element, Element::Float | Element::Whole) {
            return Ok(None);
        }
        let told = match *input.shape.as_slice() {
            [_, width] if inputs == 1 && takes_pictures(input, table, target, options) => {
                flat(width, options.pixels.size)
            }
            _ => told(&input.shape),
        };
        let Some((layout, channels, height, width)) = told else { return Ok(None) };
        let (name, size) = (input.name.clone(), options.pixels.size);
        let open = || PixelError::Open(name.clone());
        let height = height.or(size.map(|size| size.height)).ok_or_else(open)?;
        let width = width.or(size.map(|size| size.width)).ok_or_else(open)?;
        let scaling = match input.element {
            Element::Whole => None,
            _ => Some(options.pixels.scaling.cloned().ok_or_else(|| PixelError::Scaling(name.clone()))?),
        };
        check_channels(scaling.as_ref(), channels)?;
        if options.pixels.resize == Resize::Crop && height != width {
            return Err(PixelError::NotSquare { height, width });
        }
        Ok(Some(Self {
            column: named_column(input, table, options)?,
            batch: input.shape[0].filter(|_| layout != Layout::Flat),
            resize: options.pixels.resize,
            name,
            layout,
            channels,
            height,
            width,
            scaling,
        }))
    }

    /// Numbers of a row.
    pub(super) fn count(&self) -> usize {
        self.height * self.width * self.channels.count()
    }

    /// What was assumed, for the person.
    pub(super) fn in_words(&self) -> String {
        let colours = if self.channels == Channels::Rgb { "in red, green and blue" } else { "in grey" };
        let layout = match self.layout {
            Layout::ChannelsFirst => "channels first",
            Layout::ChannelsLast => "channels last",
            Layout::Plain | Layout::Flat => "row by row",
        };
        let levels = match &self.scaling {
            None | Some(Scaling::Bytes) => "levels from 0 to 255".to_owned(),
            Some(Scaling::Moments { name, .. }) => format!("levels scaled by `{name}`"),
        };
        let resize = match self.resize {
            Resize::Stretch => "stretched to these (`--resize`)",
            Resize::Crop => "cut to their middle",
        };
        format!(
            "the pictures of `{}` as {} x {} pixels {colours} ({layout}, {levels}; pictures of other extents are {resize})",
            self.column, self.height, self.width
        )
    }

    /// The pictures of some rows.
    pub(super) fn tensor(&self, table: &Table, rows: &[u32]) -> Result<Tensor, PixelError> {
        let column = table.column(&self.column);
        let missing = |row: u32| PixelError::NoPicture { column: self.column.clone(), row };
        let set: &PictureSet = match column.and_then(Column::images) {
            Some(Images { set, .. }) => set,
            None => return Err(PixelError::NoColumn(self.name.clone())),
        };
        if let Some(&row) = rows.iter().find(|&&row| set.extents(row as usize).is_none()) {
            return Err(missing(row));
        }
        let seen = |&row: &u32| set.get(row as usize).map(|picture| self.seen(picture));
        let count = self.count();
        let elements = if let Some(scaling) = &self.scaling {
            let mut all = vec![0.0; rows.len() * count];
            let normaliser = scaling.normaliser();
            all.par_chunks_exact_mut(count).zip(rows).for_each(|(out, row)| {
                let Some(picture) = seen(row) else { return };
                self.laid_out(&numbers(&picture, normaliser.as_ref()), out, f64::from);
            });
            Elements::Floats(all)
        } else {
            let mut all = vec![0; rows.len() * count];
            all.par_chunks_exact_mut(count).zip(rows).for_each(|(out, row)| {
                let Some(picture) = seen(row) else { return };
                self.laid_out(picture.pixels(), out, i64::from);
            });
            Elements::Whole(all)
        };
        Ok(Tensor { name: self.name.clone(), shape: self.shape(rows.len()), elements })
    }

    fn shape(&self, rows: usize) -> Vec<usize> {
        let (height, width, channels) = (self.height, self.width, self.channels.count());
        match self.layout {
            Layout::ChannelsFirst => vec![rows, channels, height, width],
            Layout::ChannelsLast => vec![rows, height, width, channels],
            Layout::Plain => vec![rows, height, width],
            Layout::Flat => vec![rows, height * width * channels],
        }
    }

    /// A picture with the extents and channels of the input.
    fn seen(&self, picture: Picture) -> Picture {
        let picture = picture.into_channels(self.channels);
        if (picture.width(), picture.height()) == (self.width, self.height) {
            return picture;
        }
        match self.resize {
            Resize::Stretch => {
                let whole = Rect::whole(picture.width(), picture.height());
                pictures::resize(&picture, whole, self.width, self.height, Filter::Bilinear)
            }
            Resize::Crop => {
                let encoding = ImageEncoding {
                    side: self.width,
                    resized: self.width * 8 / 7,
                    channels: self.channels,
                    mean: Vec::new(),
                    deviation: Vec::new(),
                };
                encoding.picture(picture)
            }
        }
    }

    /// Numbers that lie pixel by pixel, where the model wants them.
    fn laid_out<T: Copy, U>(&self, pixels: &[T], out: &mut [U], turned: impl Fn(T) -> U) {
        let (places, channels) = (self.height * self.width, self.channels.count());
        let is_first = self.layout == Layout::ChannelsFirst;
        for (place, pixel) in pixels.chunks_exact(channels).enumerate() {
            for (channel, &value) in pixel.iter().enumerate() {
                let at = if is_first { channel * places + place } else { place * channels + channel };
                out[at] = turned(value);
            }
        }
    }
}

impl Scaling {
    /// None for levels as they are.
    fn normaliser(&self) -> Option<Normaliser> {
        match self {
            Self::Bytes => None,
            Self::Moments { mean, deviation, .. } => Some(Normaliser::new(mean, deviation)),
        }
    }
}

fn numbers(picture: &Picture, normaliser: Option<&Normaliser>) -> Vec<f32> {
    let Some(normaliser) = normaliser else {
        return picture.pixels().iter().map(|&level| f32::from(level)).collect();
    };
    let mut numbers = vec![0.0; picture.pixels().len()];
    normaliser.apply(picture, &mut numbers);
    numbers
}

fn check_channels(scaling: Option<&Scaling>, channels: Channels) -> Result<(), PixelError> {
    let Some(Scaling::Moments { name, mean, deviation }) = scaling else { return Ok(()) };
    let moments = mean.len().max(deviation.len());
    if moments <= channels.count() {
        return Ok(());
    }
    Err(PixelError::Channels { name: name.clone(), moments, channels: channels.count() })
}

/// The column of pictures that goes in: the one that is named, has the input's name, or is the only one.
fn named_column(input: &Declared, table: &Table, options: &WiringOptions<'_>) -> Result<String, PixelError> {
    let all: Vec<&Column> = picture_columns(table).collect();
    let named = all.iter().find(|column| options.inputs.contains(&column.name));
    let found = named.or_else(|| all.iter().find(|column| column.name == input.name));
    match (found, all.as_slice()) {
        (Some(column), _) => Ok(column.name.clone()),
        (None, [only]) => Ok(only.name.clone()),
        (None, []) => Err(PixelError::NoColumn(input.name.clone())),
        (None, several) => {
            let columns: Vec<&str> = several.iter().map(|column| column.name.as_str()).collect();
            Err(PixelError::Several { input: input.name.clone(), columns: columns.join(", ") })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extents_tell_channels_height_and_width() {
        let (first, last) = (Layout::ChannelsFirst, Layout::ChannelsLast);
        let n = None;
        let cases: [(&[Option<usize>], Option<Told>); 9] = [
            (&[n, Some(3), Some(8), Some(9)], Some((first, Channels::Rgb, Some(8), Some(9)))),
            (&[n, Some(1), n, n], Some((first, Channels::Grey, n, n))),
            (&[Some(1), Some(8), Some(9), Some(3)], Some((last, Channels::Rgb, Some(8), Some(9)))),
            (&[n, n, n, Some(1)], Some((last, Channels::Grey, n, n))),
            (&[n, Some(28), Some(28)], Some((Layout::Plain, Channels::Grey, Some(28), Some(28)))),
            (&[n, Some(3), Some(8), Some(3)], None),
            (&[n, n, n, n], None),
            (&[n, Some(4), Some(8), Some(8)], None),
            (&[n, Some(5)], None),
        ];
        for (shape, wanted) in cases {
            assert_eq!(told(shape), wanted, "{shape:?}");
        }
        let square = |side| Some((Layout::Flat, Channels::Grey, Some(side), Some(side)));
        assert_eq!(flat(Some(784), None), square(28));
        assert_eq!(flat(Some(3072), None), Some((Layout::Flat, Channels::Rgb, Some(32), Some(32))));
        assert_eq!((flat(Some(50), None), flat(None, None)), (None, None));
        let size = Some(Size { height: 4, width: 6 });
        assert_eq!(flat(Some(72), size), Some((Layout::Flat, Channels::Rgb, Some(4), Some(6))));
    }

    #[test]
    fn scalings_and_sizes_are_read_or_refused() {
        let of = |text: &str| text.parse::<Scaling>();
        let Ok(Scaling::Moments { mean, deviation, .. }) = of("0.1,0.2,0.3:0.5") else { panic!() };
        assert_eq!((mean, deviation), (vec![0.1, 0.2, 0.3], vec![0.5]));
        assert_eq!(of("bytes"), Ok(Scaling::Bytes));
        for wrong in ["", "pixels", "0.5", "0.5:0", "0.5:-1", "nan:1", "1,2:1", "0.5:inf", ":"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
        assert_eq!("224".parse(), Ok(Size { height: 224, width: 224 }));
        assert_eq!("8x9".parse(), Ok(Size { height: 8, width: 9 }));
        for wrong in ["0", "8x", "x", "8x9x3", "-4", "99999"] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
    }
}
