//! The runs that a drill stands for.

use super::drill::{Act, Drill, Needs, Step};

/// One run: a drill, or one of its cases.
#[derive(Debug, Clone)]
pub struct RunPlan {
    /// The drill.
    pub drill: String,
    /// The case, where the drill has cases.
    pub case: Option<String>,
    /// The stage, the case's merged into the drill's.
    pub stage: toml::Table,
    /// The steps, the case's merged into the drill's.
    pub steps: Vec<Step>,
    /// What the subject or the machine must offer for it.
    pub needs: Option<Needs>,
}

impl RunPlan {
    /// `DRILL` or `DRILL/CASE`.
    pub fn name(&self) -> String {
        match &self.case {
            Some(case) => format!("{}/{case}", self.drill),
            None => self.drill.clone(),
        }
    }

    /// The names of all steps, those within others included; what is done to each file of a state
    /// directory is named for the first one.
    pub fn step_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        collect(&self.steps, "", &mut names);
        names
    }
}

fn collect(steps: &[Step], prefix: &str, names: &mut Vec<String>) {
    for step in steps {
        let name = format!("{prefix}{}", step.name);
        if let Act::Each(each) = &step.act {
            names.push(format!("{name}.0"));
            collect(&each.then, &format!("{name}.0."), names);
        } else {
            collect(step.act.inner(), prefix, names);
            names.push(name);
        }
    }
}

impl Drill {
    /// The runs of this drill, in order: one for each case, or the drill itself.
    pub fn runs(&self) -> Vec<RunPlan> {
        let own = RunPlan {
            drill: self.name.clone(),
            case: None,
            stage: self.stage.clone(),
            steps: self.steps.clone(),
            needs: None,
        };
        if self.cases.is_empty() {
            return vec![own];
        }
        let of_case = |case: &super::drill::Case| {
            let mut run = own.clone();
            run.case = Some(case.name.clone());
            run.needs = case.needs;
            merge(&mut run.stage, &case.stage);
            for step in &case.steps {
                match run.steps.iter_mut().find(|other| other.name == step.name) {
                    Some(other) => *other = step.clone(),
                    None => run.steps.push(step.clone()),
                }
            }
            run
        };
        self.cases.iter().map(of_case).collect()
    }
}

/// Merges a table into another: tables member by member, all else replaces.
pub(crate) fn merge(into: &mut toml::Table, from: &toml::Table) {
    for (name, value) in from {
        match (into.get_mut(name), value) {
            (Some(toml::Value::Table(own)), toml::Value::Table(other)) => merge(own, other),
            _ => {
                into.insert(name.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_changes_what_it_names() {
        let drill: Drill = toml::from_str(
            r#"
            summary = "x"
            [stage.policy.rule]
            decision = "allow"
            status = 0
            [[step]]
            name = "run"
            run = {}
            [[case]]
            name = "deny"
            stage.policy.rule.decision = "deny"
            [[case.step]]
            name = "again"
            resume = {}
            "#,
        )
        .unwrap();
        let runs = drill.runs();
        assert_eq!(runs.len(), 1);
        let rule = &runs[0].stage["policy"]["rule"];
        assert_eq!(rule["decision"].as_str(), Some("deny"));
        assert_eq!(rule["status"].as_integer(), Some(0));
        let names: Vec<_> = runs[0].steps.iter().map(|step| &step.name).collect();
        assert_eq!(names, ["run", "again"]);
    }

    #[test]
    fn a_step_has_exactly_one_act() {
        let step = |text: &str| toml::from_str::<Step>(text).is_ok();
        assert!(step("name = 'x'\nresume = {}"));
        assert!(!step("name = 'x'"));
        assert!(!step("name = 'x'\nrun = {}\nresume = {}"));
        assert!(!step("name = 'x'\nrun = { kill_at = 'edit:take-off' }"));
        assert!(step(
            "name = 'x'\nrun = { kill_at = 'edit:take-off:end:2' }"
        ));
    }
}
