//! Files as PyTorch writes them, and files that mean harm.

use proptest::prelude::*;

use super::*;

/// A pickle instruction for a short text.
fn text(value: &str) -> Vec<u8> {
    [b"X", &(value.len() as u32).to_le_bytes()[..], value.as_bytes()].concat()
}

fn int(value: i32) -> Vec<u8> {
    [b"J", &value.to_le_bytes()[..]].concat()
}

fn global(module: &str, name: &str) -> Vec<u8> {
    format!("c{module}\n{name}\n").into_bytes()
}

/// `('storage', torch.FloatStorage, KEY, 'cpu', COUNT)` and the instruction that makes a storage of it.
fn storage(key: &str, count: i32) -> Vec<u8> {
    let kind = global("torch", "FloatStorage");
    [b"(".to_vec(), text("storage"), kind, text(key), text("cpu"), int(count), b"tQ".to_vec()].concat()
}

/// A tensor of two extents.
fn tensor(key: &str, count: i32, shape: [i32; 2], strides: [i32; 2]) -> Vec<u8> {
    let pair = |[a, b]: [i32; 2]| [int(a), int(b), vec![0x86]].concat();
    [
        global("torch._utils", "_rebuild_tensor_v2"),
        b"(".to_vec(),
        storage(key, count),
        int(0),
        pair(shape),
        pair(strides),
        vec![0x89],
        global("collections", "OrderedDict"),
        b")RtR".to_vec(),
    ]
    .concat()
}

/// A dict with one tensor.
fn state_dict(tensor: &[u8]) -> Vec<u8> {
    [b"\x80\x02}".to_vec(), text("module.a"), tensor.to_vec(), b"s.".to_vec()].concat()
}

/// A file of the older layout, with the numbers 0 to `count`.
fn stream(pickle: &[u8], count: u64) -> Vec<u8> {
    let magic =
        [&b"\x80\x02\x8a\x0a"[..], &0x1950_a86a_20f9_469c_fc6c_u128.to_le_bytes()[..10], b"."].concat();
    let version = [b"\x80\x02".to_vec(), int(1001), b".".to_vec()].concat();
    let keys = [b"\x80\x02](".to_vec(), text("0"), b"e.".to_vec()].concat();
    let numbers: Vec<u8> = (0..count.min(100)).flat_map(|number| (number as f32).to_le_bytes()).collect();
    [magic, version, b"\x80\x02}.".to_vec(), pickle.to_vec(), keys, count.to_le_bytes().to_vec(), numbers]
        .concat()
}

/// A file of the newer layout: stored entries, a directory, its end.
fn archive(pickle: &[u8], numbers: &[f32]) -> Vec<u8> {
    let numbers: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in
        [("archive/data.pkl", pickle), ("archive/byteorder", b"little"), ("archive/data/0", &numbers)]
    {
        let (at, len, name_len) = (bytes.len() as u32, data.len() as u32, name.len() as u16);
        let sizes = [0, len, len].map(u32::to_le_bytes).concat();
        let names = [name_len.to_le_bytes(), [0; 2]].concat();
        bytes.extend(
            [b"PK\x03\x04".to_vec(), vec![0; 10], sizes.clone(), names.clone(), name.into(), data.to_vec()]
                .concat(),
        );
        let rest = [vec![0; 10], at.to_le_bytes().to_vec(), name.into()].concat();
        directory.extend([b"PK\x01\x02".to_vec(), vec![0; 12], sizes, names, rest].concat());
    }
    let at = bytes.len() as u32;
    let end =
        [&[0; 4][..], &[3, 0, 3, 0], &(directory.len() as u32).to_le_bytes(), &at.to_le_bytes(), &[0; 2]];
    [bytes, directory, b"PK\x05\x06".to_vec(), end.concat()].concat()
}

fn found(file: &[u8]) -> Array {
    read(file).unwrap().0.remove("a").unwrap()
}

#[test]
fn both_layouts_are_read_with_any_strides() {
    let pickle = state_dict(&tensor("0", 6, [2, 3], [1, 2]));
    let wanted = Array { shape: vec![2, 3], values: vec![0.0, 2.0, 4.0, 1.0, 3.0, 5.0] };
    assert_eq!(found(&stream(&pickle, 6)), wanted);
    assert_eq!(found(&archive(&pickle, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])), wanted);
}

#[test]
fn a_state_dict_among_other_things_is_found() {
    let inner = [b"}".to_vec(), text("a"), tensor("0", 6, [1, 6], [6, 1]), b"s".to_vec()].concat();
    let outer = [
        b"\x80\x02}".to_vec(),
        text("epoch"),
        int(3),
        b"s".to_vec(),
        text("state_dict"),
        inner,
        b"s.".to_vec(),
    ];
    assert_eq!(found(&stream(&outer.concat(), 6)).shape, [1, 6]);
}

