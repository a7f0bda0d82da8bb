//! `sweep`: breaks an orchestrator off at every point at which it changes something.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::arguments::Color;
use super::call::CallArgs;
use super::edge::Edge;
use super::error::CliError;
use super::output;
use super::progress::Live;
use crate::drive::clock;
use crate::exit::Exit;
use crate::orchestrator::adapter::OrchestratorAdapter;
use crate::orchestrator::catalogue::Kit;
use crate::orchestrator::drive::Target;
use crate::orchestrator::plan::RunPlan;
use crate::orchestrator::sweep::{
    Damages, Fashion, Limits, Outcome, Then, corruption, double, of_drill, power_loss, sweep, usual,
};
use crate::report::plain::{safe, shell_word};

/// What happens at points where nothing else is asked for.
const KILLS: &str = "before,after,torn";

const EXAMPLES: &str = "\
Options come before BIN; everything after BIN belongs to the orchestrator:
  cabincrew-conform sweep ./my-orchestrator
  cabincrew-conform sweep --budget 60s --adapter conform.toml python3 my_adapter.py
  cabincrew-conform sweep --point 'answer/write:journal:2' --mode torn ./my-orchestrator
  cabincrew-conform sweep --part corruption --budget 5m ./my-orchestrator

The scenario is a plan that waits for approval, is approved and carried out; --drill NAME takes that of a
drill. Linux on x86-64 alone, but for --part corruption. docs/crash-sweep.md says what the findings mean.";

/// Crash an orchestrator at every point at which it changes something, and see what a restart makes of it
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SweepArgs {
    /// An adapter file [default: conform.toml beside BIN, if there is one]
    #[arg(long, value_name = "FILE")]
    adapter: Option<PathBuf>,
    /// The scenario of this drill instead of the usual one
    #[arg(long, value_name = "NAME")]
    drill: Option<String>,
    /// Stop after this time (60s, 5m), with a sample in an order made from the seed
    #[arg(long, value_name = "TIME", value_parser = duration)]
    budget: Option<Duration>,
    /// Only this point: STEP/CALL:PATH:ORDINAL, or a damage: REST/PATH:OFFSET^MASK, REST/PATH:=LENGTH
    #[arg(long, value_name = "POINT")]
    point: Option<String>,
    /// Only name the points
    #[arg(long, conflicts_with_all = ["point", "image"])]
    list: bool,
    /// What happens at a point
    #[arg(
        long,
        value_enum,
        value_name = "MODE",
        value_delimiter = ',',
        default_value = KILLS
    )]
    mode: Vec<ModeArg>,
    /// Of the calls that fail (--mode errno) only this one: ENOSPC, 'EIO for ever', short
    #[arg(long, value_name = "ERROR")]
    error: Option<String>,
    /// In the recovery from the fault at --point only this point (--part double)
    #[arg(long, value_name = "POINT", requires = "point")]
    then: Option<String>,
    /// What happens at the points of recoveries (--part double)
    #[arg(
        long,
        value_enum,
        value_name = "MODE",
        value_delimiter = ',',
        default_value = KILLS
    )]
    then_mode: Vec<ModeArg>,
    /// Which parts
    #[arg(
        long,
        value_enum,
        value_name = "PART",
        value_delimiter = ',',
        default_value = "kill,power-loss"
    )]
    part: Vec<PartArg>,
    /// Only this image of a power loss, as a finding names it
    #[arg(long, value_name = "IMAGE", conflicts_with = "point")]
    image: Option<String>,
    #[command(flatten)]
    call: CallArgs,
}

/// What happens at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ModeArg {
    /// Everything is killed before the call
    Before,
    /// Everything is killed when the call has returned
    After,
    /// Half is written, then everything is killed
    Torn,
    /// The call fails, with every error that it can have, once and from then on
    Errno,
}

impl ModeArg {
    const fn fashion(self) -> Fashion {
        match self {
            Self::Before => Fashion::Before,
            Self::After => Fashion::After,
            Self::Torn => Fashion::Torn,
            Self::Errno => Fashion::Errno,
        }
    }
}

