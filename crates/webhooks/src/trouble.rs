/// Why an attempt got no answer. The text is shown to the person in the delivery's log, and never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    #[error("{0}")]
    BadTarget(String),
    #[error("the name {0} cannot be resolved")]
    NoSuchHost(String),
    #[error("{0}")]
    Forbidden(String),
    #[error("the connection was refused: nothing listens there")]
    Refused,
    #[error("cannot connect: {0}")]
    Unreachable(String),
    #[error("no secure connection: {0}")]
    Tls(String),
    #[error("no answer within the time allowed")]
    TimedOut,
    #[error("the connection ended before an answer came")]
    CutOff,
    #[error("the answer is not HTTP: {0}")]
    NotHttp(String),
}

impl Trouble {
    /// One word for metrics.
    pub fn as_str(&self) -> &'static str {
        match self {
            Trouble::BadTarget(_) => "bad_target",
            Trouble::NoSuchHost(_) => "no_such_host",
            Trouble::Forbidden(_) => "forbidden",
            Trouble::Refused => "refused",
            Trouble::Unreachable(_) => "unreachable",
            Trouble::Tls(_) => "tls",
            Trouble::TimedOut => "timed_out",
            Trouble::CutOff => "cut_off",
            Trouble::NotHttp(_) => "not_http",
        }
    }
}
