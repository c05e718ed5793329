//! Rows that are drawn, and files of rows, whole and hostile.

use super::*;

fn inputs() -> Vec<Input> {
    let input = |name: &str, kind: &str| Input { name: name.to_owned(), kind: kind.to_owned() };
    vec![input("a", "number"), input("b", "category"), input("c", "time"), input("d", "text")]
}

#[test]
fn classes_are_drawn_evenly_and_numbers_over_their_range() {
    let truth: Vec<Option<u32>> = (0..1000).map(|row| Some(u32::from(row % 50 == 0))).collect();
    let of = |outcomes| Predicted {
        rows: (0..1000).collect(),
        parts: vec!["test"; 1000],
        folds: vec![0; 1000],
        outcomes,
    };
    let classes = of(Outcomes::Classes {
        names: vec!["x".to_owned(), "y".to_owned()],
        truth: truth.clone(),
        predicted: truth.clone(),
        probabilities: vec![0.5; 2000],
    });
    let places: Vec<usize> = (0..1000).collect();
    let chosen = choose(&classes, &places, 30, 7);
    let rare = chosen.iter().filter(|&&place| truth[place] == Some(1)).count();
    assert_eq!((chosen.len(), rare), (30, 15));
    assert_eq!(chosen, choose(&classes, &places, 30, 7));
    assert_ne!(chosen, choose(&classes, &places, 30, 8));
    assert_eq!(choose(&classes, &places, 64, 7).len(), 64);
    assert_eq!(choose(&classes, &places[..5], 64, 7), [0, 1, 2, 3, 4]);
    assert_eq!(choose(&classes, &[], 64, 7), Vec::<usize>::new());
    let numbers: Vec<f64> = (0..1000).map(f64::from).collect();
    let numbers = of(Outcomes::Numbers { truth: numbers.clone(), predicted: numbers });
    let chosen = choose(&numbers, &places, 10, 7);
    assert!(chosen.iter().enumerate().all(|(part, place)| place / 100 == part), "{chosen:?}");
    assert_eq!(choose(&numbers, &[], 10, 7), Vec::<usize>::new());
}

#[test]
fn values_come_back_bit_for_bit() {
    let number = [Some(0.1 + 0.2), None, Some(f64::INFINITY), Some(-5e-324)];
    let table = Table::new(vec![
        Column::number("a", Kind::Number, number),
        Column::category("b", Kind::Category, [Some("x"), Some("\u{1f600}\n"), None, Some("")]),
        Column::time("c", Kind::Time, [Some(-1), Some(i64::MAX), None, Some(0)]),
        Column::text("d", Kind::Text, [Some("one"), None, Some("two"), Some("null")]),
    ])
    .unwrap();
    let lines: Vec<Map<String, Value>> = (0..4)
        .map(|row| table.columns().iter().map(|of| (of.name.clone(), written(of, row).unwrap())).collect())
        .collect();
    let as_in_run = Agreement { rows: 4, difference: 0.0, tolerance: 0.0, flipped: 0 };
    let chosen =
        Chosen { rows: vec![4, 9, 10, 11], table: table_of(&lines, &inputs()).unwrap(), as_in_run, lines };
    let outputs = BTreeMap::from([("native".to_owned(), vec![0.1, 0.9, 1e-300, 1.0, 0.5, 0.5, 0.3, 0.7])]);
    let file = String::from_utf8(chosen.file(&outputs).unwrap()).unwrap();
    let read = read(&file, &inputs()).unwrap();
    assert_eq!(read.outputs, outputs);
    for (before, after) in table.columns().iter().zip(read.table.columns()) {
        for row in 0..4 {
            assert_eq!(before.is_missing(row), after.is_missing(row));
            assert_eq!(written(before, row), written(after, row), "{} {row}", before.name);
        }
    }
}

#[test]
fn hostile_files_are_refused_with_the_line() {
    let whole = r#"{"row":0,"inputs":{"a":1.5,"b":"x","c":0,"d":null},"outputs":{"native":[0.5]}}"#;
    read(whole, &inputs()).unwrap();
    let changed = |from: &str, to: &str| whole.replace(from, to);
    let hostile = [
        ("{".to_owned(), "line 1"),
        (changed("1.5", "\"1.5\""), "`a` is no number"),
        (changed("\"x\"", "7"), "`b` is no category"),
        (changed("\"c\":0", "\"c\":0.5"), "`c` is no time"),
        (changed("\"d\"", "\"e\""), "no `d`"),
        (changed("\"d\":null", "\"d\":null,\"e\":1"), "not the columns"),
        (changed("\"row\":0", "\"row\":-1"), "line 1"),
        (changed("[0.5]", "[null]"), "line 1"),
        (format!("{whole}\n{}", changed("[0.5]", "[0.5,0.5]")), "line 2: other answers"),
        (changed("1.5", &"[".repeat(100_000)), "line 1"),
    ];
    for (text, expected) in hostile {
        let refused = read(&text, &inputs()).unwrap_err();
        assert!(refused.contains(expected), "{expected}: {refused}");
    }
    let picture = vec![Input { name: "p".to_owned(), kind: "image".to_owned() }];
    for value in ["null", "\"x\"", "{\"png\":\"!\"}", "{\"png\":\"AAAA\"}"] {
        let text = format!(r#"{{"row":0,"inputs":{{"p":{value}}},"outputs":{{}}}}"#);
        assert!(read(&text, &picture).unwrap_err().contains("`p` is no picture"), "{value}");
    }
    let refused = read(
        r#"{"row":0,"inputs":{"p":1},"outputs":{}}"#,
        &[Input { name: "p".into(), kind: "code".into() }],
    );
    assert!(refused.unwrap_err().contains("no known kind"));
}
