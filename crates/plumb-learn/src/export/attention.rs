//! Self-attention as operators.

use plumb_onnx::{GraphWriter, Name, Setting};

/// From queries, keys and values side by side, `[rows, tokens, 3 width]`, to what the heads find, `[rows, tokens, width]`. `hidden` is added
/// to the scores, `[rows, 1, 1, tokens]`: 0, or far below 0 for tokens that fill up.
pub(crate) fn self_attention(
    graph: &mut GraphWriter,
    projected: &Name,
    [width, heads]: [usize; 2],
    hidden: Option<&Name>,
) -> Name {
    let depth = width / heads.max(1);
    let parts = graph.wholes("heads", &[5], &[0, 0, 3, heads as i64, depth as i64]);
    let parted = graph.node("Reshape", &[projected, &parts], &[]);
    let turned = graph.node("Transpose", &[&parted], &[("perm", Setting::Ints(&[2, 0, 3, 1, 4]))]);
    let [query, key, value] = [0, 1, 2].map(|part| {
        let part = graph.wholes("part", &[], &[part]);
        graph.node("Gather", &[&turned, &part], &[("axis", Setting::Int(0))])
    });
    let key = graph.node("Transpose", &[&key], &[("perm", Setting::Ints(&[0, 1, 3, 2]))]);
    let scale = graph.floats("attention.scale", &[], &[1.0 / (depth.max(1) as f32).sqrt()]);
    let query = graph.node("Mul", &[&query, &scale], &[]);
    let mut scores = graph.node("MatMul", &[&query, &key], &[]);
    if let Some(hidden) = hidden {
        scores = graph.node("Add", &[&scores, hidden], &[]);
    }
    let shares = graph.node("Softmax", &[&scores], &[("axis", Setting::Int(-1))]);
    let found = graph.node("MatMul", &[&shares, &value], &[]);
    let found = graph.node("Transpose", &[&found], &[("perm", Setting::Ints(&[0, 2, 1, 3]))]);
    let joined = graph.wholes("joined", &[3], &[0, 0, width as i64]);
    graph.node("Reshape", &[&found, &joined], &[])
}
