// Opening the pairing view: a window of its own in the desktop shell, a page in a browser.
import { inShell, shell } from "../api/shell";
import { router, to } from "./route.svelte";

export async function openPairing(id: string): Promise<void> {
  if (inShell) {
    try {
      await shell.openPairing(id);
      router.go(to.channel(id));
      return;
    } catch {
      // Then it is shown here.
    }
  }
  router.go(to.pair(id));
}
