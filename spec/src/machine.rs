//! How a state machine is written once: the `machine!` macro turns rows into enums, the table
//! and the step function, so that they cannot disagree.

/// One permitted move: in `from`, `event` leads to `to`, because the requirements demand it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Row<S: 'static, E: 'static> {
    /// State before.
    pub from: S,
    /// What happens.
    pub event: E,
    /// State after.
    pub to: S,
    /// Requirement ids (CC-..) that the move rests on.
    pub requirements: &'static [&'static str],
}

/// Declares the states, the events and the rows of a machine.
///
/// It makes both enums with their wire names, `TABLE`, and `next`. A second row for the same
/// state and event does not compile.
macro_rules! machine {
    (
        $(#[$state_doc:meta])* states $state:ident {
            $( $(#[$s_doc:meta])* $s:ident = $s_wire:literal, )+
        }
        $(#[$event_doc:meta])* events $event:ident {
            $( $(#[$e_doc:meta])* $e:ident = $e_wire:literal, )+
        }
        rows {
            $( $from:ident + $on:ident => $to:ident [ $($requirement:literal),+ ]; )+
        }
    ) => {
        $(#[$state_doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
        )]
        pub enum $state {
            $( $(#[$s_doc])* #[serde(rename = $s_wire)] $s, )+
        }

        impl $state {
            /// All states, in the order of the lifecycle.
            pub const ALL: &'static [Self] = &[ $( Self::$s, )+ ];

            /// The name in documents.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$s => $s_wire, )+ }
            }

            /// The state that `event` leads to, if the table has a row for it.
            #[must_use]
            #[deny(unreachable_patterns)]
            pub const fn next(self, event: $event) -> Option<Self> {
                match (self, event) {
                    $( (Self::$from, $event::$on) => Some(Self::$to), )+
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $state {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        $(#[$event_doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
        )]
        pub enum $event {
            $( $(#[$e_doc])* #[serde(rename = $e_wire)] $e, )+
        }

        impl $event {
            /// All events.
            pub const ALL: &'static [Self] = &[ $( Self::$e, )+ ];

            /// The name in tables and traces.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$e => $e_wire, )+ }
            }
        }

        impl std::fmt::Display for $event {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        /// Every permitted move, each written once.
        pub const TABLE: &[crate::machine::Row<$state, $event>] = &[
            $( crate::machine::Row {
                from: $state::$from,
                event: $event::$on,
                to: $state::$to,
                requirements: &[ $($requirement),+ ],
            }, )+
        ];
    };
}

pub(crate) use machine;
