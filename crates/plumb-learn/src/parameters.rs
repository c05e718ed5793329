//! A network's values on the host: read, written, updated in place, stored as safetensors, hashed.
//!
//! On the CPU backend a parameter's buffer is taken out of its tensor and put back without a copy, so an
//! optimizer is one pass over plain slices and its state is plain vectors.

use std::collections::{BTreeMap, BTreeSet};

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Gradients, Tensor, TensorData};
use plumb_ledger::{ExitCode, Explain, Sha256};
use safetensors::tensor::{Dtype, TensorView};

/// A dense array of 32-bit floats.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Its extents.
    pub shape: Vec<usize>,
    /// Its values, row-major.
    pub values: Vec<f32>,
}

/// Named arrays, in the order of their names: a network's weights and buffers, or an optimizer's state.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Arrays(pub BTreeMap<String, Array>);

/// Why arrays do not fit a network, or bytes are no arrays.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArraysError {
    /// The network has a value that the arrays lack.
    #[error("no array `{0}` in the weights")]
    Missing(String),
    /// An array has other extents than the network's value.
    #[error("array `{name}` has shape `{found:?}`, the model wants `{wanted:?}`")]
    Shape {
        /// The array.
        name: String,
        /// Its extents.
        found: Vec<usize>,
        /// The network's.
        wanted: Vec<usize>,
    },
    /// The bytes are not what a safetensors file of 32-bit floats holds.
    #[error("not a safetensors file of 32-bit floats: {0}")]
    Format(String),
}

impl Explain for ArraysError {
    fn hint(&self) -> Option<String> {
        Some("the weights belong to another model: name the run that they come from".to_owned())
    }
    fn exit_code(&self) -> ExitCode {
        ExitCode::Failed
    }
}

impl Arrays {
    /// Every float value of the network, trained or not, by its path. Copies.
    pub fn of<N: Module>(network: &N) -> Self {
        let mut reader = Reader::default();
        network.visit(&mut reader);
        Self(reader.arrays)
    }

    /// The network with these values in place of its own. Names that the network lacks are ignored.
    pub fn load<N: Module>(&self, network: N) -> Result<N, ArraysError> {
        let mut writer = Writer { arrays: self, path: Path::default(), error: None };
        let network = network.map(&mut writer);
        writer.error.map_or(Ok(network), Err)
    }

    /// The bytes of a safetensors file, the same for the same values: names are sorted, no metadata.
    pub fn to_safetensors(&self) -> Result<Vec<u8>, ArraysError> {
        let bytes: Vec<Vec<u8>> = self.0.values().map(|array| little_endian(&array.values)).collect();
        let views: Result<Vec<_>, _> = (self.0.iter().zip(&bytes))
            .map(|((name, array), bytes)| {
                Ok((name, TensorView::new(Dtype::F32, array.shape.clone(), bytes)?))
            })
            .collect();
        views.and_then(|views| safetensors::serialize(views, None)).map_err(format_error)
    }

    /// Reads the bytes of a safetensors file. Other types than 32-bit floats are an error.
    pub fn from_safetensors(bytes: &[u8]) -> Result<Self, ArraysError> {
        let file = safetensors::SafeTensors::deserialize(bytes).map_err(format_error)?;
        let mut arrays = BTreeMap::new();
        for (name, view) in file.tensors() {
            if view.dtype() != Dtype::F32 {
                return Err(ArraysError::Format(format!("`{name}` is {:?}", view.dtype())));
            }
            let values =
                view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            arrays.insert(name, Array { shape: view.shape().to_vec(), values });
        }
        Ok(Self(arrays))
    }

    /// SHA-256 over the bytes of [`Arrays::to_safetensors`].
    pub fn sha256(&self) -> Result<Sha256, ArraysError> {
        Ok(Sha256::of(&self.to_safetensors()?))
    }

    /// How many numbers there are.
    pub fn count(&self) -> usize {
        self.0.values().map(|array| array.values.len()).sum()
    }
}

fn format_error(error: impl std::fmt::Display) -> ArraysError {
    ArraysError::Format(error.to_string())
}

