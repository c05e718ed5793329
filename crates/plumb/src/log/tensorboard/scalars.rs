//! The plugin `scalars`: curves of the training, final figures.

use plumb_learn::train::Event;

use super::proto::{DataClass, Value};
use super::value::{Plugin, floats};
use crate::log::note::{Content, Note, curves};

const PLUGIN: Plugin = Plugin { name: "scalars", class: DataClass::Scalar };

pub(super) fn values(note: &Note) -> Vec<Value> {
    let figures = match &note.content {
        Content::Event(event) => of_event(event),
        Content::Measured(measured) => measured.figures.clone(),
        _ => Vec::new(),
    };
    figures.into_iter().map(|(tag, value)| PLUGIN.value(tag, floats(&[], [value as f32]))).collect()
}

/// The curves' points of an event, each under its tag.
fn of_event(event: &Event) -> Vec<(String, f64)> {
    match event {
        Event::Step { .. } | Event::Epoch { .. } => curves(event),
        Event::Layers { layers, activations, attention, .. } => {
            let of_layer = layers.iter().flat_map(|(name, stats)| {
                [
                    (format!("gradient_norm/{name}"), stats.grad_norm),
                    (format!("weight_norm/{name}"), stats.weight_norm),
                    (format!("update_ratio/{name}"), stats.update_ratio),
                ]
            });
            let of_activation = activations.iter().flat_map(|(name, stats)| {
                [
                    (format!("activation_mean/{name}"), stats.mean),
                    (format!("activation_sd/{name}"), stats.sd),
                    (format!("activation_dead/{name}"), stats.dead),
                    (format!("activation_saturated/{name}"), stats.saturated),
                ]
            });
            let of_heads = attention.iter().flat_map(|(name, heads)| {
                let head = move |(head, evenness): (usize, &f64)| {
                    (format!("attention_evenness/{name}/{}", head + 1), *evenness)
                };
                heads.iter().enumerate().map(head)
            });
            of_layer.chain(of_activation).chain(of_heads).collect()
        }
    }
}
