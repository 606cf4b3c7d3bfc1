use redis::Cmd;

/// A Lua script: sent by its hash, and whole where the server does not know it yet.
#[derive(Clone, Debug)]
pub struct Script {
    source: &'static str,
    hash: String,
    repeatable: bool,
}

impl Script {
    /// A script that is sent once: when the connection breaks while it is under way, it fails, and nobody knows whether it ran.
    /// On a Cluster the client library may send it again in that case, so that running twice must at least do no harm.
    pub fn new(source: &'static str) -> Self {
        Script { source, hash: redis::Script::new(source).get_hash().to_owned(), repeatable: false }
    }

    /// A script that does no harm, and answers the same, when it runs twice.
    pub fn repeatable(source: &'static str) -> Self {
        Script { repeatable: true, ..Script::new(source) }
    }

    pub(crate) fn is_repeatable(&self) -> bool {
        self.repeatable
    }

    pub(crate) fn by_hash(&self, call: &Call) -> Cmd {
        call.command("EVALSHA", &self.hash)
    }

    pub(crate) fn whole(&self, call: &Call) -> Cmd {
        call.command("EVAL", self.source)
    }
}

/// What a script is called with.
#[derive(Clone, Default)]
pub struct Call {
    keys: Vec<Vec<u8>>,
    args: Vec<Vec<u8>>,
}

impl Call {
    pub fn new<K: AsRef<[u8]>, A: AsRef<[u8]>>(keys: &[K], args: &[A]) -> Self {
        Call {
            keys: keys.iter().map(|key| key.as_ref().to_vec()).collect(),
            args: args.iter().map(|arg| arg.as_ref().to_vec()).collect(),
        }
    }

    pub fn key(mut self, key: impl AsRef<[u8]>) -> Self {
        self.keys.push(key.as_ref().to_vec());
        self
    }

    pub fn arg(mut self, arg: impl Into<Vec<u8>>) -> Self {
        self.args.push(arg.into());
        self
    }

    fn command(&self, verb: &str, script: &str) -> Cmd {
        let mut command = redis::cmd(verb);
        command.arg(script).arg(self.keys.len());
        for key in &self.keys {
            command.arg(key.as_slice());
        }
        for arg in &self.args {
            command.arg(arg.as_slice());
        }
        command
    }
}

/// What is written is nobody's business.
impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("keys", &self.keys.len()).field("args", &self.args.len()).finish()
    }
}
