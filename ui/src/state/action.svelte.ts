// One thing a person asked for: under way, done, or failed with words. Buttons show `busy` in the same frame.
import { asProblem, type Problem } from "../api/problem";
import { toasts } from "./toasts.svelte";

export class Action {
  busy = $state(false);
  problem = $state.raw<Problem | null>(null);

  /** Runs `work` unless it is running already; a failure stays in `problem` and is never thrown. */
  async run<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.busy) return undefined;
    this.busy = true;
    this.problem = null;
    try {
      return await work();
    } catch (thrown) {
      this.problem = asProblem(thrown);
      return undefined;
    } finally {
      this.busy = false;
    }
  }

  /** Like `run`, for buttons that have no room for words: tells of success and failure in a toast. */
  async tell<T>(work: () => Promise<T>, done?: string): Promise<T | undefined> {
    const answer = await this.run(work);
    if (this.problem) toasts.say(this.problem.message, "broken");
    else if (done) toasts.say(done);
    return answer;
  }
}
