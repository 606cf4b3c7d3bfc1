// Work that many things ask for in a short time: done at once, then not again for a while, and never twice at a time.

export interface Soon {
  ask(): void;
  stop(): void;
}

/** Runs `work` when asked, at most every `ms`; what is asked meanwhile is answered by one more run. A failure is tried again when next asked. */
export function soon(work: () => Promise<void>, ms: number): Soon {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let busy = false;
  let again = false;
  const run = () => {
    busy = true;
    again = false;
    void work()
      .catch(() => {})
      .finally(() => {
        timer = setTimeout(() => {
          timer = undefined;
          busy = false;
          if (again) run();
        }, ms);
      });
  };
  return {
    ask: () => {
      if (busy) again = true;
      else run();
    },
    stop: () => {
      clearTimeout(timer);
      busy = again = false;
    },
  };
}
