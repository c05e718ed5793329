//! Pickles as data: a machine that knows containers, numbers, texts and PyTorch's tensors, and nothing that could run.
//!
//! The instructions are those of Python's `pickletools`; what PyTorch writes for a state dict is a small part of them.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Number, PretrainedError, damaged};

/// The first byte of a pickle of protocol 2 or later.
pub(super) const PROTOCOL: u8 = 0x80;

/// Instructions that are followed; a ResNet-50 takes 10,000.
const INSTRUCTIONS: usize = 10_000_000;
/// Tuples in tuples; PyTorch writes two. Each is dropped inside the one around it, on the stack of the process.
const DEPTH: usize = 16;
/// Values on the stack or remembered at a time.
const VALUES: usize = 2_000_000;

const FORMAT: &str = "pickle";

/// What a pickle is made of.
#[derive(Debug, Clone)]
pub(super) enum Value {
    None,
    Bool,
    Int(i128),
    Float,
    Text(Rc<str>),
    /// Its items, and how many tuples lie in each other at most.
    Tuple(Rc<[Value]>, usize),
    /// A list or dict: the place of its contents.
    Container(usize),
    /// A name that is allowed.
    Global(Global),
    Storage(Rc<Storage>),
    Tensor(Rc<Tensor>),
}

/// The names that may stand in a pickle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Global {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Size,
    Storage(Number),
}

/// Where numbers lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Storage {
    pub(super) number: Number,
    pub(super) key: String,
    pub(super) count: u64,
    /// The first number of a view, of the older layout.
    pub(super) offset: u64,
}

/// A view of a storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tensor {
    pub(super) storage: Rc<Storage>,
    pub(super) offset: u64,
    pub(super) shape: Vec<u64>,
    pub(super) strides: Vec<u64>,
}

/// What a pickle holds.
#[derive(Debug)]
pub(super) struct Pickle {
    pub(super) value: Value,
    containers: Vec<Container>,
    /// Bytes that it took.
    pub(super) len: usize,
}

#[derive(Debug)]
enum Container {
    List(Vec<Value>),
    Dict(Vec<(Value, Value)>),
}

impl Pickle {
    /// The entries of a dict.
    pub(super) fn dict(&self, value: &Value) -> Option<&[(Value, Value)]> {
        match value {
            Value::Container(place) => match self.containers.get(*place)? {
                Container::Dict(entries) => Some(entries),
                Container::List(_) => None,
            },
            _ => None,
        }
    }

    /// The items of a list.
    pub(super) fn list(&self, value: &Value) -> Option<&[Value]> {
        match value {
            Value::Container(place) => match self.containers.get(*place)? {
                Container::List(items) => Some(items),
                Container::Dict(_) => None,
            },
            _ => None,
        }
    }
}

/// Follows the instructions of the pickle that bytes begin with.
pub(super) fn read(bytes: &[u8]) -> Result<Pickle, PretrainedError> {
    let mut machine = Machine { bytes, ..Machine::default() };
    for _ in 0..INSTRUCTIONS {
        if machine.follow()? {
            let value = machine.pop()?;
            return Ok(Pickle { value, containers: machine.containers, len: machine.at });
        }
        if machine.stack.len().max(machine.memo.len()).max(machine.containers.len()) > VALUES {
            return Err(PretrainedError::Limit { what: "values in a pickle", limit: VALUES as u64 });
        }
    }
    Err(PretrainedError::Limit { what: "instructions in a pickle", limit: INSTRUCTIONS as u64 })
}

#[derive(Default)]
struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    /// How long the stack was at each mark.
    marks: Vec<usize>,
    memo: BTreeMap<u64, Value>,
    containers: Vec<Container>,
}

