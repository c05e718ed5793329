//! Tensors of the Open Inference Protocol, row-major, in all of its datatypes.

use bytes::{BufMut as _, Bytes};
use half::f16;

use crate::{ApiError, Limits};

/// What the elements of a tensor are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Datatype {
    /// Truth values, a byte each.
    Bool,
    /// Whole numbers without sign.
    Uint8,
    /// Whole numbers without sign.
    Uint16,
    /// Whole numbers without sign.
    Uint32,
    /// Whole numbers without sign.
    Uint64,
    /// Whole numbers.
    Int8,
    /// Whole numbers.
    Int16,
    /// Whole numbers.
    Int32,
    /// Whole numbers.
    Int64,
    /// Floating point numbers.
    Fp16,
    /// Floating point numbers.
    Fp32,
    /// Floating point numbers.
    Fp64,
    /// Texts or any bytes, each with its length.
    Bytes,
}

/// Every datatype, its name, and the bytes of an element; none where they differ.
const DATATYPES: [(Datatype, &str, Option<usize>); 13] = [
    (Datatype::Bool, "BOOL", Some(1)),
    (Datatype::Uint8, "UINT8", Some(1)),
    (Datatype::Uint16, "UINT16", Some(2)),
    (Datatype::Uint32, "UINT32", Some(4)),
    (Datatype::Uint64, "UINT64", Some(8)),
    (Datatype::Int8, "INT8", Some(1)),
    (Datatype::Int16, "INT16", Some(2)),
    (Datatype::Int32, "INT32", Some(4)),
    (Datatype::Int64, "INT64", Some(8)),
    (Datatype::Fp16, "FP16", Some(2)),
    (Datatype::Fp32, "FP32", Some(4)),
    (Datatype::Fp64, "FP64", Some(8)),
    (Datatype::Bytes, "BYTES", None),
];

impl Datatype {
    /// Every datatype.
    pub fn all() -> impl Iterator<Item = Self> {
        DATATYPES.iter().map(|(datatype, ..)| *datatype)
    }

    /// The datatype of that name.
    pub fn of(name: &str) -> Option<Self> {
        DATATYPES.iter().find(|(_, known, _)| *known == name).map(|(datatype, ..)| *datatype)
    }

    fn row(self) -> (Self, &'static str, Option<usize>) {
        DATATYPES.into_iter().find(|(known, ..)| *known == self).unwrap_or(DATATYPES[12])
    }

    /// Its name in the protocol.
    pub fn as_str(self) -> &'static str {
        self.row().1
    }

    /// The bytes of an element; none of [`Self::Bytes`].
    pub fn width(self) -> Option<usize> {
        self.row().2
    }
}

/// The elements of a tensor.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Data {
    Bool(Vec<bool>),
    Uint8(Vec<u8>),
    Uint16(Vec<u16>),
    Uint32(Vec<u32>),
    Uint64(Vec<u64>),
    Int8(Vec<i8>),
    Int16(Vec<i16>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Fp16(Vec<f16>),
    Fp32(Vec<f32>),
    Fp64(Vec<f64>),
    Bytes(Vec<Bytes>),
}

/// Does the same with the elements of whatever type.
macro_rules! with_elements {
    ($data:expr, $values:ident => $body:expr) => {
        match $data {
            $crate::tensor::Data::Bool($values) => $body,
            $crate::tensor::Data::Uint8($values) => $body,
            $crate::tensor::Data::Uint16($values) => $body,
            $crate::tensor::Data::Uint32($values) => $body,
            $crate::tensor::Data::Uint64($values) => $body,
            $crate::tensor::Data::Int8($values) => $body,
            $crate::tensor::Data::Int16($values) => $body,
            $crate::tensor::Data::Int32($values) => $body,
            $crate::tensor::Data::Int64($values) => $body,
            $crate::tensor::Data::Fp16($values) => $body,
            $crate::tensor::Data::Fp32($values) => $body,
            $crate::tensor::Data::Fp64($values) => $body,
            $crate::tensor::Data::Bytes($values) => $body,
        }
    };
}

