// What a pairing view shows for a channel; the states themselves come from the server.
import type { Channel } from "../api/types";

export type PairingView =
  | { show: "waiting" }
  /** WhatsApp could not be asked for something to show; the state says why and when that is tried again. */
  | { show: "trouble" }
  | { show: "qr" }
  | { show: "code" }
  | { show: "passkey" }
  | { show: "finishing" }
  | { show: "done" }
  | { show: "ended" };

export function pairingView(channel: Channel): PairingView {
  const { status, step, method } = channel.state;
  switch (status) {
    case "connected":
      return { show: "done" };
    case "reconnecting":
      return { show: "finishing" };
    case "pairing":
      if (step === "scanned") return { show: "finishing" };
      if (step === "waiting" && channel.state.cause) return { show: "trouble" };
      if (method === "passkey") return { show: "passkey" };
      if (method === "code") return { show: "code" };
      return { show: step === "shown" ? "qr" : "waiting" };
    default:
      return { show: "ended" };
  }
}

/** How long a QR of this kind lives as a whole: WhatsApp gives the first 60 s and later ones 20 s. */
export function wholeLife(leftWhenFirstSeen: number): number {
  return [20_000, 60_000].find((whole) => leftWhenFirstSeen <= whole) ?? leftWhenFirstSeen;
}
