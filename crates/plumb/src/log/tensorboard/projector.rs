//! The plugin `projector`: judged rows as points. It reads files beside the event files: raw 32-bit floats, labels with tabs, and a
//! text that names both.

use crate::log::note::Points;

/// The text that the plugin looks for.
pub(super) const CONFIG: &str = "projector_config.pbtxt";

/// Names and contents of its files, the one that names the others last.
pub(super) fn files(points: &Points) -> [(&'static str, Vec<u8>); 3] {
    const VALUES: &str = "points.bytes";
    const LABELS: &str = "points.tsv";
    let count = points.values.len().checked_div(points.width).unwrap_or(0);
    let config = format!(
        "embeddings {{\n  tensor_name: {}\n  tensor_path: \"{VALUES}\"\n  tensor_shape: {count}\n  tensor_shape: {}\n  \
         metadata_path: \"{LABELS}\"\n}}\n",
        quoted(&points.title),
        points.width
    );
    let values = points.values.iter().flat_map(|value| value.to_le_bytes()).collect();
    [(VALUES, values), (LABELS, labels(&points.labels).into_bytes()), (CONFIG, config.into_bytes())]
}

/// A line a point, the columns' names first where there are several: the plugin expects none above a single column.
fn labels(rows: &[Vec<String>]) -> String {
    let headless = usize::from(rows.first().is_some_and(|names| names.len() == 1));
    let cell = |text: &String| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    let line = |row: &Vec<String>| row.iter().map(cell).collect::<Vec<_>>().join("\t") + "\n";
    rows.iter().skip(headless).map(line).collect()
}

/// A text of protobuf's text format.
fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|c| match c {
            '"' | '\\' => format!("\\{c}"),
            c if c.is_control() => " ".to_owned(),
            c => c.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_say_the_same_number_of_points() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let points = Points {
            title: "last \"layer\"".to_owned(),
            values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            width: 3,
            labels: vec![row(["row", "class"]), row(["0", "a\tb"]), row(["7", "c\nd"])],
        };
        let [(_, values), (_, labels), (_, config)] = files(&points);
        assert_eq!(values.len(), 24);
        assert_eq!(String::from_utf8(labels).unwrap(), "row\tclass\n0\ta b\n7\tc d\n");
        let config = String::from_utf8(config).unwrap();
        assert!(config.contains("tensor_name: \"last \\\"layer\\\"\"\n"), "{config}");
        assert!(config.contains("tensor_shape: 2\n  tensor_shape: 3\n"), "{config}");
    }
}
