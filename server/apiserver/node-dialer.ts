import type { Duplex } from 'node:stream';

/** Opens a byte stream to a node's agent (its kubelet API speaks HTTP on it). server/fleet implements it; main.ts joins the two. */
export interface NodeDialer {
  /** Rejects with a plain Error that says why when the node cannot be reached. */
  dial(nodeName: string, signal: AbortSignal): Promise<Duplex>;
}
