//! Self-attention as operators.

use plumb_onnx::{GraphWriter, Name, Setting};

/// What attention is told of tokens beside their vectors.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sight {
    /// Added to the scores, `[rows, 1, 1, tokens]`: 0, or far below 0 for tokens that fill up.
    pub(crate) hidden: Option<Name>,
    /// Cosines and sines by which queries and keys are turned, `[tokens, depth / 2]` each.
    pub(crate) turned: Option<[Name; 2]>,
}

/// From queries, keys and values side by side, `[rows, tokens, 3 width]`, to what the heads find, `[rows, tokens, width]`.
pub(crate) fn self_attention(
    graph: &mut GraphWriter,
    projected: &Name,
    [width, heads]: [usize; 2],
    sight: &Sight,
) -> Name {
    let depth = width / heads.max(1);
    let parts = graph.wholes("heads", &[5], &[0, 0, 3, heads as i64, depth as i64]);
    let parted = graph.node("Reshape", &[projected, &parts], &[]);
    let turned = graph.node("Transpose", &[&parted], &[("perm", Setting::Ints(&[2, 0, 3, 1, 4]))]);
    let [mut query, mut key, value] = [0, 1, 2].map(|part| {
        let part = graph.wholes("part", &[], &[part]);
        graph.node("Gather", &[&turned, &part], &[("axis", Setting::Int(0))])
    });
    if let Some(angles) = &sight.turned {
        [query, key] = [query, key].map(|vectors| turn(graph, &vectors, depth, angles));
    }
    let key = graph.node("Transpose", &[&key], &[("perm", Setting::Ints(&[0, 1, 3, 2]))]);
    let scale = graph.floats("attention.scale", &[], &[1.0 / (depth.max(1) as f32).sqrt()]);
    let query = graph.node("Mul", &[&query, &scale], &[]);
    let mut scores = graph.node("MatMul", &[&query, &key], &[]);
    if let Some(hidden) = &sight.hidden {
        scores = graph.node("Add", &[&scores, hidden], &[]);
    }
    let shares = graph.node("Softmax", &[&scores], &[("axis", Setting::Int(-1))]);
    let found = graph.node("MatMul", &[&shares, &value], &[]);
    let found = graph.node("Transpose", &[&found], &[("perm", Setting::Ints(&[0, 2, 1, 3]))]);
    let joined = graph.wholes("joined", &[3], &[0, 0, width as i64]);
    graph.node("Reshape", &[&found, &joined], &[])
}

/// `[rows, heads, tokens, depth]`: the unit `i` turned with the unit `i + depth / 2`.
fn turn(graph: &mut GraphWriter, vectors: &Name, depth: usize, [cosine, sine]: &[Name; 2]) -> Name {
    let half = depth / 2;
    let mut units = |from: usize, to: usize| {
        let [from, to, last] = [from, to, 3].map(|value| graph.wholes("units", &[1], &[value as i64]));
        graph.node("Slice", &[vectors, &from, &to, &last], &[])
    };
    let (first, second) = (units(0, half), units(half, 2 * half));
    let rest = (depth > 2 * half).then(|| units(2 * half, depth));
    let mut times = |vectors: &Name, by: &Name| graph.node("Mul", &[vectors, by], &[]);
    let (ahead, back) = (times(&first, cosine), times(&second, sine));
    let (other, added) = (times(&second, cosine), times(&first, sine));
    let first = graph.node("Sub", &[&ahead, &back], &[]);
    let second = graph.node("Add", &[&other, &added], &[]);
    let parts: Vec<&Name> = [&first, &second].into_iter().chain(&rest).collect();
    graph.node("Concat", &parts, &[("axis", Setting::Int(3))])
}
