//! The names that Hugging Face's `transformers` gives to the values of an encoder of texts, and ours; there and back.

use std::collections::BTreeMap;

use super::encoders::Family;
use crate::parameters::{Array, Arrays};

/// A layer or a table of values under both names; `#` is the number of a layer.
#[derive(Debug)]
pub(super) struct Name {
    /// Ours.
    ours: &'static str,
    /// Theirs; several where ours holds them side by side.
    theirs: &'static [&'static str],
}

const fn name(ours: &'static str, theirs: &'static [&'static str]) -> Name {
    Name { ours, theirs }
}

/// BERT's, and RoBERTa's.
pub(super) const BERT: &[Name] = &[
    name("encoder.words", &["embeddings.word_embeddings.weight"]),
    name("encoder.positions", &["embeddings.position_embeddings.weight"]),
    name("encoder.kinds", &["embeddings.token_type_embeddings.weight"]),
    name("encoder.norm", &["embeddings.LayerNorm"]),
    name(
        "encoder.layers.#.in_proj",
        &[
            "encoder.layer.#.attention.self.query",
            "encoder.layer.#.attention.self.key",
            "encoder.layer.#.attention.self.value",
        ],
    ),
    name("encoder.layers.#.out_proj", &["encoder.layer.#.attention.output.dense"]),
    name("encoder.layers.#.norm1", &["encoder.layer.#.attention.output.LayerNorm"]),
    name("encoder.layers.#.linear1", &["encoder.layer.#.intermediate.dense"]),
    name("encoder.layers.#.linear2", &["encoder.layer.#.output.dense"]),
    name("encoder.layers.#.norm2", &["encoder.layer.#.output.LayerNorm"]),
];
/// DistilBERT's.
pub(super) const DISTILBERT: &[Name] = &[
    name("encoder.words", &["embeddings.word_embeddings.weight"]),
    name("encoder.positions", &["embeddings.position_embeddings.weight"]),
    name("encoder.norm", &["embeddings.LayerNorm"]),
    name(
        "encoder.layers.#.in_proj",
        &[
            "transformer.layer.#.attention.q_lin",
            "transformer.layer.#.attention.k_lin",
            "transformer.layer.#.attention.v_lin",
        ],
    ),
    name("encoder.layers.#.out_proj", &["transformer.layer.#.attention.out_lin"]),
    name("encoder.layers.#.norm1", &["transformer.layer.#.sa_layer_norm"]),
    name("encoder.layers.#.linear1", &["transformer.layer.#.ffn.lin1"]),
    name("encoder.layers.#.linear2", &["transformer.layer.#.ffn.lin2"]),
    name("encoder.layers.#.norm2", &["transformer.layer.#.output_layer_norm"]),
];
/// Behind the encoder, as `BertForSequenceClassification` has it.
pub(super) const BERT_HEAD: &[Name] =
    &[name("pool.dense", &["pooler.dense"]), name("classifier", &["classifier"])];
/// `RobertaForSequenceClassification`.
pub(super) const ROBERTA_HEAD: &[Name] =
    &[name("pool.dense", &["classifier.dense"]), name("classifier", &["classifier.out_proj"])];
/// `DistilBertForSequenceClassification`, whose map before the last one has another activation than ours: it is left out.
pub(super) const DISTILBERT_HEAD: &[Name] = &[name("classifier", &["classifier"])];

/// Tables of vectors: matrices that are no linear layers, and stand as they are.
const TABLES: [&str; 3] = ["encoder.words", "encoder.positions", "encoder.kinds"];

impl Family {
    /// The names that our value called `ours` has there, in the order in which it holds them; none for a value that they do not know.
    pub(super) fn published(&self, ours: &str) -> Option<Vec<String>> {
        let (layer, number) = numbered(ours);
        self.names.iter().chain(self.head).find_map(|name| {
            let rest = layer.strip_prefix(name.ours)?;
            (rest.is_empty() || rest.starts_with('.')).then(|| {
                let theirs = |theirs: &&str| format!("{}{rest}", theirs.replace('#', number));
                name.theirs.iter().map(theirs).collect()
            })
        })
    }

    /// Published values under one set of names: without the prefix that stands there where a head is beside the encoder, and with
    /// PyTorch's newer names for the values of a norm.
    pub(super) fn usual(&self, published: &Arrays) -> Arrays {
        let usual = |(name, array): (&String, &Array)| {
            let name = name.strip_prefix(self.prefix).unwrap_or(name);
            let name = match name.rsplit_once('.') {
                Some((layer, "gamma")) => format!("{layer}.weight"),
                Some((layer, "beta")) => format!("{layer}.bias"),
                _ => name.to_owned(),
            };
            (name, array.clone())
        };
        Arrays(published.0.iter().map(usual).collect())
    }

    /// Our values under their names and in their layout; what they do not know keeps its name.
    #[must_use]
    pub fn to_published(&self, ours: &Arrays) -> Arrays {
        let mut published = BTreeMap::new();
        for (name, array) in &ours.0 {
            match self.published(name) {
                Some(theirs) => published.extend(theirs.iter().zip(apart(name, array, theirs.len())).map(
                    |(theirs, array)| {
                        let is_inside = name.starts_with("encoder.") || theirs.starts_with("pooler.");
                        let prefix = if is_inside { self.prefix } else { "" };
                        (format!("{prefix}{theirs}"), array)
                    },
                )),
                None => drop(published.insert(name.clone(), array.clone())),
            }
        }
        Arrays(published)
    }

    /// Values under their names as ours, for the names and extents of `wanted`; what is not there is left out.
    #[must_use]
    pub fn to_ours(&self, published: &Arrays, wanted: &Arrays) -> Arrays {
        let published = self.usual(published);
        let ours = |(name, wanted): (&String, &Array)| {
            let array = match self.published(name) {
                Some(theirs) => {
                    let parts: Option<Vec<&Array>> =
                        theirs.iter().map(|name| published.0.get(name)).collect();
                    together(name, &parts?, wanted)?
                }
                None => published.0.get(name)?.clone(),
            };
            Some((name.clone(), array))
        };
        Arrays(wanted.0.iter().filter_map(ours).collect())
    }
}

/// A name with `#` for the number of its layer, and the number.
fn numbered(name: &str) -> (String, &str) {
    const LAYERS: &str = "encoder.layers.";
    let number = name.strip_prefix(LAYERS).and_then(|rest| rest.split('.').next()).unwrap_or_default();
    match name.strip_prefix(LAYERS).and_then(|rest| rest.strip_prefix(number)) {
        Some(rest) => (format!("{LAYERS}#{rest}"), number),
        None => (name.to_owned(), number),
    }
}

/// Whether a value is the weight of a linear layer, which PyTorch has the other way round.
fn is_turned(name: &str, shape: &[usize]) -> bool {
    shape.len() == 2 && !TABLES.contains(&name)
}

/// Published parts as one value: the outputs of linear layers side by side. None where an extent does not fit.
fn together(name: &str, parts: &[&Array], wanted: &Array) -> Option<Array> {
    if !is_turned(name, &wanted.shape) {
        let values: Vec<f32> = parts.iter().flat_map(|part| part.values.iter().copied()).collect();
        let fits = match parts {
            [part] => part.shape == wanted.shape,
            _ => wanted.shape == [values.len()] && parts.iter().all(|part| part.shape.len() == 1),
        };
        return fits.then(|| Array { shape: wanted.shape.clone(), values });
    }
    let [inputs, outputs] = *wanted.shape.as_slice() else { return None };
    let fits = parts.iter().all(|part| part.shape.len() == 2 && part.shape[1] == inputs)
        && parts.iter().map(|part| part.shape[0]).sum::<usize>() == outputs;
    if !fits {
        return None;
    }
    let mut values = Vec::with_capacity(inputs * outputs);
    for input in 0..inputs {
        for part in parts {
            values.extend(part.values.iter().skip(input).step_by(inputs));
        }
    }
    Some(Array { shape: wanted.shape.clone(), values })
}

/// The published parts of a value.
fn apart(name: &str, array: &Array, parts: usize) -> Vec<Array> {
    let turned = is_turned(name, &array.shape);
    let (inputs, outputs) = match *array.shape.as_slice() {
        [inputs, outputs] if turned => (inputs, outputs),
        _ if parts > 1 => (1, array.values.len()),
        _ => return vec![array.clone()],
    };
    let each = outputs / parts;
    let part = |part: usize| {
        let value = |at: usize| array.values[at % inputs * outputs + part * each + at / inputs];
        let shape = if turned { vec![each, inputs] } else { vec![each] };
        Array { shape, values: (0..each * inputs).map(value).collect() }
    };
    (0..parts).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::super::encoders::FAMILIES;
    use super::*;

    #[test]
    fn names_and_layouts_go_there_and_back() {
        let array = |shape: &[usize], start: f32| {
            let count: usize = shape.iter().product();
            Array { shape: shape.to_vec(), values: (0..count).map(|i| start + i as f32).collect() }
        };
        let ours = Arrays(BTreeMap::from([
            ("encoder.words".to_owned(), array(&[5, 2], 0.0)),
            ("encoder.norm.weight".to_owned(), array(&[2], 20.0)),
            ("encoder.layers.11.in_proj.weight".to_owned(), array(&[2, 6], 30.0)),
            ("encoder.layers.11.in_proj.bias".to_owned(), array(&[6], 50.0)),
            ("encoder.layers.11.linear1.weight".to_owned(), array(&[2, 3], 60.0)),
            ("classifier.weight".to_owned(), array(&[2, 4], 70.0)),
            ("categories.tables.0".to_owned(), array(&[3, 2], 80.0)),
        ]));
        for family in FAMILIES {
            let published = family.to_published(&ours);
            assert_eq!(published.0.len(), ours.0.len() + 4, "{}", family.name);
            assert_eq!(family.to_ours(&published, &ours), ours, "{}", family.name);
        }
        let bert = FAMILIES[0].to_published(&ours);
        let key = &bert.0["bert.encoder.layer.11.attention.self.key.weight"];
        assert_eq!(
            (key.shape.as_slice(), key.values.as_slice()),
            (&[2, 2][..], &[32.0, 38.0, 33.0, 39.0][..])
        );
        assert_eq!(bert.0["bert.encoder.layer.11.attention.self.value.bias"].values, [54.0, 55.0]);
        assert!(bert.0.contains_key("classifier.weight"));
        let odd = Arrays(BTreeMap::from([("encoder.words".to_owned(), array(&[4, 2], 0.0))]));
        assert!(FAMILIES[0].to_ours(&bert, &odd).0.is_empty());
    }
}
