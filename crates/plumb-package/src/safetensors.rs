//! The header of a safetensors file, checked strictly before anything is made of it.
//!
//! The rules are those of the format: `u64` length of a JSON header, at most [`MOST_HEADER`]; tensors by name, whose stretches of the
//! data follow one another without hole or overlap to the last byte; no name twice. Nothing is allocated by what the file declares.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

/// Bytes of a header at most, the limit of the reference implementation.
pub const MOST_HEADER: u64 = 100_000_000;
/// Tensors at most. 100,000: a thousand layers of a hundred.
const MOST_TENSORS: usize = 100_000;
/// The entry that holds texts about the file.
const METADATA: &str = "__metadata__";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tensor {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

/// Checks a whole file; the error is a lower-case fragment.
pub fn check(file: &[u8]) -> Result<(), String> {
    let (length, rest) = file.split_first_chunk::<8>().ok_or("it is too short for a header")?;
    let length = u64::from_le_bytes(*length);
    if length > MOST_HEADER {
        return Err(format!("a header of {length} bytes, over {MOST_HEADER}"));
    }
    let length = length as usize;
    let (header, data) = rest.split_at_checked(length).ok_or("the header ends behind the file")?;
    if header.first() != Some(&b'{') {
        return Err("the header does not begin with `{`".to_owned());
    }
    let text = std::str::from_utf8(header).map_err(|_not_text| "the header is not UTF-8")?;
    let Header(mut tensors) =
        serde_json::from_str(text).map_err(|error| format!("the header: {}", short(&error)))?;
    tensors.sort_by_key(|(_, tensor)| tensor.data_offsets);
    let mut end = 0;
    for (name, tensor) in &tensors {
        let (from, to) = tensor.data_offsets;
        if from != end || to < from {
            return Err(format!("tensor `{}` leaves a hole or lies over another", shown(name)));
        }
        if bytes(tensor) != Some(to - from) {
            return Err(format!("tensor `{}` has another size than its shape", shown(name)));
        }
        end = to;
    }
    if end != data.len() as u64 {
        return Err("the tensors do not end where the file does".to_owned());
    }
    Ok(())
}

fn shown(name: &str) -> String {
    name.chars().take(100).collect()
}

/// What is wrong, without the text of the file.
fn short(error: &serde_json::Error) -> String {
    error.to_string().chars().take(200).collect()
}

/// Bytes of a tensor by its shape; none for an unknown type, too many or a broken byte.
fn bytes(tensor: &Tensor) -> Option<u64> {
    let bits: u64 = match tensor.dtype.as_str() {
        "F4" => 4,
        "F6_E2M3" | "F6_E3M2" => 6,
        "BOOL" | "U8" | "I8" | "F8_E5M2" | "F8_E4M3" | "F8_E8M0" => 8,
        "I16" | "U16" | "F16" | "BF16" => 16,
        "I32" | "U32" | "F32" => 32,
        "I64" | "U64" | "F64" | "C64" => 64,
        _ => return None,
    };
    let bits = tensor.shape.iter().try_fold(bits, |all, &extent| all.checked_mul(extent))?;
    bits.is_multiple_of(8).then_some(bits / 8)
}

/// The tensors of a header by name; a name that stands twice is an error, which a map would hide.
struct Header(Vec<(String, Tensor)>);

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tensors by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let (mut seen, mut tensors) = (BTreeSet::new(), Vec::new());
        while let Some(name) = map.next_key::<String>()? {
            if name == METADATA {
                map.next_value::<std::collections::BTreeMap<String, String>>()?;
            } else {
                tensors.push((name.clone(), map.next_value()?));
            }
            if !seen.insert(name) {
                return Err(A::Error::custom("a name stands twice"));
            }
            if tensors.len() > MOST_TENSORS {
                return Err(A::Error::custom("too many tensors"));
            }
        }
        Ok(Header(tensors))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: usize) -> Vec<u8> {
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header.as_bytes());
        file.resize(file.len() + data, 0);
        file
    }

    #[test]
    fn sound_files_pass() {
        assert_eq!(check(&file("{}", 0)), Ok(()));
        let two = r#"{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2,3],"data_offsets":[1,25]},"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}  "#;
        assert_eq!(check(&file(two, 25)), Ok(()));
        let empty = r#"{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}"#;
        assert_eq!(check(&file(empty, 8)), Ok(()));
    }

    #[test]
    fn hostile_files_are_refused() {
        let tensor = |shape: &str, from: u64, to: u64| {
            format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":[{from},{to}]}}}}"#)
        };
        let hostile = [
            (Vec::new(), "too short"),
            (b"\xff\xff\xff\xff\xff\xff\xff\x7f{".to_vec(), "over 100000000"),
            (b"\xff\xe0\xf5\x05\0\0\0\0{}".to_vec(), "behind the file"),
            (file(" {}", 0), "begin with `{`"),
            (file("{\"a\":1}", 0), "the header:"),
            (file(&tensor("[2]", 0, 8), 9), "where the file does"),
            (file(&tensor("[2]", 0, 8), 7), "where the file does"),
            (file(&tensor("[2]", 1, 9), 9), "hole"),
            (file(&tensor("[2]", 8, 0), 8), "hole"),
            (file(&tensor("[3]", 0, 8), 8), "than its shape"),
            (file(&tensor("[4294967296,4294967296,4294967296]", 0, 8), 8), "than its shape"),
            (file(&tensor("[2]", 0, 8).replace("F32", "PICKLE"), 8), "than its shape"),
            (
                file(
                    &format!(
                        "{},{}",
                        &tensor("[2]", 0, 8)[..tensor("[2]", 0, 8).len() - 1],
                        &tensor("[2]", 8, 16)[1..]
                    ),
                    16,
                ),
                "stands twice",
            ),
            (file(&tensor("[2]", 0, 8).replace("shape", "shape\":[],\"x"), 8), "the header:"),
            (
                file(&format!("{{\"__metadata__\":{}1{}}}", "[".repeat(5000), "]".repeat(5000)), 0),
                "the header:",
            ),
        ];
        for (bytes, expected) in hostile {
            let refused = check(&bytes).unwrap_err();
            assert!(refused.contains(expected), "{expected}: {refused}");
        }
    }
}