impl<'a> Machine<'a> {
    /// Follows one instruction; true at the last one.
    fn follow(&mut self) -> Result<bool, PretrainedError> {
        match self.take(1)?[0] {
            b'.' => return Ok(true),
            PROTOCOL => drop(self.take(1)?),
            0x95 => drop(self.take(8)?),
            b'(' => self.marks.push(self.stack.len()),
            // `b`: the attributes of a dict, such as the versions of its modules, are not looked at.
            b'0' | b'b' => drop(self.pop()?),
            b'1' => drop(self.marked()?),
            b'2' => self.stack.push(self.top()?),
            b'N' => self.stack.push(Value::None),
            0x88 | 0x89 => self.stack.push(Value::Bool),
            b'K' => self.integer(1)?,
            b'M' => self.integer(2)?,
            b'J' => {
                let four = self.array::<4>()?;
                self.stack.push(Value::Int(i32::from_le_bytes(four).into()));
            }
            0x8a => self.long()?,
            b'G' => {
                self.take(8)?;
                self.stack.push(Value::Float);
            }
            b'X' | b'T' => self.text(4)?,
            0x8c | b'U' => self.text(1)?,
            b')' => self.push_tuple(Vec::new())?,
            b't' => {
                let items = self.marked()?;
                self.push_tuple(items)?;
            }
            count @ 0x85..=0x87 => self.tuple(usize::from(count - 0x84))?,
            b']' => self.container(Container::List(Vec::new())),
            b'}' => self.container(Container::Dict(Vec::new())),
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' => {
                let items = self.marked()?;
                self.append(items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(vec![key, value])?;
            }
            b'u' => {
                let items = self.marked()?;
                self.set(items)?;
            }
            b'q' => self.remember(1)?,
            b'r' => self.remember(4)?,
            0x94 => {
                let next = self.memo.len() as u64;
                self.memo.insert(next, self.top()?);
            }
            b'h' => self.recall(1)?,
            b'j' => self.recall(4)?,
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.stack.push(Value::Global(global(module, name)?));
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Value::Text(module), Value::Text(name)) = (module, name) else {
                    return Err(damaged(FORMAT, "a name that is no text"));
                };
                self.stack.push(Value::Global(global(&module, &name)?));
            }
            b'Q' => {
                let id = self.pop()?;
                self.stack.push(storage(&id)?);
            }
            b'R' => {
                let (arguments, of) = (self.pop()?, self.pop()?);
                self.rebuild(&of, &arguments)?;
            }
            other => {
                return Err(damaged(FORMAT, format!("instruction {other:#04x} is none that weights need")));
            }
        }
        Ok(false)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], PretrainedError> {
        let end = self.at.checked_add(len);
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or_else(|| damaged(FORMAT, format!("it ends at byte {}", self.bytes.len())))?;
        self.at += len;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PretrainedError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// A little-endian length or number of `len` bytes.
    fn unsigned(&mut self, len: usize) -> Result<u64, PretrainedError> {
        Ok(self.take(len)?.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn integer(&mut self, len: usize) -> Result<(), PretrainedError> {
        let number = self.unsigned(len)?;
        self.stack.push(Value::Int(number.into()));
        Ok(())
    }

    /// A whole number of up to 15 bytes, in two's complement.
    fn long(&mut self) -> Result<(), PretrainedError> {
        let len = usize::from(self.take(1)?[0]);
        let bytes = self.take(len)?;
        if len > 15 {
            return Err(damaged(FORMAT, "a number of more than 120 bits"));
        }
        let fill = if bytes.last().is_some_and(|last| last & 0x80 != 0) { 0xFF } else { 0 };
        let mut all = [fill; 16];
        all[..len].copy_from_slice(bytes);
        self.stack.push(Value::Int(i128::from_le_bytes(all)));
        Ok(())
    }

    fn text(&mut self, length_bytes: usize) -> Result<(), PretrainedError> {
        let len = usize::try_from(self.unsigned(length_bytes)?).unwrap_or(usize::MAX);
        let text = std::str::from_utf8(self.take(len)?).map_err(|error| damaged(FORMAT, error))?;
        self.stack.push(Value::Text(text.into()));
        Ok(())
    }

    fn line(&mut self) -> Result<&'a str, PretrainedError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let len = rest.iter().position(|&byte| byte == b'\n');
        let len = len.ok_or_else(|| damaged(FORMAT, "a name without an end"))?;
        self.at += len + 1;
        std::str::from_utf8(&rest[..len]).map_err(|error| damaged(FORMAT, error))
    }

    fn pop(&mut self) -> Result<Value, PretrainedError> {
        let above = self.marks.last().is_none_or(|&mark| self.stack.len() > mark);
        above
            .then(|| self.stack.pop())
            .flatten()
            .ok_or_else(|| damaged(FORMAT, "it takes from an empty stack"))
    }

    fn top(&self) -> Result<Value, PretrainedError> {
        self.stack.last().cloned().ok_or_else(|| damaged(FORMAT, "it looks at an empty stack"))
    }

    /// What was put down since the last mark.
    fn marked(&mut self) -> Result<Vec<Value>, PretrainedError> {
        let mark = self.marks.pop().ok_or_else(|| damaged(FORMAT, "it goes back to a mark that is none"))?;
        Ok(self.stack.split_off(mark))
    }

    fn tuple(&mut self, count: usize) -> Result<(), PretrainedError> {
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(self.pop()?);
        }
        items.reverse();
        self.push_tuple(items)
    }

    fn push_tuple(&mut self, items: Vec<Value>) -> Result<(), PretrainedError> {
        let inside = |item: &Value| if let Value::Tuple(_, depth) = item { *depth } else { 0 };
        let depth = 1 + items.iter().map(inside).max().unwrap_or(0);
        if depth > DEPTH {
            return Err(PretrainedError::Limit { what: "tuples in each other", limit: DEPTH as u64 });
        }
        self.stack.push(Value::Tuple(items.into(), depth));
        Ok(())
    }

    fn container(&mut self, container: Container) {
        self.containers.push(container);
        self.stack.push(Value::Container(self.containers.len() - 1));
    }

    fn inside(&mut self) -> Result<&mut Container, PretrainedError> {
        let place = match self.stack.last() {
            Some(Value::Container(place)) => *place,
            _ => return Err(damaged(FORMAT, "it fills what holds nothing")),
        };
        self.containers.get_mut(place).ok_or_else(|| damaged(FORMAT, "it fills what is not there"))
    }

    fn append(&mut self, items: Vec<Value>) -> Result<(), PretrainedError> {
        match self.inside()? {
            Container::List(list) => list.extend(items),
            Container::Dict(_) => return Err(damaged(FORMAT, "it appends to a dict")),
        }
        Ok(())
    }

    fn set(&mut self, items: Vec<Value>) -> Result<(), PretrainedError> {
        let Container::Dict(entries) = self.inside()? else {
            return Err(damaged(FORMAT, "it sets an entry of a list"));
        };
        let mut items = items.into_iter();
        while let Some(key) = items.next() {
            let value = items.next().ok_or_else(|| damaged(FORMAT, "a key without a value"))?;
            entries.push((key, value));
        }
        Ok(())
    }

    fn remember(&mut self, len: usize) -> Result<(), PretrainedError> {
        let place = self.unsigned(len)?;
        self.memo.insert(place, self.top()?);
        Ok(())
    }

    fn recall(&mut self, len: usize) -> Result<(), PretrainedError> {
        let place = self.unsigned(len)?;
        let value = self.memo.get(&place).cloned();
        self.stack.push(value.ok_or_else(|| damaged(FORMAT, format!("nothing is remembered as {place}")))?);
        Ok(())
    }

    /// What a call of an allowed name gives; nothing is called.
    fn rebuild(&mut self, of: &Value, arguments: &Value) -> Result<(), PretrainedError> {
        let (Value::Global(of), Value::Tuple(arguments, _)) = (of, arguments) else {
            return Err(damaged(FORMAT, "a call of what is no name"));
        };
        match (of, arguments.as_ref()) {
            (Global::OrderedDict, []) => self.container(Container::Dict(Vec::new())),
            (Global::RebuildTensor, [Value::Storage(storage), offset, shape, strides, ..]) => {
                let tensor = Tensor {
                    storage: Rc::clone(storage),
                    offset: unsigned(offset)?,
                    shape: all_unsigned(shape)?,
                    strides: all_unsigned(strides)?,
                };
                self.stack.push(Value::Tensor(Rc::new(tensor)));
            }
            (Global::RebuildParameter, [tensor @ Value::Tensor(_), ..]) => self.stack.push(tensor.clone()),
            (Global::Size, [size @ Value::Tuple(..)]) => self.stack.push(size.clone()),
            _ => return Err(damaged(FORMAT, "a tensor that is rebuilt from other things than a storage")),
        }
        Ok(())
    }
}