#[test]
fn a_name_that_is_no_data_is_refused_and_named() {
    for (module, name) in
        [("os", "system"), ("builtins", "eval"), ("torch._utils", "_rebuild_tensor_v3"), ("torch", "load")]
    {
        let call = [global(module, name), text("true"), vec![0x85], b"R".to_vec()].concat();
        let file = stream(&state_dict(&call), 0);
        assert_eq!(read(&file), Err(PretrainedError::Code(format!("{module}.{name}"))));
    }
    // The other ways to a name and to an object.
    for instruction in [b'i', b'o', 0x81, 0x92, 0x82, 0x83, 0x84, b'P'] {
        let file = stream(&[0x80, 2, b'}', instruction, b'.'], 0);
        assert!(matches!(read(&file), Err(PretrainedError::Damaged { .. })), "{instruction:#x}");
    }
}

#[test]
fn tuples_in_tuples_without_end_do_not_end_the_process() {
    let deep = [b"\x80\x02)".to_vec(), vec![0x85; 1_000_000], b".".to_vec()].concat();
    assert!(matches!(read(&deep), Err(PretrainedError::Limit { .. })));
}

#[test]
fn tensors_outside_their_storage_are_refused() {
    let cases = [
        ([3, 3], [3, 1]),
        ([1, 6], [6, 2]),
        ([i32::MAX, i32::MAX], [0, 0]),
        ([2, 4], [0, 1]),
        ([-1, 2], [1, 1]),
        ([2, 2], [-1, 1]),
    ];
    for (shape, strides) in cases {
        let pickle = state_dict(&tensor("0", 6, shape, strides));
        assert!(read(&stream(&pickle, 6)).is_err(), "{shape:?} {strides:?}");
    }
    let elsewhere = state_dict(&tensor("1", 6, [2, 3], [3, 1]));
    assert!(read(&stream(&elsewhere, 6)).is_err());
    let pickle = state_dict(&tensor("0", 6, [2, 3], [3, 1]));
    assert!(read(&stream(&pickle, u64::MAX)).is_err());
}

#[test]
fn one_storage_cannot_be_multiplied_without_end() {
    let one = tensor("0", 100, [10, 10], [10, 1]);
    let entries: Vec<u8> = (0..2000)
        .flat_map(|entry| [text(&format!("module.{entry}")), one.clone(), b"s".to_vec()].concat())
        .collect();
    let pickle = [b"\x80\x02}".to_vec(), entries, b".".to_vec()].concat();
    let file = stream(&pickle, 100);
    assert!(read(&file).is_ok_and(|arrays| arrays.count() <= file.len()) || read(&file).is_err());
}

#[test]
fn no_beginning_of_a_file_is_one() {
    let pickle = state_dict(&tensor("0", 6, [2, 3], [3, 1]));
    for file in [stream(&pickle, 6), archive(&pickle, &[1.0; 6])] {
        for end in 0..file.len() {
            assert!(read(&file[..end]).is_err(), "{end} of {}", file.len());
        }
    }
}

#[test]
fn halves_are_widened_and_whole_numbers_left_out() {
    use ::safetensors::tensor::{Dtype, TensorView};
    let half: Vec<u8> = [1.5f32, -2.0].iter().flat_map(|of| half::f16::from_f32(*of).to_le_bytes()).collect();
    let upper: Vec<u8> =
        [1.5f32, -2.0].iter().flat_map(|of| half::bf16::from_f32(*of).to_le_bytes()).collect();
    let whole = 7i64.to_le_bytes();
    let views = [
        ("half", TensorView::new(Dtype::F16, vec![2], &half).unwrap()),
        ("upper", TensorView::new(Dtype::BF16, vec![2], &upper).unwrap()),
        ("whole", TensorView::new(Dtype::I64, vec![1], &whole).unwrap()),
    ];
    let arrays = read(&::safetensors::serialize(views, None).unwrap()).unwrap();
    let names: Vec<&str> = arrays.0.keys().map(String::as_str).collect();
    assert_eq!(names, ["half", "upper"]);
    assert!(arrays.0.values().all(|array| array.values == [1.5, -2.0]));
}

#[test]
fn turning_twice_changes_nothing() {
    let array = Array { shape: vec![2, 3], values: vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0] };
    let arrays = Arrays([("a".to_owned(), array.clone())].into());
    let once = turned(arrays.clone());
    assert_eq!(once.0["a"].values, [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    assert_eq!(turned(once), arrays);
}

proptest! {
    #[test]
    fn no_bytes_end_the_process(at in any::<prop::sample::Index>(), value in any::<u8>(), newer in any::<bool>()) {
        let pickle = state_dict(&tensor("0", 6, [2, 3], [3, 1]));
        let mut file = if newer { archive(&pickle, &[1.0; 6]) } else { stream(&pickle, 6) };
        let at = at.index(file.len());
        file[at] = value;
        if let Ok(arrays) = read(&file) {
            prop_assert!(arrays.count() <= file.len());
        }
    }
}
