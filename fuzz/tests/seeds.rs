//! Replays every seed without a fuzzer, so that the laws are tested on any machine.

use std::path::Path;

#[test]
fn every_law_holds_for_its_seeds() {
    for (name, law) in cabincrew_fuzz::LAWS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("seeds")
            .join(name);
        let entries = std::fs::read_dir(&folder).expect("each law has a folder of seeds");
        let mut replayed = 0;
        for entry in entries {
            let path = entry.expect("the folder can be listed").path();
            law(&std::fs::read(&path).expect("a seed can be read"));
            replayed += 1;
        }
        assert!(replayed >= 3, "{name} has {replayed} seeds");
    }
}

#[test]
fn every_folder_of_seeds_has_a_law_and_a_target() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = |folder: &str| -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(root.join(folder))
            .expect("the folder exists")
            .map(|entry| entry.expect("it can be listed").path())
            .filter(|path| path.is_dir() || path.extension().is_some_and(|end| end == "rs"))
            .map(|path| {
                path.file_stem()
                    .expect("it has a name")
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    };
    let laws = cabincrew_fuzz::LAWS
        .map(|(name, _)| name.to_owned())
        .to_vec();
    assert_eq!(names("seeds"), laws);
    assert_eq!(names("targets"), laws);
}
