//! Deviations in reading the request.

use std::borrow::Cow;
use std::io::{self, Read as _};

use serde::Deserialize;

use super::deviation::wait_for_ever;
use crate::engine::{Failure, Mode, Start};

/// A deviation in reading the request: `input/...`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum InputFault {
    /// Goes on with input that must be refused.
    Accepts {
        /// Which.
        what: Leniency,
    },
    /// Waits for standard input even though `CABINCREW_INPUT_FILE` is set.
    BlocksOnStandardInput {},
    /// Ends with exit status 2 and without a receipt, whatever it is asked to do.
    Declines {},
    /// Takes no more than so many bytes for the whole input.
    FixedBuffer {
        /// Size of the buffer.
        bytes: u64,
    },
    /// Knows no `--mode`: prints its usage and ends with exit status 2.
    FlagRejected {},
    /// Reads well only what comes at once; waits for ever when the first read brings one byte.
    HangsOnPieces {},
    /// Reads standard input even though `CABINCREW_INPUT_FILE` is set.
    IgnoresInputFile {},
    /// Plans, whatever mode it is launched in.
    IgnoresMode {},
    /// Reads the request of a take-off in a way of its own, and that of planning well.
    InTakeOff {
        /// In which way.
        what: TakeOffReading,
    },
    /// Writes an artifact before it finds that the input is not JSON.
    PlansBeforeRefusing {},
    /// Reads standard input to its end, and the file of `CABINCREW_INPUT_FILE` only if that was empty.
    PrefersStandardInput {},
    /// Takes what one read brings for the whole input.
    ReadsOnce {},
    /// Follows nested input with a stack frame for each level.
    RecursesWithoutBound {},
    /// Removes the file of `CABINCREW_INPUT_FILE` once it is read.
    RemovesInputFile {},
}

/// How the request of a take-off is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TakeOffReading {
    /// The file of `CABINCREW_INPUT_FILE` is not looked at.
    NoFile,
    /// What one read brings counts as the whole.
    Once,
    /// An empty object behind the document does not matter.
    WithObjectBehind,
}

/// What a lenient engine lets pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Leniency {
    /// A comment before the document.
    Comments,
    /// Configs that break the engine's own contract.
    Config,
    /// Line ends and other control characters within texts count as blanks.
    ControlCharacters,
    /// Nesting without end: the innermost levels are dropped.
    DeepNesting,
    /// The last one of two members of the same name counts.
    DuplicateMembers,
    /// A flag that contradicts the variable: the variable counts.
    FlagDiffers,
    /// An input whose mode contradicts flag and variable: those count.
    InputDiffers,
    /// A list counts as an object: its items are the members, in the order of the definition.
    ListsForObjects,
    /// Missing members are filled in.
    MissingMembers,
    /// What cannot be parsed counts as an empty object.
    NotJson,
    /// `NaN` counts as 0.
    NotANumber,
    /// Numbers may begin with zeros.
    LeadingZeros,
    /// Null counts as absent.
    NullMembers,
    /// Whatever follows the first document.
    SecondDocument,
    /// Bytes before the document that are not UTF-8.
    StrayBytes,
    /// An unknown value of `--mode` counts as none.
    UnknownFlag,
    /// Members that are not defined.
    UnknownMembers,
    /// An unknown mode in the input counts as the flag's.
    UnknownModes,
    /// A variable that contradicts the flag: the flag counts.
    VariableDiffers,
    /// Members of a wrong type count as absent.
    WrongTypes,
}

/// Nesting that the reader still takes.
const DEPTH_KEPT: usize = 40;
/// Stack that each level of careless recursion costs.
const FRAME: usize = 16 << 10;

impl TakeOffReading {
    fn read(self, start: &Start) -> Option<io::Result<Vec<u8>>> {
        if start.apparent_mode() != Mode::TakeOff {
            return None;
        }
        match self {
            Self::NoFile => InputFault::IgnoresInputFile {}.read(start),
            Self::Once => InputFault::ReadsOnce {}.read(start),
            Self::WithObjectBehind if start.variable("CABINCREW_INPUT_FILE").is_none() => {
                let mut bytes = Vec::new();
                let read = io::stdin().lock().read_to_end(&mut bytes);
                if bytes.ends_with(b"}{}") {
                    bytes.truncate(bytes.len() - 2);
                }
                Some(read.map(|_| bytes))
            }
            Self::WithObjectBehind => None,
        }
    }
}

impl Leniency {
    /// What is read as something else.
    const fn exchanges(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::ControlCharacters => Some(("\n", " ")),
            Self::LeadingZeros => Some((":00", ":")),
            Self::NotANumber => Some((":NaN", ":0")),
            _ => None,
        }
    }
}

