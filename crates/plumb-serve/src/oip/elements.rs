//! The elements of a tensor in JSON: flat or in nested lists, of a type that may be named only after them.

use bytes::Bytes;
use half::f16;
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};

use crate::tensor::{Data, Datatype};

/// Lists in lists at most, as many as a tensor has extents.
const DEEPEST: usize = 16;

/// Elements as JSON has them. A `null` is a number that is none, or an empty text.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Elements {
    /// None yet.
    #[default]
    Empty,
    /// Truth values.
    Truths(Vec<bool>),
    /// Whole numbers.
    Whole(Vec<i64>),
    /// Whole numbers, of which one is above those of 64 bits with a sign.
    Large(Vec<u64>),
    /// Numbers.
    Numbers(Vec<f64>),
    /// Texts.
    Texts(Vec<Bytes>),
}

const MIXED: &str = "elements of several types in one tensor";

impl Elements {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Truths(values) => values.len(),
            Self::Whole(values) => values.len(),
            Self::Large(values) => values.len(),
            Self::Numbers(values) => values.len(),
            Self::Texts(values) => values.len(),
        }
    }

    fn push_truth(&mut self, value: bool) -> Result<(), &'static str> {
        match self {
            Self::Empty => *self = Self::Truths(vec![value]),
            Self::Truths(values) => values.push(value),
            _ => return Err(MIXED),
        }
        Ok(())
    }

    fn push_whole(&mut self, value: i64) -> Result<(), &'static str> {
        match self {
            Self::Empty => *self = Self::Whole(vec![value]),
            Self::Whole(values) => values.push(value),
            Self::Large(values) => values.push(u64::try_from(value).map_err(|_negative| MIXED)?),
            Self::Numbers(values) => values.push(value as f64),
            _ => return Err(MIXED),
        }
        Ok(())
    }

    fn push_large(&mut self, value: u64) -> Result<(), &'static str> {
        if let Ok(value) = i64::try_from(value) {
            return self.push_whole(value);
        }
        match self {
            Self::Empty => *self = Self::Large(vec![value]),
            Self::Large(values) => values.push(value),
            Self::Numbers(values) => values.push(value as f64),
            Self::Whole(values) => {
                let same = |&value: &i64| u64::try_from(value).map_err(|_negative| MIXED);
                let mut all: Vec<u64> = values.iter().map(same).collect::<Result<_, _>>()?;
                all.push(value);
                *self = Self::Large(all);
            }
            _ => return Err(MIXED),
        }
        Ok(())
    }

    fn push_number(&mut self, value: f64) -> Result<(), &'static str> {
        match self {
            Self::Empty => *self = Self::Numbers(vec![value]),
            Self::Numbers(values) => values.push(value),
            Self::Whole(_) | Self::Large(_) => {
                let mut all = std::mem::take(self).into_numbers().ok_or(MIXED)?;
                all.push(value);
                *self = Self::Numbers(all);
            }
            _ => return Err(MIXED),
        }
        Ok(())
    }

    fn push_text(&mut self, value: Bytes) -> Result<(), &'static str> {
        match self {
            Self::Empty => *self = Self::Texts(vec![value]),
            Self::Texts(values) => values.push(value),
            _ => return Err(MIXED),
        }
        Ok(())
    }

    fn push_nothing(&mut self) -> Result<(), &'static str> {
        if matches!(self, Self::Texts(_)) { self.push_text(Bytes::new()) } else { self.push_number(f64::NAN) }
    }

    fn into_numbers(self) -> Option<Vec<f64>> {
        match self {
            Self::Empty => Some(Vec::new()),
            Self::Numbers(values) => Some(values),
            Self::Whole(values) => Some(values.into_iter().map(|value| value as f64).collect()),
            Self::Large(values) => Some(values.into_iter().map(|value| value as f64).collect()),
            Self::Truths(_) | Self::Texts(_) => None,
        }
    }

    /// The elements of a datatype; none where one of them is no such thing.
    pub(super) fn into_data(self, datatype: Datatype) -> Option<Data> {
        Some(match (datatype, self) {
            (Datatype::Bool, Self::Truths(values)) => Data::Bool(values),
            (Datatype::Bytes, Self::Texts(values)) => Data::Bytes(values),
            (Datatype::Fp16, values) => {
                Data::Fp16(values.into_numbers()?.into_iter().map(f16::from_f64).collect())
            }
            (Datatype::Fp32, values) => {
                Data::Fp32(values.into_numbers()?.into_iter().map(|value| value as f32).collect())
            }
            (Datatype::Fp64, values) => Data::Fp64(values.into_numbers()?),
            (Datatype::Uint64, Self::Large(values)) => Data::Uint64(values),
            (datatype, Self::Whole(values)) => whole(datatype, &values)?,
            _ => return None,
        })
    }
}

fn whole(datatype: Datatype, values: &[i64]) -> Option<Data> {
    fn all<T: TryFrom<i64>>(values: &[i64]) -> Option<Vec<T>> {
        values.iter().map(|&value| T::try_from(value).ok()).collect()
    }
    Some(match datatype {
        Datatype::Uint8 => Data::Uint8(all(values)?),
        Datatype::Uint16 => Data::Uint16(all(values)?),
        Datatype::Uint32 => Data::Uint32(all(values)?),
        Datatype::Uint64 => Data::Uint64(all(values)?),
        Datatype::Int8 => Data::Int8(all(values)?),
        Datatype::Int16 => Data::Int16(all(values)?),
        Datatype::Int32 => Data::Int32(all(values)?),
        Datatype::Int64 => Data::Int64(values.to_vec()),
        _ => return None,
    })
}

impl<'de> serde::Deserialize<'de> for Elements {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut elements = Self::Empty;
        deserializer.deserialize_seq(Seed { into: &mut elements, deeper: DEEPEST })?;
        Ok(elements)
    }
}

struct Seed<'a> {
    into: &'a mut Elements,
    deeper: usize,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("elements of a tensor")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.into.push_truth(value).map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.into.push_whole(value).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.into.push_large(value).map_err(E::custom)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.into.push_number(value).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.into.push_text(Bytes::copy_from_slice(value.as_bytes())).map_err(E::custom)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.into.push_nothing().map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Some(deeper) = self.deeper.checked_sub(1) else {
            return Err(A::Error::custom("lists nest deeper than a tensor has extents"));
        };
        while seq.next_element_seed(Seed { into: &mut *self.into, deeper })?.is_some() {}
        Ok(())
    }
}
