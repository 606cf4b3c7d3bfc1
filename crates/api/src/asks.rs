//! Messages that a program proposes and a person answers for: `/v1/asks`, and the answers at `/v1/messages/{id}`.

pub(crate) mod approve;
pub(crate) mod deny;
pub(crate) mod list;

use crate::problem::Problem;
use engine::CommandError;

fn refusal(error: CommandError) -> Problem {
    match error {
        CommandError::NotFound => Problem::no_such("message"),
        other @ (CommandError::Conflict { .. }
        | CommandError::QueueFull
        | CommandError::IdempotencyOtherBody
        | CommandError::NoHolder
        | CommandError::Storage(_)
        | CommandError::ShuttingDown) => other.into(),
    }
}
