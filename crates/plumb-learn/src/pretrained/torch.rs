//! PyTorch's files, of both layouts: an archive with a pickle and a file for each storage, or pickles and storages in a
//! row.

use std::collections::BTreeMap;

use super::pickle::{Pickle, Tensor, Value, read};
use super::{PretrainedError, damaged, zip};
use crate::parameters::{Array, Arrays};

const FORMAT: &str = "PyTorch";
/// What the older layout begins with, and its version.
const MAGIC: i128 = 0x1950_a86a_20f9_469c_fc6c;
const VERSION: i128 = 1001;
/// Keys under which training frameworks keep the state dict among other things.
const NESTED: [&str; 4] = ["state_dict", "model_state_dict", "model", "model_ema"];

/// The bytes of each storage.
type Storages<'a> = BTreeMap<String, &'a [u8]>;

/// Reads the layout of PyTorch 1.6 and later.
pub(super) fn read_archive(bytes: &[u8]) -> Result<Arrays, PretrainedError> {
    let entries = zip::entries(bytes)?;
    let name = entries.keys().find(|name| name.ends_with("/data.pkl") || **name == "data.pkl");
    let name = name.ok_or_else(|| damaged(FORMAT, "no `data.pkl` in the archive"))?;
    let root = &name[..name.len() - "data.pkl".len()];
    let order = entries.get(format!("{root}byteorder").as_str()).map(|range| &bytes[range.clone()]);
    if order.is_some_and(|order| order.trim_ascii() != b"little") {
        return Err(damaged(FORMAT, "its numbers are big-endian"));
    }
    let data = format!("{root}data/");
    let storages = entries.iter().filter_map(|(name, range)| {
        let key = name.strip_prefix(data.as_str())?;
        Some((key.to_owned(), &bytes[range.clone()]))
    });
    arrays(&read(&bytes[entries[name].clone()])?, &storages.collect(), bytes.len())
}

/// Reads the layout before PyTorch 1.6: five pickles, then the count and the bytes of each storage.
pub(super) fn read_stream(bytes: &[u8]) -> Result<Arrays, PretrainedError> {
    let mut at = 0;
    let mut next = || {
        let pickle = read(&bytes[at..])?;
        at += pickle.len;
        Ok::<Pickle, PretrainedError>(pickle)
    };
    let whole = |pickle: &Pickle| match pickle.value {
        Value::Int(number) => Some(number),
        _ => None,
    };
    let (magic, version) = (next()?, next()?);
    if whole(&magic) != Some(MAGIC) || whole(&version) != Some(VERSION) {
        return Err(damaged(FORMAT, "a pickle that PyTorch did not write"));
    }
    let (_system, pickle, keys) = (next()?, next()?, next()?);
    let widths = widths(&pickle);
    let mut rest = &bytes[at..];
    let mut storages = Storages::new();
    for key in keys.list(&keys.value).unwrap_or_default() {
        let Value::Text(key) = key else { return Err(damaged(FORMAT, "a storage without a name")) };
        let cut_off = || damaged(FORMAT, format!("storage `{key}` is cut off"));
        let (count, behind) = rest.split_first_chunk::<8>().ok_or_else(cut_off)?;
        let width = widths.get(key.as_ref()).copied().unwrap_or(1) as u64;
        let len = u64::from_le_bytes(*count).checked_mul(width).and_then(|len| usize::try_from(len).ok());
        let len = len.filter(|&len| len <= behind.len()).ok_or_else(cut_off)?;
        storages.insert(key.as_ref().to_owned(), &behind[..len]);
        rest = &behind[len..];
    }
    arrays(&pickle, &storages, bytes.len())
}

/// Bytes of a number of each storage.
fn widths(pickle: &Pickle) -> BTreeMap<String, usize> {
    let tensors = tensors(pickle).unwrap_or_default();
    tensors.iter().map(|(_, of)| (of.storage.key.clone(), of.storage.number.bytes())).collect()
}

/// The tensors of the state dict by name.
fn tensors(pickle: &Pickle) -> Option<Vec<(&str, &Tensor)>> {
    let entries = pickle.dict(&pickle.value)?;
    let named = |entries: &'_ [(Value, Value)], wanted: &str| {
        entries.iter().find_map(|(key, value)| match key {
            Value::Text(key) if key.as_ref() == wanted => Some(value.clone()),
            _ => None,
        })
    };
    let nested = NESTED.iter().find_map(|name| pickle.dict(&named(entries, name)?));
    let found: Vec<_> = nested
        .unwrap_or(entries)
        .iter()
        .filter_map(|(key, value)| match (key, value) {
            (Value::Text(key), Value::Tensor(tensor)) => Some((key.as_ref(), tensor.as_ref())),
            _ => None,
        })
        .collect();
    (!found.is_empty()).then_some(found)
}

/// Copies the floats of each tensor out of its storage. Together they are no more than the file has bytes.
fn arrays(pickle: &Pickle, storages: &Storages<'_>, file: usize) -> Result<Arrays, PretrainedError> {
    let tensors = tensors(pickle).ok_or_else(|| damaged(FORMAT, "it holds no dict of tensors"))?;
    let mut arrays = Arrays::default();
    let mut total = 0;
    for (name, tensor) in tensors {
        let key = &tensor.storage.key;
        let bytes = storages.get(key);
        let bytes = bytes.ok_or_else(|| damaged(FORMAT, format!("`{name}`: no storage `{key}`")))?;
        let shape: Option<Vec<usize>> =
            tensor.shape.iter().map(|&extent| usize::try_from(extent).ok()).collect();
        let count =
            shape.as_ref().and_then(|shape| shape.iter().try_fold(1usize, |n, &side| n.checked_mul(side)));
        let outside = || damaged(FORMAT, format!("`{name}` is larger than its storage"));
        let (Some(shape), Some(count)) = (shape, count) else { return Err(outside()) };
        if count > bytes.len() / tensor.storage.number.bytes() {
            return Err(outside());
        }
        total += count;
        if total > file {
            return Err(PretrainedError::Limit {
                what: "numbers, one for each byte of the file",
                limit: file as u64,
            });
        }
        if let Some(floats) = tensor.storage.number.floats(bytes) {
            let values = view(&floats, tensor, &shape, count).ok_or_else(outside)?;
            arrays.0.insert(name.to_owned(), Array { shape, values });
        }
    }
    Ok(arrays)
}

/// The numbers of a view in the order of its extents; none where it reaches outside.
fn view(floats: &[f32], tensor: &Tensor, shape: &[usize], count: usize) -> Option<Vec<f32>> {
    if shape.len() != tensor.strides.len() {
        return None;
    }
    let first = tensor.storage.offset.checked_add(tensor.offset)?;
    let mut values = Vec::with_capacity(count);
    let mut index = vec![0usize; shape.len()];
    for _ in 0..count {
        let steps = index.iter().zip(&tensor.strides);
        let place = steps.into_iter().try_fold(first, |place, (&index, &stride)| {
            place.checked_add((index as u64).checked_mul(stride)?)
        })?;
        values.push(*floats.get(usize::try_from(place).ok()?)?);
        for (index, &side) in index.iter_mut().zip(shape).rev() {
            *index += 1;
            if *index < side {
                break;
            }
            *index = 0;
        }
    }
    Some(values)
}
