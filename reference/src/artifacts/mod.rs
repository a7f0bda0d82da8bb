//! Artifacts on disk. They are taken over once, by descriptor and without following links, hashed
//! while they are copied, and from then on only the copy is used (CC-TKO-014, H5).

mod collect;
mod copy;
mod overlook;
mod store;

pub use collect::collect;
pub(crate) use copy::chunk;
pub use copy::{CopyError, open_folder};
pub(crate) use overlook::rewrite;
pub use store::{ArtifactStore, Intact, Read};
