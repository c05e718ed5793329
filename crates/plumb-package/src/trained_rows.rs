//! `rows.json`: the digests of the rows that a model was trained on or chosen by, so that nobody judges it by them later.
//!
//! A digest is eight bytes over the columns that the model reads (`plumb_data::split::shown_digests`). It gives no value away, but whoever has
//! all of these values of a row can tell whether it was among them.

use plumb_ledger::{base64, from_base64};
use serde::{Deserialize, Serialize};

/// The name of the file.
pub const TRAINED_ROWS: &str = "rows.json";
/// The version of the file.
const SCHEMA: u32 = 1;
/// Rows that are read at most: 400 million, eight bytes each, more than a table may have.
const MOST_ROWS: usize = 400_000_000;

/// The rows of a training.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainedRows {
    /// The columns that a digest is over, in this order.
    pub columns: Vec<String>,
    /// One for each row, ascending.
    digests: Vec<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: u32,
    columns: Vec<String>,
    rows: usize,
    /// Base64 of the digests, ascending, eight bytes each, the lowest first.
    digests: String,
}

impl TrainedRows {
    /// Of digests in any order.
    pub fn new(columns: Vec<String>, digests: impl IntoIterator<Item = u64>) -> Self {
        let mut digests: Vec<u64> = digests.into_iter().collect();
        digests.sort_unstable();
        Self { columns, digests }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.digests.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.digests.is_empty()
    }

    /// The file: the same rows give the same bytes, whatever their order.
    pub fn bytes(&self) -> Vec<u8> {
        let all: Vec<u8> = self.digests.iter().flat_map(|digest| digest.to_le_bytes()).collect();
        let columns = self.columns.clone();
        let file = File { schema: SCHEMA, columns, rows: self.len(), digests: base64(&all) };
        let mut bytes = serde_json::to_vec_pretty(&file).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads the file; an error says what does not hold.
    pub fn read(text: &str) -> Result<Self, String> {
        let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if file.schema != SCHEMA {
            return Err(format!("schema {}, {SCHEMA} is known here", file.schema));
        }
        let bytes = from_base64(&file.digests).ok_or("the digests are no Base64")?;
        let (eights, rest) = bytes.as_chunks::<8>();
        if !rest.is_empty() || eights.len() != file.rows || file.rows > MOST_ROWS {
            return Err(format!("{} rows and {} bytes of digests", file.rows, bytes.len()));
        }
        Ok(Self::new(file.columns, eights.iter().map(|eight| u64::from_le_bytes(*eight))))
    }

    /// For each of these digests whether its row is taken to be one of the training. Of rows that are alike, as many are as there were in
    /// the training, the first ones: more of them are new ones.
    pub fn among(&self, digests: &[u64]) -> Vec<bool> {
        // Of rows that are alike, how many were found so far, at the place of the first of them.
        let mut found = vec![0_usize; self.len()];
        let is_among = |digest: &u64| {
            let first = self.digests.partition_point(|known| known < digest);
            let Some(count) = found.get_mut(first) else { return false };
            let is_left = self.digests.get(first + *count) == Some(digest);
            *count += usize::from(is_left);
            is_left
        };
        digests.iter().map(is_among).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> TrainedRows {
        TrainedRows::new(vec!["x".to_owned()], [7, 3, u64::MAX, 7])
    }

    #[test]
    fn the_file_is_one_whatever_the_order_and_comes_back() {
        let text = String::from_utf8(rows().bytes()).unwrap();
        assert_eq!(TrainedRows::new(vec!["x".to_owned()], [u64::MAX, 7, 7, 3]).bytes(), text.as_bytes());
        assert_eq!(TrainedRows::read(&text).unwrap(), rows());
        assert_eq!(rows().len(), 4);
        let none = TrainedRows::new(Vec::new(), []);
        assert!(none.is_empty());
        assert_eq!(TrainedRows::read(&String::from_utf8(none.bytes()).unwrap()).unwrap(), none);
    }

    #[test]
    fn as_many_copies_are_known_as_there_were() {
        assert_eq!(rows().among(&[7, 1, 7, 7, 3]), [true, false, true, false, true]);
        assert_eq!(rows().among(&[]), Vec::<bool>::new());
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        let text = String::from_utf8(rows().bytes()).unwrap();
        for changed in [
            text.replace("\"schema\": 1", "\"schema\": 2"),
            text.replace("\"rows\": 4", "\"rows\": 5"),
            text.replace("\"rows\": 4", "\"rows\": 18446744073709551615"),
            text.replace("\"digests\": \"", "\"digests\": \"!"),
            text.replace("\"columns\"", "\"colums\""),
            text[..text.len() / 2].to_owned(),
            "[]".to_owned(),
            String::new(),
        ] {
            assert!(TrainedRows::read(&changed).is_err(), "{changed}");
        }
    }
}
