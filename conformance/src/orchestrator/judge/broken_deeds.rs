//! Ways of breaking what the [`super::sample`] does, one for each rule.

use serde_json::json;

use super::broken::{
    Break, asked, audit, event, exports, given, leak, lines, plan, policy, silence, step, take_off,
};
use crate::observe::End;
use crate::orchestrator::rule::Rule;
use crate::tree::{Change, What};

/// Rules on requests, launches, policies and effects, each with a way of breaking it.
pub(super) const DEEDS: &[(Rule, Break)] = &[
    (Rule::RequestBinding, |s| {
        asked(s, |it| it["approval_id"] = json!("apr-1"))
    }),
    (Rule::RequestContext, |s| {
        s.runs[0].workflow["trigger"]["by"] = json!("somebody else");
    }),
    (Rule::RequestEvidence, |s| {
        asked(s, |it| it["evidence"] = json!([]))
    }),
    (Rule::RequestIds, |s| {
        asked(s, |it| it["step_id"] = json!(""))
    }),
    (Rule::RequestIdsUnique, |s| {
        lines(&mut exports(s).approvals, |all| all.push(all[0].clone()))
    }),
    (Rule::RequestStays, |s| {
        lines(&mut exports(s).approvals, Vec::clear)
    }),
    (Rule::RequestToken, |s| {
        asked(s, |it| it["plan_token_hash"] = json!("0"))
    }),
    (Rule::RequestValid, |s| {
        asked(s, |it| it["reason"] = json!(""))
    }),
    (Rule::ResponseAudited, |s| audit(s, |all| all.truncate(14))),
    (Rule::ResponseEvent, |s| {
        event(s, "approval_response", |it| {
            it["approval"]["approver"] = json!("eve")
        })
    }),
    (Rule::EngineCwd, |s| plan(s).cwd = "/".to_owned()),
    (Rule::EngineDescriptors, |s| {
        plan(s).descriptors.insert("7".to_owned(), "/x".to_owned());
    }),
    (Rule::EngineDirectories, |s| {
        plan(s)
            .env
            .insert("CABINCREW_TEMP_DIR".to_owned(), "temp".to_owned());
    }),
    (Rule::EngineDirectoriesEmpty, |s| {
        plan(s).temp_before.push("left".to_owned());
    }),
    (Rule::EngineEnvironment, |s| {
        plan(s).env.insert("AWS_REGION".to_owned(), "x".to_owned());
    }),
    (Rule::EngineEnvironmentClean, |s| {
        plan(s).env.insert("PATH".to_owned(), "/amb1ent".to_owned());
    }),
    (Rule::EngineIds, |s| {
        given(take_off(s), |it| it["meta"]["step_id"] = json!("new"))
    }),
    (Rule::EngineInput, |s| {
        given(plan(s), |it| it["config"] = json!({"a": 1}))
    }),
    (Rule::EngineModes, |s| {
        take_off(s)
            .env
            .insert("CABINCREW_MODE".to_owned(), "flight-plan".to_owned());
    }),
    (Rule::EngineRunIndex, |s| {
        given(plan(s), |it| it["orchestrator"]["run_index"] = json!(3))
    }),
    (Rule::EngineSecrets, |s| {
        given(plan(s), |it| it["secrets"]["MORE"] = json!("x"))
    }),
    (Rule::EngineSwitch, |s| {
        plan(s).argv = vec!["flight-plan".to_owned()]
    }),
    (Rule::EngineWorkspace, |s| plan(s).workspace_before.clear()),
    (Rule::EngineWorkspaceWhole, |s| {
        plan(s).workspace_forms.clear();
    }),
    (Rule::EngineWritable, |s| {
        plan(s).writable.insert("temp".to_owned(), false);
    }),
    (Rule::PolicyContext, |s| {
        policy(s, |it| it["plan_token"]["token"] = json!("0"))
    }),
    (Rule::PolicyEvidence, |s| {
        policy(s, |it| it["evidence"] = json!([]))
    }),
    (Rule::PolicyInput, |s| {
        policy(s, |it| it["extra"] = json!(1))
    }),
    (Rule::PolicyNoLog, |s| {
        policy(s, |it| it["evidence"][0]["name"] = json!("zlog"))
    }),
    (Rule::PolicyResults, |s| {
        given(&mut step(s, 1).programs[1], |it| {
            it["engine_output"]["receipt_id"] = json!("r-flight-plan")
        })
    }),
    (Rule::TakeOffBytes, |s| {
        take_off(s)
            .artifacts_before
            .insert("edits/body.data".to_owned(), "0".to_owned());
    }),
    (Rule::TakeOffCleared, |s| silence(s, "approval_response")),
    (Rule::TakeOffInput, |s| {
        given(take_off(s), |it| it["config"] = json!({"a": 1}))
    }),
    (Rule::TakeOffListed, |s| {
        given(take_off(s), |it| it["context"] = json!({}))
    }),
    (Rule::TakeOffNoLog, |s| {
        take_off(s)
            .artifacts_before
            .insert("zlog/artifact.json".to_owned(), "0".to_owned());
    }),
    (Rule::TakeOffOnce, |s| {
        let again = take_off(s).clone();
        step(s, 1).programs.push(again);
    }),
    (Rule::TakeOffToken, |s| {
        given(plan(s), |it| it["expected_plan_token"] = json!("0"))
    }),
    (Rule::ExitFitsState, |s| {
        step(s, 1).end = Some(End::Exited(1))
    }),
    (Rule::NoProcessLeft, |s| {
        step(s, 1).left_alive.push("edit".to_owned())
    }),
    (Rule::NoSecretAudited, |s| leak(s, "export:audit")),
    (Rule::NoSecretKept, |s| leak(s, "state-dir:x")),
    (Rule::RunsToItsEnd, |s| {
        step(s, 1).end = Some(End::TimedOut(1))
    }),
    (Rule::StoreKept, |s| {
        step(s, 1).stored.insert("edits/body.data".to_owned(), 0);
    }),
    (Rule::TempGone, |s| {
        step(s, 1).dirs_left.push("temp 11".to_owned())
    }),
    (Rule::WorkspaceKept, |s| {
        step(s, 0).workspace_changes.push(Change {
            path: "notes.txt".to_owned(),
            what: What::Content,
        })
    }),
];