/// Does something with two of the same type; another thing with two of different types.
macro_rules! with_pairs {
    ($one:expr, $other:expr, $a:ident, $b:ident => $body:expr, $else:expr) => {
        match ($one, $other) {
            (Data::Bool($a), Data::Bool($b)) => $body,
            (Data::Uint8($a), Data::Uint8($b)) => $body,
            (Data::Uint16($a), Data::Uint16($b)) => $body,
            (Data::Uint32($a), Data::Uint32($b)) => $body,
            (Data::Uint64($a), Data::Uint64($b)) => $body,
            (Data::Int8($a), Data::Int8($b)) => $body,
            (Data::Int16($a), Data::Int16($b)) => $body,
            (Data::Int32($a), Data::Int32($b)) => $body,
            (Data::Int64($a), Data::Int64($b)) => $body,
            (Data::Fp16($a), Data::Fp16($b)) => $body,
            (Data::Fp32($a), Data::Fp32($b)) => $body,
            (Data::Fp64($a), Data::Fp64($b)) => $body,
            (Data::Bytes($a), Data::Bytes($b)) => $body,
            _ => $else,
        }
    };
}

/// Some of the elements, as the same variant.
macro_rules! part_of {
    ($data:expr, $range:expr; $($variant:ident),+) => {
        match $data {
            $(Data::$variant(values) => Data::$variant(values.get($range).unwrap_or_default().to_vec()),)+
        }
    };
}

