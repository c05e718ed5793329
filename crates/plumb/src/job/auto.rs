//! A value that a person may leave to Plumb: `"auto"` in the job file.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `"auto"`, or a value given by the person. `resolve` turns every one into a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Auto<T> {
    /// Plumb chooses, from the preset and the data.
    #[default]
    Auto,
    /// The person has chosen.
    Value(T),
}

impl<T> Auto<T> {
    /// The given value, or the one that Plumb chooses.
    pub(crate) fn or(self, chosen: T) -> T {
        match self {
            Self::Auto => chosen,
            Self::Value(value) => value,
        }
    }
}

impl<T: Copy> Auto<T> {
    /// The given value, if there is one.
    pub(crate) fn value(&self) -> Option<T> {
        match self {
            Self::Auto => None,
            Self::Value(value) => Some(*value),
        }
    }
}

impl<T: Serialize> Serialize for Auto<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Value(value) => value.serialize(serializer),
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Auto<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = toml::Value::deserialize(deserializer)?;
        if value.as_str() == Some("auto") {
            return Ok(Self::Auto);
        }
        T::deserialize(value).map(Self::Value).map_err(D::Error::custom)
    }
}

impl<T: JsonSchema> JsonSchema for Auto<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Auto_{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "const": "auto" }, generator.subschema_for::<T>()] })
    }
}