/// A part of a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum PartArg {
    /// The whole process tree is killed at every point
    Kill,
    /// After every kill the recovery is killed, at each of its own points
    Double,
    /// Every disk that a power loss may leave is recovered
    PowerLoss,
    /// Every byte rots, every end is cut off, one at a time, while nothing runs
    Corruption,
}

const PARTS: [PartArg; 4] = [
    PartArg::Kill,
    PartArg::Double,
    PartArg::PowerLoss,
    PartArg::Corruption,
];

impl SweepArgs {
    /// None where points are only named.
    fn fashions(&self) -> Vec<Fashion> {
        let modes = self.mode.iter().filter(|_| !self.list);
        modes.map(|mode| mode.fashion()).collect()
    }

    /// A point belongs to the part that is asked for, and to kills by default; an image to power losses.
    fn has(&self, part: PartArg) -> bool {
        match part {
            PartArg::Kill => self.list || (self.part.contains(&part) && self.image.is_none()),
            PartArg::Double | PartArg::Corruption => {
                self.part.contains(&part) && self.image.is_none() && !self.list
            }
            PartArg::PowerLoss => {
                let all = self.point.is_none() && !self.list;
                self.image.is_some() || (self.part.contains(&part) && all)
            }
        }
    }
}

/// `60`, `60s` or `5m`.
fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.strip_suffix('m') {
        Some(number) => (number, 60),
        None => (text.strip_suffix('s').unwrap_or(text), 1),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "a number of seconds (60s) or minutes (5m)".to_owned())?;
    Ok(Duration::from_secs(number * unit))
}

/// Sweeps the orchestrator and returns the exit that its findings name.
///
/// # Errors
/// When the request cannot be carried out.
pub(crate) fn run(args: &SweepArgs, edge: &Edge) -> Result<Exit, CliError> {
    let subject = args.call.subject(edge)?;
    let scenarios = match &args.drill {
        Some(name) => of_drill(&Kit::embedded()?.drills, name)?,
        None => vec![usual()],
    };
    let adapter = OrchestratorAdapter::find(args.adapter.as_deref(), &subject.command)?;
    let options = args.call.options(&adapter, None, edge);
    let target = Target {
        subject: &subject,
        adapter: &adapter,
        options: &options,
    };
    let parts: Vec<(&RunPlan, PartArg)> = scenarios
        .iter()
        .flat_map(|scenario| PARTS.map(|part| (scenario, part)))
        .filter(|(_, part)| args.has(*part))
        .collect();
    let mut exit = Exit::Conforms;
    for (scenario, part) in &parts {
        // What one part does not need of its time is not given to the next: samples stay comparable.
        let budget = args.budget.zip(u32::try_from(parts.len()).ok());
        let budget = budget.map(|(budget, parts)| budget / parts);
        let one = One {
            args,
            edge,
            target: &target,
            budget,
        };
        exit = worse(exit, one.part(scenario, *part)?);
    }
    Ok(exit)
}

/// One part of one scenario.
struct One<'a> {
    args: &'a SweepArgs,
    edge: &'a Edge,
    target: &'a Target<'a>,
    budget: Option<Duration>,
}