fn little_endian(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The gradient of each trained parameter, in the order in which the module is walked.
///
/// A parameter that the loss does not reach has none and is left out.
pub fn gradients<N: Module>(network: &N, gradients: Gradients) -> Vec<(String, Vec<f32>)> {
    gradients_and_rest(network, gradients).0
}

/// The same, and the gradients of what is not the network's.
pub(crate) fn gradients_and_rest<N: Module>(
    network: &N,
    gradients: Gradients,
) -> (Vec<(String, Vec<f32>)>, Gradients) {
    let mut taker = GradientTaker { gradients, path: Path::default(), taken: Vec::new() };
    network.visit(&mut taker);
    (taker.taken, taker.gradients)
}

/// Hands each trained parameter's name, shape and values to `change`, in the order in which the module is
/// walked. No copy is made where the network is the only holder of its tensors.
pub fn update<N: Module>(network: N, change: impl FnMut(&str, &[usize], &mut [f32])) -> N {
    network.map(&mut Updater { path: Path::default(), change, at_rest: false })
}

/// The same of every float value, trained or at rest.
pub(crate) fn update_all<N: Module>(network: N, change: impl FnMut(&str, &[usize], &mut [f32])) -> N {
    network.map(&mut Updater { path: Path::default(), change, at_rest: true })
}

/// What Burn calls each float value, by its path.
pub(crate) fn ids<N: Module>(network: &N) -> BTreeMap<String, ParamId> {
    let mut namer = Ids::default();
    network.visit(&mut namer);
    namer.found
}

/// A float value of a network, as its module declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// Its path.
    pub name: String,
    /// The type of the layer that holds it: `Linear`.
    pub layer: String,
    /// Its extents.
    pub shape: Vec<usize>,
}

/// Every float value of the network in the order in which the module is walked, which is that of its fields.
pub fn declared<N: Module>(network: &N) -> Vec<Declared> {
    let mut outline = Outline::default();
    network.visit(&mut outline);
    outline.found
}

/// The names of the parameters that are trained.
pub fn trained_names<N: Module>(network: &N) -> BTreeSet<String> {
    let mut namer = TrainedNames::default();
    network.visit(&mut namer);
    namer.names
}

/// The network with these parameters trained and the others at rest: no gradient is computed for them.
pub fn train_only<N: Module>(network: N, trained: impl Fn(&str) -> bool) -> N {
    network.map(&mut Rester { path: Path::default(), trained })
}

/// Writes the values that a pass left for buffers ([`crate::network::Pass::leave_buffer`]).
pub fn write_buffers<N: Module>(network: N, buffers: &[(ParamId, Vec<f32>)]) -> N {
    if buffers.is_empty() { network } else { network.map(&mut BufferWriter { buffers }) }
}

/// The values of a tensor on the host, row-major; without a copy where nobody else holds them.
pub fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.into_data_as::<f32>();
    #[expect(clippy::expect_used, reason = "the line above made them 32-bit floats")]
    data.try_into_vec().expect("32-bit floats")
}

#[derive(Debug, Default)]
struct Path(Vec<String>);

impl Path {
    fn name(&self) -> String {
        let shown: Vec<&str> = self.0.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        shown.join(".")
    }
}

/// What a field gives to the names of its values, where published weights have another name than Rust allows or than
/// says what the field is for: container, field, name. Nothing is left out.
const NAMES: [(&str, &str, &str); 5] = [
    ("Struct:ConvNorm", "conv", "0"),
    ("Struct:ConvNorm", "norm", "1"),
    ("Struct:Downsample", "conv", "0"),
    ("Struct:Downsample", "norm", "1"),
    ("Struct:PictureNetwork", "backbone", ""),
];

/// A part of a name. An enum's variant is none: `model.json` says which one it is.
fn part<'a>(name: &'a str, container: &str) -> &'a str {
    let renamed = NAMES.iter().find(|(of, field, _)| *of == container && *field == name);
    match renamed {
        _ if container.starts_with("Enum:") => "",
        Some((_, _, name)) => name,
        None => name,
    }
}

/// The two methods by which Burn tells a walker where it is.
macro_rules! keeps_path {
    () => {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.0.push(part(name, container).to_owned());
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.0.pop();
        }
    };
}

#[derive(Default)]
struct Reader {
    path: Path,
    arrays: BTreeMap<String, Array>,
}

impl ModuleVisitor for Reader {
    keeps_path!();
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val().inner();
        let array = Array { shape: tensor.dims().to_vec(), values: host(tensor) };
        self.arrays.insert(self.path.name(), array);
    }
}

