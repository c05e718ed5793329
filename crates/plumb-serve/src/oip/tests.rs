//! Bodies as clients send them, whole and hostile.

use proptest::prelude::*;

use super::*;
use crate::Port;
use crate::tensor::Datatype;

fn asked(text: &str) -> Result<Asked, ApiError> {
    read(&Bytes::copy_from_slice(text.as_bytes()), Headed::Json, &Limits::DEFAULT)
}

fn one(datatype: &str, shape: &str, data: &str) -> Result<Tensor, ApiError> {
    let text =
        format!(r#"{{"inputs":[{{"name":"x","shape":{shape},"datatype":"{datatype}","data":{data}}}]}}"#);
    asked(&text).map(|asked| asked.tensors[0].clone())
}

#[test]
fn elements_of_every_type_are_read_flat_and_nested() {
    assert_eq!(one("INT8", "[2,2]", "[[1,-2],[3,4]]").unwrap().data(), &Data::Int8(vec![1, -2, 3, 4]));
    assert_eq!(
        one("UINT64", "[2]", "[1,18446744073709551615]").unwrap().data(),
        &Data::Uint64(vec![1, u64::MAX])
    );
    assert_eq!(
        one("FP32", "[3]", "[1,2.5,9223372036854775808]").unwrap().data(),
        &Data::Fp32(vec![1.0, 2.5, 9.223_372e18])
    );
    assert_eq!(one("BOOL", "[1]", "[true]").unwrap().data(), &Data::Bool(vec![true]));
    assert_eq!(
        one("BYTES", "[2]", "[\"a\",null]").unwrap().data(),
        &Data::Bytes(vec!["a".into(), Bytes::new()])
    );
    let Data::Fp64(numbers) = one("FP64", "[2]", "[1,null]").unwrap().into_parts().2 else { panic!() };
    assert!(numbers[1].is_nan());
}

#[test]
fn what_is_no_tensor_is_refused_with_its_name() {
    let cases = [
        ("FP32", "[2]", "[1]", "1 elements, its shape holds 2"),
        ("FP32", "[-1]", "[1]", "an extent of -1"),
        ("FP32", "[0]", "[]", "an extent of 0"),
        ("FP32", "[1099511627776]", "[1]", "more elements than the limit"),
        ("FP32", "[4294967296,4294967296]", "[1]", "more elements than the limit"),
        ("INT8", "[1]", "[128]", "an element that is not INT8"),
        ("INT32", "[1]", "[1.5]", "an element that is not INT32"),
        ("BOOL", "[1]", "[1]", "an element that is not BOOL"),
        ("BYTES", "[1]", "[1]", "an element that is not BYTES"),
        ("FP32", "[2]", "[1,true]", "elements of several types"),
        ("FLOAT", "[1]", "[1]", "the datatype is none of the protocol"),
        ("FP32", "[1]", "1", "invalid type"),
    ];
    for (datatype, shape, data, expected) in cases {
        let error = one(datatype, shape, data).unwrap_err().message;
        assert!(error.contains(expected), "{datatype} {shape} {data}: {error}");
    }
    let rank = format!("[{}1]", "1,".repeat(64));
    assert!(one("FP32", &rank, "[1]").unwrap_err().message.contains("65 extents, the limit is 16"));
    for text in [
        r#"{"inputs":[],"inputs":[]}"#,
        r#"{"id":7,"inputs":[]}"#,
        r#"{"inputs":[{"name":"x","shape":[1],"datatype":"FP32"}]}"#,
        r#"{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","parameters":{"binary_data_size":4}}]}"#,
        r#"{"id":"a\u0000b","inputs":[]}"#,
        "{}",
    ] {
        assert!(asked(text).is_err(), "{text}");
    }
}

#[test]
fn binary_tensors_stand_behind_the_json_in_its_order() {
    let text = r#"{"id":"7","parameters":{"binary_data_output":true},"inputs":[
        {"name":"a","shape":[2],"datatype":"INT16","parameters":{"binary_data_size":4}},
        {"name":"b","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":6}}],
        "outputs":[{"name":"y","parameters":{"binary_data":false}},{"name":"z"}]}"#;
    let whole = [text.as_bytes(), &[1, 0, 2, 0, 2, 0, 0, 0, b'h', b'i']].concat();
    let of =
        |body: &[u8], length| read(&Bytes::copy_from_slice(body), Headed::Binary(length), &Limits::DEFAULT);
    let asked = of(&whole, text.len()).unwrap();
    assert_eq!(asked.tensors[0].data(), &Data::Int16(vec![1, 2]));
    assert_eq!(asked.tensors[1].data(), &Data::Bytes(vec!["hi".into()]));
    assert_eq!([asked.is_binary("y"), asked.is_binary("z")], [false, true]);
    assert!(of(&whole[..whole.len() - 1], text.len()).is_err());
    assert!(
        of(&[&whole[..], b"x"].concat(), text.len()).unwrap_err().message.contains("1 bytes stand behind")
    );
    assert!(of(&whole, whole.len() + 1).unwrap_err().message.contains("the header says"));
}

#[test]
fn a_raw_body_is_the_only_input() {
    let port = |datatype, shape: &[i64]| Port { name: "x".to_owned(), datatype, shape: shape.to_vec() };
    let of =
        |bytes: &'static [u8], ports: &[Port]| read_raw(&Bytes::from_static(bytes), ports, &Limits::DEFAULT);
    let numbers = of(&[0; 16], &[port(Datatype::Fp32, &[-1, 2])]).unwrap();
    assert_eq!(numbers.tensors[0].shape(), [2, 2]);
    let text = of(b"some words", &[port(Datatype::Bytes, &[-1])]).unwrap();
    assert_eq!(text.tensors[0].data(), &Data::Bytes(vec!["some words".into()]));
    assert!(of(&[0; 15], &[port(Datatype::Fp32, &[-1, 2])]).is_err());
    assert!(of(b"", &[port(Datatype::Fp32, &[-1, 2])]).is_err());
    assert!(of(b"x", &[port(Datatype::Bytes, &[-1]), port(Datatype::Bytes, &[-1])]).is_err());
}

proptest! {
    #[test]
    fn no_body_makes_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), length in 0_usize..320) {
        let body = Bytes::from(bytes);
        let _any = read(&body, Headed::Json, &Limits::DEFAULT).is_ok();
        let _any = read(&body, Headed::Binary(length), &Limits::DEFAULT).is_ok();
    }

    #[test]
    fn what_is_written_is_read_back(values in proptest::collection::vec(-1e30_f64..1e30, 1..20), is_binary: bool) {
        let asked = Asked { is_binary, ..Asked::default() };
        let tensors = [
            Tensor::new("x", vec![values.len()], Data::Fp64(values.clone())).unwrap(),
            Tensor::new("t", vec![1], Data::Bytes(vec!["\"\u{1f600}".into()])).unwrap(),
        ];
        let (bytes, length) = written(("m", "1"), &asked, &tensors).unwrap();
        prop_assert_eq!(length.is_some(), is_binary);
        let (text, binary) = bytes.split_at(length.unwrap_or(bytes.len()));
        let text = String::from_utf8(text.to_vec()).unwrap().replace("\"outputs\"", "\"inputs\"");
        let headed = length.map_or(Headed::Json, |_| Headed::Binary(text.len()));
        let body = Bytes::from([text.as_bytes(), binary].concat());
        prop_assert_eq!(read(&body, headed, &Limits::DEFAULT).unwrap().tensors, tensors);
    }
}
