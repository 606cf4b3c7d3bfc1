//! A value from a Redis or a Postgres that others can write to.

use crate::Sealer;

#[test]
fn a_sealed_value() {
    let sealer = Sealer::new(&[7; 32], "fuzz");
    let sealed = sealer.seal(b"a context", b"what is in it");
    ::fuzz::target!("sealed").seeds([sealed.clone()]).run(|bytes| {
        let opened = sealer.open(b"a context", bytes).is_ok();
        assert_eq!(opened, bytes == sealed, "what was changed is opened");
        opened
    });
}