/// An allowed name; any other is an error.
fn global(module: &str, name: &str) -> Result<Global, PretrainedError> {
    let number = match (module, name) {
        ("collections", "OrderedDict") => return Ok(Global::OrderedDict),
        ("torch._utils", "_rebuild_tensor_v2") => return Ok(Global::RebuildTensor),
        ("torch._utils", "_rebuild_parameter") => return Ok(Global::RebuildParameter),
        ("torch", "Size") => return Ok(Global::Size),
        ("torch", "DoubleStorage") => Number::F64,
        ("torch", "FloatStorage") => Number::F32,
        ("torch", "HalfStorage") => Number::F16,
        ("torch", "BFloat16Storage") => Number::Bf16,
        ("torch", "LongStorage") => Number::Whole(8),
        ("torch", "IntStorage") => Number::Whole(4),
        ("torch", "ShortStorage") => Number::Whole(2),
        ("torch", "CharStorage" | "ByteStorage" | "BoolStorage") => Number::Whole(1),
        _ => return Err(PretrainedError::Code(format!("{module}.{name}"))),
    };
    Ok(Global::Storage(number))
}

/// `('storage', type, key, device, count)`, in the older layout with a view `(key, offset, count)` behind.
fn storage(id: &Value) -> Result<Value, PretrainedError> {
    let wrong = || damaged(FORMAT, "a storage that is described in no known way");
    let Value::Tuple(items, _) = id else { return Err(wrong()) };
    let [Value::Text(word), Value::Global(Global::Storage(number)), Value::Text(key), _, count, rest @ ..] =
        items.as_ref()
    else {
        return Err(wrong());
    };
    if &**word != "storage" {
        return Err(wrong());
    }
    let offset = match rest {
        [Value::Tuple(view, _)] => unsigned(view.get(1).ok_or_else(wrong)?)?,
        _ => 0,
    };
    let storage = Storage { number: *number, key: key.as_ref().to_owned(), count: unsigned(count)?, offset };
    Ok(Value::Storage(Rc::new(storage)))
}

fn unsigned(value: &Value) -> Result<u64, PretrainedError> {
    match value {
        Value::Int(number) => u64::try_from(*number).map_err(|error| damaged(FORMAT, error)),
        _ => Err(damaged(FORMAT, "something else where a number belongs")),
    }
}

fn all_unsigned(value: &Value) -> Result<Vec<u64>, PretrainedError> {
    match value {
        Value::Tuple(items, _) => items.iter().map(unsigned).collect(),
        _ => Err(damaged(FORMAT, "something else where extents belong")),
    }
}
