//! How the list of faults becomes an enumeration with names.

/// Declares the faults, and the table of their names where they are built in.
macro_rules! faults {
    ($($fault:ident = $name:literal,)+) => {
        /// A way to be wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Fault {
            $($fault,)+
        }

        /// Every fault by its name.
        #[cfg(feature = "faults")]
        pub(super) const NAMES: &[(&str, Fault)] = &[$(($name, Fault::$fault),)+];
    };
}
