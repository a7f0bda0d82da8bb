//! Engines that lay something in the kit's way.

use crate::conform::{BINARY, Conform};

#[test]
fn a_pipe_in_place_of_the_input_file_is_told_and_holds_nothing_up() {
    let conform = Conform::new();
    conform.write("peer.toml", "");
    let peer = conform.path("peer.toml");
    let script = format!(
        "#!/bin/sh\nfile=$CABINCREW_INPUT_FILE\nif [ -n \"$file\" ]; then\n  unset CABINCREW_INPUT_FILE\n  exec < \"$file\"\n  rm \"$file\"\n  mkfifo \"$file\"\nfi\nexec {BINARY} peer {} \"$@\"\n",
        peer.display()
    );
    conform.executable("engine", &script);
    let check = "CC-ENG-019/input-file-stays";
    let judged = conform.run(&["engine", "--filter", check, "./engine"]);
    assert_eq!(judged.code, 1, "{}{}", judged.stdout, judged.stderr);
    let change = "T $CABINCREW_INPUT_FILE";
    assert!(judged.stdout.contains(change), "{}", judged.stdout);
}
