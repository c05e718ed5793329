//! Texts and codes.

use std::collections::HashMap;

use super::{Outputs, input};
use crate::error::wrong;
use crate::proto::Node;
use crate::tensor::text;
use crate::{OnnxError, Tensor, Values};

/// `OneHotEncoder`: a further extent with a 1 for the category; all 0 for one that is not known, where that is allowed.
pub(super) fn one_hot_encoder(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let x = input(node, inputs, 0)?;
    let (texts, whole) = (node.strings("cats_strings"), node.ints("cats_int64s"));
    let place = |at: usize| match x.values() {
        Values::Texts(values) => texts.iter().position(|known| *known == values[at]),
        Values::Whole(values) => whole.iter().position(|known| *known == values[at]),
        Values::Floats(values) => whole.iter().position(|known| (*known as f32 - values[at]).abs() <= 0.0),
    };
    let count = texts.len().max(whole.len());
    let mut values = vec![0.0; x.values().len() * count];
    for at in 0..x.values().len() {
        match place(at) {
            Some(place) => values[at * count + place] = 1.0,
            None if node.int("zeros", 1) != 0 => {}
            None => return Err(node.wrong("a category that is not known")),
        }
    }
    let shape = x.shape().iter().copied().chain([count]).collect();
    Ok(vec![Tensor::new(shape, Values::Floats(values))?])
}

/// `LabelEncoder`: values of one list to those at the same places of another.
pub(super) fn label_encoder(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let x = input(node, inputs, 0)?;
    let keys = keys(node)?;
    let places: HashMap<&str, usize> =
        keys.iter().enumerate().map(|(at, key)| (key.as_str(), at)).rev().collect();
    let found = written(x).into_iter().map(|value| places.get(value.as_str()).copied());
    let found: Vec<Option<usize>> = found.collect();
    let values = values(node, &found)?;
    Ok(vec![Tensor::new(x.shape().to_vec(), values)?])
}

/// The keys as they are looked up.
fn keys(node: &Node) -> Result<Vec<String>, OnnxError> {
    // Before the second version of the operator a list of classes stood for both.
    for name in ["keys_strings", "classes_strings"] {
        if node.list(name).is_some() {
            return Ok(node.strings(name));
        }
    }
    if node.list("keys_int64s").is_some() {
        return Ok(node.ints("keys_int64s").iter().map(i64::to_string).collect());
    }
    if let Some(message) = node.list("keys_tensor").and_then(|attribute| attribute.t.as_ref()) {
        return Ok(written(&Tensor::of_message(message)?));
    }
    Ok(node.floats("keys_floats")?.iter().map(|key| key_of(*key)).collect())
}

/// A number as a key: all NaN are one, and 0 is -0.
fn key_of(x: f32) -> String {
    if x.is_nan() { "NaN".to_owned() } else { (x + 0.0).to_string() }
}

fn written(x: &Tensor) -> Vec<String> {
    match x.values() {
        Values::Texts(values) => values.clone(),
        Values::Whole(values) => values.iter().map(i64::to_string).collect(),
        Values::Floats(values) => values.iter().map(|value| key_of(*value)).collect(),
    }
}

/// The values at the places found; the default elsewhere.
fn values(node: &Node, found: &[Option<usize>]) -> Result<Values, OnnxError> {
    fn pick<T: Clone>(list: &[T], found: &[Option<usize>], usual: &T) -> Vec<T> {
        found.iter().map(|place| place.and_then(|place| list.get(place)).unwrap_or(usual).clone()).collect()
    }
    if let Some(message) = node.list("values_tensor").and_then(|attribute| attribute.t.as_ref()) {
        let usual = node
            .list("default_tensor")
            .and_then(|attribute| attribute.t.as_ref())
            .map(Tensor::of_message)
            .transpose()?;
        return Ok(match (Tensor::of_message(message)?.values(), usual.as_ref().map(Tensor::values)) {
            (Values::Floats(list), Some(Values::Floats(usual))) => {
                Values::Floats(pick(list, found, usual.first().unwrap_or(&0.0)))
            }
            (Values::Floats(list), _) => Values::Floats(pick(list, found, &-0.0)),
            (Values::Whole(list), Some(Values::Whole(usual))) => {
                Values::Whole(pick(list, found, usual.first().unwrap_or(&-1)))
            }
            (Values::Whole(list), _) => Values::Whole(pick(list, found, &-1)),
            (Values::Texts(list), Some(Values::Texts(usual))) => {
                Values::Texts(pick(list, found, usual.first().unwrap_or(&String::new())))
            }
            (Values::Texts(list), _) => Values::Texts(pick(list, found, &"_Unused".to_owned())),
        });
    }
    if node.list("values_strings").is_some() {
        let usual =
            node.list("default_string").map_or_else(|| "_Unused".to_owned(), |attribute| text(&attribute.s));
        return Ok(Values::Texts(pick(&node.strings("values_strings"), found, &usual)));
    }
    if node.list("values_floats").is_some() {
        return Ok(Values::Floats(pick(
            &node.floats("values_floats")?,
            found,
            &node.float("default_float", -0.0),
        )));
    }
    let usual = node.int("default_int64", -1);
    if node.list("values_int64s").is_some() {
        return Ok(Values::Whole(pick(&node.ints("values_int64s"), found, &usual)));
    }
    if node.list("classes_strings").is_some() {
        return Ok(Values::Whole(
            found.iter().map(|place| place.map_or(usual, |place| place as i64)).collect(),
        ));
    }
    Err(wrong("LabelEncoder", "there are no values"))
}

/// `CategoryMapper`: texts to whole numbers, or the other way round.
pub(super) fn category_mapper(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let x = input(node, inputs, 0)?;
    let (texts, whole) = (node.strings("cats_strings"), node.ints("cats_int64s"));
    let values = match x.values() {
        Values::Texts(values) => {
            let usual = node.int("default_int64", -1);
            let code = |value: &String| {
                texts.iter().position(|known| known == value).and_then(|at| whole.get(at)).copied()
            };
            Values::Whole(values.iter().map(|value| code(value).unwrap_or(usual)).collect())
        }
        Values::Whole(values) => {
            let usual = node
                .list("default_string")
                .map_or_else(|| "_Unused".to_owned(), |attribute| text(&attribute.s));
            let name = |value: &i64| {
                whole.iter().position(|known| known == value).and_then(|at| texts.get(at)).cloned()
            };
            Values::Texts(values.iter().map(|value| name(value).unwrap_or_else(|| usual.clone())).collect())
        }
        Values::Floats(_) => return Err(node.wrong("texts or whole numbers are wanted")),
    };
    Ok(vec![Tensor::new(x.shape().to_vec(), values)?])
}