impl InputFault {
    pub(super) fn read(&self, start: &Start) -> Option<io::Result<Vec<u8>>> {
        if let Self::InTakeOff { what } = self {
            return what.read(start);
        }
        let file = start.variable("CABINCREW_INPUT_FILE");
        if let Some(file) = file.filter(|_| *self == (Self::RemovesInputFile {})) {
            let read = std::fs::read(file);
            let _ = std::fs::remove_file(file);
            return Some(read);
        }
        let by_file = file.is_some();
        let mut stdin = io::stdin().lock();
        let mut bytes = Vec::new();
        let read = match self {
            Self::FixedBuffer { bytes: limit } if !by_file => {
                stdin.take(*limit).read_to_end(&mut bytes)
            }
            Self::IgnoresInputFile {} if by_file => stdin.read_to_end(&mut bytes),
            Self::PrefersStandardInput {} if by_file => match stdin.read_to_end(&mut bytes) {
                Ok(0) => return None,
                read => read,
            },
            Self::BlocksOnStandardInput {} if by_file => {
                let read = stdin.read_to_end(&mut bytes);
                if bytes.is_empty() {
                    wait_for_ever();
                }
                read
            }
            Self::ReadsOnce {} | Self::HangsOnPieces {} if !by_file => {
                bytes.resize(1 << 20, 0);
                let first = stdin.read(&mut bytes);
                bytes.truncate(*first.as_ref().unwrap_or(&0));
                if *self == (Self::ReadsOnce {}) {
                    first
                } else if bytes.len() == 1 {
                    wait_for_ever()
                } else {
                    stdin.read_to_end(&mut bytes)
                }
            }
            _ => return None,
        };
        Some(read.map(|_| bytes))
    }

    pub(super) fn clean<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        match self {
            Self::Accepts {
                what: Leniency::StrayBytes,
            } => {
                let from = bytes.iter().position(u8::is_ascii).unwrap_or(0);
                Cow::Borrowed(&bytes[from..])
            }
            Self::Accepts {
                what: Leniency::Comments,
            } if bytes.starts_with(b"/") => {
                let from = bytes.iter().position(|byte| *byte == b'{');
                Cow::Borrowed(&bytes[from.unwrap_or(0)..])
            }
            Self::Accepts { what } if what.exchanges().is_some() => {
                let (from, to) = what.exchanges().unwrap_or_default();
                let text = String::from_utf8_lossy(bytes).replace(from, to);
                Cow::Owned(text.into_bytes())
            }
            Self::Accepts {
                what: Leniency::DeepNesting,
            } => Cow::Owned(flatten(bytes)),
            Self::RecursesWithoutBound {} => {
                descend(bytes, 0);
                Cow::Borrowed(bytes)
            }
            _ => Cow::Borrowed(bytes),
        }
    }

    pub(super) const fn mode_for(&self, mode: Mode) -> Mode {
        match self {
            Self::IgnoresMode {} => Mode::FlightPlan,
            _ => mode,
        }
    }

    pub(super) fn before_refusing(&self, start: &Start, failure: &Failure) {
        if let (Self::PlansBeforeRefusing {}, Failure::NotJson(_)) = (self, failure)
            && let Ok(dirs) = start.dirs()
        {
            let folder = dirs.artifacts.join("log");
            let text = r#"{"artifact_type":"log","action":"none","mime":"text/plain","body":""}"#;
            let _ = std::fs::create_dir(&folder);
            let _ = std::fs::write(folder.join("artifact.json"), text);
        }
    }
}

/// Leaves out brackets beyond some depth, outside of strings.
fn flatten(bytes: &[u8]) -> Vec<u8> {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    let mut kept = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        let mut keep = true;
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else {
            match byte {
                b'"' => in_string = true,
                b'[' | b'{' => {
                    depth += 1;
                    keep = depth <= DEPTH_KEPT;
                }
                b']' | b'}' => {
                    keep = depth <= DEPTH_KEPT;
                    depth = depth.saturating_sub(1);
                }
                _ => {}
            }
        }
        if keep {
            kept.push(byte);
        }
    }
    kept
}

/// Goes one level down for each opening bracket; overflows the stack on deep input.
fn descend(bytes: &[u8], depth: usize) -> usize {
    let frame = std::hint::black_box([0u8; FRAME]);
    match bytes.iter().position(|byte| *byte == b'[') {
        Some(at) => descend(&bytes[at + 1..], depth + 1) + usize::from(frame[depth % FRAME]),
        None => depth,
    }
}
