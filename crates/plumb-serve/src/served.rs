//! What answers: a loaded model, whichever runtime it needs.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use plumb_data::{Predictions, Table};

use crate::explain::Reasons;
use crate::tensor::{Datatype, Tensor};
use crate::{ApiError, Signature};

/// Why rows got no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServeError {
    /// What the client sent goes with no input; one lower-case sentence that names what and where.
    #[error("{0}")]
    Asked(String),
    /// The model failed on sound input.
    #[error("{0}")]
    Failed(String),
}

/// A loaded model. Rows of several clients may be asked about at once; the answer to a row never depends on its neighbours.
pub trait Served: std::fmt::Debug + Send + Sync {
    /// What it takes in and gives back.
    fn signature(&self) -> &Signature;
    /// The predictions for all rows of a table of its input columns, in their order.
    fn predict(&self, table: &Table) -> Result<Predictions, ServeError>;
    /// Why it says what it says of each row of a table, row by row; none of a model that cannot tell ([`Self::explains`]). It may take seconds:
    /// it is to fail soon after nobody waits any more.
    fn explain(&self, _table: &Table, _is_gone: &AtomicBool) -> Option<Result<Vec<Reasons>, ServeError>> {
        None
    }
    /// Whether it gives reasons.
    fn explains(&self) -> bool {
        false
    }
    /// What its last layer shows of the rows, row by row, and how many numbers a row has; none of a model that shows nothing.
    fn embed(&self, _table: &Table) -> Option<Result<(Vec<f32>, usize), ServeError>> {
        None
    }
}

/// An input or output of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// Its elements.
    pub datatype: Datatype,
    /// Its extents, rows first; -1 for one that a request decides.
    pub shape: Vec<i64>,
}

/// A network without the preparation around it: tensors in, tensors out. The first extent of each is the rows.
pub trait Network: std::fmt::Debug + Send + Sync {
    /// What it is called: of `[A-Za-z0-9._-]`, not starting with a dot.
    fn name(&self) -> &str;
    /// Its version.
    fn version(&self) -> &str;
    /// What goes in.
    fn inputs(&self) -> &[Port];
    /// What comes out.
    fn outputs(&self) -> &[Port];
    /// Its outputs for inputs of these names and datatypes, whose shapes go with the ports.
    fn run(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, ServeError>;
}

/// Either of them.
#[derive(Debug, Clone)]
pub enum Loaded {
    /// Takes rows.
    Rows(Arc<dyn Served>),
    /// Takes tensors.
    Tensors(Arc<dyn Network>),
}

impl Loaded {
    /// What it is called.
    pub fn name(&self) -> &str {
        match self {
            Self::Rows(served) => &served.signature().name,
            Self::Tensors(network) => network.name(),
        }
    }

    /// Its version.
    pub fn version(&self) -> &str {
        match self {
            Self::Rows(served) => &served.signature().version,
            Self::Tensors(network) => network.version(),
        }
    }

    /// What goes in, and what comes out, as tensors.
    pub(crate) fn ports(&self) -> (Vec<Port>, Vec<Port>) {
        match self {
            Self::Tensors(network) => (network.inputs().to_vec(), network.outputs().to_vec()),
            Self::Rows(served) => {
                let of = served.signature();
                let input = |input: &crate::signature::Input| Port {
                    name: input.name.clone(),
                    datatype: crate::cells::datatype_of(input.kind),
                    shape: vec![-1],
                };
                (of.inputs.iter().map(input).collect(), outputs(of))
            }
        }
    }
}

/// The names of the outputs for rows.
pub(crate) const LABEL: &str = "label";
/// See [`LABEL`].
pub(crate) const PROBABILITIES: &str = "probabilities";
/// See [`LABEL`].
pub(crate) const PREDICTION: &str = "prediction";

fn outputs(of: &Signature) -> Vec<Port> {
    let port =
        |name: &str, datatype, shape: &[i64]| Port { name: name.to_owned(), datatype, shape: shape.to_vec() };
    if of.classes.is_empty() {
        return vec![port(PREDICTION, Datatype::Fp64, &[-1])];
    }
    let classes = of.classes.len() as i64;
    vec![port(LABEL, Datatype::Bytes, &[-1]), port(PROBABILITIES, Datatype::Fp32, &[-1, classes])]
}

/// Checks tensors against the ports of a network: names, datatypes, extents, and one count of rows.
pub(crate) fn check_tensors(tensors: &[Tensor], ports: &[Port]) -> Result<(), ApiError> {
    let known = |name: &str| ports.iter().any(|port| port.name == name);
    if let Some(strange) = tensors.iter().find(|tensor| !known(tensor.name())) {
        return Err(ApiError::bad(format!("the model has no input `{}`", strange.name())));
    }
    let mut rows = None;
    for port in ports {
        let mut named = tensors.iter().filter(|tensor| tensor.name() == port.name);
        let tensor =
            named.next().ok_or_else(|| ApiError::bad(format!("the input `{}` is missing", port.name)))?;
        if named.next().is_some() {
            return Err(ApiError::bad(format!("the input `{}` stands twice", port.name)));
        }
        let found = tensor.data().datatype();
        if found != port.datatype {
            let (wanted, found) = (port.datatype.as_str(), found.as_str());
            return Err(ApiError::bad(format!("the input `{}` is {wanted}, not {found}", port.name)));
        }
        let fits = |(wanted, found): (&i64, &usize)| *wanted < 0 || usize::try_from(*wanted) == Ok(*found);
        if tensor.shape().len() != port.shape.len() || !port.shape.iter().zip(tensor.shape()).all(fits) {
            let (wanted, found) = (&port.shape, tensor.shape());
            return Err(ApiError::bad(format!(
                "the input `{}` has the shape {wanted:?}, not {found:?}",
                port.name
            )));
        }
        if *rows.get_or_insert(tensor.rows()) != tensor.rows() {
            return Err(ApiError::bad(format!(
                "the input `{}` has {} rows, others more or fewer",
                port.name,
                tensor.rows()
            )));
        }
    }
    Ok(())
}