impl One<'_> {
    fn part(&self, scenario: &RunPlan, part: PartArg) -> Result<Outcome, CliError> {
        let start = clock::now();
        let deadline = self.budget.map(|budget| start.after(budget));
        let more = || deadline.is_none_or(|deadline| !deadline.has_passed());
        let limits = Limits {
            fashions: self.args.fashions(),
            point: self.args.point.clone(),
            error: self.args.error.clone(),
            more: deadline.map(|_| &more as &(dyn Fn() -> bool + Sync)),
            seed: self.args.call.seed,
        };
        let live = Live {
            edge: self.edge,
            scenario: "sweep",
        };
        let repeat = repeated(self.args, self.edge);
        let (text, outcome) = match part {
            PartArg::Kill => {
                let swept = sweep(self.target, scenario, &limits, &live);
                live.clear();
                let swept = swept?;
                if self.args.list && swept.unproven.is_none() {
                    let names: Vec<String> = swept.points.iter().map(|name| safe(name)).collect();
                    output::print(&format!("{}\n", names.join("\n")), Color::Never)?;
                    return Ok(Outcome::Survives);
                }
                let told = swept.told(&scenario.name(), start.elapsed_ms(), &repeat);
                (told, swept.outcome())
            }
            PartArg::Double => {
                let then = Then {
                    point: self.args.then.clone(),
                    fashions: self.args.then_mode.iter().map(|it| it.fashion()).collect(),
                };
                let found = double(self.target, scenario, (&limits, &then), &live);
                live.clear();
                let found = found?;
                let seed = deadline.map(|_| self.args.call.seed);
                let told = found.told((&scenario.name(), seed), start.elapsed_ms(), &repeat);
                (told, found.outcome())
            }
            PartArg::PowerLoss => {
                let only = self.args.image.as_deref();
                let lost = power_loss(self.target, scenario, (&limits, only), &live);
                live.clear();
                let lost = lost?;
                let told = lost.told(&scenario.name(), start.elapsed_ms(), &repeat);
                (told, lost.outcome())
            }
            PartArg::Corruption => {
                let share = |at: usize, of: usize| self.has_time(start, at, of);
                let damages = Damages {
                    only: self.args.point.as_deref(),
                    more: deadline.map(|_| &share as &(dyn Fn(usize, usize) -> bool + Sync)),
                    seed: self.args.call.seed,
                };
                let found = corruption(self.target, scenario, &damages, &live);
                live.clear();
                let found = found?;
                let seed = deadline.map(|_| self.args.call.seed);
                let told = found.told((&scenario.name(), seed), start.elapsed_ms(), &repeat);
                (told, found.outcome())
            }
        };
        output::print(&text, Color::Auto)?;
        Ok(outcome)
    }
}

impl One<'_> {
    /// Whether a share of the budget is left: the rests have the same time each.
    fn has_time(&self, start: clock::Moment, at: usize, of: usize) -> bool {
        let shares = u32::try_from(at + 1).unwrap_or(u32::MAX);
        let of = u32::try_from(of).unwrap_or(u32::MAX).max(1);
        self.budget
            .is_none_or(|budget| !start.after(budget / of * shares).has_passed())
    }
}

/// A finding comes before anything unproven.
fn worse(exit: Exit, outcome: Outcome) -> Exit {
    match (exit, outcome) {
        (Exit::DoesNotConform, _) | (_, Outcome::Violated) => Exit::DoesNotConform,
        (_, Outcome::Unproven) => Exit::NotExercised,
        (exit, Outcome::Survives) => exit,
    }
}

/// The words of a command that repeats one finding: before its own and after them, ready to be pasted.
fn repeated(args: &SweepArgs, edge: &Edge) -> (String, String) {
    let written = |path: &Path| path.to_string_lossy().into_owned();
    let options = [
        ("--adapter", args.adapter.as_deref().map(written)),
        ("--drill", args.drill.clone()),
    ];
    let (before, after) = args.call.again((&edge.called, "sweep"), &options, &written);
    let joined = |words: Vec<String>| -> String {
        let words: Vec<String> = words.iter().map(|word| shell_word(word)).collect();
        words.join(" ")
    };
    (joined(before), joined(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read() {
        assert_eq!(duration("60s"), Ok(Duration::from_secs(60)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(duration("7"), Ok(Duration::from_secs(7)));
        assert!(duration("soon").is_err());
    }

    #[test]
    fn a_finding_decides() {
        let both = worse(worse(Exit::Conforms, Outcome::Violated), Outcome::Unproven);
        assert_eq!(both, Exit::DoesNotConform);
        assert_eq!(worse(Exit::Conforms, Outcome::Unproven), Exit::NotExercised);
        assert_eq!(worse(Exit::Conforms, Outcome::Survives), Exit::Conforms);
    }
}
