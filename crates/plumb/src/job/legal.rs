//! What a key accepts, as its JSON schema says: shown to people and held against what they typed.

use serde_json::Value;
use toml::de::DeValue;

/// The legal values of a key.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Legal {
    /// The accepted words, each with what it means; the meaning may be empty.
    pub(crate) words: Vec<(String, String)>,
    types: Vec<String>,
    bounds: Bounds,
    items: Option<Box<Legal>>,
    values: Option<Box<Legal>>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Bounds {
    least: Option<f64>,
    over: Option<f64>,
    most: Option<f64>,
    under: Option<f64>,
}

impl Legal {
    /// Reads the schema of one key.
    pub(crate) fn of(schema: &Value) -> Self {
        let mut legal = Self::default();
        legal.gather(schema);
        legal
    }

    fn gather(&mut self, schema: &Value) {
        for list in ["anyOf", "oneOf"] {
            for option in schema.get(list).and_then(Value::as_array).into_iter().flatten() {
                self.gather(option);
            }
        }
        let words = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
        let meaning = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        for word in words.chain(schema.get("const")).filter_map(Value::as_str) {
            let meaning =
                if schema.get("const").is_some() { meaning.replace('\n', " ") } else { String::new() };
            self.words.push((word.to_owned(), meaning));
        }
        self.gather_types(schema);
        self.bounds.tighten(schema);
    }

    fn gather_types(&mut self, schema: &Value) {
        let is_word = schema.get("enum").or(schema.get("const")).is_some();
        let types: Vec<&str> = match schema.get("type") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let types = types.into_iter().filter(|&name| name != "null" && !is_word);
        self.types.extend(types.map(str::to_owned));
        if let Some(items) = schema.get("items") {
            self.items = Some(Box::new(Self::of(items)));
        }
        if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object()) {
            self.values = Some(Box::new(Self::of(values)));
        }
    }

    /// The legal values as a person would say them: `` `auto` or a number over 0 ``.
    pub(crate) fn describe(&self) -> String {
        self.phrase(false)
    }

    fn phrase(&self, plural: bool) -> String {
        let mut options: Vec<String> = self.words.iter().map(|(word, _)| format!("`{word}`")).collect();
        for name in &self.types {
            let noun = |one: &str, many: &str| if plural { many.to_owned() } else { one.to_owned() };
            options.push(match name.as_str() {
                "integer" => noun("a whole number", "whole numbers") + &self.bounds.describe(),
                "number" => noun("a number", "numbers") + &self.bounds.describe(),
                "boolean" => "true or false".to_owned(),
                "array" => noun("a list", "lists") + &of_what(self.items.as_deref()),
                "object" => noun("a table", "tables") + &of_what(self.values.as_deref()),
                _ => noun("a text", "texts"),
            });
        }
        match options.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
            None => String::new(),
        }
    }

    /// Holds a value against this; says what is illegal and where, by a span of the source.
    pub(crate) fn check(&self, value: &toml::Spanned<DeValue<'_>>) -> Result<(), std::ops::Range<usize>> {
        let legal = match value.get_ref() {
            DeValue::String(text) => self.words.iter().any(|(word, _)| word == text) || self.takes("string"),
            DeValue::Integer(number) => {
                let parsed = i128::from_str_radix(number.as_str(), number.radix()).ok();
                (self.takes("integer") || self.takes("number"))
                    && parsed.is_some_and(|n| i64::try_from(n).is_ok() && self.bounds.hold(n as f64))
            }
            DeValue::Float(number) => {
                let parsed = number.as_str().parse::<f64>().ok();
                self.takes("number") && parsed.is_some_and(|x| x.is_finite() && self.bounds.hold(x))
            }
            DeValue::Boolean(_) => self.takes("boolean"),
            DeValue::Array(array) if self.takes("array") => {
                return check_each(self.items.as_deref(), array.iter());
            }
            DeValue::Table(table) if self.takes("object") => {
                return check_each(self.values.as_deref(), table.values());
            }
            DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => false,
        };
        if legal { Ok(()) } else { Err(value.span()) }
    }

    fn takes(&self, name: &str) -> bool {
        self.types.iter().any(|known| known == name)
    }
}

fn check_each<'a, 'i: 'a>(
    legal: Option<&Legal>,
    mut values: impl Iterator<Item = &'a toml::Spanned<DeValue<'i>>>,
) -> Result<(), std::ops::Range<usize>> {
    legal.map_or(Ok(()), |legal| values.try_for_each(|value| legal.check(value)))
}

fn of_what(inner: Option<&Legal>) -> String {
    inner.map(|legal| format!(" of {}", legal.phrase(true))).unwrap_or_default()
}

impl Bounds {
    fn tighten(&mut self, schema: &Value) {
        let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
        let larger = |old: Option<f64>, new: Option<f64>| old.into_iter().chain(new).reduce(f64::max);
        let smaller = |old: Option<f64>, new: Option<f64>| old.into_iter().chain(new).reduce(f64::min);
        self.least = larger(self.least, bound("minimum"));
        self.over = larger(self.over, bound("exclusiveMinimum"));
        self.most = smaller(self.most, bound("maximum"));
        self.under = smaller(self.under, bound("exclusiveMaximum"));
    }

    fn hold(self, x: f64) -> bool {
        self.least.is_none_or(|least| x >= least)
            && self.over.is_none_or(|over| x > over)
            && self.most.is_none_or(|most| x <= most)
            && self.under.is_none_or(|under| x < under)
    }

    fn describe(self) -> String {
        let low = match (self.over, self.least) {
            (Some(over), _) => format!(" over {over}"),
            (None, Some(least)) => format!(" from {least}"),
            (None, None) => String::new(),
        };
        match (self.under, self.most) {
            (Some(under), _) if low.is_empty() => format!(" under {under}"),
            (Some(under), _) => format!("{low} and under {under}"),
            (None, Some(most)) if self.over.is_some() => format!("{low} and up to {most}"),
            (None, Some(most)) if low.is_empty() => format!(" up to {most}"),
            (None, Some(most)) => format!("{low} to {most}"),
            (None, None) => low,
        }
    }
}
