//! Tagged tensors: what every plugin's summaries are made of.

use super::proto::{
    DataClass, DataType, Extent, PluginData, SummaryMetadata, TensorProto, TensorShape, Value,
};

/// Which plugin shows a value, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plugin {
    /// The name that the plugin is registered under.
    pub(super) name: &'static str,
    /// How TensorBoard stores its series.
    pub(super) class: DataClass,
}

impl Plugin {
    /// A value for this plugin.
    pub(super) fn value(self, tag: impl Into<String>, tensor: TensorProto) -> Value {
        Value {
            tag: tag.into(),
            tensor: Some(tensor),
            metadata: Some(SummaryMetadata {
                plugin_data: Some(PluginData { plugin_name: self.name.to_owned(), content: Vec::new() }),
                summary_description: String::new(),
                data_class: self.class.into(),
            }),
        }
    }
}

impl Value {
    /// The same with Markdown that the page shows beside it.
    #[must_use]
    pub(super) fn describe(mut self, text: impl Into<String>) -> Self {
        if let Some(metadata) = &mut self.metadata {
            metadata.summary_description = text.into();
        }
        self
    }

    /// The same with what only its plugin reads.
    #[must_use]
    pub(super) fn with_content(mut self, content: Vec<u8>) -> Self {
        if let Some(data) = self.metadata.as_mut().and_then(|metadata| metadata.plugin_data.as_mut()) {
            data.content = content;
        }
        self
    }
}

/// A tensor of 32-bit floats, row-major; no extent is a single number.
pub(super) fn floats(extents: &[usize], values: impl IntoIterator<Item = f32>) -> TensorProto {
    let tensor_content = values.into_iter().flat_map(f32::to_le_bytes).collect();
    TensorProto { tensor_content, ..typed(DataType::Float, extents) }
}

/// A tensor of 64-bit floats.
pub(super) fn doubles(extents: &[usize], values: impl IntoIterator<Item = f64>) -> TensorProto {
    let tensor_content = values.into_iter().flat_map(f64::to_le_bytes).collect();
    TensorProto { tensor_content, ..typed(DataType::Double, extents) }
}

/// A tensor of one text or string of bytes.
pub(super) fn string(bytes: impl Into<Vec<u8>>) -> TensorProto {
    TensorProto { string_val: vec![bytes.into()], ..typed(DataType::String, &[]) }
}

/// A row of strings of bytes.
pub(super) fn strings(values: Vec<Vec<u8>>) -> TensorProto {
    TensorProto {
        tensor_shape: Some(shape(&[values.len()])),
        string_val: values,
        ..typed(DataType::String, &[])
    }
}

fn typed(dtype: DataType, extents: &[usize]) -> TensorProto {
    TensorProto {
        dtype: dtype.into(),
        tensor_shape: Some(shape(extents)),
        tensor_content: Vec::new(),
        string_val: Vec::new(),
    }
}

fn shape(extents: &[usize]) -> TensorShape {
    TensorShape { dim: extents.iter().map(|&extent| Extent { size: extent as i64 }).collect() }
}
