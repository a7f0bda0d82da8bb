//! What a model must be before the inference engine gets to see it. A crafted model makes the
//! engine panic, abort or run for ever while it optimises; what is let through here is small and
//! plain, and what still goes wrong ends with this process.

use std::collections::BTreeSet;

use cabincrew_governance::worker::WINDOW_MAX;
use cabincrew_governance::{Failure, FailureKind};
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::dimension;
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, type_proto,
};

/// The operators that a model may use.
const OPERATORS: [&str; 23] = [
    "Add",
    "Cast",
    "Concat",
    "Constant",
    "Conv",
    "Div",
    "Flatten",
    "Gather",
    "Gemm",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "Identity",
    "MatMul",
    "MaxPool",
    "Mul",
    "Relu",
    "Reshape",
    "Sigmoid",
    "Softmax",
    "Sub",
    "Tanh",
    "Transpose",
    "Unsqueeze",
];

/// Most operators of a model.
const NODES_MAX: usize = 256;
/// Most elements of all tensors that a model brings along.
const ELEMENTS_MAX: i64 = 4 << 20;
/// The versions of the operator set.
const OPSETS: std::ops::RangeInclusive<i64> = 7..=21;
/// Greatest number in an attribute that says how far a window reaches, moves or is filled up.
const REACH_MAX: i64 = 4096;

/// What a model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// How many bytes.
    pub(crate) width: usize,
    /// As elements of which type.
    pub(crate) element: Element,
}

/// The types that hold every byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    Float,
    Int32,
    Int64,
    Uint8,
}

/// Lets a model of bytes `[1, N]` to one score pass.
pub(crate) fn check(model: &ModelProto) -> Result<Shape, Failure> {
    check_operator_sets(model)?;
    let graph = model.graph.as_ref().ok_or_else(|| refused("no graph"))?;
    if graph.node.is_empty() || graph.node.len() > NODES_MAX {
        let count = graph.node.len();
        return Err(refused(format!(
            "{count} operators where 1 to {NODES_MAX} are allowed"
        )));
    }
    graph.node.iter().try_for_each(check_node)?;
    check_tensors(graph)?;
    check_output(graph)?;
    input_shape(graph)
}

fn refused(detail: impl AsRef<str>) -> Failure {
    Failure::new(FailureKind::Malformed, detail)
}

fn is_standard(domain: &str) -> bool {
    matches!(domain, "" | "ai.onnx")
}

fn check_operator_sets(model: &ModelProto) -> Result<(), Failure> {
    let mut versions = model
        .opset_import
        .iter()
        .filter(|set| is_standard(&set.domain))
        .map(|set| set.version);
    match (versions.next(), versions.next()) {
        (Some(version), None) if OPSETS.contains(&version) => Ok(()),
        (Some(version), None) => Err(refused(format!("operator set {version}"))),
        _ => Err(refused("not exactly one operator set")),
    }
}

fn check_node(node: &NodeProto) -> Result<(), Failure> {
    let operator = node.op_type.as_str();
    if !is_standard(&node.domain) || !OPERATORS.contains(&operator) {
        return Err(refused(format!("operator {operator} is not allowed")));
    }
    for attribute in &node.attribute {
        check_attribute(operator, attribute)?;
    }
    Ok(())
}

fn check_attribute(operator: &str, attribute: &AttributeProto) -> Result<(), Failure> {
    let name = attribute.name.as_str();
    let wrong = || refused(format!("attribute {name} of {operator}"));
    if attribute.g.is_some()
        || !attribute.graphs.is_empty()
        || attribute.sparse_tensor.is_some()
        || !attribute.ref_attr_name.is_empty()
    {
        return Err(wrong());
    }
    let ints = &attribute.ints;
    let is_plain = match name {
        "perm" => is_permutation(ints),
        "kernel_shape" | "strides" | "dilations" => {
            ints.iter().all(|value| (1..=REACH_MAX).contains(value))
        }
        "pads" => ints.iter().all(|value| (0..=REACH_MAX).contains(value)),
        "group" => (1..=REACH_MAX).contains(&attribute.i),
        _ => true,
    };
    if is_plain { Ok(()) } else { Err(wrong()) }
}

