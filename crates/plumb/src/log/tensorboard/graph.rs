//! The plugin `graphs`: the layers of the network with the shapes of their values.
//!
//! The network says which layers it has and in which order they are declared; what flows where is drawn after that order. Layers in [`BESIDE`] see what
//! their block sees, and their block gives what they give beside the rest. Shortcuts without a layer of their own are not drawn.

use std::collections::BTreeMap;

use plumb_learn::parameters::Declared;
use prost::Message as _;

use super::proto::{AttrValue, Attribute, GraphDef, NodeDef, VersionDef};

/// The node that rows come in by.
const INPUT: &str = "rows";
/// Parts of networks that lie beside each other: encoders of columns, the shortcut of a block, the two ways through a text.
const BESIDE: [&str; 7] = ["numbers", "categories", "picture", "text", "downsample", "ahead", "back"];

/// A part of the network: a layer with values, parts within it, or both.
#[derive(Debug, Default)]
struct Part<'a> {
    values: Vec<(&'a str, &'a Declared)>,
    parts: Vec<(&'a str, Part<'a>)>,
}

/// A graph as bytes, as an event holds it.
pub(super) fn graph(network: &[Declared]) -> Vec<u8> {
    let mut whole = Part::default();
    for value in network {
        whole.insert(&value.name, value);
    }
    let mut nodes = vec![node(INPUT, "Placeholder", Vec::new(), BTreeMap::new())];
    let ends = whole.draw("", vec![INPUT.to_owned()], &mut nodes);
    nodes.push(node("outputs", "Identity", ends, BTreeMap::new()));
    let versions = Some(VersionDef { producer: 22 });
    GraphDef { node: nodes, versions }.encode_to_vec()
}

impl<'a> Part<'a> {
    fn insert(&mut self, path: &'a str, value: &'a Declared) {
        let Some((first, rest)) = path.split_once('.') else {
            self.values.push((path, value));
            return;
        };
        let place = self.parts.iter().position(|(name, _)| *name == first).unwrap_or_else(|| {
            self.parts.push((first, Part::default()));
            self.parts.len() - 1
        });
        self.parts[place].1.insert(rest, value);
    }

    /// Adds the part's nodes; answers with the names of those that give what it gives.
    fn draw(&self, path: &str, inputs: Vec<String>, nodes: &mut Vec<NodeDef>) -> Vec<String> {
        let mut main = self.draw_values(path, &inputs, nodes);
        let mut beside = Vec::new();
        for (name, part) in &self.parts {
            let within = if path.is_empty() { (*name).to_owned() } else { format!("{path}/{name}") };
            if BESIDE.contains(name) {
                beside.extend(part.draw(&within, inputs.clone(), nodes));
            } else {
                let from = main.take().unwrap_or_else(|| inputs.clone());
                main = Some(part.draw(&within, from.into_iter().chain(beside.drain(..)).collect(), nodes));
            }
        }
        let ends: Vec<String> = main.into_iter().flatten().chain(beside).collect();
        if ends.is_empty() { inputs } else { ends }
    }

    /// The layer itself: one node; none for a part that only holds others. Values of the whole network have a node each.
    fn draw_values(&self, path: &str, inputs: &[String], nodes: &mut Vec<NodeDef>) -> Option<Vec<String>> {
        let (_, first) = self.values.first()?;
        if path.is_empty() {
            nodes.extend(self.values.iter().map(|value| {
                node(value.0, "Parameter", inputs.to_vec(), attributes(std::slice::from_ref(value)))
            }));
            return Some(self.values.iter().map(|value| value.0.to_owned()).collect());
        }
        nodes.push(node(path, &first.layer, inputs.to_vec(), attributes(&self.values)));
        Some(vec![path.to_owned()])
    }
}

fn node(name: &str, op: &str, input: Vec<String>, attr: BTreeMap<String, AttrValue>) -> NodeDef {
    NodeDef { name: name.to_owned(), op: op.to_owned(), input, attr }
}

/// The shape of each value, and how many numbers there are.
fn attributes(values: &[(&str, &Declared)]) -> BTreeMap<String, AttrValue> {
    let shape = |of: &Declared| Attribute::Text(format!("{:?}", of.shape).into_bytes());
    let count = |of: &Declared| of.shape.iter().product::<usize>();
    let total: usize = values.iter().map(|(_, of)| count(of)).sum();
    let attribute = |value| AttrValue { value: Some(value) };
    let shapes = values.iter().map(|(name, of)| ((*name).to_owned(), attribute(shape(of))));
    let total = ("numbers".to_owned(), attribute(Attribute::Number(total as i64)));
    shapes.chain(std::iter::once(total)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(names: &[&str]) -> Vec<(String, String)> {
        let declared: Vec<Declared> = (names.iter())
            .map(|name| Declared { name: (*name).to_owned(), layer: "Linear".to_owned(), shape: vec![2, 3] })
            .collect();
        let graph = GraphDef::decode(graph(&declared).as_slice()).unwrap();
        graph.node.into_iter().map(|node| (node.name, node.input.join(" "))).collect()
    }

    fn expect(names: &[&str], expected: &[(&str, &str)]) {
        let expected: Vec<(String, String)> =
            expected.iter().map(|(name, inputs)| ((*name).to_owned(), (*inputs).to_owned())).collect();
        assert_eq!(edges(names), expected);
    }

    #[test]
    fn encoders_stand_side_by_side_and_layers_in_a_row() {
        expect(
            &[
                "numbers.weight",
                "categories.0.weight",
                "blocks.0.linear.weight",
                "blocks.0.linear.bias",
                "head.weight",
            ],
            &[
                ("rows", ""),
                ("numbers", "rows"),
                ("categories/0", "rows"),
                ("blocks/0/linear", "rows numbers categories/0"),
                ("head", "blocks/0/linear"),
                ("outputs", "head"),
            ],
        );
    }

    #[test]
    fn a_shortcut_begins_where_its_block_does() {
        expect(
            &[
                "conv1.weight",
                "layer1.0.conv1.weight",
                "layer1.0.conv2.weight",
                "layer1.0.downsample.0.weight",
                "fc.weight",
            ],
            &[
                ("rows", ""),
                ("conv1", "rows"),
                ("layer1/0/conv1", "conv1"),
                ("layer1/0/conv2", "layer1/0/conv1"),
                ("layer1/0/downsample/0", "conv1"),
                ("fc", "layer1/0/conv2 layer1/0/downsample/0"),
                ("outputs", "fc"),
            ],
        );
    }

    #[test]
    fn a_network_without_values_is_a_line_from_rows_to_outputs() {
        expect(&[], &[("rows", ""), ("outputs", "rows")]);
    }
}
