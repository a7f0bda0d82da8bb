//! Governance of plans: policies, models and programs, evaluated outside the orchestrator.
