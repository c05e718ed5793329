//! Reading rows straight into columns, so that no tree of values is built of a body.

use bytes::Bytes;
use plumb_data::Kind;
use plumb_data::read::time_of;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::cells::Cells;
use crate::signature::Input;
use crate::{ApiError, Limits, Signature, json, oip};

/// Rows that are asked about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AskedRows {
    /// What the client calls the request.
    pub(crate) id: Option<String>,
    /// The values of each column of the model.
    pub(crate) cells: Vec<Cells>,
    /// Whether reasons are wanted.
    pub(crate) explain: bool,
}

/// What a body asks.
pub(crate) fn read(body: &[u8], signature: &Signature, limits: &Limits) -> Result<AskedRows, ApiError> {
    json::check_depth(body, limits)?;
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let columns = Columns { inputs: &signature.inputs, most: limits.rows };
    let asked =
        BodySeed(columns).deserialize(&mut deserializer).and_then(|asked| deserializer.end().map(|()| asked));
    let asked = asked.map_err(|error| json::explained(&error))?;
    if asked.id.as_deref() == Some("") {
        return Err(ApiError::bad("an id has at least one character"));
    }
    oip::check_id(asked.id.as_deref(), limits)?;
    if asked.cells.first().is_none_or(|cells| cells.len() == 0) {
        return Err(ApiError::bad("there are no rows"));
    }
    Ok(asked)
}

#[derive(Clone, Copy)]
struct Columns<'a> {
    inputs: &'a [Input],
    most: usize,
}

struct BodySeed<'a>(Columns<'a>);

impl<'de> DeserializeSeed<'de> for BodySeed<'_> {
    type Value = AskedRows;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<AskedRows, D::Error> {
        deserializer.deserialize_map(self)
    }
}

const FIELDS: &[&str] = &["id", "rows", "explain"];

impl<'de> Visitor<'de> for BodySeed<'_> {
    type Value = AskedRows;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object with `rows`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AskedRows, A::Error> {
        let (mut id, mut cells, mut explain) = (None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "id" if id.is_none() => id = Some(map.next_value::<Option<String>>()?),
                "rows" if cells.is_none() => cells = Some(map.next_value_seed(RowsSeed(self.0))?),
                "explain" if explain.is_none() => explain = Some(map.next_value::<bool>()?),
                "explain" => return Err(A::Error::duplicate_field("explain")),
                "id" => return Err(A::Error::duplicate_field("id")),
                "rows" => return Err(A::Error::duplicate_field("rows")),
                other => return Err(A::Error::unknown_field(other, FIELDS)),
            }
        }
        let cells = cells.ok_or_else(|| A::Error::missing_field("rows"))?;
        Ok(AskedRows { id: id.flatten(), cells, explain: explain.unwrap_or(false) })
    }
}

struct RowsSeed<'a>(Columns<'a>);

impl<'de> DeserializeSeed<'de> for RowsSeed<'_> {
    type Value = Vec<Cells>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Cells>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for RowsSeed<'_> {
    type Value = Vec<Cells>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Cells>, A::Error> {
        let mut cells: Vec<Cells> = self.0.inputs.iter().map(|input| Cells::empty(input.kind, 1)).collect();
        let mut row = 0;
        while seq.next_element_seed(RowSeed { inputs: self.0.inputs, cells: &mut cells, row })?.is_some() {
            row += 1;
            if row > self.0.most {
                return Err(A::Error::custom(format!("more rows than the limit of {}", self.0.most)));
            }
        }
        Ok(cells)
    }
}

struct RowSeed<'a> {
    inputs: &'a [Input],
    cells: &'a mut Vec<Cells>,
    row: usize,
}

impl<'de> DeserializeSeed<'de> for RowSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RowSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a row: an object with a value for each column")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let row = self.row;
        // Keys stand in the order of the columns, most likely.
        let mut next = 0;
        while let Some(found) = map.next_key_seed(KeySeed { inputs: self.inputs, next })? {
            let Some((place, input)) = found.and_then(|place| Some((place, self.inputs.get(place)?))) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let Some(cells) = self.cells.get_mut(place) else { continue };
            if cells.len() != row {
                return Err(A::Error::custom(format!("row {row} has `{}` twice", input.name)));
            }
            map.next_value_seed(CellSeed { input, cells, row })?;
            next = place + 1;
        }
        let lacking = self.inputs.iter().zip(self.cells.iter()).find(|(_, cells)| cells.len() == row);
        match lacking {
            None => Ok(()),
            Some((input, _)) => Err(A::Error::custom(format!(
                "row {row} lacks `{}`; where it is missing, send null",
                input.name
            ))),
        }
    }
}

/// The place of a column by its name; none of a column that the model does not read.
struct KeySeed<'a> {
    inputs: &'a [Input],
    next: usize,
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the name of a column")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Option<usize>, E> {
        if self.inputs.get(self.next).is_some_and(|input| input.name == name) {
            return Ok(Some(self.next));
        }
        Ok(self.inputs.iter().position(|input| input.name == name))
    }
}

struct CellSeed<'a> {
    input: &'a Input,
    cells: &'a mut Cells,
    row: usize,
}

impl CellSeed<'_> {
    fn wrong<E: Error>(&self) -> E {
        let (row, name) = (self.row, &self.input.name);
        E::custom(format!("row {row}, column `{name}`: no {}", self.input.kind.as_str()))
    }
}

impl<'de> DeserializeSeed<'de> for CellSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for CellSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.cells.push_missing();
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        match self.cells {
            Cells::Texts(values) if self.input.kind != Kind::Text => values.push(Some(value.to_string())),
            _ => return Err(self.wrong()),
        }
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        match self.cells {
            Cells::Numbers(values) => values.push(value as f64),
            Cells::Times(values) => values.push(Some(value)),
            Cells::Texts(values) if self.input.kind != Kind::Text => values.push(Some(value.to_string())),
            _ => return Err(self.wrong()),
        }
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => self.visit_f64(value as f64),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        match self.cells {
            Cells::Numbers(values) => values.push(value),
            Cells::Texts(values) if self.input.kind != Kind::Text => values.push(Some(value.to_string())),
            _ => return Err(self.wrong()),
        }
        Ok(())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        if value.is_empty() && self.input.kind != Kind::Text {
            self.cells.push_missing();
            return Ok(());
        }
        match self.cells {
            Cells::Numbers(values) => match value.trim().parse::<f64>() {
                Ok(number) if !number.is_nan() => values.push(number),
                _ => return Err(self.wrong()),
            },
            Cells::Times(values) => match time_of(value) {
                Some(time) => values.push(Some(time)),
                None => return Err(self.wrong()),
            },
            Cells::Texts(values) => values.push(Some(value.to_owned())),
            Cells::Files(values) => values.push(Some(Bytes::copy_from_slice(value.as_bytes()))),
            Cells::Pictures(_) => return Err(self.wrong()),
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _seq: A) -> Result<(), A::Error> {
        Err(self.wrong())
    }

    fn visit_map<A: MapAccess<'de>>(self, _map: A) -> Result<(), A::Error> {
        Err(self.wrong())
    }
}