fn is_permutation(places: &[i64]) -> bool {
    let count = i64::try_from(places.len()).unwrap_or(i64::MAX);
    let distinct: BTreeSet<i64> = places.iter().copied().collect();
    distinct.len() == places.len() && distinct.iter().all(|place| (0..count).contains(place))
}

fn check_tensors(graph: &GraphProto) -> Result<(), Failure> {
    if !graph.sparse_initializer.is_empty() {
        return Err(refused("sparse tensors"));
    }
    let in_attributes = graph
        .node
        .iter()
        .flat_map(|node| &node.attribute)
        .flat_map(|attribute| attribute.t.iter().chain(&attribute.tensors));
    let mut total = 0_i64;
    for tensor in graph.initializer.iter().chain(in_attributes) {
        total = total.saturating_add(elements(tensor)?);
        if total > ELEMENTS_MAX {
            return Err(refused(format!("more than {ELEMENTS_MAX} numbers")));
        }
    }
    Ok(())
}

fn elements(tensor: &TensorProto) -> Result<i64, Failure> {
    let name = &tensor.name;
    if tensor.data_location.unwrap_or(0) != 0 || !tensor.external_data.is_empty() {
        return Err(refused(format!("tensor {name} lies in another file")));
    }
    tensor
        .dims
        .iter()
        .try_fold(1_i64, |product, &size| {
            (size >= 0).then(|| product.saturating_mul(size))
        })
        .ok_or_else(|| refused(format!("tensor {name} has a negative dimension")))
}

fn check_output(graph: &GraphProto) -> Result<(), Failure> {
    let [output] = graph.output.as_slice() else {
        let count = graph.output.len();
        return Err(refused(format!("{count} outputs where one is expected")));
    };
    let (data_type, sizes) = tensor_type(output)?;
    if data_type != DataType::Float as i32 {
        return Err(refused("the output is not float32"));
    }
    match sizes {
        Some(sizes) if sizes.iter().product::<i64>() == 1 => Ok(()),
        _ => Err(refused("the output is not one number")),
    }
}

fn input_shape(graph: &GraphProto) -> Result<Shape, Failure> {
    let given: BTreeSet<&str> = graph
        .initializer
        .iter()
        .map(|tensor| tensor.name.as_str())
        .collect();
    let asked: Vec<&ValueInfoProto> = graph
        .input
        .iter()
        .filter(|input| !given.contains(input.name.as_str()))
        .collect();
    let [input] = asked.as_slice() else {
        let count = asked.len();
        return Err(refused(format!("{count} inputs where one is expected")));
    };
    let (data_type, sizes) = tensor_type(input)?;
    let element = match DataType::try_from(data_type) {
        Ok(DataType::Float) => Element::Float,
        Ok(DataType::Int32) => Element::Int32,
        Ok(DataType::Int64) => Element::Int64,
        Ok(DataType::Uint8) => Element::Uint8,
        _ => return Err(refused("the input is of a type that bytes are not cast to")),
    };
    let width = match sizes.as_deref() {
        Some(&[1, width]) => usize::try_from(width).unwrap_or(0),
        _ => return Err(refused("the input is not of shape [1, N]")),
    };
    if (1..=WINDOW_MAX).contains(&width) {
        Ok(Shape { width, element })
    } else {
        Err(refused(format!(
            "the input takes {width} bytes where 1 to {WINDOW_MAX} are allowed"
        )))
    }
}

/// Element type and dimensions; without the latter when one of them is not a number.
fn tensor_type(value: &ValueInfoProto) -> Result<(i32, Option<Vec<i64>>), Failure> {
    let Some(type_proto::Value::TensorType(tensor)) =
        value.r#type.as_ref().and_then(|it| it.value.as_ref())
    else {
        return Err(refused(format!("{} has no type", value.name)));
    };
    let sizes = tensor.shape.as_ref().and_then(|shape| {
        shape
            .dim
            .iter()
            .map(|size| match size.value {
                Some(dimension::Value::DimValue(size)) => Some(size),
                Some(dimension::Value::DimParam(_)) | None => None,
            })
            .collect()
    });
    Ok((tensor.elem_type, sizes))
}
