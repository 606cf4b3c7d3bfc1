// What a browser cannot do, asked from the desktop shell around this page.
import { invoke } from "@tauri-apps/api/core";
import type { Connection } from "./connection";

export const inShell = "__TAURI_INTERNALS__" in window;

export interface StartProblem {
  code: string;
  title: string;
  detail: string;
  actions: { id: string; label: string; danger?: boolean; loses?: string | null }[];
}

export interface StartState {
  phase: "starting" | "ready" | "failed" | "stopping";
  problem?: StartProblem | null;
  /** What does not work on this desktop, in words. */
  notes?: string[];
}

export const shell = {
  connection: () => invoke<Connection>("connection"),
  startState: () => invoke<StartState>("start_state"),
  /** Answers when the phase is another than `seen`. */
  nextStartState: (seen: StartState["phase"]) => invoke<StartState>("next_start_state", { seen }),
  startAction: (id: string) => invoke<void>("start_action", { id }),
  loginStart: () => invoke<boolean>("start_at_login"),
  setLoginStart: (on: boolean) => invoke<void>("set_start_at_login", { on }),
  /** Shows a channel's QR in a window of its own. */
  openPairing: (channel: string) => invoke<void>("open_pairing", { channel }),
  closeWindow: () => invoke<void>("close_window"),
  openDocs: () => invoke<void>("open_external", { target: "docs" }),
  /** Opens the page that explains something, in the person's browser. */
  openConcept: (concept: string) => invoke<void>("open_external", { target: { concept } }),
};