#[derive(Default)]
struct Outline {
    path: Path,
    containers: Vec<String>,
    found: Vec<Declared>,
}

impl ModuleVisitor for Outline {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.0.push(part(name, container).to_owned());
        self.containers.push(container.to_owned());
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.0.pop();
        self.containers.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let container = self.containers.last().map_or("", String::as_str);
        let layer = container.split_once(':').map_or(container, |(_, name)| name).to_owned();
        self.found.push(Declared { name: self.path.name(), layer, shape: param.dims().to_vec() });
    }
}

struct Writer<'a> {
    arrays: &'a Arrays,
    path: Path,
    error: Option<ArraysError>,
}

impl Writer<'_> {
    fn find(&self, wanted: &[usize]) -> Result<&Array, ArraysError> {
        let name = self.path.name();
        let Some(array) = self.arrays.0.get(&name) else { return Err(ArraysError::Missing(name)) };
        if array.shape != wanted {
            return Err(ArraysError::Shape { name, found: array.shape.clone(), wanted: wanted.to_vec() });
        }
        Ok(array)
    }
}

impl ModuleMapper for Writer<'_> {
    keeps_path!();
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.find(&param.dims()) {
            Ok(array) => {
                let values = array.values.clone();
                replace(param, |_| values)
            }
            Err(error) => {
                self.error.get_or_insert(error);
                param
            }
        }
    }
}

struct GradientTaker {
    gradients: Gradients,
    path: Path,
    taken: Vec<(String, Vec<f32>)>,
}

impl ModuleVisitor for GradientTaker {
    keeps_path!();
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad_remove(&mut self.gradients) {
            self.taken.push((self.path.name(), host(gradient)));
        }
    }
}

struct Updater<F> {
    path: Path,
    change: F,
    /// Whether values at rest are handed out, too.
    at_rest: bool,
}

impl<F: FnMut(&str, &[usize], &mut [f32])> ModuleMapper for Updater<F> {
    keeps_path!();
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !self.at_rest && !param.is_require_grad() {
            return param;
        }
        let (name, shape) = (self.path.name(), param.dims());
        replace(param, |mut values| {
            (self.change)(&name, &shape, &mut values);
            values
        })
    }
}

#[derive(Default)]
struct Ids {
    path: Path,
    found: BTreeMap<String, ParamId>,
}

impl ModuleVisitor for Ids {
    keeps_path!();
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.found.insert(self.path.name(), param.id);
    }
}

#[derive(Default)]
struct TrainedNames {
    path: Path,
    names: BTreeSet<String>,
}

impl ModuleVisitor for TrainedNames {
    keeps_path!();
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if param.is_require_grad() {
            self.names.insert(self.path.name());
        }
    }
}

struct Rester<F> {
    path: Path,
    trained: F,
}

impl<F: Fn(&str) -> bool> ModuleMapper for Rester<F> {
    keeps_path!();
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let trained = (self.trained)(&self.path.name());
        if trained == param.is_require_grad() { param } else { replace_as(param, trained, |values| values) }
    }
}

struct BufferWriter<'a> {
    buffers: &'a [(ParamId, Vec<f32>)],
}

impl ModuleMapper for BufferWriter<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.buffers.iter().rev().find(|(id, _)| *id == param.id) {
            Some((_, values)) => replace(param, |_| values.clone()),
            None => param,
        }
    }
}

/// Passes a parameter's values through `change`; its id, its device and whether it is trained stay.
fn replace<const D: usize>(
    param: Param<Tensor<D>>,
    change: impl FnOnce(Vec<f32>) -> Vec<f32>,
) -> Param<Tensor<D>> {
    let trained = param.is_require_grad();
    replace_as(param, trained, change)
}

/// Passes a parameter's values through `change`, and says whether it is trained.
fn replace_as<const D: usize>(
    param: Param<Tensor<D>>,
    trained: bool,
    change: impl FnOnce(Vec<f32>) -> Vec<f32>,
) -> Param<Tensor<D>> {
    let (id, tensor, mapper) = param.consume();
    let (device, shape) = (tensor.device(), tensor.dims());
    let values = change(host(tensor.inner()));
    let tensor = Tensor::from_data(TensorData::new(values, shape), &device);
    Param::from_mapped_value(id, tensor.set_require_grad(trained), mapper)
}
