//! Optimised models, and what they make of content.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cabincrew_governance::worker::{Bounded, Key, ModelRequest, Piece, Reply, Scored};
use cabincrew_governance::{Failure, FailureKind};
use tract_onnx::prelude::*;

use crate::gate::{self, Element, Shape};
use crate::window;

/// What the worker holds. How many models that may be, the other side watches.
#[derive(Default)]
pub(crate) struct Models(BTreeMap<Key, Model>);

struct Model {
    plan: Arc<TypedSimplePlan>,
    shape: Shape,
}

/// The best of the windows so far.
struct Highest {
    score: f32,
    piece: usize,
    offset: usize,
}

impl Bounded for Models {
    type Body = ModelRequest;

    fn answer(&mut self, body: ModelRequest) -> Reply {
        let answer = match body {
            ModelRequest::Load { key, model } => Model::load(&model).map(|model| {
                self.0.insert(key, model);
                Reply::Ready
            }),
            ModelRequest::Score { key, pieces } => self
                .0
                .get(&key)
                .ok_or_else(|| Failure::new(FailureKind::Unavailable, "the model is not loaded"))
                .and_then(|model| model.score_all(&pieces))
                .map(Reply::Scored),
        };
        answer.unwrap_or_else(Reply::from)
    }
}

impl Model {
    fn load(base64: &str) -> Result<Self, Failure> {
        let bytes = decode(base64)?;
        let onnx = onnx();
        let proto = onnx
            .proto_model_for_read(&mut bytes.as_slice())
            .map_err(|error| malformed(&error))?;
        let shape = gate::check(&proto)?;
        // From bytes only: a path would let a model name other files.
        let model = onnx
            .model_for_proto_model(&proto)
            .and_then(|model| model.with_input_fact(0, shape.fact()))
            .and_then(InferenceModelExt::into_optimized)
            .map_err(|error| malformed(&error))?;
        let outputs = model.output_outlets().map_err(|error| malformed(&error))?;
        let fact = outputs
            .first()
            .and_then(|outlet| model.outlet_fact(*outlet).ok())
            .ok_or_else(|| Failure::new(FailureKind::Malformed, "no output"))?;
        if fact.datum_type != f32::datum_type() || fact.shape.volume() != 1.to_dim() {
            return Err(Failure::new(
                FailureKind::Malformed,
                "the output is not one float32 number",
            ));
        }
        let plan = model.into_runnable().map_err(|error| malformed(&error))?;
        Ok(Self { plan, shape })
    }

    fn score_all(&self, pieces: &[Piece]) -> Result<Scored, Failure> {
        let mut highest: Option<Highest> = None;
        let mut windows = 0;
        let mut bytes = vec![0; self.shape.width];
        for (piece, content) in pieces.iter().enumerate() {
            let content = decode(&content.bytes)?;
            for offset in window::starts(content.len(), self.shape.width) {
                window::fill(&mut bytes, &content, offset);
                let score = self.score(&bytes)?;
                windows += 1;
                if highest.as_ref().is_none_or(|best| score > best.score) {
                    highest = Some(Highest {
                        score,
                        piece,
                        offset,
                    });
                }
            }
        }
        let Highest {
            score,
            piece,
            offset,
        } = highest.ok_or_else(|| Failure::new(FailureKind::NothingToEvaluate, "no pieces"))?;
        Ok(Scored {
            score: shortest(score),
            piece,
            offset,
            windows,
        })
    }

    /// The score of one window; a number in 0..=1 or a failure (CC-PRE-021).
    fn score(&self, bytes: &[u8]) -> Result<f32, Failure> {
        let failed =
            |error: TractError| Failure::new(FailureKind::Evaluation, format!("{error:#}"));
        let input = self.shape.tensor(bytes).map_err(failed)?;
        let outputs = self.plan.run(tvec!(input.into_tvalue())).map_err(failed)?;
        let output = outputs[0].to_plain_array_view::<f32>().map_err(failed)?;
        match output.iter().copied().next() {
            Some(score) if output.len() == 1 && (0.0..=1.0).contains(&score) => Ok(score),
            Some(score) => Err(Failure::new(
                FailureKind::UnusableScore,
                format!("score {score} is not in 0 to 1"),
            )),
            None => Err(Failure::new(FailureKind::UnusableScore, "no score")),
        }
    }
}

impl Shape {
    fn datum_type(self) -> DatumType {
        match self.element {
            Element::Float => f32::datum_type(),
            Element::Int32 => i32::datum_type(),
            Element::Int64 => i64::datum_type(),
            Element::Uint8 => u8::datum_type(),
        }
    }

    fn fact(self) -> InferenceFact {
        InferenceFact::dt_shape(self.datum_type(), [1, self.width])
    }

    fn tensor(self, bytes: &[u8]) -> TractResult<Tensor> {
        let bytes = Tensor::from_shape(&[1, self.width], bytes)?;
        Ok(bytes.cast_to_dt(self.datum_type())?.into_owned())
    }
}

/// The number that is written like the float32: 0.9, not 0.8999999761581421, so that a score and a
/// threshold that are written alike are equal.
fn shortest(score: f32) -> f64 {
    score
        .to_string()
        .parse()
        .unwrap_or_else(|_| f64::from(score))
}

fn decode(base64: &str) -> Result<Vec<u8>, Failure> {
    STANDARD
        .decode(base64)
        .map_err(|_| Failure::new(FailureKind::Malformed, "not base64"))
}

fn malformed(error: &TractError) -> Failure {
    Failure::new(FailureKind::Malformed, format!("{error:#}"))
}