impl Data {
    /// How many elements there are.
    pub fn len(&self) -> usize {
        with_elements!(self, values => values.len())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What they are.
    pub fn datatype(&self) -> Datatype {
        match self {
            Self::Bool(_) => Datatype::Bool,
            Self::Uint8(_) => Datatype::Uint8,
            Self::Uint16(_) => Datatype::Uint16,
            Self::Uint32(_) => Datatype::Uint32,
            Self::Uint64(_) => Datatype::Uint64,
            Self::Int8(_) => Datatype::Int8,
            Self::Int16(_) => Datatype::Int16,
            Self::Int32(_) => Datatype::Int32,
            Self::Int64(_) => Datatype::Int64,
            Self::Fp16(_) => Datatype::Fp16,
            Self::Fp32(_) => Datatype::Fp32,
            Self::Fp64(_) => Datatype::Fp64,
            Self::Bytes(_) => Datatype::Bytes,
        }
    }

    /// The elements in 64 bits; none of texts and truth values.
    pub fn numbers(&self) -> Option<Vec<f64>> {
        Some(match self {
            Self::Bool(_) | Self::Bytes(_) => return None,
            Self::Uint8(values) => values.iter().map(|&value| value.into()).collect(),
            Self::Uint16(values) => values.iter().map(|&value| value.into()).collect(),
            Self::Uint32(values) => values.iter().map(|&value| value.into()).collect(),
            Self::Uint64(values) => values.iter().map(|&value| value as f64).collect(),
            Self::Int8(values) => values.iter().map(|&value| value.into()).collect(),
            Self::Int16(values) => values.iter().map(|&value| value.into()).collect(),
            Self::Int32(values) => values.iter().map(|&value| value.into()).collect(),
            Self::Int64(values) => values.iter().map(|&value| value as f64).collect(),
            Self::Fp16(values) => values.iter().map(|&value| value.into()).collect(),
            Self::Fp32(values) => values.iter().map(|&value| value.into()).collect(),
            Self::Fp64(values) => values.clone(),
        })
    }

    /// Whole numbers and truth values in 64 bits; none of others, and where one is too large.
    pub fn whole(&self) -> Option<Vec<i64>> {
        Some(match self {
            Self::Bool(values) => values.iter().map(|&value| value.into()).collect(),
            Self::Uint8(values) => values.iter().map(|&value| value.into()).collect(),
            Self::Uint16(values) => values.iter().map(|&value| value.into()).collect(),
            Self::Uint32(values) => values.iter().map(|&value| value.into()).collect(),
            Self::Uint64(values) => {
                values.iter().map(|&value| i64::try_from(value).ok()).collect::<Option<_>>()?
            }
            Self::Int8(values) => values.iter().map(|&value| value.into()).collect(),
            Self::Int16(values) => values.iter().map(|&value| value.into()).collect(),
            Self::Int32(values) => values.iter().map(|&value| value.into()).collect(),
            Self::Int64(values) => values.clone(),
            Self::Fp16(_) | Self::Fp32(_) | Self::Fp64(_) | Self::Bytes(_) => return None,
        })
    }

    /// The elements of a binary tensor: little-endian, unpadded; texts with their lengths in front. `None` where the bytes are not
    /// exactly `elements`.
    pub fn from_binary(datatype: Datatype, bytes: &Bytes, elements: usize) -> Option<Self> {
        let Some(width) = datatype.width() else { return texts(bytes, elements).map(Self::Bytes) };
        if elements.checked_mul(width)? != bytes.len() {
            return None;
        }
        Some(match datatype {
            Datatype::Bool => {
                Self::Bool(bytes.iter().map(|byte| (*byte < 2).then_some(*byte == 1)).collect::<Option<_>>()?)
            }
            Datatype::Uint8 => Self::Uint8(bytes.to_vec()),
            Datatype::Int8 => Self::Int8(bytes.iter().map(|byte| byte.cast_signed()).collect()),
            Datatype::Uint16 => Self::Uint16(pieces(bytes).map(u16::from_le_bytes).collect()),
            Datatype::Uint32 => Self::Uint32(pieces(bytes).map(u32::from_le_bytes).collect()),
            Datatype::Uint64 => Self::Uint64(pieces(bytes).map(u64::from_le_bytes).collect()),
            Datatype::Int16 => Self::Int16(pieces(bytes).map(i16::from_le_bytes).collect()),
            Datatype::Int32 => Self::Int32(pieces(bytes).map(i32::from_le_bytes).collect()),
            Datatype::Int64 => Self::Int64(pieces(bytes).map(i64::from_le_bytes).collect()),
            Datatype::Fp16 => Self::Fp16(pieces(bytes).map(f16::from_le_bytes).collect()),
            Datatype::Fp32 => Self::Fp32(pieces(bytes).map(f32::from_le_bytes).collect()),
            Datatype::Fp64 | Datatype::Bytes => Self::Fp64(pieces(bytes).map(f64::from_le_bytes).collect()),
        })
    }

    /// Appends them as a binary tensor.
    pub fn to_binary(&self, out: &mut Vec<u8>) {
        match self {
            Self::Bool(values) => out.extend(values.iter().map(|&value| u8::from(value))),
            Self::Uint8(values) => out.extend_from_slice(values),
            Self::Int8(values) => out.extend(values.iter().map(|value| value.cast_unsigned())),
            Self::Uint16(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
            Self::Uint32(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
            Self::Uint64(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
            Self::Int16(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
            Self::Int32(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
            Self::Int64(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
            Self::Fp16(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
            Self::Fp32(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
            Self::Fp64(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
            Self::Bytes(values) => {
                for value in values {
                    out.put_u32_le(value.len() as u32);
                    out.extend_from_slice(value);
                }
            }
        }
    }

    fn part(&self, range: std::ops::Range<usize>) -> Self {
        part_of!(self, range; Bool, Uint8, Uint16, Uint32, Uint64, Int8, Int16, Int32, Int64, Fp16, Fp32, Fp64, Bytes)
    }
}

fn pieces<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks::<N>().0.iter().copied()
}

/// Byte strings, which share the body's memory; nothing is allocated for more of them than their lengths need.
fn texts(bytes: &Bytes, elements: usize) -> Option<Vec<Bytes>> {
    let mut texts = Vec::with_capacity(elements.min(bytes.len() / 4));
    let mut at = 0_usize;
    while at < bytes.len() {
        let length: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        let (from, length) = (at + 4, u32::from_le_bytes(length) as usize);
        at = from.checked_add(length).filter(|end| *end <= bytes.len())?;
        texts.push(bytes.slice(from..at));
    }
    (texts.len() == elements).then_some(texts)
}

/// A tensor with as many elements as its shape says.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    name: String,
    shape: Vec<usize>,
    data: Data,
}

impl Tensor {
    /// A tensor; an error where the shape does not hold the elements.
    pub fn new(name: impl Into<String>, shape: Vec<usize>, data: Data) -> Result<Self, ApiError> {
        let name = name.into();
        let elements = shape.iter().try_fold(1_usize, |product, &extent| product.checked_mul(extent));
        if elements != Some(data.len()) {
            return Err(ApiError::bad(format!(
                "tensor `{name}` has {} elements in the shape {shape:?}",
                data.len()
            )));
        }
        Ok(Self { name, shape, data })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its extents.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Its elements.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// Name, shape and elements.
    pub fn into_parts(self) -> (String, Vec<usize>, Data) {
        (self.name, self.shape, self.data)
    }

    /// The first extent; 1 of a scalar.
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Whether the rows of another can follow its own.
    pub(crate) fn joins(&self, other: &Self) -> bool {
        self.name == other.name
            && !self.shape.is_empty()
            && self.shape.get(1..) == other.shape.get(1..)
            && self.data.datatype() == other.data.datatype()
    }

    /// Lets the rows of another that [`Self::joins`] follow its own.
    pub(crate) fn append(&mut self, other: &Self) {
        if !self.joins(other) {
            return;
        }
        with_pairs!(&mut self.data, &other.data, own, more => own.extend_from_slice(more), ());
        if let Some(rows) = self.shape.first_mut() {
            *rows += other.rows();
        }
    }

    /// Some of its rows.
    pub(crate) fn part(&self, rows: std::ops::Range<usize>) -> Self {
        let width: usize = self.shape.iter().skip(1).product();
        let mut shape = self.shape.clone();
        if let Some(extent) = shape.first_mut() {
            *extent = rows.len();
        }
        let data = self.data.part(rows.start * width..rows.end * width);
        Self { name: self.name.clone(), shape, data }
    }
}

/// The extents that a client states, checked before anything is allocated for them, and how many elements they hold.
pub(crate) fn checked_shape(
    name: &str,
    shape: &[i64],
    limits: &Limits,
) -> Result<(Vec<usize>, usize), ApiError> {
    let bad = |why: String| ApiError::bad(format!("tensor `{name}`: {why}"));
    if shape.len() > limits.rank {
        return Err(bad(format!("{} extents, the limit is {}", shape.len(), limits.rank)));
    }
    let extent = |&extent: &i64| {
        usize::try_from(extent)
            .ok()
            .filter(|extent| *extent > 0)
            .ok_or_else(|| bad(format!("an extent of {extent}")))
    };
    let extents: Vec<usize> = shape.iter().map(extent).collect::<Result<_, _>>()?;
    let elements = extents.iter().try_fold(1_usize, |product, &extent| product.checked_mul(extent));
    match elements.filter(|elements| *elements <= limits.elements) {
        Some(elements) => Ok((extents, elements)),
        None => Err(bad(format!("more elements than the limit of {}", limits.elements))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rows_that_were_joined_come_apart_again() {
        let of = |values: Vec<f32>| Tensor::new("x", vec![values.len() / 2, 2], Data::Fp32(values)).unwrap();
        let (one, other) = (of(vec![1.0, 2.0]), of(vec![3.0, 4.0, 5.0, 6.0]));
        let mut all = one.clone();
        all.append(&other);
        assert_eq!((all.part(0..1), all.part(1..3)), (one.clone(), other));
        let wide = Tensor::new("x", vec![1, 3], Data::Fp32(vec![0.0; 3])).unwrap();
        assert!(!one.joins(&wide) && Tensor::new("x", vec![2], Data::Fp32(vec![0.0])).is_err());
    }

    proptest! {
        #[test]
        fn bytes_become_elements_and_bytes_again(bytes in proptest::collection::vec(any::<u8>(), 0..64), elements in 0_usize..70) {
            for datatype in Datatype::all() {
                let bytes = Bytes::from(bytes.clone());
                let Some(data) = Data::from_binary(datatype, &bytes, elements) else { continue };
                prop_assert_eq!((data.len(), data.datatype()), (elements, datatype));
                let mut again = Vec::new();
                data.to_binary(&mut again);
                prop_assert_eq!(&again, &bytes);
            }
        }

        #[test]
        fn no_shape_makes_the_server_allocate(shape in proptest::collection::vec(any::<i64>(), 0..70)) {
            if let Ok((extents, elements)) = checked_shape("x", &shape, &Limits::DEFAULT) {
                prop_assert!(extents.len() <= 16 && elements <= 1 << 31);
                prop_assert_eq!(extents.iter().product::<usize>(), elements);
            }
        }
    }
}
