//! Tensors, row-major.

use crate::OnnxError;
use crate::error::wrong;
use crate::proto::TensorMessage;

/// Elements of a tensor at most: 2³⁰, 4 GiB of 32-bit numbers.
const MOST: usize = 1 << 30;

/// What stands in a tensor. Numbers of 64 bits are kept in 32, truth values as whole numbers, as `rten` has them.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Floating point numbers.
    Floats(Vec<f32>),
    /// Whole numbers and truth values.
    Whole(Vec<i64>),
    /// Texts.
    Texts(Vec<String>),
}

/// A tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    values: Values,
}

impl Values {
    /// How many elements there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Floats(values) => values.len(),
            Self::Whole(values) => values.len(),
            Self::Texts(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Tensor {
    /// A tensor; an error where the shape does not hold the values.
    pub fn new(shape: Vec<usize>, values: Values) -> Result<Self, OnnxError> {
        match size(&shape) {
            Some(size) if size == values.len() => Ok(Self { shape, values }),
            _ => Err(OnnxError::Damaged(format!("{} values in the shape {shape:?}", values.len()))),
        }
    }

    /// Its extents.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Its elements.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Its elements alone.
    pub(crate) fn into_values(self) -> Values {
        self.values
    }

    /// The first extent; 1 of a scalar.
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// How many elements a row has.
    pub(crate) fn width(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    /// The same elements in another shape of as many.
    pub(crate) fn reshaped(self, shape: Vec<usize>) -> Result<Self, OnnxError> {
        Self::new(shape, self.values)
    }

    /// The numbers, whole ones too.
    pub(crate) fn floats(&self, operator: &str) -> Result<Vec<f32>, OnnxError> {
        match &self.values {
            Values::Floats(values) => Ok(values.clone()),
            Values::Whole(values) => Ok(values.iter().map(|&value| value as f32).collect()),
            Values::Texts(_) => Err(wrong(operator, "numbers are wanted and there are texts")),
        }
    }

    /// The whole numbers.
    pub(crate) fn whole(&self, operator: &str) -> Result<Vec<i64>, OnnxError> {
        match &self.values {
            Values::Whole(values) => Ok(values.clone()),
            Values::Floats(values) => Ok(values.iter().map(|&value| value as i64).collect()),
            Values::Texts(_) => Err(wrong(operator, "whole numbers are wanted and there are texts")),
        }
    }

    /// A tensor of the file.
    pub(crate) fn of_message(message: &TensorMessage) -> Result<Self, OnnxError> {
        if message.data_location == 1 {
            return Err(OnnxError::External(message.name.clone()));
        }
        let damaged = |what: &str| OnnxError::Damaged(format!("`{}`: {what}", message.name));
        let extent =
            |&extent: &i64| usize::try_from(extent).map_err(|_negative| damaged("a negative extent"));
        let shape: Vec<usize> = message.dims.iter().map(extent).collect::<Result<_, _>>()?;
        let raw = &message.raw_data;
        let whole = |of_raw: Vec<i64>| {
            if raw.is_empty() { message.int32_data.iter().map(|&x| i64::from(x)).collect() } else { of_raw }
        };
        let values = match message.data_type {
            1 if raw.is_empty() => Values::Floats(message.float_data.clone()),
            1 => Values::Floats(pieces::<4>(raw).map(f32::from_le_bytes).collect()),
            11 if raw.is_empty() => Values::Floats(message.double_data.iter().map(|&x| x as f32).collect()),
            11 => Values::Floats(pieces::<8>(raw).map(|piece| f64::from_le_bytes(piece) as f32).collect()),
            7 if raw.is_empty() => Values::Whole(message.int64_data.clone()),
            7 => Values::Whole(pieces::<8>(raw).map(i64::from_le_bytes).collect()),
            6 => Values::Whole(whole(
                pieces::<4>(raw).map(|piece| i64::from(i32::from_le_bytes(piece))).collect(),
            )),
            10 => Values::Floats(
                bits(raw, &message.int32_data).map(|bits| half::f16::from_bits(bits).to_f32()).collect(),
            ),
            16 => Values::Floats(
                bits(raw, &message.int32_data).map(|bits| half::bf16::from_bits(bits).to_f32()).collect(),
            ),
            21 | 22 => {
                Values::Whole(nibbles(message, size(&shape).ok_or_else(|| damaged("too many elements"))?))
            }
            4 => Values::Whole(bits(raw, &message.int32_data).map(i64::from).collect()),
            5 => Values::Whole(bits(raw, &message.int32_data).map(|bits| i64::from(bits as i16)).collect()),
            2 | 9 => Values::Whole(whole(raw.iter().map(|&byte| i64::from(byte)).collect())),
            3 => Values::Whole(whole(raw.iter().map(|&byte| i64::from(byte as i8)).collect())),
            8 => Values::Texts(message.string_data.iter().map(|bytes| text(bytes)).collect()),
            other => return Err(damaged(&format!("elements of type {other}"))),
        };
        Self::new(shape, values)
    }
}

/// Elements of 16 bits, which lie in bytes or in numbers of 32 bits.
fn bits<'a>(raw: &'a [u8], wide: &'a [i32]) -> impl Iterator<Item = u16> + 'a {
    let of_wide = if raw.is_empty() { wide } else { &[] };
    pieces::<2>(raw).map(u16::from_le_bytes).chain(of_wide.iter().map(|&bits| bits as u16))
}

/// `count` elements of 4 bits, two in a byte, the lower one first; those of type 22 have a sign.
fn nibbles(message: &TensorMessage, count: usize) -> Vec<i64> {
    let of_numbers: Vec<u8>;
    let bytes = if message.raw_data.is_empty() {
        of_numbers = message.int32_data.iter().map(|&value| value as u8).collect();
        &of_numbers
    } else {
        &message.raw_data
    };
    let signed = message.data_type == 22;
    let one = |nibble: u8| if signed && nibble > 7 { i64::from(nibble) - 16 } else { i64::from(nibble) };
    bytes.iter().flat_map(|byte| [byte & 15, byte >> 4]).take(count).map(one).collect()
}

/// Bytes in pieces of equal length.
fn pieces<const N: usize>(raw: &[u8]) -> impl Iterator<Item = [u8; N]> {
    raw.chunks_exact(N).map(|piece| std::array::from_fn(|at| piece[at]))
}

/// The product of the extents; none beyond the limit.
pub(crate) fn size(shape: &[usize]) -> Option<usize> {
    let size = shape.iter().try_fold(1usize, |size, &extent| size.checked_mul(extent))?;
    (size <= MOST).then_some(size)
}

/// Text as the file has it; bytes that are none are replaced.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
