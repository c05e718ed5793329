//! Rows as people have them: `{"rows": [{"age": 39, "work": "private"}]}` in, a label and probabilities, or a number, for each row out.

mod read;

use plumb_data::Predictions;
use serde_json::{Map, Value, json};

pub(crate) use read::{AskedRows, read};

use crate::explain::{self, Reasons};
use crate::lane::row_ids;
use crate::{ApiError, ErrorKind, Signature};

/// The answer to rows, in their order, each with its reasons where they were wanted.
pub(crate) fn answer(
    id: &str,
    predictions: &Predictions,
    reasons: &[Reasons],
    of: &Signature,
) -> Result<Value, ApiError> {
    let ids = row_ids(id, predictions.len());
    let mut rows: Vec<Value> = match predictions {
        Predictions::Numbers(values) => {
            ids.iter().zip(values).map(|(id, value)| json!({"id": id, "prediction": value})).collect()
        }
        Predictions::Probabilities { values, classes } => {
            if *classes != of.classes.len() {
                return Err(ApiError::new(
                    ErrorKind::Failed,
                    "the model gave probabilities of other classes than its own",
                ));
            }
            let labels = predictions.classes();
            let row = |((id, label), shares): ((&String, u32), &[f64])| {
                let shares: Map<String, Value> = of
                    .classes
                    .iter()
                    .zip(shares)
                    .map(|(class, share)| (class.clone(), json!(share)))
                    .collect();
                json!({"id": id, "label": of.classes.get(label as usize), "probabilities": shares})
            };
            ids.iter().zip(labels).zip(values.chunks_exact((*classes).max(1))).map(row).collect()
        }
    };
    for (row, reasons) in rows.iter_mut().zip(reasons) {
        row["explanation"] = explain::written(reasons, of);
    }
    Ok(json!({"model_name": of.name, "model_version": of.version, "id": id, "predictions": rows}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use crate::cells;
    use crate::explain::Part;
    use crate::fixture::signature;

    fn read(text: &str) -> Result<AskedRows, ApiError> {
        super::read(text.as_bytes(), &signature(), &Limits::DEFAULT)
    }

    #[test]
    fn rows_become_columns_in_whatever_order_their_keys_stand() {
        let text = r#"{"id":"7","rows":[
            {"length":1,"site":"north","when":"1970-01-02","kind":"not looked at"},
            {"when":86400000,"site":7,"length":"2.5"},
            {"site":null,"when":null,"length":null},
            {"site":true,"when":"","length":""}]}"#;
        let asked = read(text).unwrap();
        assert_eq!(asked.id.as_deref(), Some("7"));
        let table = cells::table(asked.cells, &signature()).unwrap();
        let shown =
            |name: &str| (0..4).map(|row| table.column(name).unwrap().display(row)).collect::<Vec<_>>();
        assert_eq!(shown("length"), ["1", "2.5", "", ""]);
        assert_eq!(shown("site"), ["north", "7", "", "true"]);
        assert_eq!(shown("when"), ["1970-01-02T00:00:00Z", "1970-01-02T00:00:00Z", "", ""]);
    }

    #[test]
    fn what_is_no_row_is_named_by_its_place() {
        let whole = r#"{"rows":[{"length":1,"site":"north","when":null}]}"#;
        read(whole).unwrap();
        let cases = [
            (r#""length":1,"#, "", "row 0 lacks `length`"),
            (r#""length":1"#, r#""length":1,"length":2"#, "row 0 has `length` twice"),
            (r#""length":1"#, r#""length":"much""#, "row 0, column `length`: no number"),
            (r#""length":1"#, r#""length":[1]"#, "row 0, column `length`: no number"),
            (r#""north""#, "{}", "row 0, column `site`: no category"),
            (r#""when":null"#, r#""when":"noon""#, "row 0, column `when`: no time"),
            (r#""rows""#, r#""Rows""#, "unknown field `Rows`"),
            (r#"{"length":1,"site":"north","when":null}"#, "", "no rows"),
            (r#"{"rows""#, r#"{"id":"","rows""#, "an id"),
        ];
        for (from, to, expected) in cases {
            let error = read(&whole.replace(from, to)).unwrap_err().message;
            assert!(error.contains(expected), "{expected}: {error}");
        }
        assert!(read("{}").unwrap_err().message.contains("missing field `rows`"));
        let near = read(&whole.replace("\"site\"", "\"sites\"")).unwrap_err().message;
        assert!(near.contains("lacks `site`"), "{near}");
    }

    #[test]
    fn answers_name_rows_and_classes() {
        let predictions = Predictions::Probabilities { values: vec![0.25, 0.75, 1.0, 0.0], classes: 2 };
        let said = answer("a", &predictions, &[], &signature()).unwrap();
        assert_eq!(
            said["predictions"][0],
            json!({"id": "a-0", "label": "short", "probabilities": {"long": 0.25, "short": 0.75}})
        );
        assert_eq!(said["predictions"][1]["label"], "long");
        let part = |name: &str, adds| Part { name: name.to_owned(), adds };
        let parts = vec![part("length", 0.25), part("site", -0.5)];
        let reasons = [Reasons { output: 1, base: Some(0.5), parts }];
        let said = answer("a", &predictions, &reasons, &signature()).unwrap();
        let parts = json!([{"name": "site", "adds": -0.5}, {"name": "length", "adds": 0.25}]);
        assert_eq!(
            said["predictions"][0]["explanation"],
            json!({"of": "short", "base": 0.5, "parts": parts})
        );
        let said = answer("a", &Predictions::Numbers(vec![2.5]), &[], &signature()).unwrap();
        assert_eq!(said["predictions"], json!([{"id": "a", "prediction": 2.5}]));
    }
}
